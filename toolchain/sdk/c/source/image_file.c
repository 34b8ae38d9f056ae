// applibs/storage.h over casemate:device/image-files.

#include "descriptors.h"
#include "device_imports.h"
#include "process.h"

#include <applibs/storage.h>
#include <stdlib.h>
#include <string.h>

/// Most that one call answers with, by device.wit.
enum { READ_MAX_BYTES = 32768 };

static void close_file(struct casemate_descriptor *file)
{
    free(file->file.path);
}

static __wasi_errno_t read_file(struct casemate_descriptor *file, const uint64_t *offset, uint8_t *into, size_t length,
                                size_t *read)
{
    uint64_t from = offset != NULL ? *offset : file->file.position;
    struct casemate_list_result result;
    if (length > READ_MAX_BYTES) {
        length = READ_MAX_BYTES;
    }
    // The host puts the bytes where the caller wants them.
    casemate_answer_into(into, length);
    casemate_image_files_read(file->file.path, strlen(file->file.path), from, length, &result);
    casemate_answer_into(NULL, 0);
    if (result.is_error) {
        return (__wasi_errno_t)casemate_errno_of(result.error);
    }
    *read = result.list.count;
    if (offset == NULL) {
        file->file.position += result.list.count;
    }
    return __WASI_ERRNO_SUCCESS;
}

static __wasi_errno_t seek_file(struct casemate_descriptor *file, int64_t offset, __wasi_whence_t whence,
                                uint64_t *position)
{
    uint64_t base = whence == __WASI_WHENCE_CUR   ? file->file.position
                    : whence == __WASI_WHENCE_END ? file->file.size
                                                  : 0;
    int64_t target;
    if (whence > __WASI_WHENCE_END || __builtin_add_overflow((int64_t)base, offset, &target) || target < 0) {
        return __WASI_ERRNO_INVAL;
    }
    file->file.position = (uint64_t)target;
    *position = (uint64_t)target;
    return __WASI_ERRNO_SUCCESS;
}

static const struct casemate_kind file_kind = {
    .file_type = __WASI_FILETYPE_REGULAR_FILE, .close = close_file, .read = read_file, .seek = seek_file};

int Storage_OpenFileInImagePackage(const char *relativePath)
{
    if (relativePath == NULL) {
        errno = EFAULT;
        return -1;
    }
    struct casemate_u64_result size;
    casemate_image_files_size(relativePath, strlen(relativePath), &size);
    char *path = size.is_error ? NULL : strdup(relativePath);
    if (path == NULL) {
        errno = size.is_error ? casemate_errno_of(size.error) : ENOMEM;
        return -1;
    }
    int fd = casemate_descriptor_open(&file_kind, 0, 0, 0);
    if (fd < 0) {
        free(path);
        return -1;
    }
    struct casemate_descriptor *file = casemate_descriptor_get(fd);
    file->file.path = path;
    file->file.size = size.value;
    return fd;
}
