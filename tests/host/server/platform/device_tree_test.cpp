// SPDX-License-Identifier: BSD-2-Clause
#include "server/platform/device_tree.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "tree_builder.hpp"

namespace {

using namespace sos::platform;
using Error = DeviceTreeError;

/// The shape of QEMU's virt machine.
TreeBuilder virt() {
    TreeBuilder tree;
    tree.begin("")
        .cells("#size-cells", {2})
        .cells("#address-cells", {2})
        .string("compatible", "linux,dummy-virt")
        .begin("memory@40000000")
        .string("device_type", "memory")
        .cells("reg", {0, 0x4000'0000, 0, 0x2000'0000})
        .end();
    for (unsigned i = 2; i-- > 0;) {
        tree.begin("virtio_mmio@a000000")
            .cells("interrupts", {0, 16 + i, 1})
            .cells("reg", {0, 0xa00'0000 + 0x200 * i, 0, 0x200})
            .string("compatible", "virtio,mmio")
            .end();
    }
    tree.begin("pl031@9010000")
        .cells("interrupts", {0, 2, 4})
        .cells("reg", {0, 0x901'0000, 0, 0x1000})
        .string("compatible", std::string_view("arm,pl031\0arm,primecell", 23))
        .end()
        .begin("pl011@9040000")
        .string("status", "disabled")
        .cells("interrupts", {0, 8, 4})
        .cells("reg", {0, 0x904'0000, 0, 0x1000})
        .string("compatible", "arm,pl011")
        .end()
        .begin("pl011@9000000")
        .cells("interrupts", {0, 1, 4})
        .cells("reg", {0, 0x900'0000, 0, 0x1000})
        .string("compatible", std::string_view("arm,pl011\0arm,primecell", 23))
        .end()
        .begin("timer")
        .cells("interrupts", {1, 13, 0x104, 1, 14, 0x104, 1, 11, 0x104, 1, 10, 0x104})
        .string("compatible", std::string_view("arm,armv8-timer\0arm,armv7-timer", 31))
        .end()
        .begin("chosen")
        .string("stdout-path", "/pl011@9000000")
        .data("rng-seed", std::string_view("\x01\0\x03\x04", 4))
        .string("bootargs", "init=sosh nfs=10.0.2.2/export")
        .end();
    return tree;
}

TreeBuilder::Bytes finish(TreeBuilder tree) {
    return tree.end().token(9).build();
}

TEST(DeviceTree, FindsWhatSosNeeds) {
    const auto blob = finish(virt());
    const auto machine = read_machine(blob);
    ASSERT_TRUE(machine.has_value()) << to_string(machine.error());
    EXPECT_EQ(machine->boot_arguments, "init=sosh nfs=10.0.2.2/export");
    EXPECT_EQ(machine->stdout_path, "/pl011@9000000");
    ASSERT_EQ(machine->random_seed.size(), 4u);
    EXPECT_EQ(machine->random_seed[2], std::byte{3});
    ASSERT_EQ(machine->memory.size(), 1u);
    EXPECT_EQ(machine->memory[0], (MemoryRange{0x4000'0000, 0x2000'0000}));
    ASSERT_TRUE(machine->uart.has_value());
    EXPECT_EQ(machine->uart->window, (MemoryRange{0x900'0000, 0x1000})) << "the enabled one";
    EXPECT_EQ(machine->uart->interrupt, (Interrupt{33, InterruptTrigger::level}));
    ASSERT_TRUE(machine->clock.has_value());
    EXPECT_EQ(machine->clock->window.base, 0x901'0000u);
    ASSERT_EQ(machine->virtio.size(), 2u);
    EXPECT_EQ(machine->virtio[0].window.base, 0xa00'0000u) << "ascending";
    EXPECT_EQ(machine->virtio[1].interrupt, (Interrupt{49, InterruptTrigger::edge}));
    EXPECT_EQ(machine->physical_timer, (Interrupt{30, InterruptTrigger::level}));
}

TEST(DeviceTree, AnEmptyTreeIsAMachineWithNothing) {
    const auto blob = TreeBuilder().begin("").end().token(9).build();
    const auto machine = read_machine(blob);
    ASSERT_TRUE(machine.has_value());
    EXPECT_TRUE(machine->boot_arguments.empty());
    EXPECT_TRUE(machine->random_seed.empty());
    EXPECT_FALSE(machine->uart.has_value());
    EXPECT_TRUE(machine->memory.empty());
}

TEST(DeviceTree, CellSizesAreThoseOfTheParent) {
    TreeBuilder tree;
    tree.begin("").cells("#address-cells", {2}).cells("#size-cells", {2});
    tree.begin("soc").cells("#address-cells", {1}).cells("#size-cells", {1});
    tree.begin("serial").string("compatible", "arm,pl011").cells("reg", {0x1000, 0x100}).end();
    tree.end();
    tree.begin("memory").string("device_type", "memory");
    tree.cells("reg", {1, 0, 0, 0x1000, 2, 0, 0, 0, 3, 0, 0, 0x2000}).end();
    const auto blob = finish(tree);
    const auto machine = read_machine(blob);
    ASSERT_TRUE(machine.has_value());
    EXPECT_EQ(machine->uart->window, (MemoryRange{0x1000, 0x100}));
    EXPECT_FALSE(machine->uart->interrupt.has_value());
    ASSERT_EQ(machine->memory.size(), 2u) << "empty ranges are left out";
    EXPECT_EQ(machine->memory[1], (MemoryRange{0x3'0000'0000, 0x2000}));
}

TEST(DeviceTree, StringsWithoutNulEndWithTheirProperty) {
    TreeBuilder tree;
    tree.begin("").begin("chosen").data("bootargs", "init=x").end();
    const auto blob = finish(tree);
    const auto machine = read_machine(blob);
    ASSERT_TRUE(machine.has_value());
    EXPECT_EQ(machine->boot_arguments, "init=x");
}

struct BadHeader {
    const char* what;
    std::size_t offset;
    std::uint32_t value;
    Error expected;
};

TEST(DeviceTree, DamagedHeadersAreRefused) {
    const BadHeader table[] = {
        {"magic", 0, 0xd00dfeee, Error::bad_magic},
        {"total below the header", 4, 39, Error::too_short},
        {"total beyond the blob", 4, 0x7fff'ffff, Error::too_short},
        {"structure beyond the blob", 8, 0xffff'fff0, Error::bad_layout},
        {"structure misaligned", 8, 57, Error::bad_layout},
        {"strings beyond the blob", 12, 0xffff'ffff, Error::bad_layout},
        {"old version", 20, 16, Error::bad_version},
        {"too new", 24, 18, Error::bad_version},
        {"strings too long", 32, 0xffff'ffff, Error::bad_layout},
        {"structure too long", 36, 0xffff'ffff, Error::bad_layout},
        {"structure cut", 36, 100, Error::bad_structure},
        {"no strings", 32, 0, Error::bad_structure},
    };
    for (const BadHeader& row : table) {
        auto blob = finish(virt());
        TreeBuilder::set(blob, row.offset, row.value);
        const auto machine = read_machine(blob);
        ASSERT_FALSE(machine.has_value()) << row.what;
        EXPECT_EQ(machine.error(), row.expected) << row.what;
    }
}

struct BadTree {
    const char* what;
    TreeBuilder::Bytes blob;
    Error expected;
};

TEST(DeviceTree, DamagedStructuresAreRefused) {
    TreeBuilder deep;
    for (std::size_t i = 0; i <= Machine::max_depth; ++i) deep.begin("n");
    TreeBuilder crowd;
    crowd.begin("").cells("#address-cells", {1}).cells("#size-cells", {1});
    for (unsigned i = 0; i < 65; ++i)
        crowd.begin("v").string("compatible", "virtio,mmio").cells("reg", {i, 1}).end();
    const auto memory = [](std::initializer_list<std::uint32_t> reg, std::uint32_t address_cells) {
        TreeBuilder tree;
        tree.begin("").cells("#address-cells", {address_cells}).cells("#size-cells", {2});
        tree.begin("memory").string("device_type", "memory").cells("reg", reg).end();
        return finish(tree);
    };
    const BadTree table[] = {
        {"unknown token", TreeBuilder().begin("").token(5).end().token(9).build(),
         Error::bad_structure},
        {"no end token", TreeBuilder().begin("").end().build(), Error::bad_structure},
        {"node not ended", TreeBuilder().begin("").token(9).build(), Error::bad_structure},
        {"ended twice", TreeBuilder().begin("").end().end().token(9).build(), Error::bad_structure},
        {"two roots", TreeBuilder().begin("").end().begin("").end().token(9).build(),
         Error::bad_structure},
        {"no root", TreeBuilder().token(9).build(), Error::bad_structure},
        {"property outside", TreeBuilder().string("a", "b").token(9).build(), Error::bad_structure},
        {"property after a child",
         TreeBuilder().begin("").begin("c").end().string("a", "b").end().token(9).build(),
         Error::bad_structure},
        {"property too long", TreeBuilder().begin("").token(3).token(0xffff'fff0).token(0).build(),
         Error::bad_structure},
        {"cells of the wrong size", TreeBuilder().begin("").string("#size-cells", "").end().build(),
         Error::bad_structure},
        {"too deep", deep.build(), Error::too_deep},
        {"too many devices", finish(crowd), Error::too_many},
        {"reg cut", memory({0, 1, 2}, 2), Error::bad_structure},
        {"reg wraps", memory({~0u, ~0u, 0, 2}, 2), Error::bad_structure},
        {"too many cells", memory({0, 0, 0, 0, 0}, 3), Error::bad_structure},
        {"no address cells", memory({0, 0}, 0), Error::bad_structure},
        {"cells overflow", memory({0, 0}, ~0u), Error::bad_structure},
    };
    for (const BadTree& row : table) {
        const auto machine = read_machine(row.blob);
        ASSERT_FALSE(machine.has_value()) << row.what;
        EXPECT_EQ(machine.error(), row.expected) << row.what;
    }
}

TEST(DeviceTree, ImpossibleInterruptsAreNone) {
    for (const auto& interrupt :
         {std::initializer_list<std::uint32_t>{2, 1, 4}, {0, 988, 4}, {1, 16, 4}, {0, 1}}) {
        TreeBuilder tree;
        tree.begin("").cells("#address-cells", {1}).cells("#size-cells", {1});
        tree.begin("s").string("compatible", "arm,pl011").cells("reg", {1, 1});
        tree.cells("interrupts", interrupt).end();
        const auto blob = finish(tree);
        const auto machine = read_machine(blob);
        ASSERT_TRUE(machine.has_value());
        EXPECT_FALSE(machine->uart->interrupt.has_value());
    }
}

/// A copy of exactly `size` bytes, so that the sanitizer sees any step beyond it.
std::unique_ptr<std::byte[]> exact_copy(const TreeBuilder::Bytes& blob, std::size_t size) {
    auto copy = std::make_unique<std::byte[]>(size);
    std::copy_n(blob.begin(), size, copy.get());
    return copy;
}

TEST(DeviceTree, EveryTruncationIsRefused) {
    const auto blob = finish(virt());
    for (std::size_t size = 0; size < blob.size(); ++size) {
        const auto copy = exact_copy(blob, size);
        EXPECT_FALSE(read_machine({copy.get(), size}).has_value()) << size;
    }
}

TEST(DeviceTree, RandomDamageNeverLeadsOutside) {
    const auto blob = finish(virt());
    std::mt19937 random(3);
    unsigned read = 0;
    for (int round = 0; round < 200'000; ++round) {
        const auto copy = exact_copy(blob, blob.size());
        for (unsigned i = 0; i < 1 + random() % 4; ++i) {
            const std::size_t at = random() % blob.size();
            copy[at] = random() % 2 == 0 ? static_cast<std::byte>(random())
                                         : copy[at] ^ static_cast<std::byte>(1u << random() % 8);
        }
        const auto machine = read_machine({copy.get(), blob.size()});
        if (!machine) continue;
        ++read;
        for (char c : machine->boot_arguments) ASSERT_NE(c, '\0');
        for (const Device& device : machine->virtio)
            ASSERT_GE(device.window.base + device.window.size, device.window.base);
    }
    EXPECT_GT(read, 1000u) << "most damage hits something that does not matter";
}

}  // namespace
