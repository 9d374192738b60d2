// SPDX-License-Identifier: BSD-2-Clause
// The shell's own commands: one table, from which `help` is made too.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "shell.hpp"

namespace sosh {

struct Builtin {
    std::string_view name;
    const char* usage;  // arguments
    const char* help;
    unsigned min_arguments;
    unsigned max_arguments;
    int (*function)(Shell&, const Command&);
    bool background_meaningful = false;

    /// Checks the number of arguments, then runs it.
    int run(Shell& shell, const Command& command) const;
};

const Builtin* find_builtin(std::string_view name);

// Commands on files (file_builtins.cpp)
int run_ls(Shell&, const Command&);
int run_cat(Shell&, const Command&);
int run_cp(Shell&, const Command&);
int run_mv(Shell&, const Command&);
int run_rm(Shell&, const Command&);
int run_mkdir(Shell&, const Command&);
int run_rmdir(Shell&, const Command&);
int run_cd(Shell&, const Command&);
int run_pwd(Shell&, const Command&);

// Commands on processes and time (process_builtins.cpp)
int run_ps(Shell&, const Command&);
int run_jobs(Shell&, const Command&);
int run_exec(Shell&, const Command&);
int run_kill(Shell&, const Command&);
int run_wait(Shell&, const Command&);
int run_sleep(Shell&, const Command&);
int run_msleep(Shell&, const Command&);
int run_time(Shell&, const Command&);
int run_mtime(Shell&, const Command&);

}  // namespace sosh
