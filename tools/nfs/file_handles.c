// SPDX-License-Identifier: BSD-2-Clause
// File handles for a server that may not use the kernel's: open_by_handle_at needs a capability
// that ordinary users and containers lack, and some file systems have no handles at all.
//
// A handle here is {inode number, time of birth}: it names a file for as long as it exists, across
// renames and across restarts of the server, and never its successor with the same inode number.
// A table remembers the path that each handle was last seen at. A handle that is not there, or
// whose path is another file by now, is looked for by walking the exported folder once, which also
// renews the whole table; so the table is never larger than the folder. What is opened is compared
// with the handle after opening, so a rename at the wrong moment cannot give a wrong file.
//
// Active when SOS_NFS_EXPORT names the exported folder; otherwise the kernel's calls are used.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { handle_type = 0x53, bucket_count = 4096, walk_open_folders = 64 };

struct identity {
    uint64_t inode;
    uint64_t born;
};

struct known_file {
    struct known_file* next;
    struct identity id;
    char path[];
};

static struct known_file* buckets[bucket_count];
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

static const char* exported_folder(void) {
    return getenv("SOS_NFS_EXPORT");
}

static int identify(int folder, const char* name, int flags, struct identity* id, int* mount) {
    struct statx found;
    if (statx(folder, name, flags, STATX_INO | STATX_BTIME | STATX_MNT_ID, &found) != 0) return -1;
    id->inode = found.stx_ino;
    // A file system without times of birth gives 0: then the inode number alone must do.
    id->born = (uint64_t)found.stx_btime.tv_sec * 1000000000u + found.stx_btime.tv_nsec;
    if (mount) *mount = (int)found.stx_mnt_id;
    return 0;
}

static int same(const struct identity* a, const struct identity* b) {
    return a->inode == b->inode && a->born == b->born;
}

static struct known_file** find(const struct identity* id) {
    struct known_file** link = &buckets[(id->inode ^ id->born >> 20) % bucket_count];
    while (*link && !same(&(*link)->id, id)) link = &(*link)->next;
    return link;
}

// Out of memory: the file is not remembered and will be walked for.
static void remember(const struct identity* id, const char* path) {
    struct known_file** link = find(id);
    struct known_file* old = *link;
    if (old && strcmp(old->path, path) == 0) return;

    struct known_file* fresh = malloc(sizeof *fresh + strlen(path) + 1);
    if (!fresh) return;
    fresh->next = old ? old->next : NULL;
    fresh->id = *id;
    strcpy(fresh->path, path);
    *link = fresh;
    free(old);
}

static void forget_all(void) {
    for (int i = 0; i < bucket_count; ++i) {
        while (buckets[i]) {
            struct known_file* first = buckets[i];
            buckets[i] = first->next;
            free(first);
        }
    }
}

static int visit(const char* path, const struct stat* st, int type, struct FTW* where) {
    (void)st, (void)type, (void)where;
    struct identity id;
    if (identify(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &id, NULL) == 0) remember(&id, path);
    return 0;
}

// Where `name` in `folder` is, as a path; -1 when it cannot be told.
static int path_of(int folder, const char* name, char path[PATH_MAX]) {
    if (name[0] == '/') return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX ? 0 : -1;
    if (folder == AT_FDCWD) return -1;

    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    const ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) return -1;
    path[length] = '\0';
    if (name[0] == '\0' || strcmp(name, ".") == 0) return 0;
    if (strcmp(name, "..") == 0) return -1;
    const size_t left = PATH_MAX - (size_t)length;
    return (size_t)snprintf(path + length, left, "/%s", name) < left ? 0 : -1;
}

int name_to_handle_at(int folder, const char* name, struct file_handle* handle, int* mount,
                      int flags) {
    if (!exported_folder()) {
        static __typeof__(name_to_handle_at)* real;
        if (!real) real = (__typeof__(real))dlsym(RTLD_NEXT, "name_to_handle_at");
        return real(folder, name, handle, mount, flags);
    }

    struct identity id;
    const int follow = (flags & AT_SYMLINK_FOLLOW) ? 0 : AT_SYMLINK_NOFOLLOW;
    if (identify(folder, name, follow | (flags & AT_EMPTY_PATH), &id, mount) != 0) return -1;

    const unsigned room = handle->handle_bytes;
    handle->handle_bytes = sizeof id;
    if (room < sizeof id) {
        errno = EOVERFLOW;
        return -1;
    }
    handle->handle_type = handle_type;
    memcpy(handle->f_handle, &id, sizeof id);

    char path[PATH_MAX];
    if (path_of(folder, name, path) == 0) {
        pthread_mutex_lock(&table_lock);
        remember(&id, path);
        pthread_mutex_unlock(&table_lock);
    }
    return 0;
}

// Opens the file if it is where the table has it. ESTALE when it is not.
static int open_known(const struct identity* id, int flags) {
    char path[PATH_MAX];
    pthread_mutex_lock(&table_lock);
    const struct known_file* file = *find(id);
    if (file) snprintf(path, sizeof path, "%s", file->path);
    pthread_mutex_unlock(&table_lock);
    if (!file) {
        errno = ESTALE;
        return -1;
    }

    // Without opening first: opening a pipe may wait, opening a symbolic link fails.
    struct identity now;
    if (identify(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &now, NULL) != 0 || !same(&now, id)) {
        errno = ESTALE;
        return -1;
    }
    const int fd = open(path, flags | O_NOFOLLOW);
    if (fd < 0) return -1;
    if (identify(fd, "", AT_EMPTY_PATH, &now, NULL) != 0 || !same(&now, id)) {
        close(fd);
        errno = ESTALE;
        return -1;
    }
    return fd;
}

int open_by_handle_at(int mount_fd, struct file_handle* handle, int flags) {
    if (!exported_folder()) {
        static __typeof__(open_by_handle_at)* real;
        if (!real) real = (__typeof__(real))dlsym(RTLD_NEXT, "open_by_handle_at");
        return real(mount_fd, handle, flags);
    }

    struct identity id;
    if (handle->handle_bytes != sizeof id || handle->handle_type != handle_type) {
        errno = ESTALE;
        return -1;
    }
    memcpy(&id, handle->f_handle, sizeof id);

    int fd = open_known(&id, flags);
    if (fd < 0 && errno == ESTALE) {
        pthread_mutex_lock(&table_lock);
        forget_all();
        nftw(exported_folder(), visit, walk_open_folders, FTW_PHYS | FTW_MOUNT);
        pthread_mutex_unlock(&table_lock);
        fd = open_known(&id, flags);
    }
    return fd;
}

// Ganesha loads its file system module so that the module sees libc's functions before ours;
// without that flag it sees ours.
void* dlopen(const char* file, int flags) {
    static __typeof__(dlopen)* real;
    if (!real) real = (__typeof__(real))dlsym(RTLD_NEXT, "dlopen");
    return real(file, flags & ~RTLD_DEEPBIND);
}
