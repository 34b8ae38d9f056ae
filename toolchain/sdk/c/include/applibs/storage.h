// The read-only files of the app's own image, with the names of Azure Sphere's applibs. Never another app's files.
#pragma once

#include <errno.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Opens a file of the image package for reading: read(2), pread(2), lseek(2), fstat(2), close(2).
/// `relativePath` has no leading slash and no `.` or `..`. A descriptor, or -1 with errno: EFAULT no path,
/// EINVAL a path that is not relative, ENOENT no such file, EMFILE no descriptor left.
int Storage_OpenFileInImagePackage(const char *relativePath);

#ifdef __cplusplus
}
#endif
