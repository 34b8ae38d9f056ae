// The C SDK as an app feels it: programs compiled with it, run against a device in virtual time.

import test from 'ava';
import type { CDeviceOptions, CRun } from '../../../test/support/c-device.ts';
import { runCModule } from '../../../test/support/c-device.ts';
import { compileC } from '../../build/compile-c.ts';

const PRELUDE = `
#include <applibs/eventloop.h>
#include <applibs/gpio.h>
#include <applibs/log.h>
#include <applibs/storage.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
static long ms(void) { struct timespec now; clock_gettime(CLOCK_MONOTONIC, &now); return now.tv_sec * 1000 + now.tv_nsec / 1000000; }
static int every(long first, long interval, int flags) {
  int fd = timerfd_create(CLOCK_MONOTONIC, flags);
  struct itimerspec spec = {{interval / 1000, interval % 1000 * 1000000}, {first / 1000, first % 1000 * 1000000}};
  timerfd_settime(fd, 0, &spec, NULL);
  return fd;
}
static void handled(int number) { Log_Debug("handled %d\\n", number); }
static const char *name(int error) {
  return error == 0 ? "ok" : error == EACCES ? "EACCES" : error == EBUSY ? "EBUSY" : error == ENODEV ? "ENODEV" : error == EINVAL ? "EINVAL"
    : error == ENOENT ? "ENOENT" : error == EBADF ? "EBADF" : error == EFAULT ? "EFAULT" : error == EEXIST ? "EEXIST" : error == EPERM ? "EPERM"
    : error == EINTR ? "EINTR" : error == EAGAIN ? "EAGAIN" : error == EMFILE ? "EMFILE" : error == ESPIPE ? "ESPIPE" : error == ENOSYS ? "ENOSYS" : strerror(error);
}
#define SHOW(call) do { errno = 0; long shown = (long)(call); Log_Debug("%s\\n", shown == -1 || (errno != 0 && shown == 0) ? name(errno) : "ok"); } while (0)
`;

async function build(program: string): Promise<Uint8Array> {
  const tree = new Map([['main.c', new TextEncoder().encode(PRELUDE + program)]]);
  const hardwareHeaders = new Map<string, string>();
  const { core } = await compileC({ tree, entry: undefined, hardwareHeaders, memoryLimitBytes: 256 * 1024 });
  return core;
}

async function run(program: string, options?: CDeviceOptions): Promise<CRun> {
  return runCModule(await build(program), options);
}

interface Program {
  readonly title: string;
  readonly program: string;
  readonly device?: CDeviceOptions;
  readonly log: readonly string[];
  readonly exitCode?: number;
  /** Handles that it leaves open, where that is the point. */
  readonly open?: number;
}

const files = new Map([['files/text', new TextEncoder().encode('hello, file')]]);
const terminateAt = (atMs: number): CDeviceOptions => ({ script: [{ atMs, does: 'terminate' }] });

