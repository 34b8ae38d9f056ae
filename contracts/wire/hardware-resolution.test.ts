import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { HARDWARE_MAX_BYTES, HARDWARE_MAX_IMPORTS } from '../core/limits.ts';
import type { HardwareErrorCode } from './hardware-resolution.ts';
import { resolveHardware } from './hardware-resolution.ts';

const encoder = new TextEncoder();
const METADATA = { Type: 'Azure Sphere Hardware Definition', Version: 1 };
type Files = Readonly<Record<string, unknown>>;

/** A definition with these imports and peripherals. */
const definition = (imports: readonly string[], peripherals: readonly unknown[]) => ({
  Metadata: METADATA,
  Description: { Name: 'x', MainCoreHeaderFileTopContent: [] },
  Imports: imports.map((Path) => ({ Path })),
  Peripherals: peripherals,
});
const pin = (Name: string, number: number) => ({
  Name,
  Type: 'Gpio',
  MainCoreHeaderValue: `(${number})`,
  AppManifestValue: number,
});
const map = (Name: string, Mapping: string, Type = 'Gpio') => ({ Name, Type, Mapping, Comment: '' });
const bytesOf = (value: unknown) => encoder.encode(typeof value === 'string' ? value : JSON.stringify(value));

/** Resolves `app/hw.json` of these files; `sdk` is searched after the importing file's folder. */
function resolve(files: Files) {
  const read = (path: string) => (Object.hasOwn(files, path) ? bytesOf(files[path]) : undefined);
  return resolveHardware(
    { file: 'app/hw.json', bytes: bytesOf(files['app/hw.json']) },
    { readImport: read, searchFolders: ['sdk'] },
  );
}
/** `code file path` of every problem. */
const problemsOf = (files: Files) => resolve(files).errors.map(({ code, file, path }) => `${code} ${file} ${path}`);

const CHIP = definition(
  [],
  [
    pin('CHIP_GPIO8', 8),
    pin('CHIP_GPIO12', 12),
    { Name: 'CHIP_ISU0_UART', Type: 'Uart', MainCoreHeaderValue: '(4)', AppManifestValue: 'ISU0', Comment: 'serial' },
    { Name: 'CHIP_CS_B', Type: 'int', MainCoreHeaderValue: '(-2)' },
  ],
);
const GOOD: Files = {
  'app/hw.json': definition(
    ['board.json'],
    [map('LED', 'BOARD_LED'), map('CS', 'CHIP_CS_B', 'int'), map('UART', 'CHIP_ISU0_UART', 'Uart')],
  ),
  'sdk/board/board.json': definition(['../chip/chip.json'], [map('BOARD_LED', 'CHIP_GPIO8')]),
  'sdk/chip/chip.json': CHIP,
};

test('resolveHardware() follows names through the chain down to the values of the chip', (t) => {
  const verdict = resolve(GOOD);
  if (!verdict.ok) return t.fail(JSON.stringify(verdict.errors));
  const { peripherals } = verdict.hardware;
  t.like(peripherals.get('LED'), {
    type: 'Gpio',
    pin: 8,
    manifestValue: 8,
    headerValue: 8,
    declaredIn: 'app/hw.json',
    through: ['BOARD_LED', 'CHIP_GPIO8'],
  });
  t.like(peripherals.get('UART'), { type: 'Uart', pin: undefined, manifestValue: 'ISU0', headerValue: 4 });
  t.like(peripherals.get('CS'), { type: 'int', manifestValue: undefined, headerValue: -2 });
  t.like(peripherals.get('CHIP_GPIO12'), { declaredIn: 'sdk/chip/chip.json', through: [] });
});

test('resolveHardware() takes a file beside the importing one before one of the search folders', (t) => {
  const verdict = resolve({ ...GOOD, 'app/board.json': definition(['chip.json'], [map('BOARD_LED', 'CHIP_GPIO12')]) });
  t.is(verdict.ok ? verdict.hardware.peripherals.get('LED')?.pin : undefined, 12);
});

test('resolveHardware() reads a file once that two others import', (t) => {
  const files = {
    'app/hw.json': definition(['a.json', 'b.json'], [map('X', 'A'), map('Y', 'B')]),
    'app/a.json': definition(['chip.json'], [map('A', 'CHIP_GPIO8')]),
    'app/b.json': definition(['chip.json'], [map('B', 'CHIP_GPIO12')]),
    'app/chip.json': CHIP,
  };
  t.deepEqual(problemsOf(files), []);
});

test('resolveHardware() accepts a byte order mark', (t) => {
  const bytes = Uint8Array.of(0xef, 0xbb, 0xbf, ...bytesOf(CHIP));
  t.true(resolveHardware({ file: 'chip.json', bytes }, { readImport: () => undefined }).ok);
});

/** A chain of this many files, each importing the next. */
function chain(length: number): Files {
  const files: Record<string, unknown> = {};
  for (let index = 0; index < length; index++) {
    const name = index === 0 ? 'hw' : `f${index}`;
    files[`app/${name}.json`] = definition(index + 1 < length ? [`f${index + 1}.json`] : [], []);
  }
  return files;
}

