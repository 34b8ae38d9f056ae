// applibs/eventloop.h over the app's descriptors. Never frees a registration that a callback may still stand on.

#include "descriptors.h"
#include "device_imports.h"
#include "process.h"

#include <applibs/eventloop.h>
#include <stdlib.h>

struct EventRegistration {
    EventRegistration *next;
    EventLoopIoCallback *callback;
    void *context;
    int fd;
    /// Of the descriptor when it was registered: another one with the same number is not meant.
    uint32_t generation;
    EventLoop_IoEvents events;
    bool ended;
};

struct EventLoop {
    /// Whoever was served goes to the end, so that a busy descriptor does not starve the others.
    EventRegistration *first;
    bool running;
    bool stopping;
};

static const EventLoop_IoEvents ALL_EVENTS = EventLoop_Input | EventLoop_Output | EventLoop_Error;

EventLoop *EventLoop_Create(void)
{
    return calloc(1, sizeof(EventLoop));
}

void EventLoop_Close(EventLoop *el)
{
    if (el == NULL) {
        return;
    }
    while (el->first != NULL) {
        EventRegistration *next = el->first->next;
        free(el->first);
        el->first = next;
    }
    free(el);
}

int EventLoop_Stop(EventLoop *el)
{
    if (el == NULL) {
        errno = EFAULT;
        return -1;
    }
    el->stopping = true;
    return 0;
}

static struct casemate_descriptor *descriptor_of(const EventRegistration *reg)
{
    struct casemate_descriptor *descriptor = casemate_descriptor_get(reg->fd);
    return descriptor != NULL && descriptor->generation == reg->generation ? descriptor : NULL;
}

EventRegistration *EventLoop_RegisterIo(EventLoop *el, int fd, EventLoop_IoEvents eventBitmask,
                                        EventLoopIoCallback *callback, void *context)
{
    struct casemate_descriptor *descriptor = casemate_descriptor_get(fd);
    int error = el == NULL || callback == NULL    ? EFAULT
                : (eventBitmask & ~ALL_EVENTS)    ? EINVAL
                : descriptor == NULL              ? (fd >= 0 && fd < CASEMATE_FIRST_DESCRIPTOR ? EPERM : EBADF)
                : descriptor->kind->pollable == NULL ? EPERM
                                                  : 0;
    if (error != 0) {
        errno = error;
        return NULL;
    }
    EventRegistration **end = &el->first;
    for (; *end != NULL; end = &(*end)->next) {
        if (!(*end)->ended && (*end)->fd == fd && descriptor_of(*end) != NULL) {
            errno = EEXIST;
            return NULL;
        }
    }
    EventRegistration *reg = malloc(sizeof *reg);
    if (reg != NULL) {
        *reg = (EventRegistration){
            .callback = callback, .context = context, .fd = fd, .generation = descriptor->generation,
            .events = eventBitmask};
        *end = reg;
    }
    return reg;
}

/// Whether the registration is one of this loop's that has not ended; errno says why not.
static bool is_of(const EventLoop *el, const EventRegistration *reg)
{
    if (el == NULL || reg == NULL) {
        errno = EFAULT;
        return false;
    }
    const EventRegistration *candidate = el->first;
    while (candidate != NULL && candidate != reg) {
        candidate = candidate->next;
    }
    if (candidate == NULL || candidate->ended) {
        errno = ENOENT;
        return false;
    }
    return true;
}

int EventLoop_ModifyIoEvents(EventLoop *el, EventRegistration *reg, EventLoop_IoEvents eventBitmask)
{
    if (!is_of(el, reg)) {
        return -1;
    }
    if (eventBitmask & ~ALL_EVENTS) {
        errno = EINVAL;
        return -1;
    }
    reg->events = eventBitmask;
    return 0;
}

static void remove_ended(EventLoop *el)
{
    for (EventRegistration **link = &el->first; *link != NULL;) {
        EventRegistration *reg = *link;
        if (reg->ended) {
            *link = reg->next;
            free(reg);
        } else {
            link = &reg->next;
        }
    }
}

int EventLoop_UnregisterIo(EventLoop *el, EventRegistration *reg)
{
    if (!is_of(el, reg)) {
        return -1;
    }
    reg->ended = true;
    // A running loop holds pointers to registrations: it cleans up itself.
    if (!el->running) {
        remove_ended(el);
    }
    return 0;
}

static void move_to_end(EventLoop *el, EventRegistration *reg)
{
    EventRegistration **link = &el->first;
    while (*link != reg) {
        link = &(*link)->next;
    }
    *link = reg->next;
    reg->next = NULL;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = reg;
}

/// One wait and its callbacks; `called` counts them.
static enum casemate_wait_result wait_once(EventLoop *el, const uint64_t *timeout_ns, bool one, unsigned *called)
{
    EventRegistration *waiting[CASEMATE_POLLABLES];
    int32_t pollables[CASEMATE_POLLABLES];
    bool ready[CASEMATE_POLLABLES];
    size_t count = 0;
    for (EventRegistration *reg = el->first; reg != NULL && count < CASEMATE_POLLABLES; reg = reg->next) {
        struct casemate_descriptor *descriptor = descriptor_of(reg);
        if (descriptor != NULL && (reg->events & EventLoop_Input)) {
            pollables[count] = descriptor->kind->pollable(descriptor);
            waiting[count++] = reg;
        }
    }
    enum casemate_wait_result result = casemate_wait(pollables, count, timeout_ns, ready);
    for (size_t index = 0; result == CASEMATE_READY && index < count && !el->stopping; index++) {
        EventRegistration *reg = waiting[index];
        // An earlier callback may have ended this one, paused it, or closed its descriptor.
        if (!ready[index] || reg->ended || !(reg->events & EventLoop_Input) || descriptor_of(reg) == NULL) {
            continue;
        }
        move_to_end(el, reg);
        (*called)++;
        reg->callback(el, reg->fd, EventLoop_Input, reg->context);
        if (one) {
            break;
        }
    }
    remove_ended(el);
    return result;
}

EventLoop_Run_Result EventLoop_Run(EventLoop *el, int duration_in_milliseconds, bool process_one_event)
{
    if (el == NULL || el->running) {
        errno = el == NULL ? EFAULT : EBUSY;
        return EventLoop_Run_Failed;
    }
    el->running = true;
    bool for_ever = duration_in_milliseconds < 0;
    uint64_t deadline = for_ever ? 0 : casemate_timers_now() + (uint64_t)duration_in_milliseconds * 1000000u;
    unsigned called = 0;
    enum casemate_wait_result result = CASEMATE_READY;
    while (!el->stopping && !(process_one_event && called > 0)) {
        uint64_t now = for_ever ? 0 : casemate_timers_now();
        uint64_t left = deadline > now ? deadline - now : 0;
        result = wait_once(el, for_ever ? NULL : &left, process_one_event, &called);
        // The time is looked at here too: a descriptor that nobody reads is ready all the time.
        bool goes_on = result == CASEMATE_READY || result == CASEMATE_AGAIN;
        if (!goes_on || (!for_ever && casemate_timers_now() >= deadline)) {
            break;
        }
    }
    el->running = false;
    el->stopping = false;
    if (result == CASEMATE_INTERRUPTED || result == CASEMATE_REFUSED) {
        errno = result == CASEMATE_INTERRUPTED ? EINTR : EIO;
        return EventLoop_Run_Failed;
    }
    return called > 0 ? EventLoop_Run_Finished : EventLoop_Run_FinishedEmpty;
}
