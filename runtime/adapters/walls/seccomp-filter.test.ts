// The filter as the kernel reads it: interpreted by the rules of classic BPF, for both processors, whatever this machine has.

import test from 'ava';
import { seccompFilter, withoutRingsFilter } from './seccomp-filter.ts';
import type { Processor } from './seccomp-filter.ts';
import { ALLOWED_CALLS, CONDITIONAL_CALLS } from './system-calls.ts';

const ARCH = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;
const OWN_PID = 7;
const PROCESSORS = ['x64', 'arm64'] as const satisfies readonly Processor[];

type Verdict = 'allow' | 'kill' | 'EPERM' | 'ENOSYS';
const VERDICTS: ReadonlyMap<number, Verdict> = new Map([
  [0x7fff_0000, 'allow'],
  [0x8000_0000, 'kill'],
  [0x0005_0001, 'EPERM'],
  [0x0005_0026, 'ENOSYS'],
]);

interface Call {
  readonly number: number;
  readonly arch: number;
  readonly words?: readonly bigint[];
}

/** Runs the program on one struct seccomp_data. Throws where the kernel would not have loaded it. */
function judge(filter: Uint8Array, { number, arch, words = [] }: Call): Verdict {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, arch, true);
  words.forEach((word, index) => data.setBigUint64(16 + index * 8, word, true));
  const program = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  let accumulator = 0;
  for (let at = 0; at < filter.length / 8; at += 1) {
    const code = program.getUint16(at * 8, true);
    const ifTrue = program.getUint8(at * 8 + 2);
    const ifFalse = program.getUint8(at * 8 + 3);
    const operand = program.getUint32(at * 8 + 4, true);
    const jump = (holds: boolean): void => void (at += holds ? ifTrue : ifFalse);
    if (code === 0x20) accumulator = data.getUint32(operand, true);
    else if (code === 0x15) jump(accumulator === operand);
    else if (code === 0x35) jump(accumulator >= operand);
    else if (code === 0x45) jump((accumulator & operand) !== 0);
    else if (code === 0x06) {
      const verdict = VERDICTS.get(operand);
      if (verdict === undefined) throw new Error(`verdict ${operand.toString(16)}`);
      return verdict;
    } else throw new Error(`instruction ${code.toString(16)}`);
  }
  throw new Error('the program runs off its end');
}

for (const on of PROCESSORS) {
  const filter = seccompFilter(on, OWN_PID);
  const judged = (number: number, ...words: bigint[]) => judge(filter, { number, arch: ARCH[on], words });
  const conditional = (name: keyof typeof CONDITIONAL_CALLS, ...words: bigint[]) =>
    judged(CONDITIONAL_CALLS[name][on] ?? -1, ...words);

  test(`${on}: of all numbers of calls exactly the listed ones are allowed whatever their arguments`, (t) => {
    const listed = new Set(Object.values(ALLOWED_CALLS).map((call) => call[on]));
    const looked = new Set(Object.values(CONDITIONAL_CALLS).map((call) => call[on]));
    for (let number = 0; number < 1024; number += 1) {
      if (looked.has(number)) continue;
      t.is(judged(number), listed.has(number) ? 'allow' : 'EPERM', String(number));
    }
  });

  test(`${on}: calls whose arguments decide`, (t) => {
    const THREAD = 0x0001_0000n;
    const rows: readonly (readonly [Verdict, Verdict, string])[] = [
      ['allow', conditional('clone', 0x003d_0f00n), 'a thread, as the C library makes it'],
      ['EPERM', conditional('clone', 17n), 'a process: fork()'],
      ['EPERM', conditional('clone', 0x4111n), 'a process: posix_spawn()'],
      ['EPERM', conditional('clone', THREAD | 0x4000_0000n), 'a thread in a network namespace of its own'],
      ['EPERM', conditional('clone', THREAD | 0x0002_0000n), 'a thread in a mount namespace of its own'],
      ['ENOSYS', conditional('clone3'), 'flags that nobody can look at'],
      ['allow', conditional('newfstatat', 5n, 0n, 0n, 0x1000n), 'fstat()'],
      ['EPERM', conditional('newfstatat', 5n, 0n, 0n, 0x100n), 'stat() of a path'],
      ['allow', conditional('prctl', 15n), 'the name of a thread'],
      ['EPERM', conditional('prctl', 1n), 'to live on without the parent'],
      ['EPERM', conditional('prctl', 4n), 'to be traceable'],
      ['allow', conditional('fcntl', 5n, 4n), 'O_NONBLOCK'],
      ['EPERM', conditional('fcntl', 5n, 8n), 'F_SETOWN: signals to others'],
      ['allow', conditional('ioctl', 5n, 0x5421n), 'FIONBIO'],
      ['EPERM', conditional('ioctl', 5n, 0x5412n), 'TIOCSTI: words put into a terminal'],
      ['allow', conditional('tgkill', BigInt(OWN_PID), 9n, 6n), 'abort()'],
      ['EPERM', conditional('tgkill', 8n, 8n, 9n), 'a signal for another'],
      ['allow', conditional('prlimit64', 0n, 7n, 0n, 1n), 'its own limits, read'],
      ['EPERM', conditional('prlimit64', 0n, 7n, 1n), 'its own limits, set'],
      ['EPERM', conditional('prlimit64', 0n, 7n, 1n << 32n), 'the same, with a pointer whose lower half is 0'],
      ['EPERM', conditional('prlimit64', 1n, 7n, 0n, 1n), 'those of another'],
    ];
    for (const [expected, found, what] of rows) t.is(found, expected, what);
  });

  test(`${on}: a call of another kind of program ends the process`, (t) => {
    for (const other of [0x4000_0003, ARCH[on === 'x64' ? 'arm64' : 'x64'], 0]) {
      t.is(judge(filter, { number: 0, arch: other }), 'kill');
      t.is(judge(withoutRingsFilter(on), { number: 0, arch: other }), 'kill');
    }
  });

  test(`${on}: before the lock there is no io_uring, and everything else`, (t) => {
    const before = (number: number) => judge(withoutRingsFilter(on), { number, arch: ARCH[on] });
    for (let number = 0; number < 1024; number += 1) t.is(before(number), number === 425 ? 'ENOSYS' : 'allow');
  });
}

test('x64: a call of the x32 interface ends the process', (t) => {
  t.is(judge(seccompFilter('x64', OWN_PID), { number: 0x4000_0000 + 1, arch: ARCH.x64 }), 'kill');
});
