// The system calls that a locked process of the device still needs, by processor. Whatever opens, connects, starts or signals
// anything must never come in here: all that it may use are the descriptors that it was started with.
//
// Found by tracing the OS and the runner from their lock to their end (timers, pipes, crypto, compiling, collecting garbage);
// numbers from the kernel's own tables (asm/unistd_64.h, asm-generic/unistd.h), which never change.

/** `undefined`: this processor has no such call; the C library uses its successor. */
interface CallNumbers {
  readonly x64: number | undefined;
  readonly arm64: number | undefined;
}

const calls = (x64: number | undefined, arm64: number | undefined): CallNumbers => ({ x64, arm64 });

export const ALLOWED_CALLS = {
  // Descriptors that are there already.
  read: calls(0, 63),
  write: calls(1, 64),
  readv: calls(19, 65),
  writev: calls(20, 66),
  close: calls(3, 57),
  fstat: calls(5, 80),
  lseek: calls(8, 62),
  dup: calls(32, 23),
  dup2: calls(33, undefined),
  dup3: calls(292, 24),
  pipe2: calls(293, 59),
  shutdown: calls(48, 210),
  getsockname: calls(51, 204),
  getpeername: calls(52, 205),
  getsockopt: calls(55, 209),
  // The event loop.
  poll: calls(7, undefined),
  ppoll: calls(271, 73),
  epoll_create1: calls(291, 20),
  epoll_ctl: calls(233, 21),
  epoll_wait: calls(232, undefined),
  epoll_pwait: calls(281, 22),
  epoll_pwait2: calls(441, 441),
  eventfd2: calls(290, 19),
  // Memory: the engine compiles, so pages become executable here. Native code is what the list is for.
  brk: calls(12, 214),
  mmap: calls(9, 222),
  munmap: calls(11, 215),
  mprotect: calls(10, 226),
  madvise: calls(28, 233),
  mremap: calls(25, 216),
  pkey_alloc: calls(330, 289),
  pkey_free: calls(331, 290),
  pkey_mprotect: calls(329, 288),
  membarrier: calls(324, 283),
  // Its own threads.
  futex: calls(202, 98),
  rseq: calls(334, 293),
  set_robust_list: calls(273, 99),
  sched_yield: calls(24, 124),
  sched_getaffinity: calls(204, 123),
  sched_getparam: calls(143, 121),
  sched_getscheduler: calls(145, 120),
  getcpu: calls(309, 168),
  exit: calls(60, 93),
  exit_group: calls(231, 94),
  // What it may know: about itself and the time.
  getrandom: calls(318, 278),
  /** A worker asks when it starts; the answer is the empty root. */
  getcwd: calls(79, 17),
  getpid: calls(39, 172),
  gettid: calls(186, 178),
  getppid: calls(110, 173),
  getuid: calls(102, 174),
  geteuid: calls(107, 175),
  getgid: calls(104, 176),
  getegid: calls(108, 177),
  getrusage: calls(98, 165),
  times: calls(100, 153),
  uname: calls(63, 160),
  sysinfo: calls(99, 179),
  time: calls(201, undefined),
  gettimeofday: calls(96, 169),
  clock_gettime: calls(228, 113),
  clock_getres: calls(229, 114),
  clock_nanosleep: calls(230, 115),
  nanosleep: calls(35, 101),
  // Signals that it gets.
  rt_sigaction: calls(13, 134),
  rt_sigprocmask: calls(14, 135),
  rt_sigreturn: calls(15, 139),
  sigaltstack: calls(131, 132),
  restart_syscall: calls(219, 128),
} as const satisfies Record<string, CallNumbers>;

/** Allowed for some arguments alone: `seccomp-filter.ts` says which. */
export const CONDITIONAL_CALLS = {
  newfstatat: calls(262, 79),
  statx: calls(332, 291),
  clone: calls(56, 220),
  clone3: calls(435, 435),
  prctl: calls(157, 167),
  ioctl: calls(16, 29),
  fcntl: calls(72, 25),
  tgkill: calls(234, 131),
  prlimit64: calls(302, 261),
} as const satisfies Record<string, CallNumbers>;

/** The calls that put the walls up. */
export const SECCOMP_CALL = { x64: 317, arm64: 277 } as const;
export const PRCTL_CALL = { x64: 157, arm64: 167 } as const;
/** For the descriptors that a process is not given. */
export const CLOSE_CALL = { x64: 3, arm64: 57 } as const;
/** The same on every processor. */
export const IO_URING_SETUP_CALL = 425;
