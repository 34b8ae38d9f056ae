// The app's file descriptors. What a descriptor can do lies behind function pointers, so that an app that opens no pin
// links no pin code and imports no pin interface. Never calls an interface itself.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wasi/api.h>

struct casemate_descriptor;

/// What one kind of descriptor can do; NULL where it cannot. Errors are WASI errno numbers, 0 is success.
struct casemate_kind {
    __wasi_filetype_t file_type;
    void (*close)(struct casemate_descriptor *descriptor);
    /// `offset` NULL: from where the descriptor stands.
    __wasi_errno_t (*read)(struct casemate_descriptor *descriptor, const uint64_t *offset, uint8_t *into, size_t length,
                           size_t *read);
    __wasi_errno_t (*seek)(struct casemate_descriptor *descriptor, int64_t offset, __wasi_whence_t whence,
                           uint64_t *position);
    /// A pollable that is ready when a read would not wait. NULL: a read never waits.
    int32_t (*pollable)(struct casemate_descriptor *descriptor);
};

struct casemate_descriptor {
    /// NULL: free.
    const struct casemate_kind *kind;
    /// Of the resource behind it.
    int32_t handle;
    /// Changes whenever the number is given away again, so that an old holder notices.
    uint32_t generation;
    bool non_blocking;
    union {
        struct {
            /// 0: not asked for yet.
            int32_t pollable;
            /// 0: disarmed.
            uint64_t next_ns;
            uint64_t interval_ns;
        } timer;
        struct {
            char *path;
            uint64_t position;
            uint64_t size;
        } file;
    };
};

/// The standard streams are 0 to 2 and stay open; the table begins behind them.
enum { CASEMATE_FIRST_DESCRIPTOR = 3, CASEMATE_DESCRIPTORS = 64 };

/// A free number whose `kind` the caller sets, or -1.
int casemate_descriptor_allocate(void);
/// NULL: no open descriptor beyond the standard streams.
struct casemate_descriptor *casemate_descriptor_get(int fd);
/// The descriptor if it is open and of this kind, otherwise NULL.
struct casemate_descriptor *casemate_descriptor_of(int fd, const struct casemate_kind *kind);
/// The errno of an error-code's number in device.wit.
int casemate_errno_of(uint8_t error_code);
/// Opens a descriptor on a handle that an interface answered with. The number, or -1 with errno.
int casemate_descriptor_open(const struct casemate_kind *kind, uint8_t is_error, uint8_t error, int32_t handle);
