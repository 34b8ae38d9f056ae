// General-purpose pins as file descriptors, with the names and behaviour of Azure Sphere's applibs. Never waits.
#pragma once

#include <errno.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The chip's number of a pin, as the hardware definition gives it.
typedef int GPIO_Id;

/// The electric level of a pin: a GPIO_Value_Type in one byte.
typedef uint8_t GPIO_Value_Type;
typedef enum { GPIO_Value_Low = 0, GPIO_Value_High = 1 } GPIO_Value;

/// How an output drives its pin: a GPIO_OutputMode in one byte.
typedef uint8_t GPIO_OutputMode_Type;
typedef enum {
    GPIO_OutputMode_PushPull = 0,
    GPIO_OutputMode_OpenDrain = 1,
    GPIO_OutputMode_OpenSource = 2
} GPIO_OutputMode;

/// Opens a pin as input. Capability: the pin in the manifest's `Gpio`.
/// Returns a descriptor (close it with close(2), which frees the pin), or -1 with errno:
/// EACCES not granted, ENODEV no such pin, EBUSY somebody has it, EMFILE no descriptor left.
int GPIO_OpenAsInput(GPIO_Id gpioId);

/// Opens a pin as output and drives `initialValue` before it returns. Capability and errors as for an input;
/// EINVAL: a mode or value outside its enumeration.
int GPIO_OpenAsOutput(GPIO_Id gpioId, GPIO_OutputMode_Type outputMode, GPIO_Value_Type initialValue);

/// Reads the level on a pin that was opened as input. 0, or -1 with errno: EFAULT no place for the value,
/// EBADF not a descriptor of an input.
int GPIO_GetValue(int gpioFd, GPIO_Value_Type *outValue);

/// Drives a pin that was opened as output. 0, or -1 with errno: EINVAL neither low nor high,
/// EBADF not a descriptor of an output.
int GPIO_SetValue(int gpioFd, GPIO_Value_Type value);

#ifdef __cplusplus
}
#endif
