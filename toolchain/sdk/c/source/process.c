// Begin and end of an app: the component's `run`, its arguments and its exit code.

#include "process.h"

#include "device_imports.h"

#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

void __wasm_call_ctors(void);
void __wasm_call_dtors(void);
/// What clang makes of main(void) and of main(argc, argv). An app has one of them, or does not link.
int __main_void(void);
int __main_argc_argv(int argc, char *argv[]);

void (*casemate_flush)(void);

static uint8_t *answer_memory;
static size_t answer_size;

void casemate_answer_into(void *memory, size_t size)
{
    answer_memory = memory;
    answer_size = size;
}

/// The canonical ABI's allocator: the host asks for memory for a list before it answers.
__attribute__((export_name("cabi_realloc"))) void *casemate_realloc(void *old, size_t old_size, size_t alignment,
                                                                     size_t size)
{
    (void)old_size;
    if (answer_memory == NULL) {
        void *memory = realloc(old, size == 0 ? 1 : size);
        if (memory == NULL) {
            __builtin_trap();
        }
        return memory;
    }
    // A host that answers with more than was asked for would write over the app's memory: stop instead.
    uintptr_t start = ((uintptr_t)answer_memory + alignment - 1) & ~(uintptr_t)(alignment - 1);
    size_t used = start - (uintptr_t)answer_memory;
    if (old != NULL || used > answer_size || size > answer_size - used) {
        __builtin_trap();
    }
    answer_memory = (uint8_t *)start + size;
    answer_size -= used + size;
    return (void *)start;
}

__attribute__((export_name("run"))) uint32_t casemate_run(void)
{
    __wasm_call_ctors();
    int code = __main_void();
    __wasm_call_dtors();
    if (casemate_flush != NULL) {
        casemate_flush();
    }
    return (uint32_t)code & 0xff;
}

_Noreturn void casemate_exit(int code)
{
    if (casemate_flush != NULL) {
        casemate_flush();
    }
    casemate_process_exit((uint32_t)code & 0xff);
    __builtin_trap();
}

_Noreturn void __imported_wasi_snapshot_preview1_proc_exit(int32_t code)
{
    casemate_exit(code);
}

/// In place of the libc's, which lets an app without a main link.
__attribute__((weak)) int __main_void(void)
{
    struct casemate_list list;
    casemate_process_arguments(&list);
    const struct casemate_list *strings = list.items;
    char **argv = calloc(list.count + 2, sizeof *argv);
    if (argv == NULL) {
        __builtin_trap();
    }
    argv[0] = "app";
    for (uint32_t index = 0; index < list.count; index++) {
        argv[index + 1] = strndup(strings[index].items, strings[index].count);
        if (argv[index + 1] == NULL) {
            __builtin_trap();
        }
    }
    return __main_argc_argv((int)list.count + 1, argv);
}

/// An app has no environment.
int32_t __imported_wasi_snapshot_preview1_environ_sizes_get(int32_t count_address, int32_t size_address)
{
    *(size_t *)count_address = 0;
    *(size_t *)size_address = 0;
    return __WASI_ERRNO_SUCCESS;
}

int32_t __imported_wasi_snapshot_preview1_environ_get(int32_t environ_address, int32_t text_address)
{
    (void)environ_address;
    (void)text_address;
    return __WASI_ERRNO_SUCCESS;
}
