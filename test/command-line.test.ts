// The command line as scripts and people meet it: help with an example, exit codes, one JSON document, coded errors.

import { execFileSync } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import test from 'ava';
import { casemate, document, lines, sharedFolder, CHECKOUT } from './support/casemate.ts';
import { wasiParts } from './oracle/wasi/install.ts';
import { corpus } from './support/corpus.ts';
import { wasiCommand } from './support/wasi-command.ts';

const folder = sharedFolder(test);

const COMMANDS = [
  'up',
  'new',
  'build',
  'image-package show',
  'image-package sign',
  'manifest check',
  'hardware resolve',
  'run',
  'audit',
  'capability test',
  'capability verify',
  'doctor',
  'device list-attached',
  'device show-attached',
  'device firewall show',
  'device log',
  'device restart',
  'device manufacturing-state show',
  'device enable-development',
  'device enable-cloud-test',
  'device claim',
  'device attest',
  'device service show',
  'device service configure',
  'device certificate list',
  'device certificate show',
  'device update',
  'device list',
  'device show',
  'device capability show-attached',
  'device capability update',
  'device sideload deploy',
  'device sideload delete',
  'device sideload show-deployment',
  'device image list-installed',
  'device image list-targeted',
  'device app start',
  'device app stop',
  'device app show-status',
  'device app show-memory-stats',
  'device app show-crashes',
  'device show-isolation',
  'as3 serve',
  'catalog create',
  'catalog list',
  'catalog show',
  'catalog delete',
  'catalog publisher-key add',
  'catalog publisher-key list',
  'catalog download-error-report',
  'product create',
  'product list',
  'product show',
  'product delete',
  'device-group create',
  'device-group list',
  'device-group show',
  'device-group delete',
  'image add',
  'image list',
  'image show',
  'image delete',
  'deployment create',
  'deployment list',
  'deployment show',
  'ca-certificate list',
  'ca-certificate download',
  'ca-certificate download-chain',
  'ca-certificate download-proof',
  'attest explain',
  'attest collect',
];
const HELPS_AT_ONCE = 4;
test.serial('every command has help with an example and takes --json', async (t) => {
  t.timeout(100_000);
  const waiting = [...COMMANDS];
  const helper = async (): Promise<void> => {
    for (let command = waiting.pop(); command !== undefined; command = waiting.pop()) {
      const { exitCode, stdout } = await casemate([...command.split(' '), '--help']);
      t.is(exitCode, 0, command);
      t.regex(stdout, /Examples?:\n +(npx casemate|npm start)/, command);
      t.regex(stdout, /--json/, command);
    }
  };
  await Promise.all(Array.from({ length: HELPS_AT_ONCE }, helper));
});

