// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builtins.hpp"

namespace sosh {
namespace {

constexpr size_t buffer_size = 64 * 1024;
char buffer[buffer_size];

/// A file that is closed when it goes out of scope.
class OpenFile {
  public:
    explicit OpenFile(int file) : file_(file) {}
    ~OpenFile() {
        if (file_ >= 0) ::close(file_);
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;

    bool valid() const { return file_ >= 0; }
    int get() const { return file_; }
    /// Closes it now, to learn whether everything written has arrived.
    bool close() {
        const int file = file_;
        file_ = -1;
        return ::close(file) == 0;
    }

  private:
    int file_;
};

bool is_console(const char* path) {
    return strcmp(path, "console") == 0;
}

/// What reads the console is done by the shell, which holds it; everything else that may take its
/// time is done where ^C can end it.
std::optional<int> run_where_it_can_be_interrupted(Shell& shell, const Command& command) {
    for (unsigned i = 1; i < command.count; ++i) {
        if (is_console(command.words[i])) return std::nullopt;
    }
    return shell.run_apart(command);
}

/// 0, or the errno of what failed.
int write_all(int file, const char* data, size_t size) {
    while (size > 0) {
        const ssize_t written = write(file, data, size);
        if (written < 0) return errno;
        if (written == 0) return ENOSPC;
        data += written;
        size -= static_cast<size_t>(written);
    }
    return 0;
}

/// What the user types, line by line, up to ^D: the shell itself holds the console.
int copy_typed_lines(const char* what, Console& console, int to, const char* to_name) {
    for (;;) {
        switch (console.read_line("")) {
            case LineEditor::Event::line: {
                const std::string_view line = console.line();
                memcpy(buffer, line.data(), line.size());
                buffer[line.size()] = '\n';
                const int error = write_all(to, buffer, line.size() + 1);
                if (error != 0) return complain(what, to_name, error);
                break;
            }
            case LineEditor::Event::end_of_input:
                return 0;
            case LineEditor::Event::interrupted:
                return 128 + 2;
            case LineEditor::Event::none:
                break;
        }
    }
}

int copy(const char* what, int from, const char* from_name, int to, const char* to_name) {
    for (;;) {
        const ssize_t got = read(from, buffer, buffer_size);
        if (got < 0) return complain(what, from_name, errno);
        if (got == 0) return 0;
        const int error = write_all(to, buffer, static_cast<size_t>(got));
        if (error != 0) return complain(what, to_name, error);
    }
}

const char* last_component(const char* path) {
    const char* slash = strrchr(path, '/');
    return slash != nullptr ? slash + 1 : path;
}

/// `to`, or if that is a folder, the name of `from` in it. Null when it is too long.
const char* target_path(const char* from, const char* to, char (&joined)[4096]) {
    struct stat status;
    if (stat(to, &status) != 0 || !S_ISDIR(status.st_mode)) return to;
    const int length = snprintf(joined, sizeof(joined), "%s/%s", to, last_component(from));
    return length < static_cast<int>(sizeof(joined)) ? joined : nullptr;
}

int for_each(const Command& command, int (*action)(const char*)) {
    int status = 0;
    for (unsigned i = 1; i < command.count; ++i) {
        if (action(command.words[i]) == 0) continue;
        status = complain(command.words[0], command.words[i], errno);
    }
    return status;
}

}  // namespace

int run_cat(Shell& shell, const Command& command) {
    if (const auto status = run_where_it_can_be_interrupted(shell, command)) return *status;
    int status = 0;
    for (unsigned i = 1; i < command.count; ++i) {
        const char* name = command.words[i];
        int result;
        if (is_console(name) && shell.console() != nullptr) {
            result = copy_typed_lines("cat", *shell.console(), STDOUT_FILENO, "output");
        } else {
            OpenFile file(open(name, O_RDONLY));
            result = file.valid() ? copy("cat", file.get(), name, STDOUT_FILENO, "output")
                                  : complain("cat", name, errno);
        }
        if (result != 0) status = result;
    }
    return status;
}

int run_cp(Shell& shell, const Command& command) {
    if (const auto status = run_where_it_can_be_interrupted(shell, command)) return *status;
    const char* from_name = command.words[1];
    char joined[4096];
    const char* to_name = target_path(from_name, command.words[2], joined);
    if (to_name == nullptr) return complain("cp", command.words[2], ENAMETOOLONG);

    const bool typed = is_console(from_name) && shell.console() != nullptr;
    OpenFile from(typed ? -1 : open(from_name, O_RDONLY));
    struct stat from_status = {};
    struct stat to_status = {};
    if (!typed) {
        if (!from.valid()) return complain("cp", from_name, errno);
        if (fstat(from.get(), &from_status) != 0) return complain("cp", from_name, errno);
        if (S_ISDIR(from_status.st_mode)) return complain("cp", from_name, EISDIR);
        const bool same = stat(to_name, &to_status) == 0 &&
                          from_status.st_ino == to_status.st_ino &&
                          from_status.st_rdev == to_status.st_rdev;
        if (same) {
            fprintf(stderr, "sosh: cp: %s and %s are the same file\n", from_name, to_name);
            return status_failed;
        }
    }
    const mode_t mode = typed ? 0666 : from_status.st_mode & 0777;
    OpenFile to(open(to_name, O_WRONLY | O_CREAT | O_TRUNC, mode));
    if (!to.valid()) return complain("cp", to_name, errno);
    const int status = typed ? copy_typed_lines("cp", *shell.console(), to.get(), to_name)
                             : copy("cp", from.get(), from_name, to.get(), to_name);
    if (!to.close() && status == 0) return complain("cp", to_name, errno);
    return status;
}

int run_mv(Shell&, const Command& command) {
    char joined[4096];
    const char* to = target_path(command.words[1], command.words[2], joined);
    if (to == nullptr) return complain("mv", command.words[2], ENAMETOOLONG);
    if (rename(command.words[1], to) == 0) return 0;
    return complain("mv", command.words[1], errno);
}

int run_rm(Shell&, const Command& command) {
    return for_each(command, unlink);
}

int run_mkdir(Shell&, const Command& command) {
    return for_each(command, [](const char* path) { return mkdir(path, 0777); });
}

int run_rmdir(Shell&, const Command& command) {
    return for_each(command, rmdir);
}

int run_cd(Shell&, const Command& command) {
    const char* path = command.count > 1 ? command.words[1] : "/";
    return chdir(path) == 0 ? 0 : complain("cd", path, errno);
}

int run_pwd(Shell&, const Command&) {
    char path[4096];
    if (getcwd(path, sizeof(path)) == nullptr) return complain("pwd", "current folder", errno);
    printf("%s\n", path);
    return 0;
}

}  // namespace sosh