const PROGRAMS: readonly Program[] = [
  {
    title: 'main() returns the exit code, as one byte',
    program: 'int main(void) { return 256 + 7; }',
    log: [],
    exitCode: 7,
  },
  {
    title: 'exit() ends the app after its exit handlers',
    program: 'static void last(void) { puts("last"); } int main(void) { atexit(last); exit(3); }',
    log: ['last'],
    exitCode: 3,
  },
  {
    title: 'CmdArgs are argv[1] and on',
    program:
      'int main(int argc, char *argv[]) { for (int i = 1; i < argc; i++) Log_Debug("%d=%s\\n", i, argv[i]); return argc; }',
    device: { args: ['--pace', 'grün', ''] },
    log: ['1=--pace', '2=grün', '3='],
    exitCode: 4,
  },
  {
    title: 'a log message ends at its newline, and an unfinished one when the app ends',
    program:
      'int main(void) { Log_Debug("a"); Log_Debug("b\\nc"); printf("d\\n"); fputs("e", stderr); return Log_Debug(NULL) == -1 && errno == EFAULT; }',
    log: ['ab', 'cd', 'e'],
    exitCode: 1,
  },
  {
    title: 'text that is not UTF-8 is written with a question mark for each wrong byte',
    // Overlong, surrogate, above U+10FFFF, cut off; the good ones between them stay.
    program:
      'int main(void) { Log_Debug("\\xc0\\xaf \\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80 \\xe2\\x82\\xac \\xf0\\x9f\\x98\\x80 \\xe2\\x82\\n"); return 0; }',
    log: ['?? ??? ???? € 😀 ??'],
  },
  {
    title: 'a line over 1,024 bytes comes in pieces that do not cut a character',
    program:
      'int main(void) { for (int i = 0; i < 400; i++) Log_Debug("\\xe2\\x82\\xac"); Log_Debug("!\\n"); return 0; }',
    log: ['€'.repeat(341), `${'€'.repeat(59)}!`],
  },
  {
    title: 'a pin answers EACCES, ENODEV, EBUSY, EINVAL, EBADF and EFAULT for what each of them means',
    program: `int main(void) {
      int input = GPIO_OpenAsInput(12), output = GPIO_OpenAsOutput(8, GPIO_OutputMode_OpenDrain, GPIO_Value_High);
      GPIO_Value_Type value = 9;
      SHOW(input); SHOW(output); SHOW(GPIO_OpenAsInput(9)); SHOW(GPIO_OpenAsInput(-1)); SHOW(GPIO_OpenAsInput(8));
      SHOW(GPIO_OpenAsOutput(8, 3, 0)); SHOW(GPIO_SetValue(output, 2)); SHOW(GPIO_SetValue(input, 1)); SHOW(GPIO_GetValue(input, NULL));
      SHOW(GPIO_GetValue(input, &value)); SHOW(GPIO_SetValue(output, 0)); SHOW(close(output)); SHOW(GPIO_SetValue(output, 0)); SHOW(close(output));
      SHOW(read(input, &value, 1)); SHOW(GPIO_OpenAsInput(8));
      return value; }`,
    device: { pins: [8, 12] },
    log: [
      'ok',
      'ok',
      'EACCES',
      'ENODEV',
      'EBUSY',
      'EINVAL',
      'EINVAL',
      'EBADF',
      'EFAULT',
      'ok',
      'ok',
      'ok',
      'EBADF',
      'EBADF',
      'EINVAL',
      'ok',
    ],
    exitCode: 1,
  },
  {
    title: 'a descriptor more than the table holds is EMFILE and leaves nothing open',
    program:
      'int main(void) { int last = 0; while ((last = timerfd_create(CLOCK_MONOTONIC, 0)) >= 0) { } Log_Debug("%s\\n", name(errno)); SHOW(close(20)); return timerfd_create(CLOCK_MONOTONIC, 0); }',
    log: ['EMFILE', 'ok'],
    exitCode: 20,
    open: 64,
  },
  {
    title: 'a file of the image is read, sought, measured and never written',
    program: `int main(void) {
      int fd = Storage_OpenFileInImagePackage("files/text"); char text[32] = ""; struct stat info;
      SHOW(fd); Log_Debug("%d %.*s\\n", (int)read(fd, text, 5), 5, text);
      Log_Debug("%d\\n", (int)lseek(fd, -4, SEEK_END)); Log_Debug("%d\\n", (int)read(fd, text, 32)); Log_Debug("%.4s %d\\n", text, (int)read(fd, text, 32));
      Log_Debug("%d %.3s\\n", (int)pread(fd, text, 3, 7), text); Log_Debug("%d %d\\n", fstat(fd, &info), (int)info.st_size);
      SHOW(lseek(fd, -1, SEEK_SET)); SHOW(write(fd, "x", 1)); SHOW(Storage_OpenFileInImagePackage("files/none"));
      SHOW(Storage_OpenFileInImagePackage("../files/text")); SHOW(Storage_OpenFileInImagePackage(NULL)); SHOW(close(fd)); SHOW(read(fd, text, 1));
      return 0; }`,
    device: { files },
    log: [
      'ok',
      '5 hello',
      '7',
      '4',
      'file 0',
      '3 fil',
      '0 11',
      'EINVAL',
      'EBADF',
      'ENOENT',
      'EINVAL',
      'EFAULT',
      'ok',
      'EBADF',
    ],
  },
  {
    title: 'a file of the image can be a stream of the libc',
    program:
      'int main(void) { char line[32]; FILE *file = fdopen(Storage_OpenFileInImagePackage("files/text"), "r"); Log_Debug("%s\\n", fgets(line, sizeof line, file)); return fclose(file); }',
    device: { files },
    log: ['hello, file'],
  },
  {
    title: 'a timer descriptor blocks, counts, says EAGAIN when it may not block, and refuses nonsense',
    program: `int main(void) {
      uint64_t count = 0; int fd = every(30, 10, 0);
      struct itimerspec now, past = {{0, 0}, {0, 1}}, wrong = {{0, 0}, {0, 1000000000}};
      read(fd, &count, sizeof count); Log_Debug("%d at %ld\\n", (int)count, ms());
      nanosleep(&(struct timespec){0, 35000000}, NULL); read(fd, &count, sizeof count); Log_Debug("%d at %ld\\n", (int)count, ms());
      timerfd_gettime(fd, &now); Log_Debug("%ld every %ld\\n", now.it_value.tv_nsec / 1000000, now.it_interval.tv_nsec / 1000000);
      SHOW(read(fd, &count, 4)); SHOW(lseek(fd, 0, SEEK_END)); SHOW(timerfd_settime(fd, 0, &wrong, NULL)); SHOW(timerfd_settime(fd, 8, &past, NULL));
      SHOW(timerfd_settime(1, 0, &past, NULL)); SHOW(timerfd_settime(fd, 0, NULL, NULL)); SHOW(timerfd_create(CLOCK_MONOTONIC, 1));
      SHOW(timerfd_settime(fd, TFD_TIMER_ABSTIME, &past, NULL)); read(fd, &count, sizeof count); Log_Debug("%d at %ld\\n", (int)count, ms());
      int quiet = every(10, 0, TFD_NONBLOCK); SHOW(read(quiet, &count, sizeof count));
      return close(fd) | close(quiet); }`,
    log: [
      '1 at 31',
      '3 at 66',
      '5 every 10',
      'EINVAL',
      'ESPIPE',
      'EINVAL',
      'EINVAL',
      'EBADF',
      'EFAULT',
      'EINVAL',
      'ok',
      '1 at 66',
      'EAGAIN',
    ],
  },
  {
    title: 'an event loop registers a descriptor once, runs once, and says why not',
    program: `
    static EventLoop *loop;
    static void again(EventLoop *el, int fd, EventLoop_IoEvents events, void *context) { SHOW(EventLoop_Run(el, 0, false)); *(int *)context = events; }
    int main(void) {
      int seen = 0, fd = every(5, 0, 0), input = GPIO_OpenAsInput(12);
      loop = EventLoop_Create();
      EventRegistration *reg = EventLoop_RegisterIo(loop, fd, EventLoop_Input, again, &seen);
      SHOW(reg != NULL); SHOW(EventLoop_RegisterIo(loop, fd, EventLoop_Input, again, NULL)); SHOW(EventLoop_RegisterIo(loop, input, EventLoop_Input, again, NULL));
      SHOW(EventLoop_RegisterIo(loop, 60, EventLoop_Input, again, NULL)); SHOW(EventLoop_RegisterIo(loop, fd, 2, again, NULL)); SHOW(EventLoop_RegisterIo(loop, fd, 1, NULL, NULL));
      Log_Debug("%d %d\\n", EventLoop_Run(loop, -1, true), seen);
      SHOW(EventLoop_ModifyIoEvents(loop, reg, EventLoop_None)); Log_Debug("%d at %ld\\n", EventLoop_Run(loop, 20, false), ms());
      SHOW(EventLoop_UnregisterIo(loop, reg)); SHOW(EventLoop_UnregisterIo(loop, reg)); SHOW(EventLoop_Run(NULL, 0, false));
      EventLoop_Close(loop); return 0; }`,
    device: { pins: [12] },
    log: [
      'ok',
      'EEXIST',
      'EPERM',
      'EBADF',
      'EINVAL',
      'EFAULT',
      'EBUSY',
      '1 1',
      'ok',
      '0 at 26',
      'ok',
      'ENOENT',
      'EFAULT',
    ],
  },
  {
    title: 'an event loop serves everybody in turn, stops when told, and survives a callback that ends the others',
    program: `
    static EventLoop *loop; static EventRegistration *regs[3]; static int fds[3]; static int turns;
    static void turn(EventLoop *el, int fd, EventLoop_IoEvents events, void *context) {
      Log_Debug("turn of %d\\n", (int)(long)context);
      if (++turns == 4) { for (int i = 0; i < 3; i++) { EventLoop_UnregisterIo(el, regs[i]); close(fds[i]); } EventLoop_Stop(el); } }
    int main(void) {
      loop = EventLoop_Create();
      for (long i = 0; i < 3; i++) regs[i] = EventLoop_RegisterIo(loop, fds[i] = every(10, 10, 0), EventLoop_Input, turn, (void *)i);
      while (turns < 3) EventLoop_Run(loop, -1, true);
      Log_Debug("%d\\n", EventLoop_Run(loop, -1, false)); EventLoop_Close(loop); return 0; }`,
    // Nobody reads the timers, so all are ready all the time: the turns still go round.
    log: ['turn of 0', 'turn of 1', 'turn of 2', 'turn of 0', '1'],
  },
  {
    title: 'an event loop that may not wait ends even when nobody reads what is ready',
    program: `static void unread(EventLoop *el, int fd, EventLoop_IoEvents events, void *context) { ++*(int *)context; }
    int main(void) { int seen = 0, fd = every(5, 5, 0); EventLoop *loop = EventLoop_Create();
      EventLoop_RegisterIo(loop, fd, EventLoop_Input, unread, &seen); sleep(1);
      Log_Debug("%d %d\\n", EventLoop_Run(loop, 0, false), seen); return 0; }`,
    log: ['1 1'],
  },
  {
    title: 'fcntl makes a timer one that does not block, and printf knows floating point',
    program: `#include <fcntl.h>
      int main(void) { uint64_t count; int fd = every(10, 0, 0); SHOW(fcntl(fd, F_SETFL, O_NONBLOCK)); SHOW(read(fd, &count, sizeof count));
      Log_Debug("%.3f %g %e\\n", 1.5, 1e300, 1e-300); return 0; }`,
    log: ['ok', 'EAGAIN', '1.500 1e+300 1.000000e-300'],
  },
  {
    title: 'SIGTERM runs its handler and ends the wait of an event loop with EINTR',
    program: `int main(void) { EventLoop *loop = EventLoop_Create(); struct sigaction action = {.sa_handler = handled}; sigaction(SIGTERM, &action, NULL);
      SHOW(EventLoop_Run(loop, -1, true)); EventLoop_Close(loop); return 0; }`,
    device: terminateAt(50),
    log: ['handled 15', 'EINTR'],
  },
  ...[
    {
      title: 'nanosleep, which says what is left',
      wait: 'struct timespec left; SHOW(nanosleep(&(struct timespec){1, 0}, &left)); Log_Debug("%ld\\n", left.tv_nsec / 1000000)',
      log: ['EINTR', '951'],
    },
    { title: 'poll', wait: 'struct pollfd none; SHOW(poll(&none, 0, 1000))', log: ['EINTR'] },
    {
      title: 'a blocking read of a timer',
      wait: 'uint64_t count; SHOW(read(every(1000, 0, 0), &count, sizeof count))',
      log: ['EINTR'],
    },
  ].map(({ title, wait, log }) => {
    return {
      title: `SIGTERM ends ${title}`,
      program: `int main(void) { signal(SIGTERM, handled); ${wait}; return 0; }`,
      device: terminateAt(50),
      log: ['handled 15', ...log],
    };
  }),
  {
    title: 'SIGTERM without a handler ends the app with 128 + 15, its last words written',
    program: 'int main(void) { Log_Debug("waiting"); sleep(10); return 0; }',
    device: terminateAt(50),
    log: ['waiting'],
    exitCode: 143,
  },
  {
    title: 'SIGTERM that is ignored ends no wait',
    program:
      'int main(void) { signal(SIGTERM, SIG_IGN); Log_Debug("%d at %ld\\n", nanosleep(&(struct timespec){0, 100000000}, NULL), ms()); return 0; }',
    device: terminateAt(50),
    log: ['0 at 101'],
  },
  {
    title: 'SIGTERM that is blocked waits for sigtimedwait, or for being let through',
    program: `int main(void) { sigset_t set; sigemptyset(&set); sigaddset(&set, SIGTERM); sigprocmask(SIG_BLOCK, &set, NULL); signal(SIGUSR1, handled);
      SHOW(sigtimedwait(&set, NULL, &(struct timespec){0, 10000000})); Log_Debug("%d at %ld\\n", sigtimedwait(&set, NULL, NULL), ms());
      signal(SIGTERM, handled); raise(SIGTERM); Log_Debug("pending\\n"); sigprocmask(SIG_UNBLOCK, &set, NULL); SHOW(raise(99)); SHOW(sigaction(SIGKILL, &(struct sigaction){0}, NULL)); return 0; }`,
    device: terminateAt(50),
    log: ['EAGAIN', '15 at 50', 'pending', 'handled 15', 'EINVAL', 'EINVAL'],
  },
  {
    title: 'poll tells a timer from a stream and a closed descriptor, and keeps its time',
    program: `int main(void) { struct pollfd fds[] = {{every(20, 0, 0), POLLIN, 0}, {-1, POLLIN, 0}};
      Log_Debug("%d %d at %ld\\n", poll(fds, 2, 10), fds[0].revents, ms()); Log_Debug("%d %d at %ld\\n", poll(fds, 2, -1), fds[0].revents, ms());
      struct pollfd out[] = {{1, POLLOUT, 0}, {50, POLLIN, 0}}; Log_Debug("%d %d %d\\n", poll(out, 2, -1), out[0].revents == POLLOUT, out[1].revents == POLLNVAL); return 0; }`,
    log: ['0 0 at 11', '1 1 at 21', '2 1 1'],
  },
  {
    title: 'what a device does not offer fails with an errno and needs no import',
    program: `#include <fcntl.h>
      int main(void) { char bytes[8]; SHOW(getentropy(bytes, 8)); SHOW(open("/etc/passwd", O_RDONLY) >= 0 ? 0 : (errno = ENOENT, -1)); return getenv("HOME") == NULL; }`,
    log: ['ENOSYS', 'ENOENT'],
    exitCode: 1,
  },
];

