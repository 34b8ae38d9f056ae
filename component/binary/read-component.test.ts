import test from 'ava';
import { componentFromText, dummyComponent } from '../../test/support/components.ts';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { BLINK, DEVICE_WIT, deviceApp } from '../../test/support/device-app.ts';
import { ComponentError } from '../component-error.ts';
import type { ComponentErrorCode } from '../component-error.ts';
import { importNames } from '../definitions.ts';
import { encodeU32 } from './binary-reader.ts';
import { readComponent } from './read-component.ts';

const CODES: readonly ComponentErrorCode[] = [
  'component-not-a-component',
  'component-too-large',
  'component-truncated',
  'component-malformed',
  'component-too-complex',
  'async-not-supported',
  'canon-option-missing',
  'feature-not-supported',
  'index-out-of-range',
  'core-module-malformed',
  'core-feature-not-supported',
  'core-opcode-not-allowed',
  'core-type-not-allowed',
  'memory-shared',
  'memory-64',
  'memories-too-many',
];
const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const section = (id: number, ...body: readonly number[]): number[] => [id, ...encodeU32(body.length), ...body];
const component = (...sections: readonly number[][]): Uint8Array => Uint8Array.from([...PREAMBLE, ...sections.flat()]);

function codeOf(bytes: Uint8Array): string {
  try {
    readComponent(bytes);
    return 'read';
  } catch (error) {
    if (error instanceof ComponentError) return error.code;
    throw error;
  }
}

test('readComponent() lists the imports of a component in their order', async (t) => {
  t.deepEqual(importNames(readComponent(await deviceApp(BLINK.imports, BLINK.functions))), [
    'casemate:device/errors@0.1.0',
    'casemate:device/gpio@0.1.0',
    'casemate:device/log@0.1.0',
  ]);
});

/** Bytes and what they are refused with. */
const REFUSED: readonly (readonly [string, Uint8Array, ComponentErrorCode])[] = [
  ['nothing at all', new Uint8Array(0), 'component-not-a-component'],
  ['a core module', Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), 'component-not-a-component'],
  ['a component of the version before', Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0c, 0, 1, 0), 'component-not-a-component'],
  ['a section that goes on after the file', component([7, 5, 0]), 'component-truncated'],
  ['a section of an unknown kind', component(section(13)), 'component-malformed'],
  ['a section with bytes after its last entry', component(section(7, 1, 0x7f, 0)), 'component-malformed'],
  ['a number over 32 bits', component([7, 0xff, 0xff, 0xff, 0xff, 0x1f]), 'component-malformed'],
  ['a number of six bytes', component([7, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]), 'component-malformed'],
  ['more types than there are bytes', component(section(7, 0x80, 0x10, 0x7f)), 'component-truncated'],
  ['a start function', component(section(9, 0, 0, 0)), 'feature-not-supported'],
  ['a value section', component(section(12, 0)), 'feature-not-supported'],
  ['an empty record', component(section(7, 1, 0x72, 0)), 'component-malformed'],
  [
    '33 flags',
    component(section(7, 1, 0x6e, 33, ...Array.from({ length: 33 }, (_, bit) => [1, 64 + bit]).flat())),
    'component-too-complex',
  ],
  ['a stream', component(section(7, 1, 0x66, 0)), 'async-not-supported'],
  ['a future', component(section(7, 1, 0x65, 0)), 'async-not-supported'],
  ['an error context', component(section(7, 1, 0x64)), 'async-not-supported'],
  ['a list of error contexts', component(section(7, 1, 0x70, 0x64)), 'async-not-supported'],
  ['a resource with an asynchronous destructor', component(section(7, 1, 0x3e, 0x7f, 0, 0)), 'async-not-supported'],
  ['an asynchronous function type', component(section(7, 1, 0x43, 0, 1, 0)), 'async-not-supported'],
  ['an asynchronous lower', component(section(8, 1, 1, 0, 0, 1, 6)), 'async-not-supported'],
  ['an asynchronous lift', component(section(8, 1, 0, 0, 0, 1, 6, 0)), 'async-not-supported'],
  ['a lift with a callback', component(section(8, 1, 0, 0, 0, 1, 7, 0, 0)), 'async-not-supported'],
  ['realloc of no memory', component(section(8, 1, 1, 0, 0, 1, 4, 0)), 'canon-option-missing'],
  ['an option twice', component(section(8, 1, 1, 0, 0, 2, 3, 0, 3, 0)), 'component-malformed'],
  ['task.return', component(section(8, 1, 0x09, 1, 0, 0)), 'async-not-supported'],
  ['a resource in an instance type', component(section(7, 1, 0x42, 1, 1, 0x3f, 0x7f, 0)), 'component-malformed'],
  ['a flag without a name', component(section(7, 1, 0x6e, 1, 0)), 'component-malformed'],
  ['a label with an underscore', component(section(7, 1, 0x6e, 1, 3, 97, 95, 98)), 'component-malformed'],
  ['a label of two cases in one word', component(section(7, 1, 0x6e, 1, 2, 97, 66)), 'component-malformed'],
  ['an import without a name', component(section(10, 1, 0, 0, 1, 0)), 'component-malformed'],
  ['an export with a space in its name', component(section(11, 1, 0, 3, 97, 32, 98, 1, 0, 0)), 'component-malformed'],
  ['a name that is not UTF-8', component(section(0, 1, 0xff)), 'component-malformed'],
  ['an import in an instance type', component(section(7, 1, 0x42, 1, 3, 0, 1, 97, 1, 0)), 'component-malformed'],
  ['a negative index that is no primitive', component(section(7, 1, 0x70, 0x40)), 'component-malformed'],
];

