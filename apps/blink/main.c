// Blinks an LED at a pace that a button changes. Never uses a pin beyond its manifest, but for the one it is told to
// try.

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <applibs/eventloop.h>
#include <applibs/gpio.h>
#include <applibs/log.h>
#include <applibs/storage.h>
#include <hw/sample_appliance.h>

#include "event_timer.h"

/// What the app's end means. Keep the numbers: failure reports are read by them.
typedef enum {
    ExitCode_Success = 0,
    ExitCode_SigTerm = 1,
    ExitCode_LedTimer_Consume = 2,
    ExitCode_LedTimer_SetLed = 3,
    ExitCode_ButtonTimer_Consume = 4,
    ExitCode_ButtonTimer_GetButton = 5,
    ExitCode_ButtonTimer_SetPace = 6,
    ExitCode_Init_EventLoop = 7,
    ExitCode_Init_Button = 8,
    ExitCode_Init_ButtonTimer = 9,
    ExitCode_Init_Led = 10,
    ExitCode_Init_LedTimer = 11,
    ExitCode_Main_EventLoop = 12,
    ExitCode_Usage = 13
} ExitCode;

static const long MS = 1000 * 1000;
static const struct timespec paces[] = {{0, 125 * 1000 * 1000}, {0, 250 * 1000 * 1000}, {0, 500 * 1000 * 1000}};
static const size_t paceCount = sizeof paces / sizeof paces[0];

// The button and the LED of the board are active low.
static const GPIO_Value_Type buttonPressed = GPIO_Value_Low;
static const GPIO_Value_Type ledOn = GPIO_Value_Low;
static const GPIO_Value_Type ledOff = GPIO_Value_High;

static volatile sig_atomic_t exitCode = ExitCode_Success;
static EventLoop *eventLoop = NULL;
static EventTimer *ledTimer = NULL;
static EventTimer *buttonTimer = NULL;
static int ledFd = -1;
static int buttonFd = -1;
static bool ledIsOn = false;
static size_t pace = 0;
static GPIO_Value_Type buttonBefore = GPIO_Value_High;

static void OnTerminate(int signalNumber)
{
    (void)signalNumber;
    exitCode = ExitCode_SigTerm;
}

static void OnLedTimer(EventTimer *timer)
{
    if (EventTimer_Consume(timer) != 0) {
        exitCode = ExitCode_LedTimer_Consume;
        return;
    }
    ledIsOn = !ledIsOn;
    if (GPIO_SetValue(ledFd, ledIsOn ? ledOn : ledOff) != 0) {
        Log_Debug("blink: cannot set the LED: %s (%d)\n", strerror(errno), errno);
        exitCode = ExitCode_LedTimer_SetLed;
    }
}

static void OnButtonTimer(EventTimer *timer)
{
    if (EventTimer_Consume(timer) != 0) {
        exitCode = ExitCode_ButtonTimer_Consume;
        return;
    }
    GPIO_Value_Type button;
    if (GPIO_GetValue(buttonFd, &button) != 0) {
        Log_Debug("blink: cannot read the button: %s (%d)\n", strerror(errno), errno);
        exitCode = ExitCode_ButtonTimer_GetButton;
        return;
    }
    bool pressedNow = button == buttonPressed && buttonBefore != buttonPressed;
    buttonBefore = button;
    if (!pressedNow) {
        return;
    }
    pace = (pace + 1) % paceCount;
    Log_Debug("blink: button pressed, every %ld ms\n", paces[pace].tv_nsec / MS);
    if (EventTimer_SetPeriod(ledTimer, &paces[pace]) != 0) {
        exitCode = ExitCode_ButtonTimer_SetPace;
    }
}

static void LogBanner(void)
{
    int file = Storage_OpenFileInImagePackage("files/banner.txt");
    char text[128];
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (length < 0) {
        Log_Debug("blink: cannot read files/banner.txt: %s (%d)\n", strerror(errno), errno);
    } else {
        text[length] = '\0';
        Log_Debug("%s", text);
    }
    if (file >= 0) {
        close(file);
    }
}

