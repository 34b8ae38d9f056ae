// The library as one unit, so that it is compiled once (but for log_debug.c); every function has a section of its own,
// and an app links only those that it reaches.

#include "clocks.c"
#include "descriptors.c"
#include "eventloop.c"
#include "files.c"
#include "gpio.c"
#include "image_file.c"
#include "log.c"
#include "not_offered.c"
#include "poll.c"
#include "process.c"
#include "signals.c"
#include "timerfd.c"
#include "waiting.c"
