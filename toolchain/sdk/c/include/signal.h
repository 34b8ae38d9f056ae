// Signals of an app: SIGTERM, which the device sends, and those that the app raises itself. Never interrupts running
// code: a handler runs when the app waits (EventLoop_Run, poll, read of a timer, nanosleep) or raises the signal.
#pragma once

#include <__typedef_sigset_t.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGWINCH 28
#define SIGIO 29
#define SIGSYS 31
#define NSIG 65
#define _NSIG NSIG

#define SIG_DFL ((void (*)(int))0)
// Not 1 as elsewhere: function pointers are small numbers here, and 1 is the first function of the app.
#define SIG_IGN ((void (*)(int)) - 2)
#define SIG_ERR ((void (*)(int)) - 1)

#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define SA_NOCLDSTOP 0x00000001
#define SA_SIGINFO 0x00000004
#define SA_RESTART 0x10000000
#define SA_NODEFER 0x40000000
#define SA_RESETHAND 0x80000000

typedef int sig_atomic_t;

typedef struct {
    int si_signo;
    int si_errno;
    int si_code;
} siginfo_t;

struct sigaction {
    union {
        void (*sa_handler)(int);
        void (*sa_sigaction)(int, siginfo_t *, void *);
    };
    sigset_t sa_mask;
    unsigned int sa_flags;
};

/// SIGTERM without a handler ends the app with exit code 143. SA_RESTART is accepted and has no effect.
/// Errors: EINVAL no such signal, or SIGKILL and SIGSTOP.
int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact);
void (*signal(int signum, void (*handler)(int)))(int);
int raise(int signum);
int sigemptyset(sigset_t *set);
int sigfillset(sigset_t *set);
int sigaddset(sigset_t *set, int signum);
int sigdelset(sigset_t *set, int signum);
int sigismember(const sigset_t *set, int signum);
int sigprocmask(int how, const sigset_t *set, sigset_t *oldset);
int sigpending(sigset_t *set);
/// Waits for a (blocked) signal of the set and takes it. Its number, or -1 with errno: EAGAIN the time passed, EINTR.
int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout);

#ifdef __cplusplus
}
#endif
