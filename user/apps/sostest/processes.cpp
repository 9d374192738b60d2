// SPDX-License-Identifier: BSD-2-Clause
// Processes: how they start and end, who may wait, and that nothing of them stays behind.
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "roles.hpp"
#include "test.hpp"

namespace sostest {
namespace {

constexpr int rounds = 25;

bool waited_status(pid_t pid, int& status) {
    return waitpid(pid, &status, 0) == pid;
}

bool exit_statuses() {
    for (const int wanted : {0, 1, 7, 127, 255}) {
        char text[8];
        snprintf(text, sizeof(text), "%d", wanted);
        const pid_t pid = start_role("exit", text);
        int status;
        CHECK(pid >= 0 && waited_status(pid, status));
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == wanted);
    }
    return true;
}

bool many_exits() {
    for (int i = 0; i < 4 * rounds; ++i) {
        const pid_t pid = sos_process_create("sostest --role exit");
        CHECK(pid >= 0);
        CHECK(sos_process_wait(pid) == pid);
        CHECK(sos_process_wait(pid) == -1);
    }
    return true;
}

bool killed(pid_t pid) {
    CHECK(sos_process_delete(pid) == 0);
    int status;
    CHECK(waited_status(pid, status));
    CHECK(WIFSIGNALED(status));
    CHECK(sos_process_delete(pid) == -1);
    return true;
}

/// Kills children that do `role`, at different moments.
bool kill_all(const char* role, const char* argument) {
    for (int i = 0; i < rounds; ++i) {
        const pid_t pid = start_role(role, argument);
        CHECK(pid >= 0);
        sos_usleep(i * 4000);
        CHECK(killed(pid));
    }
    return true;
}

bool kill_running() {
    return kill_all("spin", nullptr);
}

bool kill_sleeping() {
    return kill_all("sleep", nullptr);
}

bool kill_reading_console() {
    return kill_all("console", nullptr);
}

bool kill_reading_file() {
    return kill_all("read", "sostest");
}

/// One that nobody has waited for yet is listed, without memory.
bool ended_holds_no_memory() {
    const pid_t pid = start_role("sleep");
    CHECK(pid >= 0);
    sos_usleep(20000);
    CHECK(sos_process_delete(pid) == 0);
    sos_process_info_t processes[512];
    bool ended = false;
    for (int tries = 0; tries < 100 && !ended; ++tries) {
        const int count = sos_process_list(processes, 512);
        for (int i = 0; i < count; ++i) {
            if (processes[i].pid != pid || processes[i].state != SOS_ZOMBIE) continue;
            CHECK(processes[i].resident_pages == 0 && processes[i].page_table_pages == 0);
            ended = true;
        }
        if (!ended) sos_usleep(10000);
    }
    CHECK(ended && sos_process_wait(pid) == pid);
    return true;
}

bool kill_waiting() {
    for (int i = 0; i < rounds; ++i) {
        const pid_t pid = start_role("wait");
        CHECK(pid >= 0);
        sos_usleep(i * 4000);
        CHECK(killed(pid));
    }
    // Their children are still there; nobody waits for them.
    sos_process_info_t processes[512];
    const int count = sos_process_list(processes, 512);
    for (int i = 0; i < count; ++i) {
        const bool orphan = processes[i].parent < 0 && processes[i].pid != 0;
        if (orphan && strstr(processes[i].command, "sostest") != nullptr) {
            sos_process_delete(processes[i].pid);
        }
    }
    return true;
}

bool faults_end_the_process_only() {
    for (int i = 0; i < rounds; ++i) {
        const pid_t pid = start_role("null");
        int status;
        CHECK(pid >= 0 && waited_status(pid, status));
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == 11);
    }
    return true;
}

bool kills_itself() {
    const pid_t pid = start_role("kill-itself");
    int status;
    CHECK(pid >= 0 && waited_status(pid, status) && WIFSIGNALED(status));
    return true;
}

/// The kind of fault arrives as the signal that stands for it.
bool fault_kinds() {
    constexpr struct {
        const char* role;
        int signal;
    } kinds[] = {{"null", SIGSEGV},          {"write-code", SIGSEGV}, {"undefined", SIGILL},
                 {"call-unknown", SIGILL},   {"abort", SIGABRT},      {"misaligned", SIGBUS},
                 {"no-capability", SIGSEGV}, {"kill-itself", SIGKILL}};
    for (const auto& kind : kinds) {
        const pid_t pid = start_role(kind.role);
        int status;
        CHECK(pid >= 0 && waited_status(pid, status));
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == kind.signal);
    }
    return true;
}

