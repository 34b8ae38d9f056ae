// poll(2), and select(2) which the libc makes of it, over casemate:device/poll.

#include "descriptors.h"
#include "device_imports.h"
#include "process.h"

#include <errno.h>
#include <poll.h>

/// What is true at once: a file never makes a reader wait, an output stream takes everything. POLLNVAL: not open.
static short events_now(int fd, short wanted)
{
    const struct casemate_descriptor *descriptor = casemate_descriptor_get(fd);
    if (descriptor == NULL) {
        return fd == 0 ? wanted & POLLIN : fd == 1 || fd == 2 ? wanted & POLLOUT : POLLNVAL;
    }
    return descriptor->kind->pollable == NULL ? wanted & (POLLIN | POLLOUT) : 0;
}

/// In place of the libc's, which knows no signals.
int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    int32_t pollables[CASEMATE_POLLABLES];
    nfds_t waiting[CASEMATE_POLLABLES];
    bool ready[CASEMATE_POLLABLES];
    size_t waits = 0;
    int happened = 0;
    for (nfds_t index = 0; index < count; index++) {
        fds[index].revents = fds[index].fd < 0 ? 0 : events_now(fds[index].fd, fds[index].events);
        happened += fds[index].revents != 0;
        struct casemate_descriptor *descriptor = casemate_descriptor_get(fds[index].fd);
        if (descriptor == NULL || descriptor->kind->pollable == NULL || !(fds[index].events & POLLIN)) {
            continue;
        }
        if (waits == CASEMATE_POLLABLES) {
            errno = EINVAL;
            return -1;
        }
        pollables[waits] = descriptor->kind->pollable(descriptor);
        waiting[waits++] = index;
    }
    uint64_t start = casemate_timers_now();
    uint64_t duration = happened > 0 || timeout_ms < 0 ? 0 : (uint64_t)timeout_ms * 1000000u;
    for (;;) {
        uint64_t spent = casemate_timers_now() - start;
        uint64_t left = spent < duration ? duration - spent : 0;
        switch (casemate_wait(pollables, waits, happened == 0 && timeout_ms < 0 ? NULL : &left, ready)) {
        case CASEMATE_READY:
            for (size_t index = 0; index < waits; index++) {
                if (ready[index]) {
                    fds[waiting[index]].revents = POLLIN;
                    happened++;
                }
            }
            return happened;
        case CASEMATE_TIMED_OUT:
            return happened;
        case CASEMATE_AGAIN:
            continue;
        case CASEMATE_INTERRUPTED:
        case CASEMATE_REFUSED:
            errno = EINTR;
            return -1;
        }
    }
}