for (const { title, program, device, log, exitCode, open } of PROGRAMS) {
  test(title, async (t) => {
    const result = await run(program, device);
    t.deepEqual(result.log, log);
    t.is(result.exitCode, exitCode ?? 0);
    if (open !== undefined) t.is(result.open, open);
  });
}

test('an app imports only the interfaces that it reaches', async (t) => {
  const table: readonly (readonly [body: string, interfaces: readonly string[]])[] = [
    // Nothing at all.
    ['return 0;', []],
    // Text alone.
    ['Log_Debug("x"); return 0;', ['log']],
    // A pin: the generic close() must not bring in the other kinds of descriptor.
    ['return close(GPIO_OpenAsInput(8));', ['gpio']],
    // A file.
    ['char c; return read(Storage_OpenFileInImagePackage("a"), &c, 1);', ['image-files']],
    // The clock does not need waiting.
    ['return (int)ms();', ['timers']],
  ];
  for (const [body, interfaces] of table) {
    const core = await build(`int main(void) { ${body} }`);
    const modules = WebAssembly.Module.imports(new WebAssembly.Module(new Uint8Array(core))).map(
      ({ module }) => module,
    );
    t.deepEqual(
      [...new Set(modules)],
      interfaces.map((name) => `casemate:device/${name}@0.1.0`),
      body,
    );
  }
});

test('an app whose stack runs over ends with a trap and does not write into its data', async (t) => {
  const core = await build(`__attribute__((noinline)) static int deep(int n, volatile char *above) {
    volatile char frame[512];
    frame[0] = above[0];
    return n == 0 ? 0 : deep(n - 1, frame) + frame[0]; }
    int main(void) { volatile char top = 1; return deep(1000, &top); }`);
  t.throws(() => runCModule(core), { instanceOf: WebAssembly.RuntimeError });
});
