// An app of one C file, built and running on a fresh device, for tests of whole devices. It must never be imported outside tests.

import { mkdir, writeFile } from 'node:fs/promises';
import type { AppStatus } from '../../contracts/wire/device-link.ts';
import { buildApp } from '../../toolchain/build/build-app.ts';
import type { Bench, BenchEvent } from '../../toolchain/cli/bench.ts';
import { withFreshDevice } from '../../toolchain/cli/fresh-device.ts';
import { prepareProfile } from '../../toolchain/factory/profile.ts';

const NAMES = new Map<number, string>();
const EVENT_MS = 60_000;

/** What the test says of its app; `capabilities` as in the manifest. */
export interface AppText {
  readonly name: string;
  readonly source: string;
  readonly capabilities?: object;
}

/** Builds the app with a component id of its own in `folder`; the path of a folder for the test's files. Gives the signed package. */
export async function builtApp(
  folder: string,
  { name, source, capabilities = {} }: AppText,
): Promise<{ readonly image: Uint8Array; readonly componentId: string }> {
  const app = `${folder}/${name}`;
  await mkdir(app, { recursive: true });
  const componentId = crypto.randomUUID();
  const manifest = {
    SchemaVersion: 1,
    Name: name,
    ComponentId: componentId,
    EntryPoint: '/bin/app',
    CmdArgs: [],
    Capabilities: capabilities,
    ApplicationType: 'Default',
  };
  await writeFile(`${app}/app_manifest.json`, JSON.stringify(manifest));
  await writeFile(`${app}/main.c`, source);
  const profile = await prepareProfile(`${folder}/state`);
  return { image: profile.developmentKey.signImage((await buildApp({ folder: app })).image), componentId };
}

/** Runs the work on a fresh device that has these apps installed and started, in their order. */
export async function onDevice(
  folder: string,
  apps: readonly AppText[],
  work: (bench: Bench, componentIds: readonly string[]) => Promise<void>,
): Promise<void> {
  const built: Awaited<ReturnType<typeof builtApp>>[] = [];
  for (const app of apps) built.push(await builtApp(folder, app));
  const profile = await prepareProfile(`${folder}/state`);
  await withFreshDevice({ profile, board: 'mt3620_rdb', names: NAMES }, async (bench) => {
    for (const { image } of built) await bench.client.sideload(image);
    await work(
      bench,
      built.map(({ componentId }) => componentId),
    );
  });
}

export async function statusOf(bench: Bench, componentId: string): Promise<AppStatus | undefined> {
  return (await bench.client.apps()).find((app) => app.componentId === componentId);
}

/** The first event that fits, whether it has come already or is on its way. */
export async function told(bench: Bench, what: string, fits: (event: BenchEvent) => boolean): Promise<BenchEvent> {
  const coming = bench.next(what, fits, EVENT_MS);
  const there = (await bench.client.audit()).events.find(fits);
  if (there === undefined) return coming;
  coming.catch(() => undefined); // nobody waits for another
  return there;
}
