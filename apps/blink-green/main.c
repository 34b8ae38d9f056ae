// The second version of blink: the green LED in place of the red one. Never touches a pin of the first.

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <applibs/eventloop.h>
#include <applibs/gpio.h>
#include <applibs/log.h>
#include <hw/sample_appliance.h>

/// What the exit codes mean; failure reports are read by these numbers.
typedef enum {
    ExitCode_Success = 0,
    ExitCode_SigTerm = 1,
    ExitCode_Led = 2,
    ExitCode_Timer = 3,
    ExitCode_Loop = 4
} ExitCode;

static volatile sig_atomic_t exitCode = ExitCode_Success;
static int ledFd = -1;

static void OnTerminate(int signalNumber)
{
    (void)signalNumber;
    exitCode = ExitCode_SigTerm;
}

static void OnTimer(EventLoop *loop, int timerFd, EventLoop_IoEvents events, void *context)
{
    (void)loop;
    (void)events;
    (void)context;
    static GPIO_Value_Type level = GPIO_Value_High;
    uint64_t expiries;
    if (read(timerFd, &expiries, sizeof expiries) != sizeof expiries) {
        return;
    }
    level = level == GPIO_Value_High ? GPIO_Value_Low : GPIO_Value_High;
    if (GPIO_SetValue(ledFd, level) != 0) {
        exitCode = ExitCode_Led;
    }
}

int main(void)
{
    struct sigaction action = {.sa_handler = OnTerminate};
    sigaction(SIGTERM, &action, NULL);

    ledFd = GPIO_OpenAsOutput(SAMPLE_RGBLED_GREEN, GPIO_OutputMode_PushPull, GPIO_Value_High);
    if (ledFd < 0) {
        Log_Debug("blink: cannot open SAMPLE_RGBLED_GREEN: %s\n", strerror(errno));
        return ExitCode_Led;
    }
    EventLoop *loop = EventLoop_Create();
    int timerFd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    const struct itimerspec period = {.it_value = {0, 125000000}, .it_interval = {0, 125000000}};
    if (loop == NULL || timerFd < 0 || timerfd_settime(timerFd, 0, &period, NULL) != 0 ||
        EventLoop_RegisterIo(loop, timerFd, EventLoop_Input, OnTimer, NULL) == NULL) {
        Log_Debug("blink: cannot start the timer: %s\n", strerror(errno));
        return ExitCode_Timer;
    }
    Log_Debug("blink: version 2, blinking green every 125 ms\n");
    while (exitCode == ExitCode_Success) {
        // EINTR: a signal was handled, and its handler has set the exit code.
        if (EventLoop_Run(loop, -1, true) == EventLoop_Run_Failed && errno != EINTR) {
            exitCode = ExitCode_Loop;
        }
    }
    EventLoop_Close(loop);
    GPIO_SetValue(ledFd, GPIO_Value_High);
    close(timerFd);
    close(ledFd);
    return exitCode;
}