/** Canonical functions that Binary.md gives to the asynchronous ABI: tasks, subtasks, streams, futures, waitables, threads. */
for (const code of [0x05, 0x06, 0x08, 0x09, 0x0d, 0x0e, 0x13, 0x15, 0x1a, 0x1c, 0x1f, 0x20, 0x24, 0x26, 0x40, 0x41]) {
  test(`readComponent() refuses the canonical function 0x${code.toString(16)} as asynchronous`, (t) => {
    t.is(codeOf(component(section(8, 1, code, 0, 0, 0))), 'async-not-supported');
  });
}

/** Names of imports that the grammar has (Explainer.md, "Import and Export Definitions"). */
for (const name of [
  'a',
  'get-it-2',
  'HTTP-client',
  'a-1b',
  '[method]pin.set',
  '[static]pin.all',
  '[constructor]pin',
  'wasi:io/streams@0.2.3',
  'a:b/c',
  'a:b/c@1.0.0-rc.1+build.5',
  'unlocked-dep=<a:b@{>=1.2.3}>',
  'integrity=<sha256-abc>',
]) {
  test(`readComponent() takes an import named ${name}`, (t) => {
    const bytes = new TextEncoder().encode(name);
    const type = section(7, 1, 0x40, 0, 1, 0);
    t.is(codeOf(component(type, section(10, 1, 0, bytes.length, ...bytes, 1, 0))), 'read');
  });
}

for (const name of [
  '-a',
  'a-',
  'a--b',
  '1a',
  'aB',
  'a.b',
  '[method]pin',
  '[method]a.b.c',
  'a:b',
  'a:b/',
  ':a/b',
  'a:b/c@',
  'a b',
  '$a',
]) {
  test(`readComponent() refuses an import named ${name}`, (t) => {
    const bytes = new TextEncoder().encode(name);
    const type = section(7, 1, 0x40, 0, 1, 0);
    t.is(codeOf(component(type, section(10, 1, 0, bytes.length, ...bytes, 1, 0))), 'component-malformed');
  });
}

for (const [what, bytes, code] of REFUSED) {
  test(`readComponent() refuses ${what}`, (t) => {
    t.is(codeOf(bytes), code);
  });
}

test('readComponent() refuses components and types nested without end', (t) => {
  let nested: number[] = [];
  for (let depth = 0; depth < 40; depth++) nested = section(4, ...PREAMBLE, ...nested);
  t.is(codeOf(component(nested)), 'component-too-complex');
  const types = Array.from({ length: 40 }, () => [0x42, 1, 1]).flat();
  t.is(codeOf(component(section(7, 1, ...types, 0x7f))), 'component-too-complex');
});

test('readComponent() answers hostile bytes with its own errors alone', async (t) => {
  const nested = await componentFromText(`(component
    (component $c (import "f" (func $f (param "x" (list string)))) (export "g" (func $f)))
    (type $r (resource (rep i32))) (core type $m (module (import "a" "b" (func)) (export "c" (memory 1 2)))))`);
  const seeds = [await dummyComponent(DEVICE_WIT, 'app'), await deviceApp(BLINK.imports, BLINK.functions), nested];
  codedErrorsOnly(t, readComponent, seeds, CODES);
});
