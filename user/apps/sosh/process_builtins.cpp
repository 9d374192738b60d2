// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sos.h>
#include <sos_system.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "builtins.hpp"
#include "number.hpp"

namespace sosh {
namespace {

constexpr std::int64_t us_in_s = 1'000'000;

const char* state_name(std::uint32_t state) {
    switch (state) {
        case SOS_CREATING:
            return "loading";
        case SOS_RUNNING:
            return "running";
        case SOS_DYING:
            return "dying";
        case SOS_ZOMBIE:
            return "ended";
        default:
            return "?";
    }
}

bool parse_pid(const char* what, const char* text, pid_t& pid) {
    const auto number = parse_number(text);
    if (!number || *number > INT_MAX) {
        fprintf(stderr, "sosh: %s: %s: not a pid\n", what, text);
        return false;
    }
    pid = static_cast<pid_t>(*number);
    return true;
}

/// A long sleep at the prompt is a process of its own, so that ^C can end it.
int sleep_us(Shell& shell, const Command& command, std::int64_t microseconds) {
    if (microseconds >= us_in_s) {
        if (const auto status = shell.run_apart(command)) return *status;
    }
    const timespec time{microseconds / us_in_s, microseconds % us_in_s * 1000};
    if (nanosleep(&time, nullptr) == 0) return 0;
    fprintf(stderr, "sosh: cannot sleep: %s\n", strerror(errno));
    return status_failed;
}

}  // namespace

int run_ps(Shell&, const Command&) {
    static sos_process_info_t processes[max_jobs];
    const int count = sos_process_list(processes, max_jobs);
    if (count < 0) {
        fprintf(stderr, "sosh: ps: %s\n", strerror(errno));
        return status_failed;
    }
    printf("  PID PARENT STATE     PAGES    OUT     START       CPU COMMAND\n");
    for (int i = 0; i < count; ++i) {
        const sos_process_info_t& p = processes[i];
        char parent[12] = "-";
        if (p.parent >= 0) snprintf(parent, sizeof(parent), "%d", p.parent);
        printf("%5d %6s %-8s %6u %6u %7" PRIu64 ".%01" PRIu64 " %7" PRIu64 ".%01" PRIu64 " %s\n",
               p.pid, parent, state_name(p.state), p.resident_pages, p.paged_out_pages,
               p.start_us / 1000000, p.start_us / 100000 % 10, p.cpu_time_us / 1000000,
               p.cpu_time_us / 100000 % 10, p.command);
    }
    return 0;
}

int run_exec(Shell& shell, const Command& command) {
    return shell.run_program(command.words + 1, command.start);
}

int run_jobs(Shell& shell, const Command&) {
    for (const Job& job : shell.jobs()) {
        if (job.used) printf("[pid %d] %s\n", job.pid, job.name);
    }
    return 0;
}

int run_kill(Shell& shell, const Command& command) {
    int status = 0;
    for (unsigned i = 1; i < command.count; ++i) {
        pid_t pid;
        if (!parse_pid("kill", command.words[i], pid)) {
            status = status_failed;
        } else if (sos_process_delete(pid) < 0) {
            const char* reason = errno == ESRCH ? "no such process" : strerror(errno);
            fprintf(stderr, "sosh: kill: %s: %s\n", command.words[i], reason);
            status = status_failed;
        } else if (shell.console() != nullptr) {
            shell.bury_job(pid);  // in a script, the status is for `wait`
        }
    }
    return status;
}

int run_wait(Shell& shell, const Command& command) {
    if (shell.console() != nullptr) shell.console()->release();
    if (command.count == 1) return shell.wait_for_jobs();
    pid_t pid;
    if (!parse_pid("wait", command.words[1], pid)) return status_failed;
    const Job* job = shell.find_job(pid);
    if (job == nullptr) {
        fprintf(stderr, "sosh: wait: %d: not a background program of this shell\n", pid);
        return status_failed;
    }
    const int status = shell.wait_for(pid, job->name);
    shell.forget_job(pid);
    return status;
}

int run_sleep(Shell& shell, const Command& command) {
    const auto microseconds = parse_fixed_point(command.words[1], 6);
    if (!microseconds) {
        fprintf(stderr, "sosh: sleep: %s: not a number of seconds\n", command.words[1]);
        return status_failed;
    }
    return sleep_us(shell, command, *microseconds);
}

int run_msleep(Shell& shell, const Command& command) {
    const auto microseconds = parse_fixed_point(command.words[1], 3);
    if (!microseconds) {
        fprintf(stderr, "sosh: msleep: %s: not a number of milliseconds\n", command.words[1]);
        return status_failed;
    }
    return sleep_us(shell, command, *microseconds);
}

int run_time(Shell& shell, const Command& command) {
    const std::int64_t start = sos_time_stamp();
    if (command.count == 1) {
        printf("%" PRId64 " seconds since boot\n", start / us_in_s);
        return 0;
    }
    Command inner;
    inner.count = command.count - 1;
    memcpy(inner.words, command.words + 1, sizeof(inner.words[0]) * inner.count);
    const int status = shell.run(inner);
    const std::int64_t taken = sos_time_stamp() - start;
    printf("%" PRId64 ".%06" PRId64 " seconds\n", taken / us_in_s, taken % us_in_s);
    return status;
}

int run_mtime(Shell&, const Command&) {
    printf("%" PRId64 " microseconds since boot\n", static_cast<std::int64_t>(sos_time_stamp()));
    return 0;
}

}  // namespace sosh
