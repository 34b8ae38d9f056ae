// An app that serves HTTP on a whole device, all processes real: the event `listening` says where, and a browser of this host is answered.

import { writeFileSync } from 'node:fs';
import test from 'ava';
import { packageComponentFile } from '../toolchain/build/build-app.ts';
import type { BuildError } from '../toolchain/build/build-error.ts';
import type { BenchEvent } from '../toolchain/cli/bench.ts';
import { withFreshDevice } from '../toolchain/cli/fresh-device.ts';
import { prepareProfile } from '../toolchain/factory/profile.ts';
import { wasiParts } from './oracle/wasi/install.ts';
import type { WasiParts } from './oracle/wasi/install.ts';
import { sharedFolder } from './support/casemate.ts';
import { httpHandler } from './support/http-handler.ts';

const folder = sharedFolder(test);
const EVENT_MS = 60_000;

async function files(name: string, parts: WasiParts, ports: readonly number[]) {
  const [componentFile, manifestFile] = [folder.path(`${name}.wasm`), folder.path(`${name}.json`)];
  writeFileSync(componentFile, await httpHandler(parts));
  const manifest = {
    SchemaVersion: 1,
    Name: 'server',
    ComponentId: '5a7e11e5-0000-4000-8000-0000000000ac',
    EntryPoint: '/bin/app',
    CmdArgs: [],
    Capabilities: { AllowedTcpServerPorts: ports },
    ApplicationType: 'Default',
  };
  writeFileSync(manifestFile, JSON.stringify(manifest));
  return { componentFile, manifestFile };
}

test('a component that exports wasi:http/incoming-handler is served at its port until it is stopped', async (t) => {
  t.timeout(120_000);
  const parts = wasiParts(t);
  if (parts === undefined) return;
  const { image, componentId } = await packageComponentFile(await files('server', parts, [8080]));
  const profile = await prepareProfile(folder.path('state'));
  const signed = profile.developmentKey.signImage(image);
  await withFreshDevice({ profile, board: 'mt3620_rdb', names: new Map() }, async (bench) => {
    const isListening = (event: BenchEvent): boolean => event.kind === 'listening';
    const listening = bench.next('an open port', isListening, EVENT_MS) as Promise<BenchEvent & { hostPort: number }>;
    await bench.client.sideload(signed);
    const url = `http://127.0.0.1:${(await listening).hostPort}`;
    t.is(await (await fetch(`${url}/world`)).text(), '/world');
    t.is(await (await fetch(url, { method: 'POST', body: 'x'.repeat(100_000) })).text(), `/${'x'.repeat(100_000)}`);
    const [stats] = await bench.client.memoryStats();
    const buffers = stats?.resources.find(({ resource }) => resource === 'buffers');
    t.true((buffers?.peak ?? 0) > 0 && (buffers?.peak ?? 0) <= (buffers?.limit ?? 0));
    const exit = bench.next('the end of the server', ({ kind }) => kind === 'exit', EVENT_MS);
    await bench.client.stopApp(componentId);
    t.like(await exit, { reason: 'exit', code: 0 });
  });
});

test('a handler without exactly one port is refused when it is built', async (t) => {
  const parts = wasiParts(t);
  if (parts === undefined) return;
  const error = await t.throwsAsync<BuildError>(packageComponentFile(await files('two', parts, [80, 8080])));
  t.deepEqual([error?.code, error?.details['reason']], ['component-invalid', 'http-port-not-one']);
});
