// applibs/gpio.h over casemate:device/gpio.

#include "descriptors.h"
#include "device_imports.h"

#include <applibs/gpio.h>

static void close_input(struct casemate_descriptor *descriptor)
{
    casemate_gpio_drop_input(descriptor->handle);
}

static void close_output(struct casemate_descriptor *descriptor)
{
    casemate_gpio_drop_output(descriptor->handle);
}

static const struct casemate_kind gpio_input = {.file_type = __WASI_FILETYPE_CHARACTER_DEVICE, .close = close_input};
static const struct casemate_kind gpio_output = {.file_type = __WASI_FILETYPE_CHARACTER_DEVICE, .close = close_output};

int GPIO_OpenAsInput(GPIO_Id gpioId)
{
    struct casemate_handle_result result;
    // A negative number becomes one that no chip has: ENODEV, like any other pin that is not there.
    casemate_gpio_open_input((uint32_t)gpioId, &result);
    return casemate_descriptor_open(&gpio_input, result.is_error, result.error, result.handle);
}

int GPIO_OpenAsOutput(GPIO_Id gpioId, GPIO_OutputMode_Type outputMode, GPIO_Value_Type initialValue)
{
    if (outputMode > GPIO_OutputMode_OpenSource || initialValue > GPIO_Value_High) {
        errno = EINVAL;
        return -1;
    }
    struct casemate_handle_result result;
    casemate_gpio_open_output((uint32_t)gpioId, outputMode, initialValue, &result);
    return casemate_descriptor_open(&gpio_output, result.is_error, result.error, result.handle);
}

static int finish(const struct casemate_byte_result *result)
{
    if (result->is_error) {
        errno = casemate_errno_of(result->value);
        return -1;
    }
    return 0;
}

int GPIO_GetValue(int gpioFd, GPIO_Value_Type *outValue)
{
    struct casemate_descriptor *input = casemate_descriptor_of(gpioFd, &gpio_input);
    if (input == NULL || outValue == NULL) {
        errno = input == NULL ? EBADF : EFAULT;
        return -1;
    }
    struct casemate_byte_result result;
    casemate_gpio_input_get(input->handle, &result);
    if (finish(&result) != 0) {
        return -1;
    }
    *outValue = result.value;
    return 0;
}

int GPIO_SetValue(int gpioFd, GPIO_Value_Type value)
{
    struct casemate_descriptor *output = casemate_descriptor_of(gpioFd, &gpio_output);
    if (output == NULL || value > GPIO_Value_High) {
        errno = output == NULL ? EBADF : EINVAL;
        return -1;
    }
    struct casemate_byte_result result;
    casemate_gpio_output_set(output->handle, value, &result);
    return finish(&result);
}
