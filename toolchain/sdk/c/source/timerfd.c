// sys/timerfd.h over casemate:device/timers.

#include "descriptors.h"
#include "device_imports.h"
#include "process.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>

static void close_timer(struct casemate_descriptor *timer)
{
    if (timer->timer.pollable != 0) {
        casemate_poll_drop_pollable(timer->timer.pollable);
    }
    casemate_timers_drop_timer(timer->handle);
}

static int32_t timer_pollable(struct casemate_descriptor *timer)
{
    if (timer->timer.pollable == 0) {
        timer->timer.pollable = casemate_timers_subscribe(timer->handle);
    }
    return timer->timer.pollable;
}

static __wasi_errno_t read_timer(struct casemate_descriptor *timer, const uint64_t *offset, uint8_t *into,
                                 size_t length, size_t *read)
{
    uint64_t expiries;
    if (offset != NULL) {
        return __WASI_ERRNO_SPIPE;
    }
    if (length < sizeof expiries) {
        return __WASI_ERRNO_INVAL;
    }
    while ((expiries = casemate_timers_take_expirations(timer->handle)) == 0) {
        if (timer->non_blocking) {
            return __WASI_ERRNO_AGAIN;
        }
        int32_t pollable = timer_pollable(timer);
        bool ready;
        enum casemate_wait_result result = casemate_wait(&pollable, 1, NULL, &ready);
        if (result == CASEMATE_INTERRUPTED || result == CASEMATE_REFUSED) {
            return result == CASEMATE_INTERRUPTED ? __WASI_ERRNO_INTR : __WASI_ERRNO_IO;
        }
    }
    memcpy(into, &expiries, sizeof expiries);
    *read = sizeof expiries;
    return __WASI_ERRNO_SUCCESS;
}

static const struct casemate_kind timer_kind = {
    .file_type = __WASI_FILETYPE_UNKNOWN, .close = close_timer, .read = read_timer, .pollable = timer_pollable};

int timerfd_create(clockid_t clockid, int flags)
{
    if ((clockid != CLOCK_MONOTONIC && clockid != CLOCK_REALTIME) || (flags & ~(TFD_NONBLOCK | TFD_CLOEXEC)) != 0) {
        errno = EINVAL;
        return -1;
    }
    struct casemate_handle_result result;
    casemate_timers_create(&result);
    int fd = casemate_descriptor_open(&timer_kind, result.is_error, result.error, result.handle);
    if (fd >= 0) {
        casemate_descriptor_get(fd)->non_blocking = (flags & TFD_NONBLOCK) != 0;
    }
    return fd;
}

/// False: not a time. At most some 580 years, which a 64-bit count of nanoseconds holds.
static bool nanoseconds(const struct timespec *time, uint64_t *ns)
{
    if (time->tv_sec < 0 || time->tv_sec > INT64_MAX / (int64_t)NS_PER_S - 1 || time->tv_nsec < 0 ||
        time->tv_nsec >= (long)NS_PER_S) {
        return false;
    }
    *ns = (uint64_t)time->tv_sec * NS_PER_S + (uint64_t)time->tv_nsec;
    return true;
}

static struct timespec timespec_of(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

static void current_setting(const struct casemate_descriptor *timer, struct itimerspec *setting)
{
    uint64_t next = timer->timer.next_ns, interval = timer->timer.interval_ns, left = 0;
    uint64_t now = casemate_timers_now();
    if (next > now) {
        left = next - now;
    } else if (next != 0 && interval != 0) {
        left = interval - (now - next) % interval;
    }
    setting->it_value = timespec_of(left);
    setting->it_interval = timespec_of(interval);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *new_value, struct itimerspec *old_value)
{
    struct casemate_descriptor *timer = casemate_descriptor_of(fd, &timer_kind);
    uint64_t initial, interval;
    if (timer == NULL || new_value == NULL) {
        errno = new_value == NULL ? EFAULT : casemate_descriptor_get(fd) == NULL ? EBADF : EINVAL;
        return -1;
    }
    if ((flags & ~TFD_TIMER_ABSTIME) != 0 || !nanoseconds(&new_value->it_value, &initial) ||
        !nanoseconds(&new_value->it_interval, &interval)) {
        errno = EINVAL;
        return -1;
    }
    if (old_value != NULL) {
        current_setting(timer, old_value);
    }
    if (initial == 0) {
        interval = 0;
    }
    uint64_t now = casemate_timers_now();
    if (initial != 0 && (flags & TFD_TIMER_ABSTIME)) {
        // A moment that has passed expires at once; 0 would disarm.
        initial = initial > now ? initial - now : 1;
    }
    // Expiries of the former setting do not count for the new one.
    casemate_timers_take_expirations(timer->handle);
    struct casemate_byte_result result;
    casemate_timers_set(timer->handle, initial, interval, &result);
    if (result.is_error) {
        errno = casemate_errno_of(result.value);
        return -1;
    }
    timer->timer.next_ns = initial == 0 ? 0 : now + initial;
    timer->timer.interval_ns = interval;
    return 0;
}

int timerfd_gettime(int fd, struct itimerspec *curr_value)
{
    struct casemate_descriptor *timer = casemate_descriptor_of(fd, &timer_kind);
    if (timer == NULL || curr_value == NULL) {
        errno = curr_value == NULL ? EFAULT : casemate_descriptor_get(fd) == NULL ? EBADF : EINVAL;
        return -1;
    }
    current_setting(timer, curr_value);
    return 0;
}
