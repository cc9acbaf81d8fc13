/* Licensed under the Apache License, Version 2.0; see LICENSE. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Loaded before libc (LD_PRELOAD): while the file $NO_FORK exists, the system has no process to give. */

pid_t fork(void)
{
    const char *path = getenv("NO_FORK");
    pid_t (*real)(void) = (pid_t(*)(void))dlsym(RTLD_NEXT, "fork");

    if (path && access(path, F_OK) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return real();
}
