// SPDX-License-Identifier: BSD-2-Clause
// Runs the cases one after the other; each leaves the resource counts as it found them.
#include "abi/sos_file.hpp"
#include "base/format.hpp"
#include "cases.hpp"
#include "res/res.hpp"
#include "root/log_sink.hpp"
#include "root/panic.hpp"
#include "sel4/syscalls.hpp"
#include "thread/thread.hpp"
#include "vm/frame_table.hpp"
#include "vm/turns.hpp"

namespace server_tests {

namespace {

using namespace sos;

// What res::init may take on a machine with 1 GiB, in instructions.
constexpr std::uint64_t longest_init = 2'000'000;

unsigned passed = 0;
unsigned failed = 0;

template <typename... Arguments>
void print(std::string_view text, const Arguments&... arguments) {
    base::format_to([](char c) { sel4::debug_put_char(c); }, text, arguments...);
}

abi::ResourceCount count() {
    abi::ResourceCount counts{};
    res::count(counts);
    counts.frames = vm::frames_in_use();
    return counts;
}

void report(const char* name, const char* problem) {
    ++(problem == nullptr ? passed : failed);
    if (problem == nullptr) {
        print("TEST {} ok\n", name);
    } else {
        print("TEST {} FAIL {}\n", name, problem);
    }
}

void run(std::span<const Case> cases) {
    for (const Case& one : cases) {
        print("RUN {}\n", one.name);
        const abi::ResourceCount before = count();
        const char* problem = one.run();
        res::fail_after(0);
        if (problem == nullptr && count() != before) problem = "resources leaked";
        report(one.name, problem);
    }
}

const char* start(const abi::BootInfo& boot_info) {
    const std::uint64_t begin = nanoseconds();
    EXPECT(res::init(boot_info));
    const std::uint64_t time = nanoseconds() - begin;
    print("res::init took {} instructions\n", time);
    EXPECT(time < longest_init);
    EXPECT(vm::init_frame_table({}));
    vm::init_turns();
    return nullptr;
}

}  // namespace

}  // namespace server_tests

extern "C" [[noreturn]] void sos_main(const abi::BootInfo* boot_info) {
    using namespace server_tests;
    thread::adopt_root_thread(reinterpret_cast<abi::IpcBuffer*>(boot_info->ipc_buffer));
    print("RUN INIT_0001\n");
    const char* problem = start(*boot_info);
    report("INIT_0001", problem);
    if (problem == nullptr) {
        run(res_cases());
        run(vm_cases());
    }
    print("{} passed, {} failed\n", passed, failed);
    root::halt();
}