test('resolveHardware() follows as many files as the bound says, and no more', (t) => {
  t.deepEqual(problemsOf(chain(HARDWARE_MAX_IMPORTS)), []);
  t.deepEqual(problemsOf(chain(HARDWARE_MAX_IMPORTS + 1)), [
    `imports-too-many app/f${HARDWARE_MAX_IMPORTS - 1}.json $.Imports[0].Path`,
  ]);
});

/** The app's file alone, with one peripheral. */
const alone = (peripheral: unknown): Files => ({ 'app/hw.json': definition([], [peripheral]) });
const FIRST = 'app/hw.json $.Peripherals[0]';
/** One bad definition per code; the type makes the table complete. */
const perCode: Readonly<Record<HardwareErrorCode, readonly [files: Files, problem: string]>> = {
  'json-too-large': [{ 'app/hw.json': ' '.repeat(HARDWARE_MAX_BYTES + 1) }, 'app/hw.json $'],
  'json-not-utf8': [{ ...GOOD, 'sdk/chip/chip.json': '"\ufffd"' }, ''], // as bytes, below
  'json-syntax': [{ ...GOOD, 'sdk/chip/chip.json': '{' }, 'sdk/chip/chip.json $'],
  'json-trailing-comma': [{ 'app/hw.json': '{"Peripherals":[],}' }, 'app/hw.json $'],
  'json-comment': [{ 'app/hw.json': '{} // x' }, 'app/hw.json $'],
  'json-duplicate-key': [{ 'app/hw.json': '{"Imports":[],"Imports":[]}' }, 'app/hw.json $.Imports'],
  'json-too-deep': [{ 'app/hw.json': '['.repeat(20) }, `app/hw.json $${'[0]'.repeat(16)}`],
  'json-number-out-of-range': [{ 'app/hw.json': '[1e999]' }, 'app/hw.json $[0]'],
  'json-string-malformed': [{ 'app/hw.json': '"\\ud800"' }, 'app/hw.json $'],
  'key-unknown': [alone({ ...pin('A', 1), Coment: '' }), `${FIRST}.Coment`],
  'key-missing': [{ 'app/hw.json': { Metadata: METADATA } }, 'app/hw.json $.Peripherals'],
  'value-type-wrong': [alone({ ...pin('A', 1), Comment: 1 }), `${FIRST}.Comment`],
  'value-malformed': [alone(pin('A B', 1)), `${FIRST}.Name`],
  'value-out-of-range': [alone(pin('A', 81)), `${FIRST}.AppManifestValue`],
  // No list of a hardware definition is a set of plain values: repeats are `name-duplicate`.
  'value-duplicate': [{ 'app/hw.json': definition([], [pin('A', 1), pin('A', 2)]) }, ''],
  'too-many-problems': [
    {
      'app/hw.json': definition(
        [],
        Array.from({ length: 500 }, () => 0),
      ),
    },
    'app/hw.json $.Peripherals[99]',
  ],
  'hardware-version-unsupported': [
    { 'app/hw.json': { ...definition([], []), Metadata: { ...METADATA, Version: 2 } } },
    'app/hw.json $.Metadata.Version',
  ],
  'peripheral-type-unknown': [alone(map('A', 'B', 'gpio')), `${FIRST}.Type`],
  'imports-too-many': [
    {
      'app/hw.json': definition(
        Array.from({ length: 33 }, () => 'a.json'),
        [],
      ),
    },
    'app/hw.json $.Imports',
  ],
  'name-duplicate': [
    { 'app/hw.json': definition([], [pin('A', 1), pin('A', 2)]) },
    'app/hw.json $.Peripherals[1].Name',
  ],
  'values-missing': [alone({ Name: 'A', Type: 'Gpio' }), FIRST],
  'values-contradict': [alone({ ...pin('A', 1), AppManifestValue: 2 }), FIRST],
  'import-missing': [{ 'app/hw.json': definition(['none.json'], [map('A', 'B')]) }, 'app/hw.json $.Imports[0].Path'],
  'import-cycle': [
    { 'app/hw.json': definition(['b.json'], []), 'app/b.json': definition(['hw.json'], []) },
    'app/b.json $.Imports[0].Path',
  ],
  'mapping-unknown': [
    { ...GOOD, 'app/hw.json': definition(['board.json'], [map('LED', 'BOARD_LDE')]) },
    `${FIRST}.Mapping`,
  ],
  'mapping-type-mismatch': [
    { ...GOOD, 'app/hw.json': definition(['board.json'], [map('LED', 'CHIP_ISU0_UART')]) },
    `${FIRST}.Type`,
  ],
};
for (const [code, [files, problem]] of Object.entries(perCode)) {
  if (problem === '') continue;
  test(`resolveHardware() has a verdict of its own: ${code}`, (t) => {
    const { errors } = resolve(files);
    const last = errors.at(-1);
    t.is(`${last?.code} ${last?.file} ${last?.path}`, `${code} ${problem}`);
    t.true(errors.every(({ hint, message }) => hint !== '' && message !== ''));
  });
}

