// SPDX-License-Identifier: BSD-2-Clause
// What programs expect of libc beyond files, memory and time.
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "roles.hpp"
#include "test.hpp"

namespace sostest {
namespace {

bool formats_numbers() {
    char text[64];
    snprintf(text, sizeof(text), "%d %5.2f %x %s %lld %zu %Lg", -1, 3.14159, 255, "text", LLONG_MIN,
             sizeof(text), 2.5L);
    CHECK(strcmp(text, "-1  3.14 ff text -9223372036854775808 64 2.5") == 0);
    CHECK(strtol("-0x7f", nullptr, 16) == -127 && strtoul("777", nullptr, 8) == 511);
    CHECK(strtod("1e3", nullptr) == 1000.0 && atof("0.25") == 0.25);
    int a = 0;
    double b = 0;
    CHECK(sscanf("12 and 3.5", "%d and %lf", &a, &b) == 2 && a == 12 && b == 3.5);
    return true;
}

bool computes() {
    volatile double two = 2;
    CHECK(fabs(sqrt(two) * sqrt(two) - 2) < 1e-12);
    CHECK(fabs(sin(1.0) * sin(1.0) + cos(1.0) * cos(1.0) - 1) < 1e-12);
    CHECK(pow(two, 10) == 1024 && fabs(exp(log(two)) - 2) < 1e-12);
    CHECK(isnan(sqrt(-two)) && isinf(1 / (two - 2)));
    return true;
}

/// The registers of the FPU are a program's own, whatever happens to run in between.
bool keeps_fp_registers() {
    const pid_t other = start_role("compute");
    CHECK(other >= 0);
    double value = 1.5;
    for (int i = 0; i < 200; ++i) {
        double kept;
        asm volatile("fmov d8, %d1\n\tfmov d31, %d1" ::"r"(0), "w"(value) : "d8", "d31");
        sos_usleep(1000);
        asm volatile("fmov %d0, d8" : "=w"(kept));
        CHECK(kept == value);
        value = value * 1.25 + 1;
        if (value > 1e6) value = 1.5;
    }
    CHECK(sos_process_delete(other) == 0 && sos_process_wait(other) == other);
    return true;
}

bool jumps() {
    static jmp_buf place;
    static volatile int count;
    const int got = setjmp(place);
    CHECK(got == count);
    count = count + 1;
    if (count < 4) longjmp(place, count);
    return true;
}

thread_local int of_thread = 42;
thread_local char zeroed_of_thread[100];

struct Constructed {
    Constructed() : value(7) {}
    int value;
};
Constructed constructed;

bool starts_with_everything_in_place() {
    CHECK(of_thread == 42 && zeroed_of_thread[99] == 0);
    of_thread = 43;
    CHECK(of_thread == 43);
    CHECK(constructed.value == 7);
    CHECK(getenv("SOSTEST_NOTHING") == nullptr);
    CHECK(setenv("SOSTEST_NOTHING", "x", 1) == 0 && strcmp(getenv("SOSTEST_NOTHING"), "x") == 0);
    return true;
}

bool environment_is_passed_on() {
    CHECK(setenv("SOSTEST", "23", 1) == 0);
    const pid_t pid = start_role("environment");
    int status;
    CHECK(pid >= 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 23);
    return true;
}

volatile int handled;

bool raises_signals() {
    CHECK(signal(SIGUSR1, [](int number) { handled = number; }) == SIG_DFL);
    CHECK(raise(SIGUSR1) == 0 && handled == SIGUSR1);
    handled = 0;
    CHECK(kill(getpid(), SIGUSR1) == 0 && handled == SIGUSR1);
    CHECK(signal(SIGUSR1, SIG_IGN) != SIG_ERR && raise(SIGUSR1) == 0);
    CHECK(kill(getpid(), 0) == 0);
    CHECK(kill(400, 0) == -1 && errno == ESRCH);
    return true;
}

bool aborts() {
    const pid_t pid = start_role("abort");
    int status;
    CHECK(pid >= 0 && waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    return true;
}

/// Handlers run last first, and buffered output is written.
bool exits_in_order() {
    unlink("sostest.tmp");
    const pid_t pid = start_role("atexit");
    int status;
    CHECK(pid >= 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
    const int file = open("sostest.tmp", O_RDONLY);
    char text[16] = {};
    CHECK(file >= 0 && read(file, text, sizeof(text)) == 3 && strcmp(text, "ba!") == 0);
    CHECK(close(file) == 0 && unlink("sostest.tmp") == 0);
    return true;
}

bool runs_shell_commands() {
    CHECK(system(nullptr) != 0);
    const int status = system("sostest --role exit 9");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    CHECK(WEXITSTATUS(system("no-such-program")) == 127);
    CHECK(WEXITSTATUS(system("sostest --role exit 3; sostest --role exit 0")) == 3);
    CHECK(WEXITSTATUS(system("sostest --role kill-itself")) == 128 + SIGKILL);
    int status_of_none;
    CHECK(waitpid(-1, &status_of_none, WNOHANG) == -1 && errno == ECHILD);
    return true;
}

/// Also where no programs are.
bool finds_programs_from_any_folder() {
    char name[] = "sostest";
    char option[] = "--role";
    char role[] = "exit";
    char wanted[] = "6";
    char* const words[] = {name, option, role, wanted, nullptr};
    const auto run = [&](const char* file) {
        pid_t pid;
        int status;
        const int error = posix_spawnp(&pid, file, nullptr, nullptr, words, environ);
        if (error != 0) return -error;
        return waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : -1;
    };
    char long_name[NAME_MAX + 2];
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    const struct {
        const char* path;  // the environment's PATH; null: none
        const char* file;
        int result;
    } rows[] = {
        {nullptr, "sostest", 6},      {"", "sostest", 6},
        {"/", "sostest", 6},          {"/none:/motd:/", "sostest", 6},
        {"/none:..", "sostest", 6},   {"/none", "sostest", -ENOENT},
        {":", "sostest", -ENOENT},  // here
        {"/none", "/sostest", 6},     {"/none", "../sostest", 6},
        {"/", "./sostest", -ENOENT},  {"/:/none", "no-such-program", -ENOENT},
        {"/none:/", "motd", -EACCES}, {"/none:/", long_name, -ENAMETOOLONG},
        {nullptr, "", -ENOENT},       {"/none:/", "", -ENOENT},
    };
    CHECK((mkdir("sostest.dir", 0755) == 0 || errno == EEXIST) && chdir("sostest.dir") == 0);
    bool right = true;
    for (const auto& row : rows) {
        if (row.path != nullptr) setenv("PATH", row.path, 1);
        if (row.path == nullptr) unsetenv("PATH");
        const int result = run(row.file);
        if (result == row.result) continue;
        printf("# PATH %s, %.40s: %d\n", row.path == nullptr ? "-" : row.path, row.file, result);
        right = false;
    }
    const int status = system("sostest --role exit 9");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    CHECK(chdir("..") == 0 && rmdir("sostest.dir") == 0);
    return right;
}

/// What is asked of posix_spawn beyond a program with arguments and an environment: done when it
/// means nothing on SOS, else refused before there is a process.
bool refuses_spawn_options() {
    using Actions = posix_spawn_file_actions_t;
    constexpr struct {
        const char* name;
        int (*add)(Actions*);
    } actions[] = {
        {"open",
         [](Actions* to) { return posix_spawn_file_actions_addopen(to, 5, "motd", O_RDONLY, 0); }},
        {"close", [](Actions* to) { return posix_spawn_file_actions_addclose(to, 1); }},
        {"dup2", [](Actions* to) { return posix_spawn_file_actions_adddup2(to, 1, 2); }},
        {"chdir", [](Actions* to) { return posix_spawn_file_actions_addchdir_np(to, "/"); }},
        {"fchdir", [](Actions* to) { return posix_spawn_file_actions_addfchdir_np(to, 3); }},
    };
    constexpr struct {
        short flags;
        int set_error;
        int spawn_error;
    } flags[] = {
        {0, 0, 0},
        {POSIX_SPAWN_RESETIDS, 0, 0},
        {POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK, 0, 0},
        {POSIX_SPAWN_USEVFORK, 0, 0},
        {POSIX_SPAWN_SETPGROUP, 0, ENOSYS},
        {POSIX_SPAWN_SETSCHEDPARAM, 0, ENOSYS},
        {POSIX_SPAWN_SETSCHEDULER, 0, ENOSYS},
        {POSIX_SPAWN_SETSID, 0, ENOSYS},
        {POSIX_SPAWN_RESETIDS | POSIX_SPAWN_SETSID, 0, ENOSYS},
        {0x4000, EINVAL, 0},
    };
    char name[] = "sostest";
    char option[] = "--role";
    char role[] = "exit";
    char* const words[] = {name, option, role, nullptr};
    const auto spawn = [&](const Actions* files, const posix_spawnattr_t* attributes) {
        pid_t pid = -1;
        const int error = posix_spawn(&pid, "sostest", files, attributes, words, environ);
        if (error == 0 && waitpid(pid, nullptr, 0) != pid) return -1;
        return error;
    };
    bool right = true;
    Actions files;
    CHECK(posix_spawn_file_actions_init(&files) == 0 && spawn(&files, nullptr) == 0);
    for (const auto& row : actions) {
        CHECK(posix_spawn_file_actions_init(&files) == 0 && row.add(&files) == 0);
        const int error = spawn(&files, nullptr);
        CHECK(posix_spawn_file_actions_destroy(&files) == 0);
        if (error == ENOSYS) continue;
        printf("# action %s: %d\n", row.name, error);
        right = false;
    }
    for (const auto& row : flags) {
        posix_spawnattr_t attributes;
        CHECK(posix_spawnattr_init(&attributes) == 0);
        const int set_error = posix_spawnattr_setflags(&attributes, row.flags);
        const int error = spawn(nullptr, &attributes);
        CHECK(posix_spawnattr_destroy(&attributes) == 0);
        if (set_error == row.set_error && error == row.spawn_error) continue;
        printf("# flags %x: %d, %d\n", unsigned(row.flags), set_error, error);
        right = false;
    }
    CHECK(posix_spawn(nullptr, "sostest", nullptr, nullptr, words, environ) == 0);
    CHECK(waitpid(-1, nullptr, 0) > 0 && waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD);
    const auto* const bad = reinterpret_cast<const char*>(16);
    pid_t pid;
    CHECK(posix_spawn(&pid, bad, nullptr, nullptr, words, environ) == EFAULT);
    CHECK(posix_spawn(&pid, "", nullptr, nullptr, words, environ) == ENOENT);
    static char large[32768];
    memset(large, 'x', sizeof(large) - 1);
    char* const large_words[] = {name, large, nullptr};
    CHECK(posix_spawn(&pid, "sostest", nullptr, nullptr, large_words, environ) == E2BIG);
    CHECK(posix_spawn(&pid, "sostest", nullptr, nullptr, words, large_words) == E2BIG);
    return right;
}

bool locks_mutexes() {
    pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
    CHECK(pthread_mutex_lock(&plain) == 0 && pthread_mutex_trylock(&plain) == EBUSY);
    CHECK(pthread_mutex_unlock(&plain) == 0);
    pthread_mutexattr_t kind;
    pthread_mutex_t recursive;
    CHECK(pthread_mutexattr_init(&kind) == 0);
    CHECK(pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE) == 0);
    CHECK(pthread_mutex_init(&recursive, &kind) == 0);
    CHECK(pthread_mutex_lock(&recursive) == 0 && pthread_mutex_lock(&recursive) == 0);
    CHECK(pthread_mutex_unlock(&recursive) == 0 && pthread_mutex_unlock(&recursive) == 0);
    pthread_t thread;
    CHECK(pthread_create(
              &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr) != 0);
    return true;
}

bool refuses_what_is_not_there() {
    CHECK(fork() == -1 && errno == ENOSYS);
    char name[] = "hello";
    char* const words[] = {name, nullptr};
    CHECK(execve("hello", words, environ) == -1 && errno == ENOSYS);
    int ends[2];
    CHECK(pipe(ends) == -1 && errno == ENOSYS);
    CHECK(popen("hello", "r") == nullptr);
    termios settings;
    CHECK(tcgetattr(STDOUT_FILENO, &settings) == -1 && errno == ENOTTY);
    siginfo_t info;
    CHECK(waitid(P_ALL, 0, &info, WEXITED) == -1 && errno == ENOSYS);
    return true;
}

bool tells_of_the_system() {
    utsname name;
    CHECK(uname(&name) == 0 && strcmp(name.sysname, "SOS") == 0);
    CHECK(strcmp(name.machine, "aarch64") == 0);
    CHECK(sysconf(_SC_PAGESIZE) == 4096 && sysconf(_SC_OPEN_MAX) == 1024);
    rlimit limit;
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 1024);
    CHECK(getuid() == geteuid());
    CHECK(clock() != static_cast<clock_t>(-1));
    CHECK(setlocale(LC_ALL, "") != nullptr);
    tm date{};
    const time_t leap_day = 951782400;
    CHECK(gmtime_r(&leap_day, &date) != nullptr && date.tm_mon == 1 && date.tm_mday == 29);
    CHECK(poll(nullptr, 0, 10) == 0);
    unsigned char random[16] = {};
    unsigned char other[16] = {};
    CHECK(getentropy(random, sizeof(random)) == 0 && getentropy(other, sizeof(other)) == 0);
    CHECK(memcmp(random, other, sizeof(random)) != 0);
    return true;
}

bool gathers_and_scatters() {
    const int file = open("sostest.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(file >= 0);
    char first[] = "abc";
    char second[] = "defgh";
    const iovec out[] = {{first, 3}, {second, 5}};
    CHECK(writev(file, out, 2) == 8 && lseek(file, 0, SEEK_SET) == 0);
    char left[5] = {};
    char right[8] = {};
    const iovec in[] = {{left, 4}, {right, 7}};
    CHECK(readv(file, in, 2) == 8);
    CHECK(strcmp(left, "abcd") == 0 && strcmp(right, "efgh") == 0);
    CHECK(close(file) == 0 && unlink("sostest.tmp") == 0);
    return true;
}

constexpr Case cases[] = {
    {"LIBC_0001", formats_numbers, "numbers are printed or read wrong"},
    {"LIBC_0002", computes, "floating point goes wrong"},
    {"LIBC_0003", keeps_fp_registers, "floating-point registers change during a system call"},
    {"LIBC_0004", jumps, "longjmp goes wrong"},
    {"LIBC_0005", starts_with_everything_in_place, "a program does not start as it should"},
    {"LIBC_0006", environment_is_passed_on, "the environment is not passed on"},
    {"LIBC_0007", raises_signals, "raising signals goes wrong"},
    {"LIBC_0008", aborts, "abort does not end the program as it should"},
    {"LIBC_0009", exits_in_order, "exit does not do what it should"},
    {"LIBC_0010", runs_shell_commands, "system goes wrong"},
    {"LIBC_0011", locks_mutexes, "mutexes go wrong"},
    {"LIBC_0012", refuses_what_is_not_there, "what SOS does not have is not refused"},
    {"LIBC_0013", tells_of_the_system, "facts about the system are wrong"},
    {"LIBC_0014", gathers_and_scatters, "readv or writev goes wrong"},
    {"LIBC_0015", finds_programs_from_any_folder, "programs are not found from any folder"},
    {"LIBC_0016", refuses_spawn_options, "what posix_spawn cannot do is not refused"},
};

}  // namespace

constinit const std::span<const Case> libc_cases{cases};

}  // namespace sostest
