// SPDX-License-Identifier: BSD-2-Clause
// libc's system calls as libsosapi turns them into SOS's: the messages that are sent, and what
// becomes of the answers.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sel4/sel4.h>
#include <signal.h>
#include <sos_system.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include <climits>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "abi/message_info.hpp"
#include "abi/sos_file.hpp"
#include "abi/sos_syscall.hpp"
#include "system_counter.hpp"
#include "user/libsosapi/src/clock.hpp"

extern "C" {
extern long (*__sos_systable[1])(long, long, long, long, long, long, long);
int sos_sys_open(const char* path, int mode);
int sos_sys_read(int file, char* buf, size_t nbyte);
void sos_sys_usleep(int usec);
int64_t sos_sys_time_stamp(void);
int sos_process_status(void* processes, unsigned max);
}

namespace {

using abi::SosSyscall;
namespace counter = sosapi::system_counter;
using Message = std::vector<std::uint64_t>;  // number and arguments

struct Answer {
    std::uint64_t status = 0;
    std::uint64_t first = 0;
    std::uint64_t second = 0;
};

std::vector<Message> sent;
std::function<Answer(const Message&)> server;
seL4_IPCBuffer ipc_buffer;

std::uint64_t number(SosSyscall call) {
    return static_cast<std::uint64_t>(call);
}

template <typename T>
std::uint64_t word(T* pointer) {
    return reinterpret_cast<std::uint64_t>(pointer);
}

template <typename T>
long as_long(T value) {
    if constexpr (std::is_null_pointer_v<T>) {
        return 0;
    } else if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<long>(value);
    } else {
        return static_cast<long>(value);
    }
}

}  // namespace

seL4_IPCBuffer* __sel4_ipc_buffer = &ipc_buffer;

void __sel4_trap(long call, seL4_Word* x0, seL4_Word* x1, seL4_Word* mr, seL4_Word, seL4_Word) {
    EXPECT_EQ(call, seL4_SysCall);
    EXPECT_EQ(*x0, abi::sos_endpoint_cptr);
    const abi::MessageInfo info{*x1};
    EXPECT_EQ(info.label(), 0u);
    EXPECT_LE(info.length(), 5u);
    Message message;
    for (unsigned i = 0; i < info.length(); ++i) {
        message.push_back(i < 4 ? mr[i] : ipc_buffer.msg[i]);
    }
    sent.push_back(message);
    const Answer answer = server ? server(message) : Answer{};
    mr[0] = answer.status;
    mr[1] = answer.first;
    mr[2] = answer.second;
}

namespace {

class Libsosapi : public testing::Test {
  protected:
    void SetUp() override {
        sent.clear();
        server = nullptr;
    }

    template <typename... Arguments>
    static long linux_call(long call, Arguments... arguments) {
        const long words[6] = {as_long(arguments)...};
        return __sos_systable[0](words[0], words[1], words[2], words[3], words[4], words[5], call);
    }

