// The app's log, with the names and behaviour of Azure Sphere's applibs. Never fails because of what the text holds.
#pragma once

#include <errno.h>
#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Writes formatted text to the device's log, where stdout and stderr go too. A message ends at its newline; an
/// unfinished one is written before the app waits or ends. Bytes that are not UTF-8 appear as `?`.
/// 0, or -1 with errno: EFAULT no format, or what printf(3) reports.
int Log_Debug(const char *fmt, ...);

/// As Log_Debug, with the arguments in a list.
int Log_DebugVarArgs(const char *fmt, va_list args);

#ifdef __cplusplus
}
#endif