/// Two that kill each other: one of them at least dies, both are told of, nobody hangs.
bool mutual_kills() {
    for (int i = 0; i < rounds; ++i) {
        const pid_t first = start_role("kill-sibling");
        const pid_t second = start_role("kill-sibling");
        int status[2];
        CHECK(first >= 0 && second >= 0);
        CHECK(waited_status(first, status[0]) && waited_status(second, status[1]));
        CHECK(WIFSIGNALED(status[0]) || WIFSIGNALED(status[1]));
        CHECK(sos_process_wait(-1) == -1);
    }
    return true;
}

/// Several may wait for the same process; all are told, and its parent once more.
bool strangers_wait() {
    const pid_t pid = start_role("exit-later", "9");
    char text[12];
    snprintf(text, sizeof(text), "%d", pid);
    const pid_t waiters[] = {start_role("wait-stranger", text), start_role("wait-stranger", text)};
    int status;
    for (const pid_t waiter : waiters) {
        CHECK(waiter >= 0 && waited_status(waiter, status) && status == 0);
    }
    CHECK(waited_status(pid, status) && WEXITSTATUS(status) == 9);
    CHECK(sos_process_wait(pid) == -1);
    return true;
}

/// A child that ends before its parent is told of; one that ends after it goes without a trace.
bool orders_of_death() {
    const pid_t parent = start_role("leave-orphan", "sleep");
    int status;
    CHECK(parent >= 0 && waited_status(parent, status) && status == 0);
    static sos_process_info_t processes[512];
    const int count = sos_process_list(processes, 512);
    pid_t orphan = -1;
    for (int i = 0; i < count; ++i) {
        if (processes[i].parent < 0 && processes[i].pid != 0) orphan = processes[i].pid;
    }
    CHECK(orphan >= 0 && waitpid(orphan, &status, WNOHANG) == -1);
    CHECK(sos_process_delete(orphan) == 0);
    CHECK(sos_process_wait(orphan) == -1);  // it had no parent: there is nothing left of it

    const pid_t child = start_role("exit", "3");
    for (int tries = 0; tries < 100 && waitpid(-1, &status, WNOHANG) == 0; ++tries) {
        sos_usleep(5000);
    }
    CHECK(child >= 0 && WEXITSTATUS(status) == 3 && sos_process_wait(child) == -1);
    return true;
}

