// SPDX-License-Identifier: BSD-2-Clause
// The shell: runs commands, each a built-in or a program, and keeps track of the programs that it
// started in the background. Statuses are those of POSIX shells: 0 success, 1 a built-in failed,
// 126 not executable, 127 not found, 128 + n ended by signal n.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>

#include "command_line.hpp"
#include "console.hpp"

namespace sosh {

inline constexpr int status_failed = 1;
inline constexpr int status_not_executable = 126;
inline constexpr int status_not_found = 127;

inline constexpr unsigned max_jobs = 512;  // as many as SOS has processes
inline constexpr unsigned job_name_size = 32;

struct Job {
    pid_t pid = 0;
    char name[job_name_size] = {};
    bool used = false;
};

struct Builtin;

class Shell {
  public:
    explicit constexpr Shell(Console* console) : console_(console) {}

    /// Runs all commands of `text` (with a NUL at text[size]): the status of the last one that
    /// failed, or 0.
    int run_text(char* text, unsigned size);

    int run(const Command& command);
    int run_builtin(const Builtin& builtin, const Command& command);

    /// Runs `words` as a program (words[0] is its path).
    int run_program(char* const* words, Start start);

    /// At the prompt: runs a built-in in a process of its own, since ^C cannot reach the shell
    /// while it is busy itself. Nothing in a script, or when the process cannot be started.
    std::optional<int> run_apart(const Command& command);

    /// Waits for a child, which ^C may kill meanwhile: its status.
    int wait_for(pid_t pid, const char* name);

    /// Waits for everything in the background: the status of the last one that failed, or 0.
    int wait_for_jobs();

    /// Tells of background programs that have ended.
    void report_ended_jobs();

    const Job* find_job(pid_t pid) const;
    std::span<const Job> jobs() const { return jobs_; }

    /// Waits for a background program that the user has killed, without telling of its death.
    void bury_job(pid_t pid);
    void forget_job(pid_t pid);

    bool exiting() const { return exiting_; }
    int exit_status() const { return exit_status_; }
    int last_status() const { return last_status_; }
    void exit_with(int status) {
        exiting_ = true;
        exit_status_ = status;
    }

    /// Where `cat console` reads from; null when the shell runs a script.
    Console* console() { return console_; }

  private:
    void add_job(pid_t pid, const char* name);

    Console* console_;
    Job jobs_[max_jobs] = {};
    unsigned job_count_ = 0;
    bool exiting_ = false;
    int exit_status_ = 0;
    int last_status_ = 0;
};

/// What went wrong, for the user: "sosh: WHAT: SUBJECT: reason of `error`". Returns status_failed.
int complain(const char* what, const char* subject, int error);

}  // namespace sosh
