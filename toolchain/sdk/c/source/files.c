// read, lseek, fstat, fcntl and close on the app's descriptors: what the libc asks WASI preview 1 for, answered here.

#include "descriptors.h"

#include <string.h>

/// The standard streams: input has ended, output is a terminal to the libc, which therefore keeps no line back.
static bool is_standard(int32_t fd)
{
    return fd >= 0 && fd < CASEMATE_FIRST_DESCRIPTOR;
}

static int32_t read_vectors(int32_t fd, int32_t vectors_address, int32_t count, const uint64_t *offset,
                            int32_t read_address)
{
    const __wasi_iovec_t *vectors = (const __wasi_iovec_t *)vectors_address;
    struct casemate_descriptor *descriptor = casemate_descriptor_get(fd);
    size_t total = 0;
    if (descriptor == NULL && fd != 0) {
        return __WASI_ERRNO_BADF;
    }
    if (descriptor != NULL && descriptor->kind->read == NULL) {
        return __WASI_ERRNO_INVAL;
    }
    for (int32_t index = 0; index < count && descriptor != NULL; index++) {
        size_t read = 0;
        uint64_t at = offset != NULL ? *offset + total : 0;
        if (vectors[index].buf_len == 0) {
            continue;
        }
        __wasi_errno_t error = descriptor->kind->read(descriptor, offset != NULL ? &at : NULL, vectors[index].buf,
                                                      vectors[index].buf_len, &read);
        if (error != __WASI_ERRNO_SUCCESS) {
            return total > 0 ? __WASI_ERRNO_SUCCESS : error;
        }
        total += read;
        *(size_t *)read_address = total;
        if (read < vectors[index].buf_len || descriptor->kind->pollable != NULL) {
            break;
        }
    }
    *(size_t *)read_address = total;
    return __WASI_ERRNO_SUCCESS;
}

int32_t __imported_wasi_snapshot_preview1_fd_read(int32_t fd, int32_t vectors_address, int32_t count,
                                                 int32_t read_address)
{
    return read_vectors(fd, vectors_address, count, NULL, read_address);
}

int32_t __imported_wasi_snapshot_preview1_fd_pread(int32_t fd, int32_t vectors_address, int32_t count, int64_t offset,
                                                  int32_t read_address)
{
    uint64_t from = (uint64_t)offset;
    return read_vectors(fd, vectors_address, count, &from, read_address);
}

int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t fd)
{
    struct casemate_descriptor *descriptor = casemate_descriptor_get(fd);
    if (descriptor == NULL) {
        return is_standard(fd) ? __WASI_ERRNO_SUCCESS : __WASI_ERRNO_BADF;
    }
    descriptor->kind->close(descriptor);
    descriptor->kind = NULL;
    return __WASI_ERRNO_SUCCESS;
}

int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t fd, int64_t offset, int32_t whence, int32_t position_address)
{
    struct casemate_descriptor *descriptor = casemate_descriptor_get(fd);
    if (descriptor == NULL || descriptor->kind->seek == NULL) {
        return descriptor == NULL && !is_standard(fd) ? __WASI_ERRNO_BADF : __WASI_ERRNO_SPIPE;
    }
    return descriptor->kind->seek(descriptor, offset, (__wasi_whence_t)whence, (uint64_t *)position_address);
}

int32_t __imported_wasi_snapshot_preview1_fd_tell(int32_t fd, int32_t position_address)
{
    return __imported_wasi_snapshot_preview1_fd_seek(fd, 0, __WASI_WHENCE_CUR, position_address);
}

int32_t __imported_wasi_snapshot_preview1_fd_fdstat_get(int32_t fd, int32_t stat_address)
{
    struct casemate_descriptor *descriptor = casemate_descriptor_get(fd);
    if (descriptor == NULL && !is_standard(fd)) {
        return __WASI_ERRNO_BADF;
    }
    __wasi_rights_t rights = __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_POLL_FD_READWRITE;
    if (descriptor != NULL && descriptor->kind->seek != NULL) {
        rights = __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL;
    }
    *(__wasi_fdstat_t *)stat_address = (__wasi_fdstat_t){
        .fs_filetype = descriptor == NULL ? __WASI_FILETYPE_CHARACTER_DEVICE : descriptor->kind->file_type,
        .fs_flags = descriptor != NULL && descriptor->non_blocking ? __WASI_FDFLAGS_NONBLOCK : 0,
        .fs_rights_base = rights,
    };
    return __WASI_ERRNO_SUCCESS;
}

int32_t __imported_wasi_snapshot_preview1_fd_fdstat_set_flags(int32_t fd, int32_t flags)
{
    struct casemate_descriptor *descriptor = casemate_descriptor_get(fd);
    if (descriptor == NULL) {
        return is_standard(fd) ? __WASI_ERRNO_SUCCESS : __WASI_ERRNO_BADF;
    }
    descriptor->non_blocking = (flags & __WASI_FDFLAGS_NONBLOCK) != 0;
    return __WASI_ERRNO_SUCCESS;
}

int32_t __imported_wasi_snapshot_preview1_fd_filestat_get(int32_t fd, int32_t stat_address)
{
    struct casemate_descriptor *descriptor = casemate_descriptor_get(fd);
    if (descriptor == NULL && !is_standard(fd)) {
        return __WASI_ERRNO_BADF;
    }
    bool is_file = descriptor != NULL && descriptor->kind->file_type == __WASI_FILETYPE_REGULAR_FILE;
    *(__wasi_filestat_t *)stat_address = (__wasi_filestat_t){
        .filetype = descriptor == NULL ? __WASI_FILETYPE_CHARACTER_DEVICE : descriptor->kind->file_type,
        .nlink = 1,
        .size = is_file ? descriptor->file.size : 0,
    };
    return __WASI_ERRNO_SUCCESS;
}
