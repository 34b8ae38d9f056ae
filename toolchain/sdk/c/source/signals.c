// Signals inside the app. They arrive when it waits; nothing here interrupts running code.

#include "device_imports.h"
#include "process.h"

#include <errno.h>
#include <signal.h>

static struct sigaction actions[NSIG];
static uint64_t arrived;
static uint64_t blocked;

static bool is_signal(int signum)
{
    return signum >= 1 && signum < NSIG;
}

static uint64_t bit(int signum)
{
    return UINT64_C(1) << (signum - 1);
}

void casemate_signal_arrived(int signum)
{
    arrived |= bit(signum);
}

static bool ignored_by_default(int signum)
{
    return signum == SIGCHLD || signum == SIGURG || signum == SIGWINCH || signum == SIGCONT;
}

/// True if a handler ran. Without one the app ends, as a shell reports it: 128 + number.
static bool deliver(int signum)
{
    struct sigaction action = actions[signum];
    if (action.sa_handler == SIG_IGN || (action.sa_handler == SIG_DFL && ignored_by_default(signum))) {
        return false;
    }
    if (action.sa_handler == SIG_DFL) {
        casemate_exit(128 + signum);
    }
    if (action.sa_flags & SA_RESETHAND) {
        actions[signum] = (struct sigaction){0};
    }
    uint64_t before = blocked;
    int kept_errno = errno;
    blocked |= action.sa_mask.__bits | (action.sa_flags & SA_NODEFER ? 0 : bit(signum));
    if (action.sa_flags & SA_SIGINFO) {
        siginfo_t info = {.si_signo = signum};
        action.sa_sigaction(signum, &info, NULL);
    } else {
        action.sa_handler(signum);
    }
    blocked = before;
    errno = kept_errno;
    return true;
}

bool casemate_signals_deliver(void)
{
    bool ran = false;
    for (int signum = 1; signum < NSIG; signum++) {
        if (arrived & ~blocked & bit(signum)) {
            arrived &= ~bit(signum);
            ran |= deliver(signum);
        }
    }
    return ran;
}

int sigaction(int signum, const struct sigaction *act, struct sigaction *oldact)
{
    if (!is_signal(signum) || (act != NULL && (signum == SIGKILL || signum == SIGSTOP))) {
        errno = EINVAL;
        return -1;
    }
    struct sigaction before = actions[signum];
    if (act != NULL) {
        actions[signum] = *act;
    }
    if (oldact != NULL) {
        *oldact = before;
    }
    return 0;
}

void (*signal(int signum, void (*handler)(int)))(int)
{
    struct sigaction action = {.sa_handler = handler}, before;
    return sigaction(signum, &action, &before) == 0 ? before.sa_handler : SIG_ERR;
}

int raise(int signum)
{
    if (!is_signal(signum)) {
        errno = EINVAL;
        return -1;
    }
    casemate_signal_arrived(signum);
    casemate_signals_deliver();
    return 0;
}

int sigemptyset(sigset_t *set)
{
    set->__bits = 0;
    return 0;
}

int sigfillset(sigset_t *set)
{
    set->__bits = ~UINT64_C(0);
    return 0;
}

static int change_set(sigset_t *set, int signum, bool in)
{
    if (!is_signal(signum)) {
        errno = EINVAL;
        return -1;
    }
    set->__bits = in ? set->__bits | bit(signum) : set->__bits & ~bit(signum);
    return 0;
}

int sigaddset(sigset_t *set, int signum)
{
    return change_set(set, signum, true);
}

int sigdelset(sigset_t *set, int signum)
{
    return change_set(set, signum, false);
}

int sigismember(const sigset_t *set, int signum)
{
    return is_signal(signum) && (set->__bits & bit(signum)) != 0;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *oldset)
{
    uint64_t before = blocked;
    if (set != NULL) {
        if (how != SIG_BLOCK && how != SIG_UNBLOCK && how != SIG_SETMASK) {
            errno = EINVAL;
            return -1;
        }
        blocked = how == SIG_BLOCK ? blocked | set->__bits : how == SIG_UNBLOCK ? blocked & ~set->__bits : set->__bits;
    }
    if (oldset != NULL) {
        oldset->__bits = before;
    }
    casemate_signals_deliver();
    return 0;
}

int sigpending(sigset_t *set)
{
    set->__bits = arrived & blocked;
    return 0;
}

/// Takes one arrived signal of the set; 0: none has arrived.
static int take(const sigset_t *set)
{
    for (int signum = 1; signum < NSIG; signum++) {
        if (arrived & set->__bits & bit(signum)) {
            arrived &= ~bit(signum);
            return signum;
        }
    }
    return 0;
}

int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
    uint64_t deadline = 0;
    if (timeout != NULL) {
        deadline = casemate_timers_now() + (uint64_t)timeout->tv_sec * NS_PER_S + (uint64_t)timeout->tv_nsec;
    }
    for (;;) {
        int signum = take(set);
        if (signum != 0) {
            if (info != NULL) {
                *info = (siginfo_t){.si_signo = signum};
            }
            return signum;
        }
        uint64_t now = casemate_timers_now();
        uint64_t left = deadline > now ? deadline - now : 0;
        switch (casemate_wait(NULL, 0, timeout != NULL ? &left : NULL, NULL)) {
        case CASEMATE_AGAIN:
            continue;
        case CASEMATE_TIMED_OUT:
            errno = EAGAIN;
            return -1;
        default:
            errno = EINTR;
            return -1;
        }
    }
}
