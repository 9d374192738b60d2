// SPDX-License-Identifier: BSD-2-Clause
/* posix_spawnp: a name without a slash is looked for in PATH, or in the root if there is none. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>

int posix_spawnp(pid_t *restrict pid, const char *restrict file,
                 const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *restrict attr,
                 char *const argv[restrict], char *const envp[restrict])
{
    const char *path = getenv("PATH");
    if (!*file) return ENOENT;
    if (strchr(file, '/')) return posix_spawn(pid, file, actions, attr, argv, envp);
    if (!path || !*path) path = "/";

    size_t name = strnlen(file, NAME_MAX + 1);
    if (name > NAME_MAX) return ENAMETOOLONG;
    int error = ENOENT;
    for (;;) {
        size_t folder = strcspn(path, ":");
        if (folder + name + 2 <= PATH_MAX) {
            char full[PATH_MAX];
            memcpy(full, path, folder);
            if (folder) full[folder++] = '/';
            memcpy(full + folder, file, name + 1);
            int result = posix_spawn(pid, full, actions, attr, argv, envp);
            if (result == EACCES) error = EACCES;
            else if (result != ENOENT && result != ENOTDIR) return result;
        }
        path += strcspn(path, ":");
        if (!*path) return error;
        path++;
    }
}
