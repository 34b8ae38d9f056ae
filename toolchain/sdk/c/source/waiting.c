// Waiting: the one place where an app blocks, and where it learns that the device wants it to end.

#include "device_imports.h"
#include "process.h"

#include <signal.h>

enum casemate_wait_result casemate_wait(const int32_t *pollables, size_t count, const uint64_t *timeout_ns,
                                        bool *ready)
{
    if (count > CASEMATE_POLLABLES) {
        return CASEMATE_REFUSED;
    }
    if (casemate_signals_deliver()) {
        return CASEMATE_INTERRUPTED;
    }
    if (casemate_flush != NULL) {
        casemate_flush();
    }
    uint32_t indexes[CASEMATE_POLLABLES];
    struct casemate_wake_result result;
    casemate_answer_into(indexes, sizeof indexes);
    casemate_poll_wait(pollables, count, timeout_ns != NULL, timeout_ns != NULL ? *timeout_ns : 0, &result);
    casemate_answer_into(NULL, 0);
    if (result.is_error) {
        return CASEMATE_REFUSED;
    }
    if (result.wake.kind == CASEMATE_WAKE_TERMINATING) {
        casemate_signal_arrived(SIGTERM);
        return casemate_signals_deliver() ? CASEMATE_INTERRUPTED : CASEMATE_AGAIN;
    }
    if (result.wake.kind != CASEMATE_WAKE_READY) {
        return CASEMATE_TIMED_OUT;
    }
    const uint32_t *answered = result.wake.ready.items;
    for (size_t index = 0; index < count; index++) {
        ready[index] = false;
    }
    for (size_t index = 0; index < result.wake.ready.count; index++) {
        if (answered[index] < count) {
            ready[answered[index]] = true;
        }
    }
    return CASEMATE_READY;
}

bool casemate_sleep_until(uint64_t deadline_ns)
{
    for (;;) {
        uint64_t now = casemate_timers_now();
        uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
        enum casemate_wait_result result = casemate_wait(NULL, 0, &left, NULL);
        if (result == CASEMATE_TIMED_OUT) {
            return true;
        }
        if (result != CASEMATE_AGAIN) {
            return false;
        }
    }
}
