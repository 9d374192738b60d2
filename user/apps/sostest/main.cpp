// SPDX-License-Identifier: BSD-2-Clause
// sostest [PATTERN]: runs the cases whose id contains PATTERN; without it, all but the SOAK cases,
// which take minutes. With --case ID or --role NAME it is the process of one case, or a child that
// a case needs (roles.hpp).
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "roles.hpp"
#include "test.hpp"

namespace sostest {
namespace {

const std::span<const Case>* const groups[] = {
    &pointer_cases, &argument_cases, &file_cases, &behaviour_cases, &memory_cases, &sharing_cases,
    &process_cases, &elf_cases,      &time_cases, &libc_cases,      &window_cases, &contract_cases,
};

const Case* find(const char* id) {
    for (const auto* group : groups) {
        for (const Case& test : *group) {
            if (strcmp(test.id, id) == 0) return &test;
        }
    }
    return nullptr;
}

struct Difference {
    const char* what;
    std::uint64_t before;
    std::uint64_t after;
};

/// The first resource of which another amount is in use, if any. Handler threads stay for reuse.
bool differs(const sos_resource_count_t& a, const sos_resource_count_t& b, Difference& found) {
    const Difference all[] = {
        {"frames", a.frames, b.frames},
        {"slots", a.slots, b.slots},
        {"untyped bytes", a.untyped_bytes, b.untyped_bytes},
        {"page file slots", a.page_file_slots, b.page_file_slots},
        {"reply objects", a.reply_objects, b.reply_objects},
        {"open files", a.open_files, b.open_files},
        {"file requests", a.file_requests, b.file_requests},
        {"timeouts", a.timeouts, b.timeouts},
        {"processes", a.processes, b.processes},
    };
    for (const Difference& one : all) {
        if (one.before == one.after) continue;
        found = one;
        return true;
    }
    return false;
}

/// Counts settle when what the dead left behind (requests on their way, say) has been finished.
bool leaked(const sos_resource_count_t& before, Difference& found) {
    for (int attempt = 0; attempt < 20; ++attempt) {
        sos_resource_count_t now;
        if (sos_resource_count(&now) != 0) return false;
        if (!differs(before, now, found)) return false;
        usleep(100'000);
    }
    return true;
}

/// Runs a case in a process: its wait status, or -1 (errno is set).
int run_apart(const Case& test) {
    char option[] = "--case";
    char name[] = "sostest";
    char id[32];
    strlcpy(id, test.id, sizeof(id));
    char* const arguments[] = {name, option, id, nullptr};
    pid_t pid;
    const int error = posix_spawn(&pid, "sostest", nullptr, nullptr, arguments, environ);
    if (error != 0) {
        errno = error;
        return -1;
    }
    int status;
    return waitpid(pid, &status, 0) == pid ? status : -1;
}

bool report(const Case& test) {
    sos_resource_count_t before;
    if (sos_resource_count(&before) != 0) memset(&before, 0, sizeof(before));
    const int status = run_apart(test);
    char reason[128] = "";
    Difference difference;
    if (status == -1) {
        snprintf(reason, sizeof(reason), "not run: %s", strerror(errno));
    } else if (WIFSIGNALED(status)) {
        snprintf(reason, sizeof(reason), "killed by signal %d", WTERMSIG(status));
    } else if (WEXITSTATUS(status) != 0) {
        snprintf(reason, sizeof(reason), "%s", test.text);
    } else if (leaked(before, difference)) {
        snprintf(reason, sizeof(reason), "leaks: %s %llu -> %llu", difference.what,
                 static_cast<unsigned long long>(difference.before),
                 static_cast<unsigned long long>(difference.after));
    }
    if (reason[0] == '\0') {
        printf("TEST %s ok\n", test.id);
        return true;
    }
    printf("TEST %s FAIL %s\n", test.id, reason);
    return false;
}

/// So that what the first process makes SOS keep for later ones is not taken for a leak.
void warm_up() {
    for (int i = 0; i < 3; ++i) run_apart({"none", nullptr, nullptr});
}

int run_all(const char* pattern) {
    unsigned passed = 0;
    unsigned failed = 0;
    warm_up();
    for (const auto* group : groups) {
        for (const Case& test : *group) {
            const bool asked_for = pattern != nullptr && strstr(test.id, pattern) != nullptr;
            const bool usual = pattern == nullptr && strncmp(test.id, "SOAK", 4) != 0;
            if (!asked_for && !usual) continue;
            ++(report(test) ? passed : failed);
        }
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0 ? 1 : 0;
}

}  // namespace
}  // namespace sostest

int main(int argc, char** argv) {
    if (argc == 3 && strcmp(argv[1], "--case") == 0) {
        const sostest::Case* test = sostest::find(argv[2]);
        if (test == nullptr) return 2;
        return test->run() ? 0 : 1;
    }
    if ((argc == 3 || argc == 4) && strcmp(argv[1], "--role") == 0) {
        return sostest::play_role(argv[2], argc == 4 ? argv[3] : nullptr);
    }
    return sostest::run_all(argc > 1 ? argv[1] : nullptr);
}
