// Finds the hardware definition that an app is built for and writes its C headers. Never reads a file outside the SDK, the app
// folder and the folder of a definition that was named on the command line.

import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hardwareHeader } from '../../contracts/wire/hardware-header.ts';
import type { Hardware, ImportSources } from '../../contracts/wire/hardware-resolution.ts';
import { resolveHardware } from '../../contracts/wire/hardware-resolution.ts';
import { didYouMean } from '../../contracts/wire/near-name.ts';
import { BuildError, problemsError } from './build-error.ts';
import type { SourceTree } from './source-tree.ts';
import { readIfPresent } from './source-tree.ts';

const SDK_HARDWARE = join(import.meta.dirname, '../sdk/hardware');
/** Names of a board that apps share across boards; where a board has this file it is what a board's name means. */
const SAMPLE_APPLIANCE = 'sample_appliance.json';

export interface BoardHardware {
  /** As the author named it; for a file of a command line, its last part. */
  readonly name: string;
  readonly hardware: Hardware;
  /** File name (`sample_appliance.h`) → text, for every definition of the chain. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Where the name of a definition is looked up: in the app folder, or on disk as a command line means it. */
export type HardwareChoice =
  | { readonly from: 'app'; readonly name: string; readonly tree: SourceTree }
  | { readonly from: 'disk'; readonly name: string };

/** A board's name (`mt3620_rdb`) or the path of a definition. Errors: `hardware-unknown`, `HardwareErrorCode`. */
export function loadHardware(choice: HardwareChoice): BoardHardware {
  const { readImport, file } = locate(choice);
  const bytes = readImport(file);
  if (bytes === undefined) throw unknownHardware(choice.name);
  const sources = { readImport, searchFolders: ['sdk'] };
  const hardware = resolve(file, bytes, sources);
  const headers = new Map([header(hardware)]);
  const chain = new Set([...hardware.peripherals.values()].map(({ declaredIn }) => declaredIn));
  for (const imported of chain) {
    const importedBytes = readImport(imported);
    if (imported !== hardware.file && importedBytes !== undefined)
      headers.set(...header(resolve(imported, importedBytes, sources)));
  }
  // The folder of a file that a command line names is this machine's own business.
  const name = choice.from === 'disk' ? basename(choice.name) : choice.name;
  return { name, hardware, headers };
}

function resolve(file: string, bytes: Uint8Array, sources: ImportSources): Hardware {
  const verdict = resolveHardware({ file, bytes }, sources);
  if (!verdict.ok) throw problemsError(verdict.errors[0]?.file ?? file, verdict.errors);
  return verdict.hardware;
}

function header(hardware: Hardware): [name: string, text: string] {
  const name = basename(hardware.file, '.json');
  return [`${name}.h`, hardwareHeader(hardware, name)];
}

interface Located {
  /** Virtual: `sdk/…`, `app/…` or `given/…`, so that no path of this machine gets into an image. */
  readonly file: string;
  readonly readImport: (path: string) => Uint8Array | undefined;
}

function locate(choice: HardwareChoice): Located {
  const readSdk = (path: string): Uint8Array | undefined => {
    return path.startsWith('sdk/') ? readIfPresent(join(SDK_HARDWARE, path.slice(4))) : undefined;
  };
  if (!choice.name.endsWith('.json')) {
    if (!/^[A-Za-z0-9_-]+$/.test(choice.name)) throw unknownHardware(choice.name);
    const sample = `sdk/${choice.name}/${SAMPLE_APPLIANCE}`;
    const file = readSdk(sample) === undefined ? `sdk/${choice.name}/${choice.name}.json` : sample;
    return { file, readImport: readSdk };
  }
  if (choice.from === 'app') {
    const readImport = (path: string): Uint8Array | undefined => {
      return path.startsWith('app/') ? choice.tree.get(path.slice(4)) : readSdk(path);
    };
    return { file: `app/${choice.name}`, readImport };
  }
  const folder = dirname(choice.name);
  const readImport = (path: string): Uint8Array | undefined => {
    return path.startsWith('given/') ? readIfPresent(join(folder, path.slice(6))) : readSdk(path);
  };
  return { file: `given/${basename(choice.name)}`, readImport };
}

function unknownHardware(name: string): BuildError {
  const boards = readdirSync(SDK_HARDWARE);
  const hint = didYouMean(name, boards, `boards: ${boards.join(', ')}; or name a .json file in the app folder`);
  return new BuildError('hardware-unknown', `there is no hardware definition ${name}`, { fault: 'caller', hint });
}
