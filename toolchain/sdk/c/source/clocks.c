// Clocks and sleeping over casemate:device/timers. There is no wall clock yet: CLOCK_REALTIME counts from power-on too.

#include "device_imports.h"
#include "process.h"

#include <errno.h>
#include <time.h>
#include <wasi/api.h>

int32_t __imported_wasi_snapshot_preview1_clock_time_get(int32_t clock, int64_t precision, int32_t time_address)
{
    (void)precision;
    if (clock != (int32_t)__WASI_CLOCKID_MONOTONIC && clock != (int32_t)__WASI_CLOCKID_REALTIME) {
        return __WASI_ERRNO_INVAL;
    }
    *(uint64_t *)time_address = casemate_timers_now();
    return __WASI_ERRNO_SUCCESS;
}

int32_t __imported_wasi_snapshot_preview1_clock_res_get(int32_t clock, int32_t resolution_address)
{
    (void)clock;
    *(uint64_t *)resolution_address = 1;
    return __WASI_ERRNO_SUCCESS;
}

/// In place of the libc's, which reports a wait that a signal ended as ENOTSUP.
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *request, struct timespec *remaining)
{
    (void)clock;
    if (request->tv_sec < 0 || request->tv_nsec < 0 || request->tv_nsec >= (long)NS_PER_S) {
        return EINVAL;
    }
    uint64_t deadline, asked;
    if (__builtin_mul_overflow((uint64_t)request->tv_sec, NS_PER_S, &asked) ||
        __builtin_add_overflow(asked, (uint64_t)request->tv_nsec, &asked)) {
        return EINVAL;
    }
    uint64_t start = flags & TIMER_ABSTIME ? 0 : casemate_timers_now();
    if (__builtin_add_overflow(start, asked, &deadline)) {
        return EINVAL;
    }
    if (casemate_sleep_until(deadline)) {
        return 0;
    }
    if (remaining != NULL && !(flags & TIMER_ABSTIME)) {
        uint64_t now = casemate_timers_now();
        uint64_t left = deadline > now ? deadline - now : 0;
        *remaining = (struct timespec){.tv_sec = (time_t)(left / NS_PER_S), .tv_nsec = (long)(left % NS_PER_S)};
    }
    return EINTR;
}

int nanosleep(const struct timespec *request, struct timespec *remaining)
{
    int error = clock_nanosleep(CLOCK_MONOTONIC, 0, request, remaining);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return 0;
}
