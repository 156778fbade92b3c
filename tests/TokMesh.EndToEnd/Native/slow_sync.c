/* Preloaded into a server: while the file named by SLOW_SYNC_FILE exists, a sync of file data sleeps until it is gone.
   .NET finds the function by dlsym, so that is where another one is handed out. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int fd)
{
    const char *file = getenv("SLOW_SYNC_FILE");
    struct timespec pause = { 0, 20 * 1000 * 1000 };
    while (file && access(file, F_OK) == 0) nanosleep(&pause, NULL);
    return (int)syscall(SYS_fdatasync, fd);
}

void *dlsym(void *handle, const char *name)
{
    static void *(*real)(void *, const char *);
    if (!real) real = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
    if (!real) real = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
    return name && strcmp(name, "fdatasync") == 0 ? (void *)fdatasync : real(handle, name);
}
