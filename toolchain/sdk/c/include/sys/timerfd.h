// Timers as file descriptors, as on Linux (timerfd_create(2)). Never the wall clock: every clock here is the device's
// monotonic one.
#pragma once

#include <fcntl.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TFD_NONBLOCK O_NONBLOCK
/// There is no exec(2) here, so this changes nothing.
#define TFD_CLOEXEC 0x80000
#define TFD_TIMER_ABSTIME 1

/// A disarmed timer. read(2) gives the expiries since the last read as a uint64_t. Errors: EINVAL, EMFILE.
int timerfd_create(clockid_t clockid, int flags);

/// First expiry after `it_value` (zero disarms), then every `it_interval` (zero: once). Errors: EBADF, EFAULT, EINVAL.
int timerfd_settime(int fd, int flags, const struct itimerspec *new_value, struct itimerspec *old_value);

/// Time to the next expiry, and the interval. Errors: EBADF, EFAULT.
int timerfd_gettime(int fd, struct itimerspec *curr_value);

#ifdef __cplusplus
}
#endif