/** Arguments, exit code, error code, and why. */
const REFUSED: readonly (readonly [string, number, string])[] = [
  ['no-such-command --json', 2, 'usage'],
  ['run --json', 2, 'usage'], // the target is missing
  ['run apps/blink --for 3 --json', 2, 'duration-malformed'], // a bare number has no unit
  ['run apps/blink --press LED --json', 2, 'press-malformed'],
  ['run apps/blink --press NO_SUCH_BUTTON@1s --json', 2, 'press-malformed'],
  ['run apps/blink --press SAMPLE_LED@1s --json', 2, 'press-malformed'], // a pin of the board, and no button
  ['run apps/blink --board mt3620_rbd --json', 2, 'board-unknown'], // near miss
  ['run apps/no-such-app --json', 1, 'file-not-readable'],
  ['run apps/blink --memory 1mb --json', 2, 'memory-malformed'], // 1000 or 1024?
  ['run apps/blink --wall-limit 3s --json', 2, 'usage'], // a limit of virtual time alone
  ['run apps/blink --grant-manifest apps/neighbour/app_manifest.json --json', 2, 'usage'], // it has its own
  ['run apps/blink --placement nowhere --json', 2, 'usage'],
  ['audit --json', 2, 'usage'],
  ['audit no-such-file --json', 1, 'file-not-readable'],
  ['audit package.json --json', 1, 'image-magic-wrong'],
  ['capability test no-such-target --json', 1, 'target-unreadable'],
  ['capability verify package.json --json', 1, 'matrix-malformed'],
  ['device app show-memory-stats --state no-such-state --json', 1, 'no-device-attached'],
  ['device app show-crashes --state no-such-state --json', 1, 'no-device-attached'],
  ['device show-isolation --state no-such-state --json', 1, 'no-device-attached'],
  ['build apps --json', 1, 'manifest-missing'],
  ['image-package show no-such-file --json', 1, 'file-not-readable'],
  ['image-package show package.json --json', 1, 'image-magic-wrong'], // long enough, and no package
  ['device show-attached --state no-such-state --json', 1, 'no-device-attached'],
  ['device claim --json', 2, 'usage'], // the catalog is missing
  ['device list --catalog P --device-group G --json', 2, 'usage'], // a group of which product?
  ['device claim --catalog P --state no-such-state --json', 1, 'no-device-attached'],
  ['deployment create --catalog P --product Q --device-group G --json', 2, 'usage'], // no images
  ['build apps/blink --catalog P --state no-such-state --json', 1, 'service-not-known'], // nobody knows the name
  ['image add no-such-file --catalog P --json', 1, 'file-not-readable'],
  ['image list --catalog P --state no-such-state --json', 1, 'service-not-known'],
  ['catalog publisher-key add --catalog P --key ../x --json', 2, 'usage'], // a path is no name
  ['attest explain package.json --json', 1, 'evidence-malformed'],
  ['attest explain no-such-file --json', 1, 'file-not-readable'],
  ['attest explain /dev/zero --json', 1, 'file-too-large'], // never ends
  ['image add /dev/zero --catalog P --json', 1, 'file-too-large'],
  ['up --port abc --json', 2, 'usage'],
  ['as3 serve --port 65534 --json', 2, 'usage'], // no room for the two ports after it
  ['product list -c P --state no-such-state --json', 1, 'service-not-known'], // short names as everywhere
  ['device-group list -c P -p Q --state no-such-state --json', 1, 'service-not-known'],
  ['device-group create -c P -p Q -n R --os-feed Retial --json', 2, 'usage'], // none of its choices
  ['new apps --json', 1, 'folder-not-empty'],
  ['new x --lang cobol --json', 1, 'language-not-supported'],
];
for (const [command, exitCode, code] of REFUSED) {
  test.serial(`casemate ${command} is refused with ${code}`, async (t) => {
    const ran = await casemate(command.split(' '));
    t.is(ran.exitCode, exitCode, ran.stdout + ran.stderr);
    const { error } = document(ran) as { error: { code: string; message: string } };
    t.is(error.code, code);
    t.not(error.message, '');
  });
}

test.serial('a usage error names the help of the command that was meant', async (t) => {
  for (const [words, meant] of [
    ['image add', 'image add'], // the file is missing
    ['device sideload deploy --frob', 'device sideload deploy'],
    ['no-such-command', ''],
  ] as const) {
    const { error } = document(await casemate([...words.split(' '), '--json'])) as { error: { hint: string } };
    t.true(error.hint.startsWith(`${`npx casemate ${meant}`.trimEnd()} --help`), error.hint);
  }
});

test.serial('new names a next step that a shell takes as it stands', async (t) => {
  const names = ['plain-name', 'my app', 'it’s', "it's", 'a$HOME'];
  for (const name of names) {
    const { stdout } = await casemate(['new', name], { cwd: folder.path() });
    const step = /try: npx casemate (.*)/.exec(stdout)?.[1] ?? '';
    const words = execFileSync('sh', ['-c', `printf '%s\\n' ${step}`], { encoding: 'utf8' }).trimEnd();
    t.deepEqual(words.split('\n'), ['run', name, '--for', '3s']);
  }
});

