// applibs/log.h. A unit of its own, linked only into apps that call it: it brings the libc's formatted output, and with
// that the code that empties stdout at the end.

#include "process.h"

#include <applibs/log.h>
#include <stdio.h>

int Log_DebugVarArgs(const char *fmt, va_list args)
{
    if (fmt == NULL) {
        errno = EFAULT;
        return -1;
    }
    return vdprintf(CASEMATE_LOG, fmt, args) < 0 ? -1 : 0;
}

int Log_Debug(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int result = Log_DebugVarArgs(fmt, args);
    va_end(args);
    return result;
}
