// SPDX-License-Identifier: BSD-2-Clause
// flood NUMBER: makes one system call, the one with this number in the list below, over and over.
// Without a number: prints how many there are.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <sel4/sel4.h>
#include <sos.h>
#include <unistd.h>

#include "abi/sos_syscall.hpp"

namespace {

using Call = abi::SosSyscall;
using Word = std::uint64_t;

constexpr Word large = 4 << 20, small = 8192;
alignas(4096) char buffer[large];
const char* const here = "flood";  // this program
const char* const missing = "no_such_file";
const char* const file_name = "flood_file";
Word file, folder;

Word word(const void* pointer) {
    return reinterpret_cast<Word>(pointer);
}

Word call(Call number, Word first, Word second, Word third, Word fourth) {
    const Word words[] = {static_cast<Word>(number), first, second, third, fourth};
    for (unsigned i = 0; i < 5; ++i) seL4_SetMR(static_cast<int>(i), words[i]);
    seL4_Call(1, seL4_MessageInfo_new(0, 0, 0, 5));
    return seL4_GetMR(0) == abi::sos_reply::success ? seL4_GetMR(1) : ~Word{0};
}

struct Flood {
    Call number;
    Word arguments[4];
    bool opens = false;  // what it gives is a descriptor, to be closed again
};

void make(const Flood& flood) {
    const Word* in = flood.arguments;
    const Word result = call(flood.number, in[0], in[1], in[2], in[3]);
    if (flood.opens && result != ~Word{0}) call(Call::close, result, 0, 0, 0);
}

/// Not among them: what ends the caller or has to wait, and what other programs do for ever
/// (killmatrix). Arguments are such that all else stays as it is.
const auto& list() {
    constexpr Word any = ~Word{0}, no_hang = 1, read_write = 3, real_time = 0, get_flags = 3;
    static const Flood floods[] = {
        {Call::io_getevents, {word(buffer), 512}},
        {Call::openat, {word(file_name), O_RDWR, 0}, true},
        {Call::close, {1000}},
        {Call::getdents64, {0, word(buffer), 256}},
        {Call::read, {file, word(buffer), small}},
        {Call::fstat, {word(here), word(buffer)}},
        {Call::nanosleep, {1}},
        {Call::getitimer, {}},
        {Call::brk, {0}},
        {Call::execve, {word(missing)}},
        {Call::wait4, {any}},
        {Call::console_out, {word(buffer), 0}},
        {Call::mprotect, {word(buffer), large, read_write}},
        {Call::lseek, {file, 0, 2}},
        {Call::pread, {file, word(buffer), small, 0}},
        {Call::pread, {file, word(buffer), large, 0}},
        {Call::pwrite, {file, word(buffer), small, 0}},
        {Call::pwrite, {file, word(buffer), large, 0}},
        {Call::fstat_fd, {file, word(buffer)}},
        {Call::stat_path, {word(here), word(buffer), 0}},
        {Call::getdents, {folder, word(buffer), small}},
        {Call::unlinkat, {word(missing), 0}},
        {Call::ftruncate, {file, large}},
        {Call::mkdirat, {word(here), 0755}},
        {Call::renameat, {word(missing), word(here)}},
        {Call::fcntl, {file, get_flags, 0}},
        {Call::dup, {file}, true},
        {Call::clock_gettime, {real_time}},
        {Call::getrandom, {word(buffer), large, 0}},
        {Call::sched_yield, {}},
        {Call::spawn, {word(missing), word(buffer), 0, 0}},
        {Call::waitpid, {any, no_hang}},
        {Call::resource_count, {word(buffer)}},
        {Call::set_foreground, {any}},
        {Call::fsync, {file}},
        {Call::chdir, {word("/")}},
        {Call::getcwd, {word(buffer), small}},
        {Call::faccessat, {word(here), 1}},
        {Call::share_vm, {1, small, 0}},
        {Call::process_list, {word(buffer), 512}},
        {Call::fchmodat, {word(missing), 0644}},
        {Call::readlinkat, {word(here), word(buffer), small}},
        {Call::getppid, {}},
        {Call::sleep_until, {0}},
        {Call::paging_count, {word(buffer)}},
        {static_cast<Call>(12345), {}},
    };
    return floods;
}

}  // namespace

int main(int argc, char** argv) {
    file = static_cast<Word>(open(file_name, O_RDWR | O_CREAT, 0644));
    folder = static_cast<Word>(open("/", O_RDONLY | O_DIRECTORY));
    const auto& floods = list();
    constexpr std::size_t count = sizeof floods / sizeof floods[0];
    if (argc < 2) return std::printf("flood: %zu calls\n", count), 0;
    const std::size_t index = std::strtoul(argv[1], nullptr, 10);
    if (index >= count) return 2;
    for (;;) make(floods[index]);
}