test.serial('manifest check gives a verdict for each file, with a code of its own for each fault', async (t) => {
  const blink = JSON.stringify({
    SchemaVersion: 1,
    Name: 'x',
    ComponentId: '005180bc-402f-4cb3-a662-72937dbcde47',
    EntryPoint: '/bin/app',
    CmdArgs: [],
    Capabilities: { Gpio: ['$LED'] },
    ApplicationType: 'Default',
  });
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    ['good.json', blink, undefined],
    ['bom.json', `\ufeff${blink}`, undefined], // occurs in published files
    ['trailing-comma.json', blink.replace('"Default"', '"Default",'), 'json-trailing-comma'],
    ['duplicate-key.json', blink.replace('"Name":"x"', '"Name":"x","Name":"y"'), 'json-duplicate-key'],
    ['unknown-key.json', blink.replace('"Gpio"', '"Gipo"'), 'key-unknown'],
    ['wrong-type.json', blink.replace('["$LED"]', '"$LED"'), 'value-type-wrong'],
    ['huge.json', `${blink}${' '.repeat(10 * 1024 * 1024)}`, 'json-too-large'],
    ['later.json', blink.replace('"Gpio":["$LED"]', '"Uart":["$UART0"]'), 'capability-not-supported'],
  ];
  await mkdir(folder.path('manifests'), { recursive: true });
  for (const [name, text] of cases) await writeFile(folder.path(`manifests/${name}`), text);
  const ran = await casemate([
    'manifest',
    'check',
    '--json',
    ...cases.map(([name]) => folder.path(`manifests/${name}`)),
  ]);
  t.is(ran.exitCode, 1);
  const verdicts = lines(ran) as unknown as readonly {
    ok: boolean;
    errors: readonly { code: string; hint: string }[];
  }[];
  t.deepEqual(
    verdicts.map(({ ok, errors }) => (ok ? undefined : errors[0]?.code)),
    cases.map(([, , code]) => code),
  );
  t.regex(verdicts[4]?.errors[0]?.hint ?? '', /Gpio/); // did you mean
});

test.serial('manifest check says something about every published manifest', async (t) => {
  const manifests = corpus(t, 'manifests');
  if (manifests === undefined) return;
  const files = readdirSync(manifests).map((name) => `${manifests}/${name}`);
  const ran = await casemate(['manifest', 'check', '--json', ...files]);
  const verdicts = lines(ran) as unknown as readonly { file: string; ok: boolean; errors: readonly unknown[] }[];
  t.deepEqual(
    verdicts.map(({ file }) => file),
    files,
  );
  t.true(verdicts.every(({ ok, errors }) => ok === (errors.length === 0)));
  t.true(verdicts.some(({ ok }) => ok) && verdicts.some(({ ok }) => !ok));
});