test('resolveHardware() has a verdict of its own: json-not-utf8, with the file that it is in', (t) => {
  const sources = { readImport: () => Uint8Array.of(0xff) };
  const { errors } = resolveHardware({ file: 'hw.json', bytes: bytesOf(definition(['a.json'], [])) }, sources);
  t.deepEqual(
    errors.map(({ code, file }) => [code, file]),
    [['json-not-utf8', 'a.json']],
  );
});

const refused: readonly (readonly [why: string, files: Files, problems: readonly string[]])[] = [
  [
    'a file that imports itself',
    { 'app/hw.json': definition(['./hw.json'], []) },
    ['import-cycle app/hw.json $.Imports[0].Path'],
  ],
  [
    'a name that an import has too',
    { ...GOOD, 'app/hw.json': definition(['board.json'], [pin('BOARD_LED', 9)]) },
    [`name-duplicate ${FIRST}`],
  ],
  [
    'a name that two imports have',
    {
      'app/hw.json': definition(['a.json', 'b.json'], []),
      'app/a.json': definition([], [pin('A', 1)]),
      'app/b.json': definition([], [pin('A', 2)]),
    },
    ['name-duplicate app/hw.json $.Imports[1].Path'],
  ],
  [
    'a mapping within one file',
    { 'app/hw.json': definition([], [pin('A', 1), map('B', 'A')]) },
    ['mapping-unknown app/hw.json $.Peripherals[1].Mapping'],
  ],
  ['a mapping and values', alone({ ...pin('A', 1), Mapping: 'B' }), [`values-contradict ${FIRST}`]],
  ['an int with a place in the manifest', alone({ ...pin('A', 1), Type: 'int' }), [`values-contradict ${FIRST}`]],
  [
    'a UART without a name for the manifest',
    alone({ Name: 'A', Type: 'Uart', MainCoreHeaderValue: '(4)' }),
    [`values-missing ${FIRST}`],
  ],
  [
    'code in place of a number',
    alone({ ...pin('A', 1), MainCoreHeaderValue: '(1); int x = system("a")' }),
    [`value-malformed ${FIRST}.MainCoreHeaderValue`],
  ],
  ['a name that is no identifier', alone(pin('A(x) 1\n#include "b"', 1)), [`value-malformed ${FIRST}.Name`]],
  [
    'an absolute import',
    { 'app/hw.json': definition(['/etc/hw.json'], []) },
    ['value-malformed app/hw.json $.Imports[0].Path'],
  ],
  [
    'a Windows path',
    { 'app/hw.json': definition(['..\\chip\\chip.json'], []) },
    ['value-malformed app/hw.json $.Imports[0].Path'],
  ],
  [
    'an import that is no .json file',
    { 'app/hw.json': definition(['../id_rsa'], []) },
    ['value-malformed app/hw.json $.Imports[0].Path'],
  ],
  [
    'another kind of file',
    { 'app/hw.json': { ...definition([], []), Metadata: { ...METADATA, Type: 'Recipe' } } },
    ['value-malformed app/hw.json $.Metadata.Type'],
  ],
];
for (const [why, files, problems] of refused) {
  test(`resolveHardware() refuses ${why}`, (t) => t.deepEqual(problemsOf(files), problems));
}

test('resolveHardware() does not complain about names that a broken import would have had', (t) => {
  t.deepEqual(
    problemsOf({ ...GOOD, 'sdk/board/board.json': definition(['gone.json'], [map('BOARD_LED', 'CHIP_GPIO8')]) }),
    ['import-missing sdk/board/board.json $.Imports[0].Path'],
  );
});

test('resolveHardware() says what was probably meant, and shows the circle of imports', (t) => {
  t.is(resolve(perCode['mapping-unknown'][0]).errors[0]?.hint, 'did you mean "BOARD_LED"?');
  t.regex(resolve(perCode['import-cycle'][0]).errors[0]?.message ?? '', /app\/hw\.json → app\/b\.json → app\/hw\.json/);
});

/** Fails the test unless every problem has one of the codes. */
function check(bytes: Uint8Array): void {
  const { errors } = resolveHardware({ file: 'hw.json', bytes }, { readImport: () => bytes });
  for (const { code, hint } of errors) {
    if (!Object.hasOwn(perCode, code) || hint === '') throw new Error(`a problem without form: ${code}`);
  }
}

test('resolveHardware() never throws and has no code outside its list, whatever the bytes', (t) => {
  codedErrorsOnly(t, check, [bytesOf(CHIP), bytesOf(GOOD['app/hw.json'])], []);
});

test('resolveHardware() never throws, whatever stands at a known key', (t) => {
  const keys = fc.constantFrom('Name', 'Type', 'Mapping', 'MainCoreHeaderValue', 'AppManifestValue', 'Comment');
  const law = fc.property(fc.dictionary(keys, fc.jsonValue()), fc.jsonValue(), (peripheral, imports) => {
    check(bytesOf({ ...definition([], [peripheral, { ...pin('A', 1), ...peripheral }]), Imports: imports }));
  });
  t.notThrows(() => fc.assert(law, { numRuns: 300 }));
});