    static void answer(Answer with) {
        server = [with](const Message&) { return with; };
    }
    static void fail(int error) { answer({1, static_cast<std::uint64_t>(error), 0}); }
};

TEST_F(Libsosapi, passes_files_on) {
    answer({0, 7, 0});
    EXPECT_EQ(linux_call(57, 5), 7);
    EXPECT_EQ(linux_call(63, 5, 0x1000, 64), 7);
    EXPECT_EQ(linux_call(62, 5, -3, 1), 7);
    EXPECT_EQ(linux_call(67, 5, 0x1000, 64, 1000), 7);
    EXPECT_EQ(linux_call(25, 5, 3, 0), 7);
    const std::vector<Message> wanted = {
        {number(SosSyscall::close), 5},
        {number(SosSyscall::read), 5, 0x1000, 64},
        {number(SosSyscall::lseek), 5, ~0ull - 2, 1},
        {number(SosSyscall::pread), 5, 0x1000, 64, 1000},
        {number(SosSyscall::fcntl), 5, 3, 0},
    };
    EXPECT_EQ(sent, wanted);
}

TEST_F(Libsosapi, turns_failures_into_negative_errnos) {
    fail(ENOENT);
    EXPECT_EQ(linux_call(57, 5), -ENOENT);
    answer({1, 0, 0});
    EXPECT_EQ(linux_call(57, 5), -EPROTO) << "a failure without a reason";
    answer({1, 1ull << 40, 0});
    EXPECT_EQ(linux_call(57, 5), -EPROTO);
    fail(EIO);
    errno = 0;
    EXPECT_EQ(sos_sys_open("x", O_RDONLY), -1);
    EXPECT_EQ(errno, EIO);
}

TEST_F(Libsosapi, knows_no_other_numbers) {
    for (const long call : {0L, 1L, 59L, 198L, 220L, 221L, 222L + 1000, 511L, 512L, 0xfffL, 0x10ffL,
                            0x2000L, 0x20ffL, 0x3000L, -1L, LONG_MIN, LONG_MAX}) {
        EXPECT_EQ(linux_call(call), -ENOSYS) << call;
    }
    EXPECT_TRUE(sent.empty());
}

TEST_F(Libsosapi, passes_its_own_numbers_through) {
    linux_call(0x1015, 1, 2, 3, 4);
    linux_call(0x2000 + 214, 0x5000);
    const std::vector<Message> wanted = {{0x1015, 1, 2, 3, 4}, {214, 0x5000}};
    EXPECT_EQ(sent, wanted);
}

TEST_F(Libsosapi, opens) {
    const char* path = "file";
    linux_call(56, AT_FDCWD, path, O_WRONLY | O_CREAT, 0666);
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0], (Message{number(SosSyscall::openat), word(path), O_WRONLY | O_CREAT, 0644}));
    // Below an open folder: only absolute paths mean something.
    EXPECT_EQ(linux_call(56, 3, path, 0, 0), -ENOSYS);
    EXPECT_EQ(linux_call(56, 3, "/file", 0, 0), 0);
    sent.clear();
    sos_sys_open(path, O_RDWR);
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0][2], O_RDWR | abi::open_flags::sos_create);
    EXPECT_EQ(sent[0][3], 0600u);
}

TEST_F(Libsosapi, applies_the_creation_mask) {
    EXPECT_EQ(linux_call(166, 077), 022);
    linux_call(34, AT_FDCWD, "folder", 0777);
    EXPECT_EQ(sent.at(0)[2], 0700u);
    EXPECT_EQ(linux_call(166, 022), 077);
}

