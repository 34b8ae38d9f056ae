// The functions of casemate:device as a core module imports them (canonical ABI of the component model, "Flattening"
// and "Element Size"). Written by hand after host-apis/wit/device.wit; wit-component refuses what differs.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CASEMATE_IMPORT(interface, function)                                                                           \
    __attribute__((import_module("casemate:device/" interface "@0.1.0"), import_name(function)))

/// A result that carries nothing or one byte: result<_, error-code>, result<level, error-code>.
struct casemate_byte_result {
    uint8_t is_error;
    uint8_t value;
};
/// result<own<resource>, error-code>: the error's number is the first byte of `handle`.
struct casemate_handle_result {
    uint8_t is_error;
    union {
        int32_t handle;
        uint8_t error;
    };
};
/// result<u64, error-code>.
struct casemate_u64_result {
    uint8_t is_error;
    union {
        uint64_t value;
        uint8_t error;
    };
};
/// list<T> and string.
struct casemate_list {
    void *items;
    uint32_t count;
};
/// result<list<u8>, error-code>.
struct casemate_list_result {
    uint8_t is_error;
    union {
        struct casemate_list list;
        uint8_t error;
    };
};
enum { CASEMATE_WAKE_READY = 0, CASEMATE_WAKE_TIMED_OUT = 1, CASEMATE_WAKE_TERMINATING = 2 };
/// result<wake, error-code>.
struct casemate_wake_result {
    uint8_t is_error;
    union {
        struct {
            uint8_t kind;
            struct casemate_list ready;
        } wake;
        uint8_t error;
    };
};
_Static_assert(sizeof(struct casemate_handle_result) == 8, "result<own, error-code>");
_Static_assert(sizeof(struct casemate_u64_result) == 16, "result<u64, error-code>");
_Static_assert(sizeof(struct casemate_list_result) == 12, "result<list<u8>, error-code>");
_Static_assert(sizeof(struct casemate_wake_result) == 16, "result<wake, error-code>");

CASEMATE_IMPORT("gpio", "open-input")
void casemate_gpio_open_input(uint32_t pin, struct casemate_handle_result *result);
CASEMATE_IMPORT("gpio", "open-output")
void casemate_gpio_open_output(uint32_t pin, uint32_t mode, uint32_t initial, struct casemate_handle_result *result);
CASEMATE_IMPORT("gpio", "[method]input.get")
void casemate_gpio_input_get(int32_t input, struct casemate_byte_result *result);
CASEMATE_IMPORT("gpio", "[method]output.set")
void casemate_gpio_output_set(int32_t output, uint32_t level, struct casemate_byte_result *result);
CASEMATE_IMPORT("gpio", "[resource-drop]input")
void casemate_gpio_drop_input(int32_t input);
CASEMATE_IMPORT("gpio", "[resource-drop]output")
void casemate_gpio_drop_output(int32_t output);

CASEMATE_IMPORT("poll", "wait")
void casemate_poll_wait(const int32_t *pollables, uint32_t count, uint32_t has_timeout, uint64_t timeout_ns,
                        struct casemate_wake_result *result);
CASEMATE_IMPORT("poll", "[resource-drop]pollable")
void casemate_poll_drop_pollable(int32_t pollable);

CASEMATE_IMPORT("timers", "now")
uint64_t casemate_timers_now(void);
CASEMATE_IMPORT("timers", "create")
void casemate_timers_create(struct casemate_handle_result *result);
CASEMATE_IMPORT("timers", "[method]timer.set")
void casemate_timers_set(int32_t timer, uint64_t initial_ns, uint64_t interval_ns, struct casemate_byte_result *result);
CASEMATE_IMPORT("timers", "[method]timer.take-expirations")
uint64_t casemate_timers_take_expirations(int32_t timer);
CASEMATE_IMPORT("timers", "[method]timer.subscribe")
int32_t casemate_timers_subscribe(int32_t timer);
CASEMATE_IMPORT("timers", "[resource-drop]timer")
void casemate_timers_drop_timer(int32_t timer);

CASEMATE_IMPORT("log", "write")
void casemate_log_write(const char *message, uint32_t length);

CASEMATE_IMPORT("image-files", "size")
void casemate_image_files_size(const char *path, uint32_t path_length, struct casemate_u64_result *result);
CASEMATE_IMPORT("image-files", "read")
void casemate_image_files_read(const char *path, uint32_t path_length, uint64_t offset, uint32_t length,
                               struct casemate_list_result *result);

CASEMATE_IMPORT("process", "arguments")
void casemate_process_arguments(struct casemate_list *result);
CASEMATE_IMPORT("process", "exit")
void casemate_process_exit(uint32_t code);
