// A periodic timer in an event loop. Never fires again once it was disposed of.
#pragma once

#include <applibs/eventloop.h>
#include <time.h>

typedef struct EventTimer EventTimer;
typedef void EventTimerHandler(EventTimer *timer);

/// Calls `handler` after each `period`; it must call EventTimer_Consume. NULL: logged.
EventTimer *EventTimer_Create(EventLoop *eventLoop, EventTimerHandler *handler, const struct timespec *period);
/// Takes the expiries that made the handler run. 0, or -1: logged.
int EventTimer_Consume(EventTimer *timer);
/// The new period begins now. 0, or -1: logged.
int EventTimer_SetPeriod(EventTimer *timer, const struct timespec *period);
/// NULL is allowed.
void EventTimer_Dispose(EventTimer *timer);
