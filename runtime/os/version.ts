// The version of this OS, as `device.show` tells it. Never read from a file: the OS has none to read.

export const OS_VERSION = '0.1.0';