test.serial('hardware resolve follows names to pins, and an import cycle is refused', async (t) => {
  const good = await casemate([
    'hardware',
    'resolve',
    'toolchain/sdk/hardware/mt3620_rdb/sample_appliance.json',
    '--json',
  ]);
  t.is(good.exitCode, 0, good.stdout);
  const { peripherals } = document(good) as unknown as { peripherals: readonly { name: string; pin: number }[] };
  t.is(peripherals.find(({ name }) => name === 'SAMPLE_LED')?.pin, 8);
  const header = await casemate([
    'hardware',
    'resolve',
    'toolchain/sdk/hardware/mt3620_rdb/sample_appliance.json',
    '--header',
  ]);
  t.regex(header.stdout, /#define SAMPLE_BUTTON_1 \(12\)/);
  const definition = (imported: string): string =>
    JSON.stringify({
      Metadata: { Type: 'Azure Sphere Hardware Definition', Version: 1 },
      Description: { Name: 'x', MainCoreHeaderFileTopContent: [] },
      Imports: [{ Path: imported }],
      Peripherals: [],
    });
  await mkdir(folder.path('cycle'), { recursive: true });
  await writeFile(folder.path('cycle/a.json'), definition('b.json'));
  await writeFile(folder.path('cycle/b.json'), definition('a.json'));
  const cycle = await casemate(['hardware', 'resolve', folder.path('cycle/a.json'), '--json']);
  t.is(cycle.exitCode, 1);
  t.is((document(cycle) as unknown as { errors: readonly { code: string }[] }).errors[0]?.code, 'import-cycle');
});

test.serial('build refuses an import that the manifest does not grant, and prints the line to add', async (t) => {
  const app = folder.path('ungranted');
  await cp(`${CHECKOUT}/apps/blink`, app, { recursive: true });
  const manifest = {
    SchemaVersion: 1,
    Name: 'x',
    ComponentId: crypto.randomUUID(),
    EntryPoint: '/bin/app',
    CmdArgs: [],
    Capabilities: {},
    ApplicationType: 'Default',
  };
  await writeFile(`${app}/app_manifest.json`, JSON.stringify(manifest));
  const ran = await casemate(['build', app, '--json', '--state', folder.path('state')]);
  t.is(ran.exitCode, 1);
  const { error } = document(ran) as { error: { code: string; hint: string } };
  t.is(error.code, 'import-not-granted');
  t.regex(error.hint, /"Gpio": \[/);
});

test.serial('build, show and sign: a package tells what is in it and whose signatures hold', async (t) => {
  const state = ['--state', folder.path('state')];
  const file = folder.path('blink.imagepackage');
  const built = await casemate(['build', 'apps/blink', '-o', file, '--json', ...state]);
  t.is(built.exitCode, 0, built.stdout + built.stderr);
  t.like(document(built), { name: 'blink', capabilities: ['Gpio'], gpioPins: [8, 12] });
  const signed = await casemate(['image-package', 'sign', file, '--json', ...state]);
  t.is(signed.exitCode, 0, signed.stdout);
  const shown = await casemate(['image-package', 'show', file, '--json', ...state]);
  t.like(document(shown), {
    kind: 'application',
    grantsMatch: { ok: true },
    signatures: [{ role: 'publisher', verdict: 'valid', keyName: 'development' }],
  });
});

test.serial('build --catalog puts the catalog into what signatures are over', async (t) => {
  const state = ['--state', folder.path('state')];
  const catalog = '7b1f9a52-3d6e-4f3b-9a34-5c1e6c7f2a10';
  const file = folder.path('for-a-catalog.imagepackage');
  const built = await casemate([
    'build',
    'apps/blink',
    '-o',
    file,
    '--catalog',
    catalog.toUpperCase(),
    '--json',
    ...state,
  ]);
  t.is(built.exitCode, 0, built.stdout + built.stderr);
  t.like(document(built), { catalogId: catalog, version: '1.0.0', rollbackIndex: 1 });
  const shown = await casemate(['image-package', 'show', file, '--json', ...state]);
  t.like(document(shown), {
    catalogId: catalog,
    rollbackIndex: 1,
    signatures: [{ role: 'publisher', verdict: 'valid', keyName: 'development' }],
  });
});

test.serial('doctor says what this machine has', async (t) => {
  const ran = await casemate(['doctor', '--json']);
  t.is(ran.exitCode, 0, ran.stdout);
  const { findings } = document(ran) as unknown as {
    findings: readonly { what: string; ok: boolean; install: string }[];
  };
  t.true(findings.every(({ ok, install }) => ok || install !== ''));
});

test.serial(
  'a program that was started by itself ends the run, in real and in virtual time, and its failure is the command’s',
  async (t) => {
    t.timeout(120_000);
    const parts = wasiParts(t);
    if (parts === undefined) return;
    const file = folder.path('failing.wasm');
    await writeFile(file, await wasiCommand('int main(void) { return 3; }', parts));
    for (const time of [[], ['--virtual-time']]) {
      const ran = await casemate(['run', file, '--state', folder.path('state'), '--json', ...time]);
      t.is(ran.exitCode, 1, ran.stderr);
      const told = lines(ran);
      t.is(told.filter(({ kind }) => kind === 'started').length, 1);
      // WASI 0.2 knows success and failure, and no other code.
      t.like(told.at(-2), { kind: 'exit', code: 1 });
      t.like(told.at(-1), { error: { code: 'app-failed', details: { code: 1, reason: 'exit' } } });
    }
  },
);
