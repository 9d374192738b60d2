// SPDX-License-Identifier: BSD-2-Clause
// Every system call that takes a pointer gets every kind of bad one: an error, and the caller
// lives.
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utils/page.h>

#include "test.hpp"

namespace sostest {
namespace {

using abi::SosSyscall;

constexpr std::uint64_t bad = 0xbad0'0000'0000'0001;     // stands for the bad pointer
constexpr std::uint64_t good = 0xbad0'0000'0000'0002;    // for a good buffer of 16 KiB
constexpr std::uint64_t path = 0xbad0'0000'0000'0003;    // for the path of a file that exists
constexpr std::uint64_t file = 0xbad0'0000'0000'0004;    // for a file open for reading and writing
constexpr std::uint64_t folder = 0xbad0'0000'0000'0005;  // for the root, opened

enum class Access { string, read, write };

struct Probe {
    SosSyscall number;
    Access access;  // what SOS does with the bad pointer
    std::uint64_t arguments[4];
    unsigned count;
};

constexpr Probe probes[] = {
    {SosSyscall::io_getevents, Access::write, {bad, 8}, 2},
    {SosSyscall::openat, Access::string, {bad, 0, 0}, 3},
    {SosSyscall::getdents64, Access::write, {0, bad, 64}, 3},
    {SosSyscall::read, Access::write, {file, bad, 64}, 3},
    {SosSyscall::write, Access::read, {file, bad, 64}, 3},
    {SosSyscall::write, Access::read, {1, bad, 64}, 3},
    {SosSyscall::fstat, Access::string, {bad, good}, 2},
    {SosSyscall::fstat, Access::write, {path, bad}, 2},
    {SosSyscall::execve, Access::string, {bad}, 1},
    {SosSyscall::console_out, Access::read, {bad, 64}, 2},
    {SosSyscall::pread, Access::write, {file, bad, 64, 0}, 4},
    {SosSyscall::pwrite, Access::read, {file, bad, 64, 0}, 4},
    {SosSyscall::fstat_fd, Access::write, {file, bad}, 2},
    {SosSyscall::stat_path, Access::string, {bad, good, 0}, 3},
    {SosSyscall::stat_path, Access::write, {path, bad, 0}, 3},
    {SosSyscall::getdents, Access::write, {folder, bad, 1024}, 3},
    {SosSyscall::unlinkat, Access::string, {bad, 0}, 2},
    {SosSyscall::mkdirat, Access::string, {bad, 0700}, 2},
    {SosSyscall::renameat, Access::string, {bad, path}, 2},
    {SosSyscall::renameat, Access::string, {path, bad}, 2},
    {SosSyscall::getrandom, Access::write, {bad, 64, 0}, 3},
    {SosSyscall::spawn, Access::string, {bad, good, 0, 0}, 4},
    {SosSyscall::spawn, Access::read, {path, bad, 64, 1}, 4},
    {SosSyscall::resource_count, Access::write, {bad}, 1},
    {SosSyscall::chdir, Access::string, {bad}, 1},
    {SosSyscall::getcwd, Access::write, {bad, 4096}, 2},
    {SosSyscall::faccessat, Access::string, {bad, 0}, 2},
    {SosSyscall::process_list, Access::write, {bad, 8}, 2},
    {SosSyscall::fchmodat, Access::string, {bad, 0600}, 2},
    {SosSyscall::readlinkat, Access::string, {bad, good, 64}, 3},
};

struct Place {
    char* buffer = nullptr;  // four pages
    char* edge = nullptr;    // the end of mapped memory
    int file = -1;
    int folder = -1;
};

constexpr const char* scratch = "sostest.tmp";
const char constant[8192] = {'x'};

bool prepare(Place& place) {
    char* memory = static_cast<char*>(mmap(nullptr, 8 * PAGE_SIZE_4K, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    CHECK(memory != MAP_FAILED);
    place.buffer = memory;
    place.edge = memory + 5 * PAGE_SIZE_4K;
    memset(memory, 'x', 5 * PAGE_SIZE_4K);  // no NUL up to the edge
    CHECK(munmap(place.edge, 3 * PAGE_SIZE_4K) == 0);
    place.file = open(scratch, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(place.file >= 0);
    for (int i = 0; i < 16; ++i) {
        CHECK(write(place.file, constant, 1024) == 1024);
    }
    CHECK(lseek(place.file, 0, SEEK_SET) == 0);
    place.folder = open(".", O_RDONLY | O_DIRECTORY);
    CHECK(place.folder >= 0);
    return true;
}

bool finish(const Place& place) {
    CHECK(close(place.file) == 0 && close(place.folder) == 0);
    CHECK(unlink(scratch) == 0);
    return true;
}

sos_reply_t probe_with(const Probe& probe, const Place& place, std::uint64_t pointer) {
    std::uint64_t arguments[4] = {};
    for (unsigned i = 0; i < probe.count; ++i) {
        switch (probe.arguments[i]) {
            case bad:
                arguments[i] = pointer;
                break;
            case good:
                arguments[i] = word(place.buffer);
                break;
            case path:
                arguments[i] = word(scratch);
                break;
            case file:
                arguments[i] = static_cast<std::uint64_t>(place.file);
                break;
            case folder:
                arguments[i] = static_cast<std::uint64_t>(place.folder);
                break;
            default:
                arguments[i] = probe.arguments[i];
                break;
        }
    }
    return sos_call(static_cast<std::uint64_t>(probe.number), probe.count, arguments);
}

/// An error; or nothing done, which is how the process list says it. Where one byte of the buffer
/// is good, a transfer of that byte is right too.
bool refused(const sos_reply_t& reply, std::uint64_t good_bytes) {
    return reply.error != 0 || reply.results[0] <= good_bytes;
}

bool all_refuse(Access access, bool any_access, std::uint64_t (*pointer)(const Place&),
                std::uint64_t good_bytes) {
    Place place;
    if (!prepare(place)) return false;
    bool fine = true;
    unsigned index = 0;
    for (const Probe& probe : probes) {
        ++index;
        if (!any_access && probe.access != access) continue;
        const sos_reply_t reply = probe_with(probe, place, pointer(place));
        const bool transfers = probe.access != Access::string;
        if (refused(reply, transfers ? good_bytes : 0) && (reply.error != 0 || transfers)) {
            continue;
        }
        printf("# probe %u (call %llu) accepted it: %llu\n", index,
               static_cast<unsigned long long>(probe.number),
               static_cast<unsigned long long>(reply.results[0]));
        fine = false;
    }
    return finish(place) && fine;
}

bool null() {
    return all_refuse(
        Access::read, true, [](const Place&) -> std::uint64_t { return 0; }, 0);
}

bool small() {
    return all_refuse(
        Access::read, true, [](const Place&) -> std::uint64_t { return 8; }, 0);
}

bool unmapped() {
    return all_refuse(
        Access::read, true, [](const Place& p) { return word(p.edge); }, 0);
}

bool kernel_half() {
    return all_refuse(
        Access::read, true, [](const Place&) -> std::uint64_t { return 0xffff'ff80'4000'0000; }, 0);
}

bool last_byte() {
    return all_refuse(
        Access::read, true, [](const Place&) -> std::uint64_t { return ~0ull; }, 0);
}

bool above_user() {
    return all_refuse(
        Access::read, true, [](const Place&) -> std::uint64_t { return 0x8000'0000'0000; }, 0);
}

bool straddles_user_top() {
    return all_refuse(
        Access::read, true, [](const Place&) -> std::uint64_t { return 0x7fff'ffff'ffff; }, 0);
}

bool not_canonical() {
    return all_refuse(
        Access::read, true, [](const Place&) -> std::uint64_t { return 0x1234'5678'9abc'd000; }, 0);
}

bool straddles() {
    return all_refuse(
        Access::read, true, [](const Place& p) { return word(p.edge - 1); }, 1);
}

bool read_only() {
    return all_refuse(
        Access::write, false, [](const Place&) { return word(constant); }, 0);
}

bool text_segment() {
    return all_refuse(
        Access::write, false,
        [](const Place&) { return reinterpret_cast<std::uint64_t>(&all_refuse); }, 0);
}

/// Addresses in the user half that only SOS may use.
bool no_access() {
    return all_refuse(
        Access::read, true,
        [](const Place&) {
            static void* memory =
                mmap(nullptr, 4 * PAGE_SIZE_4K, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            return word(memory);
        },
        0);
}

bool path_too_long() {
    Place place;
    if (!prepare(place)) return false;
    bool fine = true;
    for (const Probe& probe : probes) {
        if (probe.access != Access::string) continue;
        // Five pages without a NUL, all mapped.
        const sos_reply_t reply = probe_with(probe, place, word(place.buffer));
        if (reply.error == 0) {
            printf("# call %llu took it\n", static_cast<unsigned long long>(probe.number));
            fine = false;
        }
    }
    return finish(place) && fine;
}

bool path_across_pages() {
    Place place;
    if (!prepare(place)) return false;
    char* name = place.buffer + PAGE_SIZE_4K - 3;
    strcpy(name, scratch);
    CHECK(error_of(SosSyscall::faccessat, {word(name), 0}) == 0);
    // The NUL is the last byte of mapped memory.
    name = place.edge - strlen(scratch) - 1;
    strcpy(name, scratch);
    CHECK(error_of(SosSyscall::faccessat, {word(name), 0}) == 0);
    return finish(place);
}

constexpr Case cases[] = {
    {"POINTER_0001", null, "a null pointer was accepted"},
    {"POINTER_0002", small, "a pointer to page 0 was accepted"},
    {"POINTER_0003", unmapped, "a pointer to unmapped memory was accepted"},
    {"POINTER_0004", kernel_half, "a pointer to the kernel half was accepted"},
    {"POINTER_0005", last_byte, "a pointer to the last byte was accepted"},
    {"POINTER_0006", above_user, "a pointer just above the user half was accepted"},
    {"POINTER_0007", straddles_user_top, "a buffer across the end of the user half was accepted"},
    {"POINTER_0008", not_canonical, "an address that is none was accepted"},
    {"POINTER_0009", straddles, "a buffer across the end of mapped memory was accepted"},
    {"POINTER_0010", read_only, "SOS wrote to read-only data"},
    {"POINTER_0011", text_segment, "SOS wrote to text"},
    {"POINTER_0012", no_access, "memory without access was accepted"},
    {"POINTER_0013", path_too_long, "a path without end was accepted"},
    {"POINTER_0014", path_across_pages, "a path across pages was refused"},
};

}  // namespace

constinit const std::span<const Case> pointer_cases{cases};

}  // namespace sostest
