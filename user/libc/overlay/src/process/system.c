// SPDX-License-Identifier: BSD-2-Clause
/* system: the shell of SOS is sosh, in the root. There are no signals to hold back while it runs. */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "pthread_impl.h"

extern char **__environ;

int system(const char *command)
{
    pthread_testcancel();
    if (!command) return 1;

    pid_t pid;
    int status = -1;
    char *arguments[] = {"sosh", "-c", (char *)command, 0};
    int error = posix_spawn(&pid, "/sosh", 0, 0, arguments, __environ);
    if (error) {
        errno = error;
        return -1;
    }
    if (waitpid(pid, &status, 0) < 0) return -1;
    return status;
}