TEST_F(Libsosapi, fills_in_a_status) {
    server = [](const Message& message) -> Answer {
        auto* to = reinterpret_cast<abi::FileStatus*>(message.at(2));
        *to = {};
        to->file_id = 42;
        to->size = 5'000'000'000;
        to->used = 1025;
        to->mtime_ns = 1'500'000'000;
        to->atime_ns = -1;
        to->mode = S_IFREG | 0640;
        to->type = abi::FileType::regular;
        to->block_size = 65536;
        return {};
    };
    struct stat status;
    EXPECT_EQ(linux_call(80, 3, &status), 0);
    EXPECT_EQ(status.st_ino, 42u);
    EXPECT_EQ(status.st_size, 5'000'000'000);
    EXPECT_EQ(status.st_blocks, 3);
    EXPECT_EQ(status.st_mtim.tv_sec, 1);
    EXPECT_EQ(status.st_mtim.tv_nsec, 500'000'000);
    EXPECT_EQ(status.st_atim.tv_sec, -1);
    EXPECT_EQ(status.st_atim.tv_nsec, 999'999'999);
    EXPECT_EQ(status.st_mode, S_IFREG | 0640u);
}

TEST_F(Libsosapi, joins_small_pieces_into_one_write) {
    std::string written;
    server = [&written](const Message& message) -> Answer {
        written.assign(reinterpret_cast<const char*>(message.at(2)), message.at(3));
        return {0, message.at(3), 0};
    };
    char hello[] = "hello, ";
    char world[] = "world\n";
    const iovec pieces[] = {{hello, 7}, {nullptr, 0}, {world, 6}};
    EXPECT_EQ(linux_call(66, 1, pieces, 3), 13);
    EXPECT_EQ(written, "hello, world\n");
    EXPECT_EQ(sent.size(), 1u);
}

TEST_F(Libsosapi, writes_large_pieces_one_by_one) {
    server = [](const Message& message) -> Answer { return {0, message.at(3), 0}; };
    std::vector<char> large(100'000);
    char small[] = "x";
    const iovec pieces[] = {{nullptr, 0}, {small, 1}, {large.data(), large.size()}};
    EXPECT_EQ(linux_call(66, 1, pieces, 3), 1);
    EXPECT_EQ(linux_call(66, 1, pieces + 2, 1), 100'000);
    const iovec overflow[] = {{small, SIZE_MAX / 2}, {small, SIZE_MAX / 2}};
    EXPECT_EQ(linux_call(66, 1, overflow, 2), -EINVAL);
    EXPECT_EQ(linux_call(66, 1, pieces, -1), -EINVAL);
    EXPECT_EQ(linux_call(66, 1, pieces, 2000), -EINVAL);
}

TEST_F(Libsosapi, scatters_what_was_read) {
    server = [](const Message& message) -> Answer {
        memcpy(reinterpret_cast<char*>(message.at(2)), "abcdefg", 7);
        return {0, 7, 0};
    };
    char first[3] = {};
    char second[10] = {};
    const iovec pieces[] = {{first, 3}, {second, 10}};
    EXPECT_EQ(linux_call(65, 0, pieces, 2), 7);
    EXPECT_EQ(std::string(first, 3), "abc");
    EXPECT_STREQ(second, "defg");
    fail(EBADF);
    EXPECT_EQ(linux_call(65, 0, pieces, 2), -EBADF);
}

TEST_F(Libsosapi, bounds_transfers_of_sos_calls) {
    answer({0, 1, 0});
    char byte;
    EXPECT_EQ(sos_sys_read(3, &byte, ~0ull), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_TRUE(sent.empty());
    sos_sys_read(3, &byte, 1ull << 33);
    EXPECT_EQ(sent.at(0)[3], static_cast<std::uint64_t>(INT_MAX) & ~0xfffull);
}

TEST_F(Libsosapi, sleeps_at_least_as_long) {
    const auto slept = [](timespec time) -> std::uint64_t {
        sent.clear();
        EXPECT_EQ(linux_call(101, &time, nullptr), 0);
        return sent.empty() ? 0 : sent[0].at(1);
    };
    EXPECT_EQ(slept({0, 1}), 1u);
    EXPECT_EQ(slept({0, 1001}), 2u);
    EXPECT_EQ(slept({3, 500'000'000}), 3'500'000u);
    EXPECT_EQ(slept({10'000, 0}), 10'000'000'000u) << "more than 32 bits of microseconds";
    EXPECT_EQ(slept({LONG_MAX, 0}), static_cast<std::uint64_t>(INT64_MAX));
    EXPECT_EQ(slept({0, 0}), 0u);
    for (timespec bad : {timespec{-1, 0}, timespec{0, -1}, timespec{0, 1'000'000'000}}) {
        EXPECT_EQ(linux_call(101, &bad, nullptr), -EINVAL);
        EXPECT_EQ(linux_call(115, CLOCK_MONOTONIC, 0, &bad, nullptr), -EINVAL);
    }
    sent.clear();
    sos_sys_usleep(0);
    sos_sys_usleep(-1);
    sos_sys_usleep(INT_MIN);
    EXPECT_TRUE(sent.empty());
    sos_sys_usleep(INT_MAX);
    EXPECT_EQ(sent.at(0), (Message{number(SosSyscall::nanosleep), INT_MAX}));
}

TEST_F(Libsosapi, sleeps_until) {
    counter::hz = 1'000'000;
    counter::shown = 5'000'000;
    server = [](const Message& message) -> Answer {
        EXPECT_EQ(message[0], number(SosSyscall::sleep_until));
        EXPECT_EQ(message.at(1), 7'000'001u);
        counter::shown += (message.at(1) - counter::shown) / 2 + 1;  // early: it must sleep again
        return {};
    };
    timespec end{7, 1};
    EXPECT_EQ(linux_call(115, CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nullptr), 0);
    EXPECT_GE(counter::shown, 7'000'001u);
    EXPECT_GT(sent.size(), 2u);
    sent.clear();
    EXPECT_EQ(linux_call(115, CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nullptr), 0);
    EXPECT_TRUE(sent.empty()) << "a moment that is past";
    sosapi::clock::note_auxiliary(abi::auxv_clock_date, 1'000'000'000'000);
    counter::shown = 5'000'000;
    end = {1'000'007, 1};
    EXPECT_EQ(linux_call(115, CLOCK_REALTIME, TIMER_ABSTIME, &end, nullptr), 0);
    EXPECT_GT(sent.size(), 2u);
    sent.clear();
    end = {1'000, 0};
    EXPECT_EQ(linux_call(115, CLOCK_REALTIME, TIMER_ABSTIME, &end, nullptr), 0);
    EXPECT_TRUE(sent.empty()) << "before boot";
    EXPECT_EQ(linux_call(115, 77, 0, &end, nullptr), -EINVAL);
}

TEST_F(Libsosapi, tells_the_time_without_calls) {
    counter::hz = 62'500'000;
    sosapi::clock::note_auxiliary(abi::auxv_clock_ticks, 1000);
    sosapi::clock::note_auxiliary(abi::auxv_clock_date, 1'700'000'000'999'999);
    timespec now{};
    const auto read = [&now](long id) {
        EXPECT_EQ(linux_call(113, id, &now), 0);
        return std::pair(now.tv_sec, now.tv_nsec);
    };
    counter::shown = 1000;
    EXPECT_EQ(read(CLOCK_MONOTONIC), std::pair(0l, 0l));
    EXPECT_EQ(read(CLOCK_REALTIME), std::pair(1'700'000'000l, 999'999'000l));
    counter::shown = 1000 + 62'500'000 + 63;
    EXPECT_EQ(read(CLOCK_MONOTONIC), std::pair(1l, 1008l)) << "finer than a microsecond";
    EXPECT_EQ(read(CLOCK_BOOTTIME), std::pair(1l, 1008l));
    EXPECT_EQ(read(CLOCK_REALTIME), std::pair(1'700'000'002l, 8l)) << "nanoseconds carry";
    EXPECT_EQ(sos_sys_time_stamp(), 1'000'001);
    constexpr std::uint64_t century_s = 3'155'760'000;
    counter::shown = 1000 + 62'500'000 * century_s;
    EXPECT_EQ(read(CLOCK_MONOTONIC), std::pair(static_cast<long>(century_s), 0l));
    EXPECT_EQ(sos_sys_time_stamp(), static_cast<std::int64_t>(century_s) * 1'000'000);
    EXPECT_EQ(linux_call(114, CLOCK_MONOTONIC, &now), 0);
    EXPECT_EQ(now.tv_nsec, 16);
    EXPECT_TRUE(sent.empty());
    sosapi::clock::note_auxiliary(abi::auxv_clock_ticks, 0);
}

TEST_F(Libsosapi, waits) {
    int status = -1;
    answer({0, 9, abi::wait_status_exited(3)});
    EXPECT_EQ(linux_call(260, -1, &status, 0, nullptr), 9);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    EXPECT_EQ(linux_call(260, 0, nullptr, WNOHANG, nullptr), 9);
    EXPECT_EQ(sent.at(1), (Message{number(SosSyscall::waitpid), ~0ull, WNOHANG}));
    answer({0, 0, 77});
    status = -1;
    EXPECT_EQ(linux_call(260, -1, &status, WNOHANG, nullptr), 0);
    EXPECT_EQ(status, -1) << "none has ended, so there is no status";
    EXPECT_EQ(linux_call(260, -5, &status, 0, nullptr), -ECHILD);
}

int last_signal;

TEST_F(Libsosapi, runs_the_handler_of_a_raised_signal) {
    struct {
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)();
        std::uint64_t mask;
    } action = {[](int signal) { last_signal = signal; }, 0, nullptr, 0}, old = {};
    EXPECT_EQ(linux_call(134, SIGUSR1, &action, &old, 8), 0);
    EXPECT_EQ(old.handler, SIG_DFL);
    EXPECT_EQ(linux_call(130, 1, SIGUSR1), 0);
    EXPECT_EQ(last_signal, SIGUSR1);
    EXPECT_EQ(linux_call(130, 1, SIGCHLD), 0) << "ignored by default";
    EXPECT_EQ(linux_call(130, 2, SIGUSR1), -ESRCH);
    EXPECT_EQ(linux_call(134, SIGKILL, &action, nullptr, 8), -EINVAL);
    EXPECT_EQ(linux_call(134, 0, &action, nullptr, 8), -EINVAL);
    EXPECT_EQ(linux_call(134, 65, &action, nullptr, 8), -EINVAL);
    EXPECT_TRUE(sent.empty());
}

TEST_F(Libsosapi, maps_memory_and_copies_of_files) {
    std::vector<char> memory(8192, 'x');
    server = [&memory](const Message& message) -> Answer {
        if (message[0] == number(SosSyscall::mmap)) return {0, word(memory.data()), 0};
        if (message[0] == number(SosSyscall::pread)) {
            const std::uint64_t offset = message.at(4);
            return {0, offset == 4096 ? 1000u : 0u, 0};
        }
        return {};
    };
    const long at = static_cast<long>(word(memory.data()));
    EXPECT_EQ(linux_call(222, 0, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), at);
    EXPECT_EQ(sent.at(0)[3], static_cast<std::uint64_t>(PROT_READ));
    sent.clear();
    EXPECT_EQ(linux_call(222, 0, 8192, PROT_READ, MAP_PRIVATE, 5, 4096), at);
    ASSERT_EQ(sent.size(), 4u);
    EXPECT_EQ(sent[1], (Message{number(SosSyscall::pread), 5, word(memory.data()), 8192, 4096}));
    EXPECT_EQ(sent[3][0], number(SosSyscall::mprotect));
    EXPECT_EQ(linux_call(222, 0, 8192, PROT_READ, MAP_SHARED, 5, 0), -ENODEV);
    EXPECT_EQ(linux_call(222, 0, 8192, PROT_READ, MAP_PRIVATE, 5, 100), -EINVAL);
}

TEST_F(Libsosapi, gives_a_copy_of_a_file_back_when_it_cannot_be_read) {
    server = [](const Message& message) -> Answer {
        if (message[0] == number(SosSyscall::mmap)) return {0, 0x10000, 0};
        if (message[0] == number(SosSyscall::pread)) return {1, EISDIR, 0};
        return {};
    };
    EXPECT_EQ(linux_call(222, 0, 8192, PROT_READ, MAP_PRIVATE, 5, 0), -EISDIR);
    EXPECT_EQ(sent.back(), (Message{number(SosSyscall::munmap), 0x10000, 8192}));
}

TEST_F(Libsosapi, futexes_never_hang_without_reason) {
    int value = 5;
    EXPECT_EQ(linux_call(98, &value, 0 | 128, 4, nullptr), -EAGAIN);
    EXPECT_EQ(linux_call(98, &value, 1 | 128, 1, nullptr), 0);
    const timespec timeout{0, 1000};
    EXPECT_EQ(linux_call(98, &value, 0, 5, &timeout), -ETIMEDOUT);
    EXPECT_EQ(linux_call(98, &value, 9, 5, &timeout), -ENOSYS);
}

TEST_F(Libsosapi, process_status_reports_failure_as_none) {
    fail(EFAULT);
    EXPECT_EQ(sos_process_status(nullptr, 10), 0);
}

}  // namespace
