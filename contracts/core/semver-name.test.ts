import test from 'ava';
import { offeredName } from './semver-name.ts';

/** Imported name, the name that is looked up, why. */
const NAMES: readonly (readonly [string, string, string])[] = [
  ['wasi:io/poll@0.2.0', 'wasi:io/poll@0.2.0', 'the first release'],
  ['wasi:io/poll@0.2.12', 'wasi:io/poll@0.2.0', 'any patch'],
  ['wasi:cli/terminal-stdin@0.2.999999999', 'wasi:cli/terminal-stdin@0.2.0', 'also one that is not out yet'],
  ['wasi:io/poll@0.3.0', 'wasi:io/poll@0.3.0', 'another minor version is another interface'],
  ['wasi:io/poll@1.2.0', 'wasi:io/poll@1.2.0', 'another major version'],
  ['wasi:io/poll@0.2', 'wasi:io/poll@0.2', 'no version of semver'],
  ['wasi:io/poll@0.2.01', 'wasi:io/poll@0.2.01', 'a leading zero is no number of semver'],
  ['wasi:io/poll@0.2.0-rc-2023-11-10', 'wasi:io/poll@0.2.0-rc-2023-11-10', 'a candidate had other functions'],
  ['wasi:io/poll@0.2.1+build', 'wasi:io/poll@0.2.1+build', 'build metadata is in no published name'],
  ['wasi:io/poll', 'wasi:io/poll', 'no version'],
  ['casemate:device/gpio@0.2.1', 'casemate:device/gpio@0.2.1', 'our own interfaces have one version each'],
  ['x-wasi:io/poll@0.2.1', 'x-wasi:io/poll@0.2.1', 'the namespace is the whole first word'],
  ['wasi:io/poll@0.2.1\n', 'wasi:io/poll@0.2.1\n', 'nothing may stand behind it'],
];

for (const [name, offered, why] of NAMES) {
  test(`offeredName() of ${JSON.stringify(name)}: ${why}`, (t) => t.is(offeredName(name), offered));
}
