// What the libc can ask WASI preview 1 for and a device does not offer: folders, sockets, randomness. Answers ENOSYS,
// so that an app which only might call it still builds, and its import list says nothing of it.

#include <stdint.h>
#include <wasi/api.h>

#define NOT_OFFERED(name, ...)                                                                                         \
    int32_t __imported_wasi_snapshot_preview1_##name(__VA_ARGS__);                                                     \
    int32_t __imported_wasi_snapshot_preview1_##name(__VA_ARGS__)                                                      \
    {                                                                                                                  \
        return __WASI_ERRNO_NOSYS;                                                                                     \
    }

// Unnamed parameters are the arguments of preview 1 in their core types (witx of wasi_snapshot_preview1).
NOT_OFFERED(fd_advise, int32_t, int64_t, int64_t, int32_t)
NOT_OFFERED(fd_allocate, int32_t, int64_t, int64_t)
NOT_OFFERED(fd_datasync, int32_t)
NOT_OFFERED(fd_fdstat_set_rights, int32_t, int64_t, int64_t)
NOT_OFFERED(fd_filestat_set_size, int32_t, int64_t)
NOT_OFFERED(fd_filestat_set_times, int32_t, int64_t, int64_t, int32_t)
NOT_OFFERED(fd_prestat_dir_name, int32_t, int32_t, int32_t)
NOT_OFFERED(fd_pwrite, int32_t, int32_t, int32_t, int64_t, int32_t)
NOT_OFFERED(fd_readdir, int32_t, int32_t, int32_t, int64_t, int32_t)
NOT_OFFERED(fd_renumber, int32_t, int32_t)
NOT_OFFERED(fd_sync, int32_t)
NOT_OFFERED(path_create_directory, int32_t, int32_t, int32_t)
NOT_OFFERED(path_filestat_get, int32_t, int32_t, int32_t, int32_t, int32_t)
NOT_OFFERED(path_filestat_set_times, int32_t, int32_t, int32_t, int32_t, int64_t, int64_t, int32_t)
NOT_OFFERED(path_link, int32_t, int32_t, int32_t, int32_t, int32_t, int32_t, int32_t)
NOT_OFFERED(path_open, int32_t, int32_t, int32_t, int32_t, int32_t, int64_t, int64_t, int32_t, int32_t)
NOT_OFFERED(path_readlink, int32_t, int32_t, int32_t, int32_t, int32_t, int32_t)
NOT_OFFERED(path_remove_directory, int32_t, int32_t, int32_t)
NOT_OFFERED(path_rename, int32_t, int32_t, int32_t, int32_t, int32_t, int32_t)
NOT_OFFERED(path_symlink, int32_t, int32_t, int32_t, int32_t, int32_t)
NOT_OFFERED(path_unlink_file, int32_t, int32_t, int32_t)
NOT_OFFERED(poll_oneoff, int32_t, int32_t, int32_t, int32_t)
NOT_OFFERED(random_get, int32_t, int32_t)
NOT_OFFERED(sock_accept, int32_t, int32_t, int32_t)
NOT_OFFERED(sock_recv, int32_t, int32_t, int32_t, int32_t, int32_t, int32_t)
NOT_OFFERED(sock_send, int32_t, int32_t, int32_t, int32_t, int32_t)
NOT_OFFERED(sock_shutdown, int32_t, int32_t)

/// There is one thread: yielding changes nothing.
int32_t __imported_wasi_snapshot_preview1_sched_yield(void)
{
    return __WASI_ERRNO_SUCCESS;
}

/// The libc asks which folders it was given until the answer is EBADF: none.
int32_t __imported_wasi_snapshot_preview1_fd_prestat_get(int32_t fd, int32_t prestat_address)
{
    (void)fd;
    (void)prestat_address;
    return __WASI_ERRNO_BADF;
}