/// Asks for a pin, to see what the device answers. The app goes on either way.
static void TryPin(GPIO_Id pin)
{
    int fd = GPIO_OpenAsOutput(pin, GPIO_OutputMode_PushPull, GPIO_Value_High);
    if (fd < 0) {
        Log_Debug("blink: pin %d: %s (errno %d%s)\n", pin, strerror(errno), errno, errno == EACCES ? ", EACCES" : "");
        return;
    }
    Log_Debug("blink: pin %d: opened\n", pin);
    close(fd);
}

/// `--try-pin N`.
static ExitCode ReadArguments(int argc, char *argv[])
{
    for (int index = 1; index < argc; index += 2) {
        char *end = NULL;
        long pin = index + 1 < argc && strcmp(argv[index], "--try-pin") == 0 ? strtol(argv[index + 1], &end, 10) : -1;
        if (end == NULL || *end != '\0' || end == argv[index + 1] || pin < 0 || pin > 255) {
            Log_Debug("blink: usage: --try-pin NUMBER\n");
            return ExitCode_Usage;
        }
        TryPin((GPIO_Id)pin);
    }
    return ExitCode_Success;
}

static ExitCode Begin(void)
{
    struct sigaction action = {.sa_handler = OnTerminate};
    sigaction(SIGTERM, &action, NULL);

    eventLoop = EventLoop_Create();
    if (eventLoop == NULL) {
        return ExitCode_Init_EventLoop;
    }
    buttonFd = GPIO_OpenAsInput(SAMPLE_BUTTON_1);
    if (buttonFd < 0) {
        Log_Debug("blink: cannot open SAMPLE_BUTTON_1: %s (%d)\n", strerror(errno), errno);
        return ExitCode_Init_Button;
    }
    static const struct timespec buttonPeriod = {0, 10 * 1000 * 1000};
    buttonTimer = EventTimer_Create(eventLoop, OnButtonTimer, &buttonPeriod);
    if (buttonTimer == NULL) {
        return ExitCode_Init_ButtonTimer;
    }
    ledFd = GPIO_OpenAsOutput(SAMPLE_LED, GPIO_OutputMode_PushPull, ledOff);
    if (ledFd < 0) {
        Log_Debug("blink: cannot open SAMPLE_LED: %s (%d)\n", strerror(errno), errno);
        return ExitCode_Init_Led;
    }
    ledTimer = EventTimer_Create(eventLoop, OnLedTimer, &paces[pace]);
    return ledTimer == NULL ? ExitCode_Init_LedTimer : ExitCode_Success;
}

static void End(void)
{
    if (ledFd >= 0) {
        GPIO_SetValue(ledFd, ledOff);
        close(ledFd);
    }
    if (buttonFd >= 0) {
        close(buttonFd);
    }
    EventTimer_Dispose(ledTimer);
    EventTimer_Dispose(buttonTimer);
    EventLoop_Close(eventLoop);
}

int main(int argc, char *argv[])
{
    Log_Debug("blink: started\n");
    LogBanner();
    exitCode = ReadArguments(argc, argv);
    if (exitCode == ExitCode_Success) {
        exitCode = Begin();
    }
    if (exitCode == ExitCode_Success) {
        Log_Debug("blink: blinking every %ld ms\n", paces[pace].tv_nsec / MS);
    }
    while (exitCode == ExitCode_Success) {
        EventLoop_Run_Result result = EventLoop_Run(eventLoop, -1, true);
        // A handled signal ends the wait early; its handler has set the exit code.
        if (result == EventLoop_Run_Failed && errno != EINTR) {
            exitCode = ExitCode_Main_EventLoop;
        }
    }
    End();
    Log_Debug("blink: ends with exit code %d\n", (int)exitCode);
    return exitCode;
}
