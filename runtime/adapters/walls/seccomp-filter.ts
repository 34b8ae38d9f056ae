// The list of system calls as a program for the kernel's filter machine (classic BPF). Pure: it makes bytes and installs nothing.
//
// A list of what is allowed and not of what is forbidden: it is installed after Node has started, when little is needed any more, and
// what a later kernel adds is refused without anybody having thought of it. A refused call fails with EPERM, which libraries take for
// "not here"; it does not end the process, because a library that asks before it falls back is no attack.
//
// Sources: linux/seccomp.h, linux/audit.h, linux/filter.h; Documentation/userspace-api/seccomp_filter.rst.

import { ByteWriter, concatBytes } from '../../../contracts/core/bytes.ts';
import { ALLOWED_CALLS, CONDITIONAL_CALLS, IO_URING_SETUP_CALL } from './system-calls.ts';

export type Processor = 'x64' | 'arm64';

/** AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64. */
const AUDIT_ARCH = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;
/** Offsets in struct seccomp_data; arguments are u64, of which the lower half comes first on both processors. */
const DATA = { number: 0, arch: 4, argument: (index: number) => 16 + index * 8 } as const;
/** Calls of the x32 interface carry this bit, and would pass under the numbers of other calls. */
const X32_BIT = 0x4000_0000;

const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_EQUAL = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;

const VERDICT = { allow: 0x7fff_0000, killProcess: 0x8000_0000 } as const;
const errno = (code: number): number => 0x0005_0000 | code;
const EPERM = errno(1);
/** "This kernel does not have it": the C library then takes the older call, whose arguments can be looked at. */
const ENOSYS = errno(38);

/** clone(2): a thread of this process, and no process; not into a namespace of its own (CLONE_NEWNS to CLONE_NEWNET). */
const CLONE = { thread: 0x0001_0000, newNamespace: 0x7e02_0000 } as const;
/** fstat of newer C libraries. With this bit a path can still be given, which the filter does not see: what may be asked about it is told, and only an empty root has none. */
const AT_EMPTY_PATH = 0x1000;
/** prctl: names of threads and of memory. */
const PRCTL = [15 /* PR_SET_NAME */, 0x5356_4d41 /* PR_SET_VMA */];
/** ioctl: non-blocking, close on exec, is it a terminal, how much lies in it. */
const IOCTL = [0x5421 /* FIONBIO */, 0x5451 /* FIOCLEX */, 0x5401 /* TCGETS */, 0x541b /* FIONREAD */];
/** fcntl: flags of descriptors and copies of them; not F_SETOWN, which makes the kernel signal others. */
const FCNTL = [
  0 /* F_DUPFD */, 1 /* F_GETFD */, 2 /* F_SETFD */, 3 /* F_GETFL */, 4 /* F_SETFL */, 1030 /* F_DUPFD_CLOEXEC */,
];

type Instruction = Uint8Array;

/** struct sock_filter: code, where to go on when true and when false, operand. */
function instruction(code: number, operand: number, ifTrue = 0, ifFalse = 0): Instruction {
  return new ByteWriter(8)
    .u16(code)
    .u8(ifTrue)
    .u8(ifFalse)
    .u32(operand >>> 0)
    .finish();
}

const load = (offset: number): Instruction => instruction(LOAD, offset);
const verdict = (value: number): Instruction => instruction(RETURN, value);

/**
 * The program for struct sock_fprog, for the process with this id (it may signal its own threads: that is how abort() works).
 *
 * @example
 * seccompFilter('x64', 1).length % 8 === 0
 */
export function seccompFilter(processor: Processor, ownPid: number): Uint8Array {
  const number = (call: keyof typeof CONDITIONAL_CALLS) => CONDITIONAL_CALLS[call][processor];
  return concatBytes(
    // The numbers below mean something else for another kind of program.
    load(DATA.arch),
    instruction(JUMP_EQUAL, AUDIT_ARCH[processor], 1, 0),
    verdict(VERDICT.killProcess),
    load(DATA.number),
    ...(processor === 'x64' ? [instruction(JUMP_GREATER_EQUAL, X32_BIT, 0, 1), verdict(VERDICT.killProcess)] : []),
    ...Object.values(ALLOWED_CALLS).flatMap((call) => forCall(call[processor], [verdict(VERDICT.allow)])),
    // Whole processes cannot be told from threads in clone3, whose flags are in memory that the filter does not see.
    ...forCall(number('clone3'), [verdict(ENOSYS)]),
    ...forCall(number('statx'), [verdict(ENOSYS)]),
    ...forCall(number('clone'), [...unlessAnyBit(0, CLONE.newNamespace), ...ifAnyBit(0, CLONE.thread)]),
    ...forCall(number('newfstatat'), ifAnyBit(3, AT_EMPTY_PATH)),
    ...forCall(number('prctl'), ifOneOf(0, PRCTL)),
    ...forCall(number('ioctl'), ifOneOf(1, IOCTL)),
    ...forCall(number('fcntl'), ifOneOf(1, FCNTL)),
    ...forCall(number('tgkill'), ifOneOf(0, [ownPid])),
    // Reading one's own limits: neither another's nor new ones, whose pointer has two halves.
    ...forCall(number('prlimit64'), ifAllZero([DATA.argument(0), DATA.argument(2), DATA.argument(2) + 4])),
    verdict(EPERM),
  );
}

/** The filter for the time before the lock: this kernel has no io_uring, and everything else is as it was. */
export function withoutRingsFilter(processor: Processor): Uint8Array {
  return concatBytes(
    load(DATA.arch),
    instruction(JUMP_EQUAL, AUDIT_ARCH[processor], 1, 0),
    verdict(VERDICT.killProcess),
    load(DATA.number),
    ...forCall(IO_URING_SETUP_CALL, [verdict(ENOSYS)]),
    verdict(VERDICT.allow),
  );
}

/** When the call has this number the body decides, and always returns; otherwise it is stepped over. */
function forCall(number: number | undefined, body: readonly Instruction[]): readonly Instruction[] {
  return number === undefined ? [] : [instruction(JUMP_EQUAL, number, 0, body.length), ...body];
}

function ifAnyBit(argument: number, bits: number): readonly Instruction[] {
  return [load(DATA.argument(argument)), instruction(JUMP_ANY_BIT, bits, 0, 1), verdict(VERDICT.allow), verdict(EPERM)];
}

function unlessAnyBit(argument: number, bits: number): readonly Instruction[] {
  return [load(DATA.argument(argument)), instruction(JUMP_ANY_BIT, bits, 0, 1), verdict(EPERM)];
}

/** The kernel, too, reads these arguments as 32 bits. */
function ifOneOf(argument: number, values: readonly number[]): readonly Instruction[] {
  const tests = values.flatMap((value) => [instruction(JUMP_EQUAL, value, 0, 1), verdict(VERDICT.allow)]);
  return [load(DATA.argument(argument)), ...tests, verdict(EPERM)];
}

function ifAllZero(offsets: readonly number[]): readonly Instruction[] {
  const tests = offsets.flatMap((offset) => [load(offset), instruction(JUMP_EQUAL, 0, 1, 0), verdict(EPERM)]);
  return [...tests, verdict(VERDICT.allow)];
}
