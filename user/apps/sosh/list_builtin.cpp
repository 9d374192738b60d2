// SPDX-License-Identifier: BSD-2-Clause
// ls: names in order, one a line.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "builtins.hpp"

namespace sosh {
namespace {

struct Options {
    bool long_format = false;
    bool all = false;
};

/// Copies of names, in memory that grows; freed with it.
class NameList {
  public:
    NameList() = default;
    ~NameList() {
        for (size_t i = 0; i < count_; ++i) free(names_[i]);
        free(names_);
    }
    NameList(const NameList&) = delete;
    NameList& operator=(const NameList&) = delete;

    /// False when there is no memory.
    bool add(const char* name) {
        if (count_ == capacity_) {
            const size_t wanted = capacity_ == 0 ? 64 : capacity_ * 2;
            auto* more = static_cast<char**>(realloc(names_, wanted * sizeof(char*)));
            if (more == nullptr) return false;
            names_ = more;
            capacity_ = wanted;
        }
        names_[count_] = strdup(name);
        if (names_[count_] == nullptr) return false;
        ++count_;
        return true;
    }

    void sort() {
        qsort(names_, count_, sizeof(char*), [](const void* a, const void* b) {
            return strcmp(*static_cast<char* const*>(a), *static_cast<char* const*>(b));
        });
    }

    size_t size() const { return count_; }
    const char* operator[](size_t i) const { return names_[i]; }

  private:
    char** names_ = nullptr;
    size_t count_ = 0;
    size_t capacity_ = 0;
};

char type_letter(mode_t mode) {
    if (S_ISDIR(mode)) return 'd';
    if (S_ISLNK(mode)) return 'l';
    if (S_ISCHR(mode)) return 'c';
    return '-';
}

void print_long(const struct stat& status, const char* name) {
    char mode[] = "----------";
    mode[0] = type_letter(status.st_mode);
    for (unsigned i = 0; i < 9; ++i) {
        if ((status.st_mode & (0400u >> i)) != 0) mode[i + 1] = "rwx"[i % 3];
    }
    tm date{};
    gmtime_r(&status.st_mtim.tv_sec, &date);
    printf("%s %10lld %04d-%02d-%02d %02d:%02d %s\n", mode, static_cast<long long>(status.st_size),
           date.tm_year + 1900, date.tm_mon + 1, date.tm_mday, date.tm_hour, date.tm_min, name);
}

int list_entry(const char* path, const char* name, Options options) {
    if (!options.long_format) {
        printf("%s\n", name);
        return 0;
    }
    struct stat status;
    if (lstat(path, &status) != 0) return complain("ls", path, errno);
    print_long(status, name);
    return 0;
}

int list_folder(const char* path, Options options) {
    DIR* folder = opendir(path);
    if (folder == nullptr) return complain("ls", path, errno);
    NameList names;
    int error = 0;
    for (;;) {
        errno = 0;
        const dirent* entry = readdir(folder);
        if (entry == nullptr) {
            error = errno;
            break;
        }
        if (entry->d_name[0] == '.' && !options.all) continue;
        if (!names.add(entry->d_name)) {
            error = ENOMEM;
            break;
        }
    }
    closedir(folder);
    if (error != 0) return complain("ls", path, error);
    names.sort();
    int status = 0;
    for (size_t i = 0; i < names.size(); ++i) {
        char full[4096];
        snprintf(full, sizeof(full), "%s/%s", path, names[i]);
        if (list_entry(full, names[i], options) != 0) status = status_failed;
    }
    return status;
}

int list(const char* path, Options options) {
    struct stat status;
    if (stat(path, &status) != 0) return complain("ls", path, errno);
    if (S_ISDIR(status.st_mode)) return list_folder(path, options);
    return list_entry(path, path, options);
}

}  // namespace

int run_ls(Shell&, const Command& command) {
    Options options;
    unsigned first = 1;
    for (; first < command.count && command.words[first][0] == '-'; ++first) {
        for (const char* letter = command.words[first] + 1; *letter != '\0'; ++letter) {
            if (*letter == 'l') {
                options.long_format = true;
            } else if (*letter == 'a') {
                options.all = true;
            } else {
                fprintf(stderr, "sosh: %s: no option -%c\n", command.words[0], *letter);
                return status_failed;
            }
        }
    }
    if (first == command.count) return list_folder(".", options);
    int status = 0;
    for (unsigned i = first; i < command.count; ++i) {
        if (list(command.words[i], options) != 0) status = status_failed;
    }
    return status;
}

}  // namespace sosh
