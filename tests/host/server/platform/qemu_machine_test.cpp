// SPDX-License-Identifier: BSD-2-Clause
// What the sources say about QEMU's virt machine, compared with the device tree of the QEMU that is
// installed.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/fdt.hpp"
#include "kernel/plat/qemu_virt/memory_map.hpp"
#include "server/platform/device_tree.hpp"

namespace {

/// The tree of the machine that ./sos run starts; empty when there is no QEMU.
std::vector<std::byte> qemu_tree() {
    namespace fs = std::filesystem;
    std::string folder = (fs::temp_directory_path() / "sos-tree-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) return {};
    const fs::path file = fs::path(folder) / "tree";
    const std::string command =
        "qemu-system-aarch64 -machine virt,gic-version=2,dumpdtb=" + file.string() +
        " -cpu cortex-a53 -m 1024 -net none -display none >/dev/null 2>&1";
    std::vector<std::byte> tree;
    if (std::system(command.c_str()) == 0) {
        std::ifstream in(file, std::ios::binary);
        for (auto c = std::istreambuf_iterator<char>(in); c != std::istreambuf_iterator<char>();
             ++c)
            tree.push_back(static_cast<std::byte>(*c));
    }
    fs::remove_all(folder);
    return tree;
}

class QemuMachine : public testing::Test {
  protected:
    void SetUp() override {
        tree_ = qemu_tree();
        if (tree_.empty()) GTEST_SKIP() << "no qemu-system-aarch64";
    }
    std::vector<std::byte> tree_;
};

TEST_F(QemuMachine, HasTheDevicesThatSosDrives) {
    using namespace sos::platform;
    const auto machine = read_machine(tree_);
    ASSERT_TRUE(machine.has_value()) << to_string(machine.error());
    ASSERT_EQ(machine->memory.size(), 1u);
    EXPECT_EQ(machine->memory[0], (MemoryRange{platform::kernel_physical_base, 1024u << 20}));
    ASSERT_TRUE(machine->uart.has_value());
    EXPECT_EQ(machine->uart->window.base, platform::uart.physical);
    EXPECT_EQ(machine->uart->interrupt, (Interrupt{33, InterruptTrigger::level}));
    ASSERT_TRUE(machine->clock.has_value());
    EXPECT_EQ(machine->virtio.size(), 32u);
    EXPECT_EQ(machine->physical_timer, (Interrupt{30, InterruptTrigger::level}));
    EXPECT_GE(machine->random_seed.size(), 32u);
}

TEST_F(QemuMachine, HasTheInterruptControllerOfTheKernel) {
    const auto tree = base::Fdt::open(tree_);
    ASSERT_TRUE(tree.has_value());
    std::span<const std::byte> reg;
    bool controller = false;
    auto cursor = tree->walk();
    for (auto item = cursor.next(); item && item->event != base::Fdt::Event::end;
         item = cursor.next()) {
        if (item->event == base::Fdt::Event::begin_node)
            controller = item->name.starts_with("intc@");
        if (controller && item->event == base::Fdt::Event::property && item->name == "reg")
            reg = item->value;
    }
    ASSERT_EQ(reg.size(), 32u);
    EXPECT_EQ(base::big_endian_32(reg.subspan(4)), platform::gic_distributor.physical);
    EXPECT_EQ(base::big_endian_32(reg.subspan(20)), platform::gic_cpu_interface.physical);
}

}  // namespace
