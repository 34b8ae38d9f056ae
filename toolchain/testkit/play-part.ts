// Has a dependency of the kit's make its calls on a device, linked to an app of the kit's. The components that the manifest names are not run:
// what is tried is the part, whatever has it.

import type { Bench } from '../cli/bench.ts';
import { judgeCalls } from './judge-calls.ts';
import { componentFromText } from './component-text.ts';
import type { MatrixRow } from './matrix.ts';
import type { PartCalls } from './part-calls.ts';
import { imageOf, playImage, playRefusal, refusedBy } from './play-image.ts';
import type { Subject } from './subject.ts';
import { withPart } from './played-manifest.ts';
import { callerOf, probeComponent } from './probe-component.ts';
import { encodeRawList } from './raw-list.ts';

const NO_LIST = encodeRawList({ calls: [], holds: [] });

/** The rows of one dependency, in the run `shipped`. */
export async function playPart(subject: Subject, bench: Bench, part: PartCalls): Promise<readonly MatrixRow[]> {
  const { dependency, closed } = part;
  const { import: name } = dependency;
  const calls = part.calls.map((call, number) => ({ ...call, number }));
  const image = await imageWith(
    subject,
    part,
    await probeComponent({ calls, exports: name, isHurried: subject.isHurried }),
  );
  const heard = await playImage(subject.manifest.componentId, image, bench);
  const rows = [...judgeCalls('shipped', calls, heard, ({ stop }) => stop)];
  for (const one of closed) {
    const inner = await componentFromText(
      `(component (import "${one.name}" (instance)) (instance $empty) (export "${name}" (instance $empty)))`,
    );
    const error = await playRefusal(subject.manifest.componentId, await imageWith(subject, part, inner), bench);
    rows.push({
      capability: one.capability,
      interface: one.name,
      function: '',
      resource: `import ${one.name}`,
      granted: false,
      run: 'shipped',
      ...refusedBy(error),
      check: one.check,
      pass: error === 'import-not-granted',
    });
  }
  return rows.map((row) => ({ ...row, resource: `${row.resource} in ${name}` }));
}

async function imageWith(subject: Subject, { dependency }: PartCalls, inner: Uint8Array): Promise<Uint8Array> {
  const { manifest, files } = withPart(subject.whole, dependency, inner);
  return subject.key.signImage(
    imageOf(manifest, await callerOf(dependency.import), NO_LIST, { files, memoryBytes: subject.memoryBytes }),
  );
}
