// The lock: what a process of the device does to itself before it reads a byte of its program, so that it can never do it back.
// Never part of a program: the launcher puts it in front, on the command line.
//
// A host program in front (bubblewrap) would have to allow what Node needs to start: opening files, mapping libraries, executing.
// Once Node runs it needs none of it. So the process starts with Node's foreign-function right, calls the C library with it, and gives
// the right back (`process.permission.drop`). Errors: the process ends with exit code 1 and says which step failed; the program is
// not run.

import type ffiModule from 'node:ffi';
import { seccompFilter } from './seccomp-filter.ts';
import type { Processor } from './seccomp-filter.ts';

export interface LockPlan {
  /** The processor whose calls are listed; absent: no list. */
  readonly systemCalls?: Processor;
  /** Where a folder can be made that becomes the root; it is removed before it does. Needs the right to chroot. */
  readonly rootIn?: string;
  /** Needs the right to change user. */
  readonly userId?: number;
  readonly resourceLimits?: true;
  /** The kernel forgets it when the user changes. */
  readonly diesWithParent?: true;
}

/** The part that the process itself works out from its own id. */
interface LockOrders extends Omit<LockPlan, 'systemCalls'> {
  readonly seccompCall: number;
  /** The filter with 0 for the own process id, and where that stands in it. */
  readonly filter: string | undefined;
  readonly pidAt: number;
  readonly rootName: string;
}

/** Flags for Node: first the lock, then whatever follows. A process without a lock has no foreign-function right at any time. */
export function lockFlags(plan: LockPlan, seccompCall: number, rootName: string): readonly string[] {
  if (Object.keys(plan).length === 0) return [];
  const { systemCalls, ...rest } = plan;
  const orders: LockOrders = { ...rest, seccompCall, rootName, ...filterFor(systemCalls) };
  // A worker starts with the flags of its process, and finds it locked.
  const source = `import ffi from 'node:ffi';import { isMainThread } from 'node:worker_threads';
if (isMainThread) (${enterLock.toString()})(ffi,${JSON.stringify(orders)})`;
  return [
    '--allow-ffi',
    // Both would be the first words of every process, and the last words of one that ends early.
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=SecurityWarning',
    '--import',
    `data:text/javascript,${encodeURIComponent(source)}`,
  ];
}

/** A value that no instruction holds otherwise. */
const PID_MARK = 0x7069_6421;

function filterFor(processor: Processor | undefined): { readonly filter: string | undefined; readonly pidAt: number } {
  if (processor === undefined) return { filter: undefined, pidAt: 0 };
  const program = seccompFilter(processor, PID_MARK);
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const pidAt = Array.from({ length: program.length / 4 }, (_, index) => index * 4).find(
    (offset) => view.getUint32(offset, true) === PID_MARK,
  );
  return { filter: Buffer.from(program).toString('base64'), pidAt: pidAt ?? 0 };
}

/** Runs in the process that is to be locked, from its text: it may name nothing outside itself. */
function enterLock(ffi: typeof ffiModule, orders: LockOrders): void {
  const number = 'uint64' as const;
  const { functions: libc } = ffi.dlopen(null, {
    syscall: { return: 'int64', arguments: [number, number, number, number, number, number, number] },
    prctl: { return: 'int32', arguments: ['int32', number, number, number, number] },
    setrlimit: { return: 'int32', arguments: ['int32', number] },
    mkdir: { return: 'int32', arguments: ['string', 'uint32'] },
    chdir: { return: 'int32', arguments: ['string'] },
    rmdir: { return: 'int32', arguments: ['string'] },
    chroot: { return: 'int32', arguments: ['string'] },
    setgroups: { return: 'int32', arguments: [number, number] },
    setresgid: { return: 'int32', arguments: ['uint32', 'uint32', 'uint32'] },
    setresuid: { return: 'int32', arguments: ['uint32', 'uint32', 'uint32'] },
  });
  const must = (step: string, result: number | bigint): void => {
    if (Number(result) !== 0) throw new Error(`lock: ${step} refused`);
  };
  if (orders.rootIn !== undefined) {
    const root = `${orders.rootIn}/${orders.rootName}`;
    must('mkdir', libc.mkdir(root, 0o700));
    must('chdir', libc.chdir(root));
    // A folder that is removed stays a root, and nobody can make anything in it any more.
    must('rmdir', libc.rmdir(root));
    must('chroot', libc.chroot('.'));
  }
  if (orders.userId !== undefined) {
    const id = orders.userId;
    must('setgroups', libc.setgroups(0n, 0n));
    must('setresgid', libc.setresgid(id, id, id));
    // Of all threads, and with it goes every right of root.
    must('setresuid', libc.setresuid(id, id, id));
  }
  const SIGKILL = 9n;
  if (orders.diesWithParent === true) must('pdeathsig', libc.prctl(1 /* PR_SET_PDEATHSIG */, SIGKILL, 0n, 0n, 0n));
  if (orders.resourceLimits === true) {
    const limits = [
      [1 /* RLIMIT_FSIZE */, 0n],
      [4 /* RLIMIT_CORE */, 0n],
      [7 /* RLIMIT_NOFILE */, 128n],
    ] as const;
    for (const [resource, most] of limits) {
      const pair = new BigUint64Array([most, most]);
      must('setrlimit', libc.setrlimit(resource, ffi.getRawPointer(pair.buffer)));
    }
  }
  must('no-new-privs', libc.prctl(38 /* PR_SET_NO_NEW_PRIVS */, 1n, 0n, 0n, 0n));
  if (orders.filter !== undefined) {
    const program = Uint8Array.from(atob(orders.filter), (character) => character.charCodeAt(0));
    new DataView(program.buffer).setUint32(orders.pidAt, process.pid, true);
    // struct sock_fprog: how many instructions, then where they are.
    const header = new DataView(new ArrayBuffer(16));
    header.setUint16(0, program.length / 8, true);
    header.setBigUint64(8, ffi.getRawPointer(program.buffer), true);
    const FILTER = 1n; // SECCOMP_SET_MODE_FILTER
    const ALL_THREADS = 1n; // SECCOMP_FILTER_FLAG_TSYNC
    const installed = libc.syscall(
      BigInt(orders.seccompCall),
      FILTER,
      ALL_THREADS,
      ffi.getRawPointer(header.buffer),
      0n,
      0n,
      0n,
    );
    must('seccomp', installed);
  }
  // Whoever takes the program over must not find the way that the lock itself went.
  process.permission.drop('ffi');
}
