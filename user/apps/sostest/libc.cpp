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
    return true;
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
    posix_spawn_file_actions_t actions;
    pid_t pid;
    CHECK(posix_spawn_file_actions_init(&actions) == 0);
    CHECK(posix_spawn_file_actions_addclose(&actions, 1) == 0);
    CHECK(posix_spawn(&pid, "hello", &actions, nullptr, words, environ) == ENOSYS);
    CHECK(posix_spawn_file_actions_destroy(&actions) == 0);
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
};

}  // namespace

constinit const std::span<const Case> libc_cases{cases};

}  // namespace sostest
