import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { SUPPORTED_CAPABILITIES } from '../../host-apis/capabilities.ts';
import { MANIFEST_MAX_BYTES } from '../core/limits.ts';
import { PROBLEMS_MAX } from './json-shape.ts';
import { checkManifest } from './manifest.ts';
import type { ManifestErrorCode } from './manifest-problem.ts';
import { GRANTED_CAPABILITIES } from './manifest-schema.ts';

const encoder = new TextEncoder();
const BASE = {
  SchemaVersion: 1,
  Name: 'Blink',
  ComponentId: '25025d2c-66da-4448-bae1-ac26fcdd3627',
  EntryPoint: '/bin/app',
  CmdArgs: [],
  Capabilities: { Gpio: ['$SAMPLE_LED', 12] },
  ApplicationType: 'Default',
};
const bytesOf = (value: unknown) => encoder.encode(typeof value === 'string' ? value : JSON.stringify(value));
/** `code at path` of every problem. */
const verdictOf = (value: unknown) => checkManifest(bytesOf(value)).errors.map(({ code, path }) => `${code} ${path}`);
const withCapabilities = (Capabilities: unknown) => ({ ...BASE, Capabilities });

test('checkManifest() gives a manifest with one spelling of its component id and its pins in order', (t) => {
  const verdict = checkManifest(bytesOf({ ...BASE, ComponentId: BASE.ComponentId.toUpperCase(), MallocVersion: 2 }));
  if (!verdict.ok) return t.fail(JSON.stringify(verdict.errors));
  t.is(verdict.manifest.name, 'Blink');
  t.is<string, string>(verdict.manifest.componentId, BASE.ComponentId);
  t.is(verdict.manifest.entryPoint, '/bin/app');
  t.deepEqual(verdict.manifest.cmdArgs, []);
  t.is(verdict.manifest.mallocVersion, 2);
  t.deepEqual(verdict.manifest.gpio, [
    { kind: 'name', name: 'SAMPLE_LED' },
    { kind: 'pin', pin: 12 },
  ]);
});

const accepted: readonly (readonly [why: string, value: unknown])[] = [
  ['no CmdArgs and no ApplicationType, as published ones', { ...BASE, CmdArgs: undefined, ApplicationType: undefined }],
  ['a name of over 31 characters, as published ones', { ...BASE, Name: 'n'.repeat(43) }],
  ['an entry point of another name', { ...BASE, EntryPoint: '/bin/hello_world_high_level_app' }],
  ['an entry point without a slash', { ...BASE, EntryPoint: 'bin/app' }],
  ['a runtime version, which packagers write', { ...BASE, TargetApplicationRuntimeVersion: 12 }],
  ['an empty TargetBetaApis', { ...BASE, TargetBetaApis: '' }],
  ['no capability', withCapabilities({})],
  ['an environment', { ...BASE, Environment: { LANG: 'de', _X9: '' } }],
  [
    'capabilities that ask for nothing',
    withCapabilities({
      Uart: [],
      AllowedConnections: [],
      WifiConfig: false,
      DeviceAuthentication: '',
      MutableStorage: { SizeKB: 0 },
    }),
  ],
  ['pins 0 and 80', withCapabilities({ Gpio: [0, 80] })],
];
for (const [why, value] of accepted) {
  test(`checkManifest() accepts ${why}`, (t) => t.deepEqual(verdictOf(value), []));
}

test('checkManifest() accepts a byte order mark', (t) => {
  t.true(checkManifest(Uint8Array.of(0xef, 0xbb, 0xbf, ...bytesOf(BASE))).ok);
});

/** BASE with one dependency that is good but for the changes. */
function withDependency(changes: Readonly<Record<string, unknown>>): unknown {
  const Sha256 = 'ab'.repeat(32);
  const good = { Import: 'acme:sensor/driver@1.2.0', Component: 'lib/driver.wasm', Sha256, Capabilities: {} };
  return { ...BASE, Dependencies: [{ ...good, ...changes }] };
}

