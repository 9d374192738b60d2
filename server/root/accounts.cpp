// SPDX-License-Identifier: BSD-2-Clause
#include "root/accounts.hpp"

#include <string_view>

#include "fs/file_server.hpp"
#include "log/log.hpp"
#include "proc/pm_server.hpp"
#include "res/res.hpp"
#include "res/server_pages.hpp"
#include "vm/frame_table.hpp"
#include "vm/page_file.hpp"

namespace sos::root {

namespace {

constinit abi::ResourceCount at_start{};

void compare(std::string_view what, std::uint64_t before, std::uint64_t now) {
    const auto difference = static_cast<std::int64_t>(now - before);
    if (difference != 0) log::info<log::Area::sos>("leak: {} {}", what, difference);
}

}  // namespace

void count_resources(abi::ResourceCount& counts) {
    res::count(counts);
    counts.frames = vm::frames_in_use();
    counts.page_file_slots = vm::slots_in_use();
    const fs::Usage files = fs::usage();
    counts.open_files = files.open_files;
    counts.file_requests = files.requests;
    const proc::Usage processes = proc::usage();
    counts.handler_threads = processes.handler_threads;
    counts.processes = processes.processes;
    // The network stack's own come and go.
    counts.timeouts = processes.sleeps;
}

void count_server_memory(abi::PagingCount& counts) {
    const res::ServerMemory memory = res::server_memory();
    counts.server_pages = memory.used / res::page_size;
    counts.server_pages_most = memory.most / res::page_size;
    counts.server_pages_limit = memory.limit / res::page_size;
    const fs::Usage files = fs::usage();
    counts.file_cache_pages = files.cache_pages;
    counts.file_cache_frames = files.borrowed_pages;
}

void open_accounts() {
    count_resources(at_start);
}

void report_leaks() {
    abi::ResourceCount now{};
    count_resources(now);
    compare("frames", at_start.frames, now.frames);
    compare("slots", at_start.slots, now.slots);
    compare("untyped bytes", at_start.untyped_bytes, now.untyped_bytes);
    compare("page file slots", at_start.page_file_slots, now.page_file_slots);
    compare("reply objects", at_start.reply_objects, now.reply_objects);
    compare("handler threads", at_start.handler_threads, now.handler_threads);
    compare("open files", at_start.open_files, now.open_files);
    compare("file requests", at_start.file_requests, now.file_requests);
    compare("timeouts", at_start.timeouts, now.timeouts);
    compare("processes", at_start.processes, now.processes);
}

}  // namespace sos::root
