// Periodic timers as timer descriptors in an event loop.

#include "event_timer.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <applibs/log.h>

struct EventTimer {
    EventLoop *eventLoop;
    EventTimerHandler *handler;
    EventRegistration *registration;
    int fd;
};

static void OnExpired(EventLoop *eventLoop, int fd, EventLoop_IoEvents events, void *context)
{
    (void)eventLoop;
    (void)fd;
    (void)events;
    EventTimer *timer = context;
    timer->handler(timer);
}

static int Failed(const char *what)
{
    Log_Debug("timer: %s: %s (%d)\n", what, strerror(errno), errno);
    return -1;
}

int EventTimer_SetPeriod(EventTimer *timer, const struct timespec *period)
{
    struct itimerspec setting = {.it_value = *period, .it_interval = *period};
    return timerfd_settime(timer->fd, 0, &setting, NULL) == 0 ? 0 : Failed("cannot be set");
}

int EventTimer_Consume(EventTimer *timer)
{
    uint64_t expiries;
    ssize_t length = read(timer->fd, &expiries, sizeof expiries);
    return length == sizeof expiries || errno == EAGAIN ? 0 : Failed("cannot be read");
}

EventTimer *EventTimer_Create(EventLoop *eventLoop, EventTimerHandler *handler, const struct timespec *period)
{
    EventTimer *timer = calloc(1, sizeof *timer);
    if (timer == NULL) {
        Failed("no memory");
        return NULL;
    }
    timer->eventLoop = eventLoop;
    timer->handler = handler;
    timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    if (timer->fd >= 0) {
        timer->registration = EventLoop_RegisterIo(eventLoop, timer->fd, EventLoop_Input, OnExpired, timer);
    }
    if (timer->registration == NULL || EventTimer_SetPeriod(timer, period) != 0) {
        Failed("cannot be made");
        EventTimer_Dispose(timer);
        return NULL;
    }
    return timer;
}

void EventTimer_Dispose(EventTimer *timer)
{
    if (timer == NULL) {
        return;
    }
    if (timer->registration != NULL) {
        EventLoop_UnregisterIo(timer->eventLoop, timer->registration);
    }
    if (timer->fd >= 0) {
        close(timer->fd);
    }
    free(timer);
}