const dependencies: readonly (readonly [why: string, changes: Record<string, unknown>, verdict: readonly string[]])[] =
  [
    ['a good one', {}, []],
    [
      'an interface of the device itself',
      { Import: 'casemate:device/gpio@0.1.0' },
      ['value-malformed $.Dependencies[0].Import'],
    ],
    ['an interface of WASI', { Import: 'wasi:cli/run@0.2.0' }, ['value-malformed $.Dependencies[0].Import']],
    [
      'a path that leads out of the folder',
      { Component: '../driver.wasm' },
      ['value-malformed $.Dependencies[0].Component'],
    ],
    ['an absolute path', { Component: '/driver.wasm' }, ['value-malformed $.Dependencies[0].Component']],
    ['a digest in capitals', { Sha256: 'AB'.repeat(32) }, ['value-malformed $.Dependencies[0].Sha256']],
    ['a digest that is short', { Sha256: 'ab' }, ['value-malformed $.Dependencies[0].Sha256']],
    ['a key that is not known', { Version: 1 }, ['key-unknown $.Dependencies[0].Version']],
    [
      'storage that the app has not',
      { Capabilities: { MutableStorage: { SizeKB: 1 } } },
      ['dependency-not-granted $.Dependencies[0].Capabilities'],
    ],
    [
      'a host that the app has not',
      { Capabilities: { AllowedConnections: ['a.example'] } },
      ['dependency-not-granted $.Dependencies[0].Capabilities'],
    ],
    [
      'a capability that nobody enforces',
      { Capabilities: { WifiConfig: true } },
      ['capability-not-supported $.Dependencies[0].Capabilities.WifiConfig'],
    ],
  ];
for (const [why, changes, verdict] of dependencies) {
  test(`checkManifest() reads a dependency: ${why}`, (t) => t.deepEqual(verdictOf(withDependency(changes)), verdict));
}

/** One bad manifest per code; the type makes the table complete. */
const perCode: Readonly<Record<ManifestErrorCode, readonly [bad: unknown, path: string]>> = {
  'json-too-large': [' '.repeat(MANIFEST_MAX_BYTES + 1), '$'],
  'json-not-utf8': ['', '$'], // bytes, below
  'json-syntax': ['{', '$'],
  'json-trailing-comma': ['{"Name":"x",}', '$'],
  'json-comment': ['{/**/}', '$'],
  'json-duplicate-key': ['{"Capabilities":{"Gpio":[8],"Gpio":[9]}}', '$.Capabilities.Gpio'],
  'json-too-deep': ['['.repeat(20), `$${'[0]'.repeat(16)}`],
  'json-number-out-of-range': ['{"SchemaVersion":1e999}', '$.SchemaVersion'],
  'json-string-malformed': ['{"Name":"\\udc00"}', '$.Name'],
  'key-unknown': [{ ...BASE, Policy: {} }, '$.Policy'],
  'key-missing': [{ ...BASE, Name: undefined }, '$.Name'],
  'value-type-wrong': [{ ...BASE, Name: 7 }, '$.Name'],
  'value-malformed': [{ ...BASE, ComponentId: 'not-a-guid' }, '$.ComponentId'],
  'value-out-of-range': [withCapabilities({ Gpio: [81] }), '$.Capabilities.Gpio[0]'],
  'value-duplicate': [withCapabilities({ Gpio: ['$A', 8, '$A'] }), '$.Capabilities.Gpio[2]'],
  'too-many-problems': [
    withCapabilities({ Gpio: Array.from({ length: 5000 }, () => null) }),
    '$.Capabilities.Gpio[99]',
  ],
  'schema-version-unsupported': [{ ...BASE, SchemaVersion: 2 }, '$.SchemaVersion'],
  'application-type-unknown': [{ ...BASE, ApplicationType: 'Debug' }, '$.ApplicationType'],
  'application-type-not-supported': [{ ...BASE, ApplicationType: 'RealTimeCapable' }, '$.ApplicationType'],
  'capability-not-supported': [withCapabilities({ WifiConfig: true }), '$.Capabilities.WifiConfig'],
  'dependency-not-granted': [withDependency({ Capabilities: { Gpio: [9] } }), '$.Dependencies[0].Capabilities'],
  'beta-apis-not-supported': [{ ...BASE, TargetBetaApis: 'Beta2001' }, '$.TargetBetaApis'],
};
for (const [code, [bad, path]] of Object.entries(perCode)) {
  test(`checkManifest() has a verdict of its own: ${code}`, (t) => {
    const bytes = code === 'json-not-utf8' ? Uint8Array.of(0xff) : bytesOf(bad);
    const verdict = checkManifest(bytes);
    t.false(verdict.ok);
    t.is<string | undefined, string>(verdict.errors.at(-1)?.code, code);
    t.is(verdict.errors.at(-1)?.path, path);
    t.true(verdict.errors.every(({ hint, message }) => hint !== '' && message !== ''));
  });
}

