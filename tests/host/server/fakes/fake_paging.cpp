// SPDX-License-Identifier: BSD-2-Clause
#include "fake_paging.hpp"

#include <cstdlib>
#include <cstring>

#include "fs/pager/crc32.hpp"
#include "sync/lock.hpp"
#include "vm/frame_table.hpp"
#include "vm/page_file.hpp"
#include "vm/shared_page.hpp"
#include "vm/turns.hpp"

namespace fake {

namespace {

using sos::Error;
using sos::fs::PageIo;
using sos::fs::PageIoKind;

constexpr std::size_t page_size = 4096;

void fail(PageIo& io, Error error) {
    io.failed = true;
    io.error = error;
}

void write(Paging& paging, PageIo& io) {
    if (paging.fail_writes) return fail(io, Error::no_space);
    for (std::size_t i = 0; i < io.count; ++i) {
        paging.page_file[io.slot + i].assign(io.pages[i], io.pages[i] + page_size);
        io.checksums[i] = sos::fs::crc32({io.pages[i], page_size});
    }
}

void read(Paging& paging, PageIo& io) {
    if (paging.fail_reads) return fail(io, Error::page_lost);
    for (std::size_t i = 0; i < io.count; ++i) {
        const auto found = paging.page_file.find(io.slot + i);
        if (found == paging.page_file.end()) return fail(io, Error::page_lost);
        std::memcpy(io.pages[i], found->second.data(), page_size);
        io.checksums[i] = sos::fs::crc32({io.pages[i], page_size});
    }
}

void read_executable(Paging& paging, PageIo& io) {
    if (io.version != paging.version || io.offset + io.bytes > paging.executable.size()) {
        return fail(io, Error::executable_changed);
    }
    for (std::size_t i = 0; i < io.bytes; ++i) {
        const std::size_t at = io.inside + i;
        io.pages[at / page_size][at % page_size] = paging.executable[io.offset + i];
    }
}

}  // namespace

Paging& paging() {
    static Paging instance;
    return instance;
}

bool start_vm(std::uint32_t page_frames) {
    if (!sos::vm::init_frame_table({.max_evictable = page_frames})) return false;
    sos::vm::init_turns();
    return sos::vm::init_page_file(0).has_value() && sos::vm::init_sharing().has_value();
}

void Paging::complete(std::size_t index) {
    PageIo& io = *submitted.at(index);
    submitted.erase(submitted.begin() + static_cast<std::ptrdiff_t>(index));
    io.failed = false;
    switch (io.kind) {
        case PageIoKind::write_slots:
            write(*this, io);
            break;
        case PageIoKind::read_slots:
            read(*this, io);
            break;
        case PageIoKind::read_file:
            read_executable(*this, io);
            break;
    }
    io.done(io);
}

void Paging::complete_all() {
    while (!submitted.empty()) complete();
}

void Thread::sleep() {
    ++sleeps;
    before_sleep();
    if (killed) return;
    if (!paging().submitted.empty()) {
        paging().complete(choose(paging().submitted.size()));
        return;
    }
    sos::LockGuard guard(sos::ft_lock);
    sos::vm::on_beat();
}

}  // namespace fake

namespace sos::fs {

void submit_page_io(PageIo& io) {
    fake::paging().submitted.push_back(&io);
}

void kick_page_io() {}

}  // namespace sos::fs

namespace sos::vm {

void request_beat() {
    ++fake::paging().beats_requested;
}

}  // namespace sos::vm
