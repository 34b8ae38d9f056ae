// One loop that waits for many descriptors and calls back, with the names and behaviour of Azure Sphere's applibs.
// A loop is used by one thread: the app's only one.
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct EventLoop EventLoop;
typedef struct EventRegistration EventRegistration;

/// Bits of what can happen on a descriptor.
typedef uint32_t EventLoop_IoEvents;
enum { EventLoop_None = 0x00, EventLoop_Input = 0x01, EventLoop_Output = 0x04, EventLoop_Error = 0x08 };

typedef enum {
    /// errno says why: EINTR after a signal handler ran, EBUSY when the loop runs already.
    EventLoop_Run_Failed = -1,
    /// The time passed, or the loop was stopped, and no callback was called.
    EventLoop_Run_FinishedEmpty = 0,
    /// At least one callback was called.
    EventLoop_Run_Finished = 1
} EventLoop_Run_Result;

/// Called when one of the registered events has happened on `fd`.
typedef void EventLoopIoCallback(EventLoop *el, int fd, EventLoop_IoEvents events, void *context);

/// A new loop, or NULL with errno ENOMEM. EventLoop_Close ends it.
EventLoop *EventLoop_Create(void);

/// Frees the loop and its registrations; their descriptors stay open. Not from inside one of its callbacks.
void EventLoop_Close(EventLoop *el);

/// Waits and calls back for `duration_in_milliseconds` (-1: until EventLoop_Stop; 0: only what has happened already),
/// or until one callback has returned if `process_one_event`.
EventLoop_Run_Result EventLoop_Run(EventLoop *el, int duration_in_milliseconds, bool process_one_event);

/// Makes the running EventLoop_Run, or else the next one, return after the callback that is under way. 0, or -1 with
/// errno EFAULT.
int EventLoop_Stop(EventLoop *el);

/// Calls `callback` when `eventBitmask` happens on `fd`. A registration, or NULL with errno: EBADF no such descriptor,
/// EEXIST the descriptor is registered in this loop, EPERM a descriptor that never makes anybody wait (a pin, a file),
/// EINVAL unknown events, EFAULT no loop or callback, ENOMEM.
EventRegistration *EventLoop_RegisterIo(EventLoop *el, int fd, EventLoop_IoEvents eventBitmask,
                                        EventLoopIoCallback *callback, void *context);

/// Changes the events of a registration; EventLoop_None pauses it. 0, or -1 with errno: EINVAL, EFAULT, ENOENT not of
/// this loop.
int EventLoop_ModifyIoEvents(EventLoop *el, EventRegistration *reg, EventLoop_IoEvents eventBitmask);

/// Ends a registration. Close the descriptor afterwards. 0, or -1 with errno: EFAULT, ENOENT not of this loop.
int EventLoop_UnregisterIo(EventLoop *el, EventRegistration *reg);

#ifdef __cplusplus
}
#endif
