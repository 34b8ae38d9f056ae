// How an app begins, waits and ends, for the other parts of the library.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static const uint64_t NS_PER_S = 1000000000u;

/// Memory for what the next call of an interface answers with; without it the answer is allocated on the heap.
void casemate_answer_into(void *memory, size_t size);

/// The log's own descriptor number, so that an app cannot close it.
enum { CASEMATE_LOG = 1 << 20 };

/// Called before the app waits and when it ends; set by whoever holds back text.
extern void (*casemate_flush)(void);

/// Ends the app now. Runs no exit handler.
_Noreturn void casemate_exit(int code);

enum casemate_wait_result {
    CASEMATE_READY,
    CASEMATE_TIMED_OUT,
    /// A signal handler ran: answer EINTR.
    CASEMATE_INTERRUPTED,
    /// Nothing for the caller (a signal that is ignored or blocked): look at the time and wait again.
    CASEMATE_AGAIN,
    /// More than `CASEMATE_POLLABLES`, or the device said no.
    CASEMATE_REFUSED,
};

/// What one wait can be on, by device.wit.
enum { CASEMATE_POLLABLES = 64 };

/// Waits for pollables, at most `timeout_ns` (NULL: for ever). `ready[i]` tells about `pollables[i]`.
enum casemate_wait_result casemate_wait(const int32_t *pollables, size_t count, const uint64_t *timeout_ns,
                                        bool *ready);

/// Waits until `deadline_ns` on the monotonic clock, or until a signal handler ran (false).
bool casemate_sleep_until(uint64_t deadline_ns);

/// Marks a signal as arrived.
void casemate_signal_arrived(int signum);
/// Runs the handlers of arrived signals that are not blocked. True if one ran.
bool casemate_signals_deliver(void);
