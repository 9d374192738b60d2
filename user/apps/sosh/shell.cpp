// SPDX-License-Identifier: BSD-2-Clause
#include "shell.hpp"

#include <errno.h>
#include <signal.h>
#include <sos_system.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builtins.hpp"

namespace sosh {
namespace {

const char* signal_text(int number) {
    switch (number) {
        case SIGINT:
            return "interrupted";
        case SIGKILL:
            return "killed";
        case SIGSEGV:
            return "invalid memory access";
        case SIGILL:
            return "illegal instruction";
        case SIGBUS:
            return "memory could not be read in";
        case SIGABRT:
            return "aborted";
        default:
            return "ended by a signal";
    }
}

int status_of(int wait_status) {
    if (WIFEXITED(wait_status)) return WEXITSTATUS(wait_status);
    return 128 + WTERMSIG(wait_status);
}

/// A death that the user did not ask for is worth a line.
void tell_of_death(const char* name, pid_t pid, int wait_status) {
    if (WIFEXITED(wait_status)) return;
    const int number = WTERMSIG(wait_status);
    fprintf(stderr, "sosh: %s (pid %d): %s\n", name, pid, signal_text(number));
}

int start_failure(const char* name, int error) {
    switch (error) {
        case ENOENT:
            fprintf(stderr, "sosh: %s: no such command or program\n", name);
            return status_not_found;
        case EACCES:
            fprintf(stderr, "sosh: %s: not executable\n", name);
            return status_not_executable;
        case EISDIR:
            fprintf(stderr, "sosh: %s: is a directory\n", name);
            return status_not_executable;
        case ENOEXEC:
            fprintf(stderr, "sosh: %s: not a program that SOS can run\n", name);
            return status_not_executable;
        case EAGAIN:
            fprintf(stderr, "sosh: %s: cannot start: as many processes as there can be\n", name);
            return status_not_executable;
        default:
            fprintf(stderr, "sosh: %s: cannot start: %s\n", name, strerror(error));
            return status_not_executable;
    }
}

/// A bare name is looked for in the current folder, then in the root.
int spawn_program(pid_t* pid, char* const* words) {
    const int error = posix_spawn(pid, words[0], nullptr, nullptr, words, environ);
    const size_t length = strlen(words[0]);
    if (error != ENOENT || length > 255 || strchr(words[0], '/') != nullptr) return error;
    char in_root[257] = "/";
    memcpy(in_root + 1, words[0], length + 1);
    return posix_spawn(pid, in_root, nullptr, nullptr, words, environ);
}

}  // namespace

int complain(const char* what, const char* subject, int error) {
    fflush(stdout);
    fprintf(stderr, "sosh: %s: %s: %s\n", what, subject, strerror(error));
    return status_failed;
}

int Shell::run_text(char* text, unsigned size) {
    Parser parser(text, size);
    Command command;
    int status = 0;
    while (!exiting_) {
        const auto more = parser.next(command);
        if (!more) {
            fprintf(stderr, "sosh: %s\n", describe(more.error()));
            return last_status_ = status_failed;
        }
        if (!*more) break;
        if (command.empty()) continue;
        last_status_ = run(command);
        if (last_status_ != 0) status = last_status_;
    }
    return status;
}

int Shell::run(const Command& command) {
    const Builtin* builtin = find_builtin(command.name());
    if (builtin == nullptr) return run_program(command.words, command.start);
    if (command.start == Start::background && !builtin->background_meaningful) {
        fprintf(stderr, "sosh: %s: a built-in command cannot run in the background\n",
                command.words[0]);
        return status_failed;
    }
    return run_builtin(*builtin, command);
}

int Shell::run_builtin(const Builtin& builtin, const Command& command) {
    const int status = builtin.run(*this, command);
    fflush(stdout);
    return status;
}

int Shell::run_program(char* const* words, Start start) {
    fflush(stdout);
    // The program may want to read the console itself.
    if (start == Start::foreground && console_ != nullptr) console_->release();
    pid_t pid;
    const int error = spawn_program(&pid, words);
    if (error != 0) return start_failure(words[0], error);
    if (start == Start::background) {
        add_job(pid, words[0]);
        if (console_ != nullptr) printf("[pid %d]\n", pid);
        return 0;
    }
    return wait_for(pid, words[0]);
}

std::optional<int> Shell::run_apart(const Command& command) {
    if (console_ == nullptr) return std::nullopt;
    fflush(stdout);
    char shell[] = "sosh";
    char option[] = "--builtin";
    char* words[max_words + 3] = {shell, option};
    memcpy(words + 2, command.words, sizeof(words[0]) * command.count);
    pid_t pid;
    if (spawn_program(&pid, words) != 0) return std::nullopt;
    return wait_for(pid, command.words[0]);
}

int Shell::wait_for(pid_t pid, const char* name) {
    // If it has ended already there is nothing to interrupt, and the failure means nothing.
    sos_set_foreground(pid);
    int wait_status = 0;
    const pid_t ended = waitpid(pid, &wait_status, 0);
    const int error = errno;
    sos_set_foreground(-1);
    if (ended < 0) {
        fprintf(stderr, "sosh: cannot wait for pid %d: %s\n", pid, strerror(error));
        return status_failed;
    }
    tell_of_death(name, pid, wait_status);
    return status_of(wait_status);
}

int Shell::wait_for_jobs() {
    int status = 0;
    for (Job& job : jobs_) {
        if (!job.used) continue;
        const int ended = wait_for(job.pid, job.name);
        if (ended != 0) status = ended;
        forget_job(job.pid);
    }
    return status;
}

void Shell::report_ended_jobs() {
    while (job_count_ > 0) {
        int wait_status = 0;
        const pid_t pid = waitpid(-1, &wait_status, WNOHANG);
        if (pid <= 0) return;
        const Job* job = find_job(pid);
        if (job == nullptr) continue;
        if (WIFEXITED(wait_status)) {
            const int status = WEXITSTATUS(wait_status);
            if (status == 0) printf("[pid %d] done: %s\n", pid, job->name);
            if (status != 0) printf("[pid %d] status %d: %s\n", pid, status, job->name);
        } else {
            printf("[pid %d] %s: %s\n", pid, signal_text(WTERMSIG(wait_status)), job->name);
        }
        forget_job(pid);
    }
}

const Job* Shell::find_job(pid_t pid) const {
    for (const Job& job : jobs_) {
        if (job.used && job.pid == pid) return &job;
    }
    return nullptr;
}

void Shell::bury_job(pid_t pid) {
    if (find_job(pid) == nullptr) return;
    int wait_status = 0;
    waitpid(pid, &wait_status, 0);
    forget_job(pid);
}

void Shell::forget_job(pid_t pid) {
    for (Job& job : jobs_) {
        if (!job.used || job.pid != pid) continue;
        job = Job{};
        --job_count_;
    }
}

/// There is a free entry: the table has one for each process that can be.
void Shell::add_job(pid_t pid, const char* name) {
    for (Job& job : jobs_) {
        if (job.used) continue;
        job.used = true;
        job.pid = pid;
        strlcpy(job.name, name, sizeof(job.name));
        ++job_count_;
        return;
    }
}

}  // namespace sosh