const refused: readonly (readonly [why: string, value: unknown, verdict: readonly string[]])[] = [
  ['an array', [], ['value-type-wrong $']],
  ['null', 'null', ['value-type-wrong $']],
  [
    'a fragment',
    { Capabilities: {} },
    ['SchemaVersion', 'Name', 'ComponentId', 'EntryPoint'].map((key) => `key-missing $.${key}`),
  ],
  ['an empty name', { ...BASE, Name: '' }, ['value-out-of-range $.Name']],
  ['a name that would forge a line of a log', { ...BASE, Name: 'a\nb' }, ['value-malformed $.Name']],
  [
    'an entry point up and out of the image',
    { ...BASE, EntryPoint: '/bin/../../sh' },
    ['value-malformed $.EntryPoint'],
  ],
  ['a schema version in quotes', { ...BASE, SchemaVersion: '1' }, ['value-type-wrong $.SchemaVersion']],
  ['an argument that is no string', { ...BASE, CmdArgs: ['a', 1] }, ['value-type-wrong $.CmdArgs[1]']],
  ['an environment in a list', { ...BASE, Environment: [] }, ['value-type-wrong $.Environment']],
  ['a variable that is no string', { ...BASE, Environment: { A: 1 } }, ['value-type-wrong $.Environment.A']],
  [
    'a variable with a sign in its name',
    { ...BASE, Environment: { 'A=B': '' } },
    ['value-malformed $.Environment["A=B"]'],
  ],
  ['a variable with a NUL in it', { ...BASE, Environment: { A: 'a\0' } }, ['value-out-of-range $.Environment.A']],
  [
    'a variable over the bound',
    { ...BASE, Environment: { A: 'a'.repeat(1025) } },
    ['value-out-of-range $.Environment.A'],
  ],
  [
    'more variables than the bound',
    { ...BASE, Environment: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`V${n}`, ''])) },
    ['value-out-of-range $.Environment'],
  ],
  ['a malloc version of 3', { ...BASE, MallocVersion: 3 }, ['value-out-of-range $.MallocVersion']],
  ['capabilities in a list', { ...BASE, Capabilities: [] }, ['value-type-wrong $.Capabilities']],
  ['capabilities of the first party', withCapabilities({ Policy: {} }), ['key-unknown $.Capabilities.Policy']],
  [
    'a capability with a space, as a published README has it',
    withCapabilities({ 'Gpio ': [8] }),
    ['key-unknown $.Capabilities["Gpio "]'],
  ],
  [
    'a capability named like a method of objects',
    withCapabilities({ constructor: true }),
    ['key-unknown $.Capabilities.constructor'],
  ],
  ['a pin in quotes', withCapabilities({ Gpio: ['8'] }), ['value-malformed $.Capabilities.Gpio[0]']],
  ['half a pin', withCapabilities({ Gpio: [8.5] }), ['value-out-of-range $.Capabilities.Gpio[0]']],
  ['a negative pin', withCapabilities({ Gpio: [-1] }), ['value-out-of-range $.Capabilities.Gpio[0]']],
  ['one pin without a list', withCapabilities({ Gpio: 8 }), ['value-type-wrong $.Capabilities.Gpio']],
  [
    'a flag in quotes',
    withCapabilities({ WifiConfig: 'true' }),
    ['value-type-wrong $.Capabilities.WifiConfig', 'capability-not-supported $.Capabilities.WifiConfig'],
  ],
  [
    'port 0',
    withCapabilities({ AllowedTcpServerPorts: [0] }),
    ['value-out-of-range $.Capabilities.AllowedTcpServerPorts[0]'],
  ],
  [
    'storage over 64 KB',
    withCapabilities({ MutableStorage: { SizeKB: 65 } }),
    ['value-out-of-range $.Capabilities.MutableStorage.SizeKB'],
  ],
  [
    'storage without a size',
    withCapabilities({ MutableStorage: {} }),
    ['key-missing $.Capabilities.MutableStorage.SizeKB'],
  ],
  [
    'a power control that is not known',
    withCapabilities({ PowerControls: ['Reboot'] }),
    ['value-malformed $.Capabilities.PowerControls[0]', 'capability-not-supported $.Capabilities.PowerControls'],
  ],
  [
    'a placeholder for the tenant',
    withCapabilities({ DeviceAuthentication: '<tenant>' }),
    [
      'value-malformed $.Capabilities.DeviceAuthentication',
      'capability-not-supported $.Capabilities.DeviceAuthentication',
    ],
  ],
  [
    'a partner that is no GUID',
    withCapabilities({ AllowedApplicationConnections: ['x'] }),
    [
      'value-malformed $.Capabilities.AllowedApplicationConnections[0]',
      'capability-not-supported $.Capabilities.AllowedApplicationConnections',
    ],
  ],
  [
    'a UART that no chip has',
    withCapabilities({ Uart: ['ISU9'] }),
    ['value-malformed $.Capabilities.Uart[0]', 'capability-not-supported $.Capabilities.Uart'],
  ],
];
for (const [why, value, verdict] of refused) {
  test(`checkManifest() refuses ${why}`, (t) => t.deepEqual(verdictOf(value), verdict));
}