bool deletes_of_nothing() {
    for (const int pid : {-1, INT_MIN, INT_MAX, 512, 511, 100'000}) {
        CHECK(sos_process_delete(pid) == -1);
    }
    return true;
}

bool waits_for_nothing() {
    CHECK(sos_process_wait(-1) == -1);
    CHECK(sos_process_wait(sos_my_id()) == -1);
    CHECK(sos_process_wait(INT_MAX) == -1);
    CHECK(sos_process_wait(INT_MIN) == -1);
    CHECK(sos_process_wait(511) == -1);
    int status;
    CHECK(waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD);
    return true;
}

bool waits_for_any() {
    pid_t started[8];
    for (pid_t& pid : started) {
        pid = start_role("exit");
        CHECK(pid >= 0);
    }
    for (std::size_t i = 0; i < std::size(started); ++i) {
        const pid_t ended = sos_process_wait(-1);
        CHECK(ended >= 0);
        bool found = false;
        for (pid_t& pid : started) {
            if (pid != ended) continue;
            pid = -2;
            found = true;
        }
        CHECK(found);
    }
    CHECK(sos_process_wait(-1) == -1);
    const pid_t pid = start_role("sleep");
    int status;
    CHECK(pid >= 0 && waitpid(pid, &status, WNOHANG) == 0);
    return killed(pid);
}

/// waitpid with every kind of pid and options, with one child that sleeps and with none.
bool waits_with_options() {
    constexpr int untouched = 0x5a5a;
    const pid_t parent = getppid();
    const pid_t child = start_role("sleep");
    CHECK(child >= 0 && parent >= 0);
    struct Row {
        pid_t pid;
        int options;
        int error;  // 0: it says that none has ended
    };
    const auto all_right = [](std::initializer_list<Row> rows) {
        bool right = true;
        for (const Row& row : rows) {
            int status = untouched;
            errno = 0;
            const pid_t result = waitpid(row.pid, &status, row.options);
            if (result == (row.error == 0 ? 0 : -1) && errno == row.error && status == untouched)
                continue;
            printf("# waitpid(%d, %#x): %d, errno %d\n", row.pid, unsigned(row.options), result,
                   errno);
            right = false;
        }
        return right;
    };
    constexpr int other_options = WUNTRACED | WCONTINUED;
    CHECK(all_right({{child, WNOHANG, 0},
                     {-1, WNOHANG, 0},
                     {0, WNOHANG, 0},
                     {child, WNOHANG | other_options, 0},
                     {getpid(), 0, ECHILD},
                     {parent == 0 ? 1 : parent, 0, ECHILD},
                     {511, 0, ECHILD},
                     {512, 0, ECHILD},
                     {INT_MAX, 0, ECHILD},
                     {-2, 0, ECHILD},
                     {INT_MIN, 0, ECHILD},
                     {child, 0x40 | WNOHANG, EINVAL},
                     {-1, 0x10 | WNOHANG, EINVAL},
                     {INT_MIN, -1, EINVAL}}));
    CHECK(sos_process_delete(child) == 0 && waitpid(0, nullptr, other_options) == child);
    CHECK(all_right({{child, 0, ECHILD},
                     {child, WNOHANG, ECHILD},
                     {-1, 0, ECHILD},
                     {0, 0, ECHILD},
                     {-1, 0x40 | WNOHANG, EINVAL}}));
    int status;
    const pid_t next = start_role("exit", "4");
    CHECK(next >= 0 && wait(&status) == next && WEXITSTATUS(status) == 4);
    return true;
}

/// Who wants to read the console waits until its reader has closed it, or ends.
bool second_reader_waits() {
    const auto waits = [](pid_t pid) {
        sos_usleep(50'000);
        return waitpid(pid, nullptr, WNOHANG) == 0;
    };
    const int console = open("console", O_RDONLY);
    CHECK(console == 0 && open("console", O_RDONLY) == -1 && errno == EBUSY);
    CHECK(open("console", O_RDONLY | O_NONBLOCK) == -1 && errno == EBUSY);
    const pid_t next = start_role("open-console");
    int status;
    CHECK(next >= 0 && waits(next));
    CHECK(close(console) == 0 && waited_status(next, status) && status == 0);
    const pid_t reader = start_role("console");
    sos_usleep(50'000);
    CHECK(open("console", O_RDONLY | O_NONBLOCK) == -1 && errno == EAGAIN);
    const pid_t other = start_role("open-console");
    CHECK(reader >= 0 && other >= 0 && waits(other));
    CHECK(killed(reader) && waited_status(other, status) && status == 0);
    return true;
}

bool many_at_once() {
    pid_t started[40];
    for (pid_t& pid : started) {
        pid = start_role("sleep");
        CHECK(pid >= 0);
        for (const pid_t& other : started) {
            if (&other == &pid) break;
            CHECK(other != pid);
        }
    }
    sos_process_t table[512];
    CHECK(sos_process_status(table, 512) >= 41);
    CHECK(sos_process_status(table, 3) == 3);
    CHECK(sos_process_status(table, 0) == 0);
    CHECK(sos_process_status(nullptr, 10) == 0);
    for (const pid_t pid : started) CHECK(killed(pid));
    return true;
}

/// As many as there can be; then the table is full, and it empties again.
bool table_full() {
    constexpr int limit = 512;
    static pid_t started[limit];
    int count = 0;
    for (; count < limit; ++count) {
        started[count] = sos_process_create("sostest --role sleep");
        if (started[count] < 0) break;
    }
    const int reason = errno;
    printf("# %d children\n", count);
    CHECK(count > 100 && count < limit && (reason == EAGAIN || reason == ENOMEM));
    sos_process_t table[limit];
    CHECK(sos_process_status(table, limit) > count);
    for (int i = 0; i < count; ++i) CHECK(killed(started[i]));
    const pid_t again = start_role("sleep");
    return again >= 0 && killed(again);
}

bool own_entry() {
    sos_process_t table[512];
    const int count = sos_process_status(table, 512);
    for (int i = 0; i < count; ++i) {
        if (table[i].pid != sos_my_id()) continue;
        CHECK(strncmp(table[i].command, "sostest", 7) == 0);
        CHECK(table[i].size > 3 && table[i].stime > 0);
        CHECK(table[i].stime <= sos_time_stamp() / 1000);
        return true;
    }
    return fail(__FILE__, __LINE__, "own process is not in the table");
}

bool orphans_vanish() {
    for (int i = 0; i < rounds; ++i) {
        const pid_t pid = start_role("leave-orphan", "exit");
        int status;
        CHECK(pid >= 0 && waited_status(pid, status) && WEXITSTATUS(status) == 0);
    }
    return true;
}

bool creates_nothing_from_junk() {
    for (int i = 0; i < rounds; ++i) {
        for (const char* junk : {"", " ", "no-such-program", "motd", ".", "console", "motd/x"}) {
            CHECK(sos_process_create(junk) == -1);
        }
        CHECK(sos_process_create(nullptr) == -1);
    }
    pid_t pid;
    char name[] = "no-such-program";
    char* const words[] = {name, nullptr};
    CHECK(posix_spawn(&pid, "no-such-program", nullptr, nullptr, words, environ) == ENOENT);
    CHECK(posix_spawn(&pid, "motd", nullptr, nullptr, words, environ) != 0);
    return true;
}

bool argument_blocks() {
    const auto spawn = [](const char* block, std::uint64_t size, std::uint64_t argc) {
        return error_of(abi::SosSyscall::spawn, {word("sostest"), word(block), size, argc});
    };
    static char large[40'000];
    memset(large, 'x', sizeof(large) - 1);
    CHECK(spawn(large, sizeof(large), 1) == E2BIG);
    CHECK(spawn("abc", 3, 1) == EINVAL);   // no NUL at the end
    CHECK(spawn("a\0b", 4, 3) == EINVAL);  // fewer strings than argc
    CHECK(spawn("a\0b", 4, ~0ull) != 0);
    for (std::size_t i = 1; i < 5000; i += 2) large[i] = '\0';
    CHECK(spawn(large, 5000, 10) == E2BIG);  // 2500 strings
    return true;
}

bool arguments_arrive() {
    // The role turns its argument into an exit status; blanks would split a command line.
    const pid_t pid = start_role("exit", "  42  ");
    int status;
    CHECK(pid >= 0 && waited_status(pid, status) && WEXITSTATUS(status) == 42);
    const pid_t other = sos_process_create("sostest  --role   exit 43");
    CHECK(other >= 0 && waited_status(other, status) && WEXITSTATUS(status) == 43);
    return true;
}

bool identity() {
    CHECK(sos_my_id() == getpid());
    CHECK(getppid() >= 0 && getppid() != getpid());
    return true;
}

constexpr Case cases[] = {
    {"PROCESS_0001", exit_statuses, "exit statuses do not arrive"},
    {"PROCESS_0002", many_exits, "starting and ending many times goes wrong"},
    {"PROCESS_0003", kill_running, "killing a running process goes wrong"},
    {"PROCESS_0004", kill_sleeping, "killing a sleeping process goes wrong"},
    {"PROCESS_0005", kill_reading_console, "killing a console reader goes wrong"},
    {"PROCESS_0006", kill_reading_file, "killing a file reader goes wrong"},
    {"PROCESS_0007", kill_waiting, "killing a waiting process goes wrong"},
    {"PROCESS_0008", faults_end_the_process_only, "a fault does not end the process as it should"},
    {"PROCESS_0009", kills_itself, "killing oneself goes wrong"},
    {"PROCESS_0010", deletes_of_nothing, "deleting what is not there succeeds"},
    {"PROCESS_0011", waits_for_nothing, "waiting for what is not there succeeds"},
    {"PROCESS_0012", waits_for_any, "waiting for any child goes wrong"},
    {"PROCESS_0013", many_at_once, "many processes at once go wrong"},
    {"PROCESS_0014", own_entry, "the process table is wrong"},
    {"PROCESS_0015", orphans_vanish, "orphans go wrong"},
    {"PROCESS_0016", creates_nothing_from_junk, "junk starts a process"},
    {"PROCESS_0017", argument_blocks, "a bad argument block was accepted"},
    {"PROCESS_0018", arguments_arrive, "arguments do not arrive"},
    {"PROCESS_0019", identity, "pids are wrong"},
    {"PROCESS_0020", ended_holds_no_memory, "a process that ended is listed with memory"},
    {"PROCESS_0021", fault_kinds, "a death is told as another one"},
    {"PROCESS_0022", mutual_kills, "killing each other goes wrong"},
    {"PROCESS_0023", strangers_wait, "waiting for a stranger goes wrong"},
    {"PROCESS_0024", orders_of_death, "parent and child cannot die in any order"},
    {"PROCESS_0025", waits_with_options, "waitpid does not mind its options"},
    {"PROCESS_0026", second_reader_waits, "the console is not given from reader to reader"},
    {"SOAK_0002", table_full, "a full process table does not recover"},
};

}  // namespace

constinit const std::span<const Case> process_cases{cases};

}  // namespace sostest
