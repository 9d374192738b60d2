// SPDX-License-Identifier: BSD-2-Clause
// The SOS programming interface (sos.h). Both eras' names are functions of one library; only the
// calls sos_write and sos_read stand in a file of their own, since a program may define them.
#include "sos_common.h"

#include <limits.h>
#include <sos_system.h>

#include "call.hpp"
#include "clock.hpp"
#include "file_calls.hpp"

using abi::SosSyscall;
using sosapi::call;
using sosapi::checked;

static_assert(sizeof(sos_stat_t) == sizeof(abi::SosStat));
static_assert(sizeof(sos_process_t) == sizeof(abi::SosProcess));
static_assert(sizeof(sos_process_info_t) == sizeof(abi::ProcessInfo));
static_assert(sizeof(sos_resource_count_t) == sizeof(abi::ResourceCount));
static_assert(sizeof(sos_paging_count_t) == sizeof(abi::PagingCount));
static_assert(sizeof(sos_reply_t) == sizeof(sosapi::Reply));

namespace {
constexpr unsigned new_file_mode = 0600;
}

namespace sosapi {

int open_or_create(const char* path, int flags) {
    const std::uint64_t wire = static_cast<unsigned>(flags) | abi::open_flags::sos_create;
    return static_cast<int>(checked(call<SosSyscall::openat>(path, wire, new_file_mode)));
}

long clamp_transfer(std::size_t size) {
    constexpr std::size_t most = INT_MAX & ~0xffful;  // the count is an int; keep it whole pages
    if (size > SSIZE_MAX) return -EINVAL;
    return static_cast<long>(size < most ? size : most);
}

int read_file(int file, void* data, std::size_t size) {
    const long count = clamp_transfer(size);
    if (count < 0) return static_cast<int>(checked(Reply{-count, {}}));
    const long got = windows::read(file, data, static_cast<std::size_t>(count));
    return static_cast<int>(got < 0 ? checked(Reply{-got, {}}) : got);
}

int write_file(int file, const void* data, std::size_t size) {
    const long count = clamp_transfer(size);
    if (count < 0) return static_cast<int>(checked(Reply{-count, {}}));
    const long put = windows::write(file, data, static_cast<std::size_t>(count));
    return static_cast<int>(put < 0 ? checked(Reply{-put, {}}) : put);
}

int close_file(int file) {
    return static_cast<int>(checked(call<SosSyscall::close>(file)));
}

void sleep_for(int microseconds) {
    if (microseconds > 0) call<SosSyscall::nanosleep>(static_cast<std::int64_t>(microseconds));
}

std::int64_t time_stamp() {
    return static_cast<std::int64_t>(clock::since_boot_us());
}

}  // namespace sosapi

extern "C" {

int sos_sys_open(const char* path, fmode_t mode) {
    return sosapi::open_or_create(path, mode);
}
int sos_open(const char* path, fmode_t mode) {
    return sosapi::open_or_create(path, mode);
}

int sos_sys_close(int file) {
    return sosapi::close_file(file);
}
int sos_close(int file) {
    return sosapi::close_file(file);
}

int sos_sys_read(int file, char* buf, size_t nbyte) {
    return sosapi::read_file(file, buf, nbyte);
}
int sos_sys_write(int file, const char* buf, size_t nbyte) {
    return sosapi::write_file(file, buf, nbyte);
}

void sos_sys_usleep(int usec) {
    sosapi::sleep_for(usec);
}
void sos_usleep(int usec) {
    sosapi::sleep_for(usec);
}

int64_t sos_sys_time_stamp(void) {
    return sosapi::time_stamp();
}
int64_t sos_time_stamp(void) {
    return sosapi::time_stamp();
}

int sos_getdirent(int pos, char* name, size_t nbyte) {
    return static_cast<int>(checked(call<SosSyscall::getdents64>(pos, name, nbyte)));
}

int sos_stat(const char* path, sos_stat_t* buf) {
    return static_cast<int>(checked(call<SosSyscall::fstat>(path, buf))) < 0 ? -1 : 0;
}

pid_t sos_process_create(const char* path) {
    return static_cast<pid_t>(checked(call<SosSyscall::execve>(path)));
}

int sos_process_delete(pid_t pid) {
    return checked(call<SosSyscall::kill>(pid)) < 0 ? -1 : 0;
}

pid_t sos_my_id(void) {
    return static_cast<pid_t>(checked(call<SosSyscall::getpid>()));
}

int sos_process_status(sos_process_t* processes, unsigned max) {
    const long count = checked(call<SosSyscall::io_getevents>(processes, max));
    return count < 0 ? 0 : static_cast<int>(count);
}

pid_t sos_process_wait(pid_t pid) {
    return static_cast<pid_t>(checked(call<SosSyscall::wait4>(pid)));
}

int sos_share_vm(void* adr, size_t size, int writable) {
    return checked(call<SosSyscall::share_vm>(adr, size, writable)) < 0 ? -1 : 0;
}

int sos_process_list(sos_process_info_t* processes, unsigned max) {
    return static_cast<int>(checked(call<SosSyscall::process_list>(processes, max)));
}

int sos_resource_count(sos_resource_count_t* count) {
    return checked(call<SosSyscall::resource_count>(count)) < 0 ? -1 : 0;
}

int sos_paging_count(sos_paging_count_t* count) {
    return checked(call<SosSyscall::paging_count>(count)) < 0 ? -1 : 0;
}

int sos_set_foreground(pid_t pid) {
    return checked(call<SosSyscall::set_foreground>(pid)) < 0 ? -1 : 0;
}

ssize_t sos_console_out(const void* data, size_t size) {
    return checked(call<SosSyscall::console_out>(data, size));
}

sos_reply_t sos_call(uint64_t number, unsigned count, const uint64_t* arguments) {
    const sosapi::Reply reply = sosapi::call_any(number, count > 4 ? 4 : count, arguments);
    return {reply.error, {reply.results[0], reply.results[1]}};
}
}
