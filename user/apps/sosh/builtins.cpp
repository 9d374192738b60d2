// SPDX-License-Identifier: BSD-2-Clause
#include "builtins.hpp"

#include <stdio.h>

#include "number.hpp"

namespace sosh {
namespace {

int run_help(Shell&, const Command&);

int run_echo(Shell&, const Command& command) {
    for (unsigned i = 1; i < command.count; ++i) {
        printf("%s%s", i > 1 ? " " : "", command.words[i]);
    }
    printf("\n");
    return 0;
}

int run_exit(Shell& shell, const Command& command) {
    int status = shell.last_status();
    if (command.count > 1) {
        const auto number = parse_number(command.words[1]);
        if (!number || *number > 255) {
            fprintf(stderr, "sosh: exit: %s: not a status (0 to 255)\n", command.words[1]);
            return status_failed;
        }
        status = static_cast<int>(*number);
    }
    shell.exit_with(status);
    return status;
}

constexpr unsigned any = max_words;

constexpr Builtin builtins[] = {
    {"ls", "[-l] [-a] [file ...]", "lists folders; -l: mode, size and date too", 0, any, run_ls},
    {"dir", "[-l] [-a] [file ...]", "the same as ls", 0, any, run_ls},
    {"cat", "file ...", "shows files; \"console\" is what you type, up to ^D", 1, any, run_cat},
    {"cp", "from to", "copies a file", 2, 2, run_cp},
    {"mv", "from to", "renames a file", 2, 2, run_mv},
    {"rm", "file ...", "removes files", 1, any, run_rm},
    {"mkdir", "folder ...", "makes folders", 1, any, run_mkdir},
    {"rmdir", "folder ...", "removes empty folders", 1, any, run_rmdir},
    {"cd", "[folder]", "changes the current folder", 0, 1, run_cd},
    {"pwd", "", "shows the current folder", 0, 0, run_pwd},
    {"ps", "", "lists the processes", 0, 0, run_ps},
    {"exec", "program [argument ...] [&]", "runs a program; & in the background", 1, any, run_exec,
     true},
    {"jobs", "", "lists the background programs of this shell", 0, 0, run_jobs},
    {"kill", "pid ...", "ends processes", 1, any, run_kill},
    {"wait", "[pid]", "waits for a background program, or for all", 0, 1, run_wait},
    {"sleep", "seconds", "waits; fractions are allowed", 1, 1, run_sleep},
    {"msleep", "milliseconds", "waits", 1, 1, run_msleep},
    {"time", "[command]", "seconds since boot, or how long a command takes", 0, any, run_time},
    {"mtime", "", "microseconds since boot", 0, 0, run_mtime},
    {"echo", "[text ...]", "prints its arguments", 0, any, run_echo},
    {"help", "", "this list", 0, 0, run_help},
    {"exit", "[status]", "ends the shell", 0, 1, run_exit},
};

int run_help(Shell&, const Command&) {
    for (const Builtin& builtin : builtins) {
        char left[64];
        snprintf(left, sizeof(left), "%s %s", builtin.name.data(), builtin.usage);
        printf("  %-34s %s\n", left, builtin.help);
    }
    printf(
        "A program's name alone runs it, with & in the background. ; separates commands.\n"
        "Keys: arrows, ^A ^E, ^U ^K ^W, ^L; ^C ends the program in the foreground;\n"
        "^D on an empty line ends the shell.\n");
    return 0;
}

}  // namespace

int Builtin::run(Shell& shell, const Command& command) const {
    const unsigned arguments = command.count - 1;
    if (arguments < min_arguments || arguments > max_arguments) {
        fprintf(stderr, "sosh: usage: %s %s\n", command.words[0], usage);
        return status_failed;
    }
    return function(shell, command);
}

const Builtin* find_builtin(std::string_view name) {
    for (const Builtin& builtin : builtins) {
        if (builtin.name == name) return &builtin;
    }
    return nullptr;
}

}  // namespace sosh