test('checkManifest() reports every problem at once', (t) => {
  t.deepEqual(verdictOf({ ...BASE, Nmae: 'x', ComponentId: 1, Capabilities: { Gpoi: [8], Uart: ['$X'] } }), [
    'key-unknown $.Nmae',
    'value-type-wrong $.ComponentId',
    'key-unknown $.Capabilities.Gpoi',
    'capability-not-supported $.Capabilities.Uart',
  ]);
});

test('checkManifest() says what was probably meant', (t) => {
  t.is(checkManifest(bytesOf({ ...BASE, EntryPiont: 'x' })).errors[0]?.hint, 'did you mean "EntryPoint"?');
});

test('checkManifest() keeps a list of problems bounded, however many there are', (t) => {
  const keys = Object.fromEntries(Array.from({ length: 4000 }, (_, index) => [`K${index}`, 0]));
  const { errors } = checkManifest(bytesOf(keys));
  t.is(errors.length, PROBLEMS_MAX);
  t.is(errors.at(-1)?.code, 'too-many-problems');
});

test('the capabilities that compile to grants are those that the broker enforces', (t) => {
  t.deepEqual([...GRANTED_CAPABILITIES].sort(), [...SUPPORTED_CAPABILITIES].sort());
});

/** Fails the test unless every problem has one of the codes, a path and a hint. */
function check(bytes: Uint8Array): void {
  for (const { code, path, hint } of checkManifest(bytes).errors) {
    if (!Object.hasOwn(perCode, code) || !path.startsWith('$') || hint === '')
      throw new Error(`a problem without form: ${code}`);
  }
}

test('checkManifest() never throws and has no code outside its list, whatever the bytes', (t) => {
  codedErrorsOnly(
    t,
    check,
    [bytesOf(BASE), bytesOf(withCapabilities({ Uart: ['$X'], MutableStorage: { SizeKB: 8 } }))],
    [],
  );
});

test('checkManifest() never throws, whatever stands at a known key', (t) => {
  const keys = fc.constantFrom(
    'SchemaVersion',
    'Name',
    'ComponentId',
    'EntryPoint',
    'CmdArgs',
    'Environment',
    'ApplicationType',
    'Capabilities',
  );
  const capability = fc.constantFrom(
    'Gpio',
    'Uart',
    'MutableStorage',
    'PowerControls',
    'AllowedTcpServerPorts',
    'DeviceAuthentication',
  );
  const law = fc.property(
    fc.dictionary(keys, fc.jsonValue()),
    fc.dictionary(capability, fc.jsonValue()),
    (some, capabilities) => {
      check(bytesOf({ ...BASE, ...some }));
      check(bytesOf({ ...BASE, Capabilities: capabilities }));
    },
  );
  t.notThrows(() => fc.assert(law, { numRuns: 300 }));
});
