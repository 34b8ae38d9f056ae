// The log and the standard output streams over casemate:device/log: text is collected to lines, a line is a message.

#include "device_imports.h"
#include "process.h"

#include <string.h>
#include <wasi/api.h>

/// A longer line is written in several messages.
enum { LINE_BYTES = 1024 };

static char line[LINE_BYTES];
static size_t used;

/// Length of the UTF-8 sequence at `text` (RFC 3629, section 4), 0: not UTF-8, -1: cut off by the end.
static int sequence_length(const uint8_t *text, size_t length)
{
    uint8_t first = text[0];
    uint8_t low = 0x80, high = 0xbf;
    int wanted;
    if (first < 0x80) {
        return 1;
    } else if (first >= 0xc2 && first <= 0xdf) {
        wanted = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        wanted = 3;
        low = first == 0xe0 ? 0xa0 : 0x80;
        high = first == 0xed ? 0x9f : 0xbf;
    } else if (first >= 0xf0 && first <= 0xf4) {
        wanted = 4;
        low = first == 0xf0 ? 0x90 : 0x80;
        high = first == 0xf4 ? 0x8f : 0xbf;
    } else {
        return 0;
    }
    for (int index = 1; index < wanted; index++) {
        if ((size_t)index >= length) {
            return -1;
        }
        if (text[index] < low || text[index] > high) {
            return 0;
        }
        low = 0x80;
        high = 0xbf;
    }
    return wanted;
}

/// Writes what is collected. The host ends an app whose string is not UTF-8, so every wrong byte becomes `?`.
/// `whole` false: more of the same line follows, and a sequence that is cut off is kept for it.
static void write_line(bool whole)
{
    size_t kept = 0;
    for (size_t at = 0; at < used;) {
        int length = sequence_length((uint8_t *)line + at, used - at);
        if (length < 0 && !whole) {
            kept = used - at;
            break;
        }
        if (length <= 0) {
            line[at] = '?';
            length = 1;
        }
        at += (size_t)length;
    }
    casemate_log_write(line, used - kept);
    memmove(line, line + used - kept, kept);
    used = kept;
}

static void flush(void)
{
    if (used > 0) {
        write_line(true);
    }
}

static void collect(const char *text, size_t length)
{
    casemate_flush = flush;
    while (length > 0) {
        const char *newline = memchr(text, '\n', length);
        size_t wanted = newline != NULL ? (size_t)(newline - text) : length;
        size_t taken = wanted < LINE_BYTES - used ? wanted : LINE_BYTES - used;
        memcpy(line + used, text, taken);
        used += taken;
        text += taken;
        length -= taken;
        if (length > 0 && taken == wanted) {
            text++;
            length--;
            write_line(true);
        } else if (used == LINE_BYTES) {
            write_line(false);
        }
    }
}

int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t fd, int32_t vectors_address, int32_t count,
                                                  int32_t written_address)
{
    const __wasi_ciovec_t *vectors = (const __wasi_ciovec_t *)vectors_address;
    size_t written = 0;
    if (fd != 1 && fd != 2 && fd != CASEMATE_LOG) {
        // Nothing else that an app can open takes bytes.
        return __WASI_ERRNO_BADF;
    }
    for (int32_t index = 0; index < count; index++) {
        collect((const char *)vectors[index].buf, vectors[index].buf_len);
        written += vectors[index].buf_len;
    }
    *(size_t *)written_address = written;
    return __WASI_ERRNO_SUCCESS;
}
