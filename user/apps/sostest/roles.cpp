// SPDX-License-Identifier: BSD-2-Clause
#include "roles.hpp"

#include <fcntl.h>
#include <sos.h>
#include <sos_system.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sostest {
namespace {

int exit_with(const char* argument) {
    return argument != nullptr ? atoi(argument) : 0;
}

int sleep_long(const char*) {
    for (;;) sos_usleep(2'000'000'000);
}

int spin(const char*) {
    volatile unsigned count = 0;
    for (;;) count = count + 1;
}

/// Uses the FPU without end.
int compute(const char*) {
    for (double value = 2;; value = value * 3 + 1) asm volatile("fmov d8, %d0" ::"w"(value) : "d8");
}

/// Touches more and more memory: two gigabytes if it may.
int hog(const char*) {
    constexpr std::size_t piece = 16u << 20;
    for (int i = 0; i < 128; ++i) {
        auto* memory = static_cast<volatile char*>(malloc(piece));
        if (memory == nullptr) return 7;
        for (std::size_t at = 0; at < piece; at += 4096) memory[at] = 1;
    }
    return 0;
}

/// Touches pages so far from each other that each needs page tables of its own.
int touch_sparsely(const char*) {
    constexpr uint64_t stride = 1ull << 30;
    for (uint64_t i = 1; i <= 1000; ++i) {
        void* const at =
            mmap(reinterpret_cast<void*>((i << 6 | 1) * stride), 4096, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (at == MAP_FAILED) return 7;
        *static_cast<volatile char*>(at) = 1;
    }
    return 0;
}

int read_console(const char*) {
    const int console = open("console", O_RDONLY);
    char byte;
    return read(console, &byte, 1) == 1 ? 0 : 1;
}

int read_file(const char* name) {
    static char buffer[65536];
    const int file = open(name, O_RDONLY);
    if (file < 0) return 1;
    for (;;) {
        if (read(file, buffer, sizeof(buffer)) == 0) lseek(file, 0, SEEK_SET);
    }
}

/// Waits for a child of its own that never ends.
int wait_for_child(const char*) {
    const pid_t pid = start_role("sleep");
    int status;
    return pid >= 0 && waitpid(pid, &status, 0) == pid ? 0 : 1;
}

int touch_null(const char*) {
    return *static_cast<volatile int*>(nullptr);
}

int run_undefined(const char*) {
    asm volatile("udf #0");
    return 1;
}

int write_to_code(const char*) {
    *reinterpret_cast<volatile unsigned*>(&run_undefined) = 0;
    return 1;
}

/// Goes on where no instruction can begin.
int jump_between(const char*) {
    asm volatile("br %0" ::"r"(reinterpret_cast<uintptr_t>(&run_undefined) + 2));
    return 1;
}

/// Calls what it has no capability to.
int call_without_capability(const char*) {
    asm volatile("mov x0, #77\n\tmov x1, #0\n\tmov x7, #-1\n\tsvc #0" ::
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "memory");
    return 1;
}

/// Ends when it has the console.
int open_console(const char*) {
    return open("console", O_RDONLY) == 0 ? 0 : 1;
}

/// Asks the kernel for something that it does not know.
int call_unknown(const char*) {
    asm volatile("mov x7, #-100\n\tsvc #0" ::: "x0", "x1", "x7", "memory");
    return 1;
}

/// Ends a little later, with this status.
int exit_later(const char* status) {
    sos_usleep(50'000);
    return exit_with(status);
}

/// Waits for a process that is not its child.
int wait_for_stranger(const char* pid) {
    return sos_process_wait(atoi(pid)) == atoi(pid) ? 0 : 1;
}

/// Kills the other one of its parent's children as soon as it is there.
int kill_sibling(const char*) {
    static sos_process_info_t processes[512];
    for (;;) {
        const int count = sos_process_list(processes, 512);
        for (int i = 0; i < count; ++i) {
            const sos_process_info_t& one = processes[i];
            if (one.parent != getppid() || one.pid == getpid()) continue;
            if (one.state == SOS_RUNNING) return sos_process_delete(one.pid) == 0 ? 0 : 1;
        }
    }
}

int kill_itself(const char*) {
    sos_process_delete(sos_my_id());
    return 1;
}

int environment(const char*) {
    const char* value = getenv("SOSTEST");
    return value != nullptr ? atoi(value) : 1;
}

int abort_itself(const char*) {
    abort();
}

FILE* record;

/// Leaves "ba!" in sostest.tmp: the last handler, the first one, and what was buffered.
int leave_with_handlers(const char*) {
    record = fopen("sostest.tmp", "w");
    if (record == nullptr) return 1;
    atexit([] { fputs("a!", record); });
    atexit([] { fputs("b", record); });
    exit(5);
}

int leave_orphan(const char* role) {
    return start_role(role) >= 0 ? 0 : 1;
}

constexpr struct {
    const char* name;
    int (*play)(const char*);
} roles[] = {
    {"exit", exit_with},
    {"environment", environment},
    {"abort", abort_itself},
    {"atexit", leave_with_handlers},
    {"sleep", sleep_long},
    {"spin", spin},
    {"hog", hog},
    {"compute", compute},
    {"console", read_console},
    {"read", read_file},
    {"wait", wait_for_child},
    {"null", touch_null},
    {"undefined", run_undefined},
    {"write-code", write_to_code},
    {"call-unknown", call_unknown},
    {"misaligned", jump_between},
    {"no-capability", call_without_capability},
    {"open-console", open_console},
    {"exit-later", exit_later},
    {"wait-stranger", wait_for_stranger},
    {"kill-sibling", kill_sibling},
    {"kill-itself", kill_itself},
    {"leave-orphan", leave_orphan},
    {"sparse", touch_sparsely},
    {"share-add", share_and_add},
    {"share-count", share_and_count},
    {"share-write", share_and_write},
    {"share-read-into", share_and_read_into},
    {"share-hold", share_and_hold},
    {"share-spin", share_and_spin},
    {"windows", serve_windows},
    {"write-lines", write_lines},
};

}  // namespace

pid_t start_role(const char* name, const char* argument) {
    const char* words[] = {"sostest", "--role", name, argument, nullptr};
    pid_t pid;
    const int error =
        posix_spawn(&pid, "sostest", nullptr, nullptr, const_cast<char* const*>(words), environ);
    return error == 0 ? pid : -1;
}

int play_role(const char* name, const char* argument) {
    for (const auto& role : roles) {
        if (strcmp(role.name, name) == 0) return role.play(argument);
    }
    return 99;
}

}  // namespace sostest
