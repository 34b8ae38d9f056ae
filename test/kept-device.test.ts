// A device that `casemate up` keeps powered on, and every `casemate device` command against it from another terminal.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import test from 'ava';
import { hostWalls } from '../runtime/adapters/walls/host-walls.ts';
import type { Ran } from './support/casemate.ts';
import { CHECKOUT, casemate, document, lines, sharedFolder } from './support/casemate.ts';

const folder = sharedFolder(test);
const state = (): readonly string[] => ['--state', folder.path('state')];
const BLINK = 'b78e1c1f-55a0-4c0e-9f5d-0c1e6c7f2a10';
const START_MS = 60_000;
let up: ChildProcess;

/** Starts `casemate up` and resolves when blink's LED moves and the service is there: a kept board blinks before it. */
async function startUp(): Promise<ChildProcess> {
  const args = [`${CHECKOUT}/toolchain/cli/main.ts`, 'up', '--json', ...state()];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = createInterface({ input: child.stdout });
  const awaited = new Set(['pin', 'up']);
  for await (const line of output) {
    awaited.delete((JSON.parse(line) as { kind: string }).kind);
    if (awaited.size === 0) {
      child.stdout.resume();
      return child;
    }
  }
  throw new Error('up ended before it was up');
}

async function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve));
}

async function device(command: string): Promise<Record<string, unknown>> {
  const ran = await casemate(['device', ...command.split(' '), '--json', ...state()]);
  if (ran.exitCode !== 0) throw new Error(`device ${command}: ${ran.stdout}${ran.stderr}`);
  return document(ran);
}

test.serial.before(async (t) => {
  t.timeout(START_MS);
  up = await startUp();
});
test.after.always(async () => {
  if (up.exitCode !== null) return;
  up.kill('SIGINT');
  await ended(up);
});

test.serial('a look at the device: list, show, firewall, manufacturing state, capability, images, apps', async (t) => {
  t.like(await device('list-attached'), { devices: [{ name: 'board', attached: true }] });
  const shown = await device('show-attached');
  t.like(shown, { board: 'mt3620_rdb', lifecycle: 'DeviceComplete', rights: ['appDevelopment'] });
  const stages = (shown['measurements'] as readonly { stage: string }[]).map(({ stage }) => stage);
  t.deepEqual(stages, ['rom', 'engine', 'plutonRuntime', 'trustedKeystore', 'monitor', 'os', 'app']);
  const { rows } = (await device('firewall show')) as {
    rows: readonly { base: number; contexts: readonly number[] }[];
  };
  // Pins 8 and 12 of blink, in its context and no other.
  const gpio = rows.filter(({ base }) => base >= 0x3801_0000 && base < 0x3802_0000);
  t.deepEqual(
    gpio.map(({ base, contexts }) => [(base - 0x3801_0000) / 0x10, ...contexts]),
    [
      [8, 1],
      [12, 1],
    ],
  );
  const { walls } = (await device('show-isolation')) as { walls: readonly { name: string; stands: boolean }[] };
  // The device’s processes have this test’s user and host: what stands here stands there.
  t.deepEqual(
    walls.map(({ name, stands }) => [name, stands]),
    hostWalls().reports.map(({ name, stands }) => [name, stands]),
  );
  t.deepEqual(await device('manufacturing-state show'), { manufacturingState: 'DeviceComplete' });
  t.like(await device('capability show-attached'), { rights: ['appDevelopment'] });
  t.like(await device('image list-installed'), { images: [{ componentId: BLINK, trust: 'development' }] });
  t.like(await device('sideload show-deployment'), { images: [{ componentId: BLINK }] });
  t.like(await device('app show-status'), { apps: [{ componentId: BLINK, state: 'running', restarts: 0 }] });
});

test.serial('the audit trail tells of the denied pin', async (t) => {
  const ran = await casemate(['device', 'log', '--json', ...state()]);
  t.is(ran.exitCode, 0, ran.stdout);
  t.true(lines(ran).some((event) => event['kind'] === 'denied' && event['resource'] === 'gpio:9'));
});

test.serial(
  'it is claimed and attested: service, certificates, evidence, and what the service has of it',
  async (t) => {
    const { deviceId } = (await device('show-attached')) as { deviceId: string };
    t.like(await device('service show'), { state: 'attested', lastError: null });
    t.like(await device('attest'), { state: 'attested' });
    const { certificates } = (await device('certificate list')) as { certificates: readonly { purpose: string }[] };
    t.deepEqual(certificates.map(({ purpose }) => purpose).sort(), ['customer', 'update']);
    const chain = folder.path('chain.pem');
    t.like(await device(`certificate show --output ${chain}`), { purpose: 'customer', file: chain });
    t.is((await readFile(chain, 'utf8')).match(/BEGIN CERTIFICATE/g)?.length, 3);
    t.like(await device('list --catalog Demo --product Blink --device-group Development'), {
      value: [{ name: deviceId }],
    });
    t.like(await device(`show --catalog Demo --device-id ${deviceId}`), { properties: { deviceId } });
    const token = folder.path('token.cbor');
    const collected = document(await casemate(['attest', 'collect', '-o', token, '--json', ...state()]));
    const explained = await casemate(['attest', 'explain', token, '--nonce', String(collected['nonce']), '--json']);
    t.like(document(explained), { verified: true, claims: { deviceId, securityLifecycle: 'nonPsaRotDebug' } });
    const other = await casemate(['attest', 'explain', token, '--nonce', 'ab'.repeat(32), '--json']);
    t.is(other.exitCode, 1);
    t.like(document(other), { verified: false, checks: { signature: true, nonce: false } });
    // The development right blocks updates of apps.
    t.like(await device('update'), { outcome: 'development' });
  },
);

