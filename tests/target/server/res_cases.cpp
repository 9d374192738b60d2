// SPDX-License-Identifier: BSD-2-Clause
#include <array>

#include "cases.hpp"
#include "res/irq.hpp"
#include "res/owned.hpp"
#include "res/res.hpp"
#include "res/server_pages.hpp"
#include "sel4/vspace.hpp"

namespace server_tests {

namespace {

using namespace sos;

/// An owner that is a list, since there is no heap.
template <typename T, std::size_t N>
struct Many {
    std::array<T, N> items{};
    std::size_t count = 0;

    template <typename Make>
    bool fill(Make&& make) {
        while (count < N) {
            auto made = make();
            if (!made) return false;
            items[count++] = std::move(*made);
        }
        return true;
    }
    ~Many() {
        while (count > 0) items[--count] = {};
    }
};

constinit std::array<res::Slot, 9000> slots{};

const char* slots_grow() {
    const char* problem = nullptr;
    std::size_t count = 0;
    for (; count < slots.size() && problem == nullptr; ++count) {
        auto slot = res::copy(sel4::CPtr{abi::init_cap::tcb});
        if (!slot) {
            problem = "a slot could not be taken";
        } else {
            slots[count] = std::move(*slot);
        }
    }
    if (problem == nullptr && slots.back().cptr().raw() < 4096) problem = "no second CNode";
    if (problem == nullptr && sel4::debug_cap_identify(slots.back().cptr()) !=
                                  static_cast<std::uint64_t>(abi::CapTag::tcb)) {
        problem = "the capability is not there";
    }
    for (std::size_t i = 0; i < count; ++i) slots[i].reset();
    return problem;
}

const char* every_object() {
    const auto tag = [](sel4::CPtr cptr) {
        return static_cast<abi::CapTag>(sel4::debug_cap_identify(cptr));
    };
    auto tcb = res::make_tcb();
    EXPECT(tcb && tag(tcb->cptr()) == abi::CapTag::tcb);
    auto endpoint = res::make_endpoint();
    EXPECT(endpoint && tag(endpoint->cptr()) == abi::CapTag::endpoint);
    auto badged = res::mint(endpoint->cptr(), abi::rights::write, 5);
    EXPECT(badged && tag(badged->cptr()) == abi::CapTag::endpoint);
    auto notification = res::make_notification();
    EXPECT(notification && tag(notification->cptr()) == abi::CapTag::notification);
    auto cnode = res::make_cnode(6);
    EXPECT(cnode && tag(cnode->cptr()) == abi::CapTag::cnode);
    auto context = res::make_sched_context();
    EXPECT(context && tag(context->cptr()) == abi::CapTag::sched_context);
    auto reply = res::make_reply();
    EXPECT(reply && tag(reply->cptr()) == abi::CapTag::reply);
    auto vspace = res::make_vspace();
    EXPECT(vspace && tag(vspace->cptr()) == abi::CapTag::vspace);
    auto table = res::make_page_table();
    EXPECT(table && tag(table->cptr()) == abi::CapTag::page_table);
    auto frame = res::make_frame();
    EXPECT(frame && tag(frame->cptr()) == abi::CapTag::frame);
    return nullptr;
}

constinit Many<res::OwnedVSpace, 1022> spaces{};

const char* both_asid_pools() {
    const bool filled = spaces.fill([] { return res::make_vspace(); });
    const auto one_more = res::make_vspace();
    const bool refused = !one_more && one_more.error() == Error::limit_reached;
    while (spaces.count > 0) spaces.items[--spaces.count].reset();
    EXPECT(filled);
    EXPECT(refused);
    return nullptr;
}

const char* pages_are_zero_again() {
    for (int round = 0; round < 3; ++round) {
        auto pages = res::map_pages(600, res::Guard::below);
        EXPECT(pages);
        for (std::byte& b : pages->bytes()) {
            EXPECT(b == std::byte{0});
            b = std::byte{0x5a};
        }
    }
    return nullptr;
}

const char* large_pages() {
    for (int round = 0; round < 2; ++round) {
        auto pages = res::map_pages(1024 + 5);
        EXPECT(pages);
        for (std::size_t i = 0; i < pages->size(); i += 509) {
            EXPECT(pages->data()[i] == std::byte{0});
            pages->data()[i] = std::byte{1};
        }
    }
    return nullptr;
}

const char* contiguous_pages() {
    auto pages = res::map_contiguous(300);
    EXPECT(pages);
    const auto start = pages->physical_address();
    EXPECT(start);
    for (std::size_t i = 0; i < 300; ++i) {
        const auto address = sel4::page_get_address(pages->frame(i));
        EXPECT(address && *address == *start + i * res::page_size);
    }
    return nullptr;
}

const char* device_windows() {
    constexpr std::uint32_t virtio_magic = 0x7472'6976;
    const auto all = res::map_device(base::PAddr{0x0a00'0000}, 0x4000);
    EXPECT(all && all->read<std::uint32_t>(0) == virtio_magic);
    EXPECT(all->read<std::uint32_t>(0x3e00) == virtio_magic);
    const auto again = res::map_device(base::PAddr{0x0a00'3e00}, 0x200);
    EXPECT(again && again->read<std::uint32_t>(0) == virtio_magic);
    const auto memory = res::map_device(base::PAddr{0x4000'0000}, 0x1000);
    EXPECT(!memory && memory.error() == Error::bad_address);
    return nullptr;
}

const char* interrupts() {
    auto uart = res::take_irq(33, res::Trigger::level);
    EXPECT(uart);
    EXPECT(res::take_irq(33, res::Trigger::level).error() == Error::busy);
    EXPECT(res::take_irq(27, res::Trigger::level).error() == Error::busy);
    EXPECT(res::take_irq(160, res::Trigger::level).error() == Error::bad_argument);
    return nullptr;
}

const Case cases[] = {
    {"RES_0001", slots_grow},           {"RES_0002", every_object}, {"RES_0003", both_asid_pools},
    {"RES_0004", pages_are_zero_again}, {"RES_0005", large_pages},  {"RES_0006", contiguous_pages},
    {"RES_0007", device_windows},       {"RES_0008", interrupts},
};

}  // namespace

std::span<const Case> res_cases() {
    return cases;
}

}  // namespace server_tests
