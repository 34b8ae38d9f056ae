// The command line that starts Node inside a set of walls. Never starts anything, and never asks whether a wall can stand.
//
// From the outside in: setpriv (end with the parent), unshare (namespaces), a few lines of perl (below), Node with its permission
// model, and first of all that Node runs the lock (lock.ts).

import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import type { WallName } from '../../hil/walls.ts';
import type { LockPlan } from './lock.ts';
import { lockFlags } from './lock.ts';
import { withoutRingsFilter } from './seccomp-filter.ts';
import type { Processor } from './seccomp-filter.ts';
import { CLOSE_CALL, PRCTL_CALL, SECCOMP_CALL } from './system-calls.ts';

export interface WalledProcess {
  readonly walls: ReadonlySet<WallName>;
  /** Flags of the engine. */
  readonly engine: readonly string[];
  /** The user that it becomes where `own-user` stands. */
  readonly userId: number;
  /** So many it is given, from 0 on. Whatever else is open where the secure world was started is closed before Node starts. */
  readonly descriptors: number;
}

/** The kernel's user ids from here on belong to nobody: above those of people, services, containers and systemd. */
const FIRST_USER = 0x4000_0000;
/** pid_max is at most 2^22. */
const PIDS = 1 << 22;
const SEATS = 8;

/** A user for one process of one device: no two secure worlds of a host share a process id. `seat`: 0 for the OS, else the context. */
export function userOf(secureWorldPid: number, seat: number): number {
  return FIRST_USER + (secureWorldPid % PIDS) * SEATS + seat;
}

const PROGRAM_FROM_STDIN = ['--permission', '--input-type=module', '-'];

export function walledCommand({ walls, engine, userId, descriptors }: WalledProcess): readonly string[] {
  const lock = lockFlags(
    {
      ...(walls.has('system-calls') ? { systemCalls: processor() } : {}),
      ...(walls.has('empty-root') ? { rootIn: tmpdir() } : {}),
      ...(walls.has('own-user') ? { userId } : {}),
      ...(walls.has('resource-limits') ? { resourceLimits: true } : {}),
      ...(walls.has('parent-death') ? { diesWithParent: true } : {}),
    } satisfies LockPlan,
    SECCOMP_CALL[processor()],
    `casemate-root-${randomBytes(8).toString('hex')}`,
  );
  return [
    ...(walls.has('parent-death') ? ['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--'] : []),
    ...namespaces(walls),
    ...lastStep(walls, descriptors),
    process.execPath,
    ...engine,
    ...lock,
    ...PROGRAM_FROM_STDIN,
  ];
}

/** Where root is not needed the process is root of a user namespace of its own, and nobody outside. */
function namespaces(walls: ReadonlySet<WallName>): readonly string[] {
  const flags = [
    ...(walls.has('pid-namespace') ? ['--pid'] : []),
    ...(walls.has('network-namespace') ? ['--net'] : []),
    ...(walls.has('ipc-namespace') ? ['--ipc', '--uts', '--cgroup'] : []),
  ];
  const needsUser = !isRoot() && (flags.length > 0 || walls.has('empty-root'));
  if (flags.length === 0 && !needsUser) return [];
  return ['/usr/bin/unshare', ...(needsUser ? ['--user', '--map-root-user'] : []), ...flags, '--'];
}

export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

function processor(): Processor {
  return process.arch === 'arm64' ? 'arm64' : 'x64';
}

/**
 * The last step before Node, in a process of a few lines that is there on every Debian (perl-base is essential) and costs 2 ms:
 *
 * - Node's event loop makes an io_uring when it starts, and aborts when it cannot use it later; allowed, it would carry out opens and
 *   connects that no list of system calls ever sees. So the kernel says before Node starts that it has none, and Node does without.
 *   setpriv can install a filter only from util-linux 2.41 on.
 * - A process-id namespace is for children, so somebody stays outside, holds nothing, and ends as the child ended. `unshare --fork`
 *   would do, but in util-linux 2.38 it tells exit code 1 for a child that the kernel killed, and keeps every descriptor.
 * - What a person's shell had open is inherited all the way down: Node marks its own descriptors, and knows of no other. A folder among
 *   them would be a way out of an empty root. (Before Linux 5.9 there is no call for it: one by one, as far as they usually go.)
 */
const PERL = `my ($prctl, $seccomp, $close, $filter, $forks, $given) = splice @ARGV, 0, 6;
syscall(436, $given + 0, 0xffffffff, 0) == 0 or map { syscall($close + 0, $_) } $given .. 4095;
if ($filter ne '') {
  my $code = pack 'H*', $filter;
  my $program = pack 'S x6 P', length($code) / 8, $code;
  syscall($prctl + 0, 38, 1, 0, 0, 0) == 0 or die "no-new-privs: $!";
  syscall($seccomp + 0, 1, 0, $program) == 0 or die "seccomp: $!";
}
if ($forks) {
  my $child = fork // die "fork: $!";
  if ($child) {
    syscall(436, 0, 0xffffffff, 0);
    waitpid $child, 0;
    kill $? & 127, $$ if $? & 127;
    exit $? >> 8;
  }
  syscall($prctl + 0, 1, 9, 0, 0, 0) == 0 or die "pdeathsig: $!";
}
exec { $ARGV[0] } @ARGV or die "exec: $!";`;

function lastStep(walls: ReadonlySet<WallName>, descriptors: number): readonly string[] {
  const on = processor();
  const filter = walls.has('system-calls') ? Buffer.from(withoutRingsFilter(on)).toString('hex') : '';
  const forks = walls.has('pid-namespace') ? '1' : '';
  if (filter === '' && forks === '') return [];
  const calls = [PRCTL_CALL[on], SECCOMP_CALL[on], CLOSE_CALL[on]].map(String);
  return ['/usr/bin/perl', '-e', PERL, ...calls, filter, forks, String(descriptors)];
}
