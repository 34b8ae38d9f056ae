// The set of signals, in place of the libc's type of one byte, which has no room for SIGTERM.
#ifndef __wasilibc___typedef_sigset_t_h
#define __wasilibc___typedef_sigset_t_h

typedef struct {
    unsigned long long __bits;
} sigset_t;

#endif
