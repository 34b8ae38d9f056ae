// Runs beside blink and tries what is blink's: its pins and its file. Then blinks an LED of its own. Its log lines are
// for programs: `neighbour: WHAT: RESULT`, where RESULT is `ok` or the name of an errno.

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <applibs/gpio.h>
#include <applibs/log.h>
#include <applibs/storage.h>
#include <hw/sample_appliance.h>

typedef enum { ExitCode_Success = 0, ExitCode_SigTerm = 1, ExitCode_Led = 2 } ExitCode;

static volatile sig_atomic_t terminated = false;

static void OnTerminate(int signalNumber)
{
    (void)signalNumber;
    terminated = true;
}

static const char *ResultName(bool ok)
{
    if (ok) {
        return "ok";
    }
    switch (errno) {
    case EACCES:
        return "EACCES";
    case EBUSY:
        return "EBUSY";
    case ENODEV:
        return "ENODEV";
    case ENOENT:
        return "ENOENT";
    case EINVAL:
        return "EINVAL";
    case EMFILE:
        return "EMFILE";
    default:
        return strerror(errno);
    }
}

static void TryPin(GPIO_Id pin, bool asOutput)
{
    int fd = asOutput ? GPIO_OpenAsOutput(pin, GPIO_OutputMode_PushPull, GPIO_Value_High) : GPIO_OpenAsInput(pin);
    Log_Debug("neighbour: pin %d: %s\n", pin, ResultName(fd >= 0));
    if (fd >= 0) {
        close(fd);
    }
}

static void TryFile(const char *path)
{
    int fd = Storage_OpenFileInImagePackage(path);
    char text[64];
    bool ok = fd >= 0 && read(fd, text, sizeof text) > 0;
    Log_Debug("neighbour: file %s: %s\n", path, ResultName(ok));
    if (fd >= 0) {
        close(fd);
    }
}

int main(void)
{
    struct sigaction action = {.sa_handler = OnTerminate};
    sigaction(SIGTERM, &action, NULL);
    Log_Debug("neighbour: started\n");

    TryPin(SAMPLE_LED, true);
    TryPin(SAMPLE_BUTTON_1, false);
    TryFile("files/banner.txt");
    TryFile("../blink/files/banner.txt");
    TryFile("files/own.txt");

    int led = GPIO_OpenAsOutput(SAMPLE_RGBLED_RED, GPIO_OutputMode_PushPull, GPIO_Value_High);
    Log_Debug("neighbour: own pin %d: %s\n", SAMPLE_RGBLED_RED, ResultName(led >= 0));
    if (led < 0) {
        return ExitCode_Led;
    }
    static const struct timespec pace = {1, 0};
    for (GPIO_Value_Type level = GPIO_Value_Low; !terminated; level = !level) {
        if (GPIO_SetValue(led, level) != 0) {
            Log_Debug("neighbour: own pin %d: %s\n", SAMPLE_RGBLED_RED, ResultName(false));
            return ExitCode_Led;
        }
        // SIGTERM ends the sleep.
        nanosleep(&pace, NULL);
    }
    GPIO_SetValue(led, GPIO_Value_High);
    close(led);
    Log_Debug("neighbour: ends\n");
    return ExitCode_SigTerm;
}
