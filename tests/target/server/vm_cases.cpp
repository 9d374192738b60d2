// SPDX-License-Identifier: BSD-2-Clause
#include "cases.hpp"
#include "res/res.hpp"
#include "vm/address_space.hpp"

namespace server_tests {

namespace {

using namespace sos;
using namespace sos::vm;

constexpr Rights rw{.read = true, .write = true};
constexpr Rights rx{.read = true, .execute = true};
constexpr VAddr code{0x40'0000};

/// A space that gives everything back at the end of a case.
struct Space : AddressSpace {
    ~Space() { destroy(); }
};

const char* touch_everything() {
    Space space;
    EXPECT(space.init());
    EXPECT(space.add_elf_region(code, code + 0x8000, rx));
    EXPECT(space.start_heap());
    for (std::uint64_t i = 0; i < 8; ++i) {
        EXPECT(space.handle_fault(code + i * page_size, Access::execute));
    }
    const VAddr end = space.brk(VAddr{0}) + 0x4'0000;
    EXPECT(space.brk(end) == end);
    EXPECT(space.handle_fault(end - 1, Access::write));
    EXPECT(space.handle_fault(stack_top - 1, Access::write));
    EXPECT(space.handle_fault(stack_bottom, Access::read));
    const auto at = space.map(VAddr{0}, 700 * page_size, rw, Placement::anywhere);
    EXPECT(at);
    for (std::uint64_t i = 0; i < 700; ++i) {
        EXPECT(space.handle_fault(*at + i * page_size, Access::read));
        EXPECT(space.handle_fault(*at + i * page_size, Access::write));
    }
    EXPECT(space.protect(*at, 300 * page_size, {.read = true}));
    EXPECT(space.handle_fault(*at, Access::read));
    EXPECT(!space.handle_fault(*at, Access::write));
    EXPECT(space.unmap(*at + page_size, 600 * page_size));
    EXPECT(space.use().resident_pages == 1 + 8 + 1 + 2 + 100);
    return nullptr;
}

const char* pages_are_zero() {
    for (int round = 0; round < 2; ++round) {
        Space space;
        EXPECT(space.init());
        const auto at = space.map(VAddr{0}, 1500 * page_size, rw, Placement::anywhere);
        EXPECT(at);
        for (std::uint64_t i = 0; i < 1500; ++i) {
            const auto pin = space.pin(*at + i * page_size, Access::write);
            EXPECT(pin && pin->data()[0] == std::byte{0});
            EXPECT(pin->data()[i % page_size] == std::byte{0});
            pin->data()[0] = pin->data()[i % page_size] = std::byte{0x77};
        }
    }
    return nullptr;
}

const char* pins_outlive_the_space() {
    std::uint64_t token = 0;
    {
        Space space;
        EXPECT(space.init());
        auto pin = space.pin(stack_top - 8, Access::write);
        EXPECT(pin);
        token = pin->release_token();
    }
    frame_data(FrameRef{static_cast<std::uint32_t>(token)})[7] = std::byte{7};
    release_pin(token);
    return nullptr;
}

/// Makes, uses and destroys a space; false if something failed on the way.
bool use_a_space() {
    Space space;
    if (!space.init()) return false;
    if (!space.add_elf_region(code, code + 0x2000, rx)) return false;
    if (!space.handle_fault(code, Access::execute)) return false;
    return space.handle_fault(stack_top - 1, Access::write).has_value();
}

const char* each_failing_step() {
    if (res::acquisitions() == 0) return nullptr;  // a build without fault injection
    for (std::uint64_t n = 1; n < 100; ++n) {
        abi::ResourceCount before{};
        abi::ResourceCount after{};
        res::count(before);
        const std::uint32_t frames = frames_in_use();
        res::fail_after(n);
        const bool done = use_a_space();
        res::fail_after(0);
        res::count(after);
        EXPECT(before == after);
        EXPECT(frames_in_use() == frames);
        if (done) return n > 10 ? nullptr : "too few steps could fail";
    }
    return "it never succeeded";
}

const char* tables_are_bounded() {
    Space space;
    EXPECT(space.init());
    for (std::uint64_t i = 0; i < 2000; ++i) {
        const VAddr at{0x10'0000'0000 + i * (1ull << 31)};
        EXPECT(space.map(at, page_size, rw, Placement::fixed));
        const auto handled = space.handle_fault(at, Access::write);
        if (handled) continue;
        EXPECT(handled.error() == Error::limit_reached);
        EXPECT(space.use().page_table_pages <= max_table_nodes + 1);
        // What has its tables goes on.
        EXPECT(space.handle_fault(stack_top - 1, Access::write));
        return nullptr;
    }
    return "there was no bound";
}

const Case cases[] = {
    {"VM_0001", touch_everything},       {"VM_0002", pages_are_zero},
    {"VM_0003", pins_outlive_the_space}, {"VM_0004", each_failing_step},
    {"VM_0005", tables_are_bounded},
};

}  // namespace

std::span<const Case> vm_cases() {
    return cases;
}

}  // namespace server_tests
