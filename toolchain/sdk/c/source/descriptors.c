// The table of the app's file descriptors.

#include "descriptors.h"

#include <errno.h>

static struct casemate_descriptor descriptors[CASEMATE_DESCRIPTORS];

int casemate_descriptor_allocate(void)
{
    for (int index = 0; index < CASEMATE_DESCRIPTORS; index++) {
        if (descriptors[index].kind == NULL) {
            uint32_t generation = descriptors[index].generation + 1;
            descriptors[index] = (struct casemate_descriptor){.generation = generation};
            return index + CASEMATE_FIRST_DESCRIPTOR;
        }
    }
    return -1;
}

struct casemate_descriptor *casemate_descriptor_get(int fd)
{
    int index = fd - CASEMATE_FIRST_DESCRIPTOR;
    if (index < 0 || index >= CASEMATE_DESCRIPTORS || descriptors[index].kind == NULL) {
        return NULL;
    }
    return &descriptors[index];
}

struct casemate_descriptor *casemate_descriptor_of(int fd, const struct casemate_kind *kind)
{
    struct casemate_descriptor *descriptor = casemate_descriptor_get(fd);
    return descriptor != NULL && descriptor->kind == kind ? descriptor : NULL;
}

int casemate_errno_of(uint8_t error_code)
{
    // In the order of `error-code` in device.wit, which only grows at its end.
    static const uint8_t numbers[] = {EACCES, EBUSY, ENODEV, EINVAL, ENOENT, EMFILE, EIO};
    return error_code < sizeof numbers ? numbers[error_code] : EIO;
}

int casemate_descriptor_open(const struct casemate_kind *kind, uint8_t is_error, uint8_t error, int32_t handle)
{
    if (is_error) {
        errno = casemate_errno_of(error);
        return -1;
    }
    int fd = casemate_descriptor_allocate();
    if (fd < 0) {
        struct casemate_descriptor unlisted = {.kind = kind, .handle = handle};
        kind->close(&unlisted);
        errno = EMFILE;
        return -1;
    }
    struct casemate_descriptor *descriptor = &descriptors[fd - CASEMATE_FIRST_DESCRIPTOR];
    descriptor->kind = kind;
    descriptor->handle = handle;
    return fd;
}