test.serial('an app is stopped and started', async (t) => {
  t.like(await device(`app stop -c ${BLINK}`), { app: { state: 'stopped' } });
  t.like(await device(`app start -c ${BLINK}`), { app: { state: 'running' } });
});

test.serial('a second app is sideloaded and deleted while the first runs on', async (t) => {
  const file = folder.path('neighbour.imagepackage');
  const built = await casemate(['build', 'apps/neighbour', '-o', file, '--json', ...state()]);
  t.is(built.exitCode, 0, built.stdout);
  const { image } = (await device(`sideload deploy -i ${file}`)) as { image: { componentId: string } };
  const { apps } = (await device('app show-status')) as { apps: readonly { state: string }[] };
  t.deepEqual(
    apps.map((app) => app.state),
    ['running', 'running'],
  );
  t.deepEqual(await device(`sideload delete -c ${image.componentId}`), { ok: true });
  t.like(await device('app show-status'), { apps: { length: 1 } });
});

test.serial('several tools at once share the cable', async (t) => {
  const answers = await Promise.all([1, 2, 3, 4].map(() => device('app show-status')));
  t.is(answers.length, 4);
});

test.serial('without the development right nothing is sideloaded, and enable-development brings it back', async (t) => {
  t.like(await device('capability update --none'), { rights: [] });
  const ran = await casemate(['device', 'app', 'stop', '-c', BLINK, '--json', ...state()]);
  t.is(ran.exitCode, 1);
  t.like(document(ran), { error: { code: 'right-missing' } });
  t.like(await device('enable-development'), { rights: ['appDevelopment'] });
});

test.serial('a device that is on is not powered on a second time, nor made anew', async (t) => {
  for (const extra of [[], ['--fresh']]) {
    const ran = await casemate(['up', '--json', ...extra, ...state()]);
    t.is(ran.exitCode, 1, ran.stdout);
    t.like(document(ran), { error: { code: 'device-already-on' } });
  }
  t.like(await device('show-attached'), { board: 'mt3620_rdb' });
});

test.serial('restart resets the device, and its apps come back', async (t) => {
  t.deepEqual(await device('restart'), { ok: true });
  const deadline = performance.now() + 20_000;
  let state: unknown;
  while (state !== 'running' && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const ran = await casemate(['device', 'app', 'show-status', '--json', '--state', folder.path('state')]);
    const { apps } = document(ran) as { apps?: readonly { state: string }[] };
    state = apps?.[0]?.state;
  }
  t.is(state, 'running');
});

test.serial('Ctrl-C ends it without an error, and the state is there at the next start', async (t) => {
  t.timeout(START_MS);
  const end = ended(up);
  up.kill('SIGINT');
  t.is(await end, 0);
  const off = await casemate(['device', 'show-attached', '--json', ...state()]);
  t.like(document(off), { error: { code: 'no-device-attached' } });
  up = await startUp();
  t.like(await device('app show-status'), { apps: [{ componentId: BLINK, state: 'running' }] });
});

test.serial('lab 2 by hand: a green version over the air, and the red one does not come back', async (t) => {
  t.timeout(START_MS);
  const group = ['--catalog', 'Demo', '--product', 'Blink', '--device-group', 'Field Test'];
  const deploy = async (app: string): Promise<string> => {
    const file = folder.path('over-the-air.imagepackage');
    const built = document(await ok(['build', app, '--catalog', 'Demo', '-o', file]));
    await ok(['image', 'add', file, '--catalog', 'Demo']);
    const imageId = String(built['imageId']);
    t.like(document(await ok(['deployment', 'create', ...group, '--images', imageId])), {
      properties: { deployedImages: [{ name: imageId }] },
    });
    return imageId;
  };
  const green = await deploy('apps/blink-green');
  t.like(await device('enable-cloud-test'), {
    rights: [],
    deviceGroup: 'Field Test',
    update: { outcome: 'installed', installed: [{ imageId: green }] },
  });
  t.like(await device('image list-installed'), { images: [{ imageId: green, trust: 'service' }] });
  t.like(await device('image list-targeted'), { images: [{ imageId: green, rollbackIndex: 2 }] });
  t.like(await device('app show-status'), { apps: [{ componentId: BLINK, state: 'running', restarts: 0 }] });
  const red = await deploy('apps/blink');
  const refused = await casemate(['device', 'update', '--json', ...state()]);
  t.is(refused.exitCode, 1);
  t.like(document(refused), {
    error: { code: 'image-rolled-back', details: { refused: [`image-rolled-back ${red} ${BLINK}`] } },
  });
  t.like(await device('app show-status'), { apps: [{ componentId: BLINK, state: 'running', restarts: 0 }] });
  const { value } = document(await ok(['catalog', 'download-error-report', '--catalog', 'Demo'])) as {
    value: readonly { eventCategory: string }[];
  };
  t.true(value.some(({ eventCategory }) => eventCategory === 'AppUpdate'));
});

async function ok(args: readonly string[]): Promise<Ran> {
  const ran = await casemate([...args, '--json', ...state()]);
  if (ran.exitCode !== 0) throw new Error(`${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
  return ran;
}
