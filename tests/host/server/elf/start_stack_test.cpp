// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "elf/loader.hpp"
#include "space_test.hpp"

namespace {

using namespace sos;
using base::VAddr;
using vm::Access;

class StartStackTest : public elf_test::SpaceTest {
  protected:
    std::uint64_t word(VAddr at) {
        auto pin = space.pin(at, Access::read);
        EXPECT_TRUE(pin.has_value());
        std::uint64_t value = 0;
        if (pin) std::memcpy(&value, pin->data() + at.raw() % 4096, 8);
        return value;
    }
    std::string string(std::uint64_t at) {
        std::string text;
        while (true) {
            auto pin = space.pin(VAddr{at}, Access::read);
            if (!pin) return "?";
            const char c = static_cast<char>(pin->data()[at % 4096]);
            if (c == '\0') return text;
            text += c;
            ++at;
        }
    }

    const elf::LoadedImage image{
        .entry = VAddr{0x40'0100}, .program_headers = VAddr{0x40'0040}, .program_header_count = 3};
};

std::vector<char> block_of(const std::vector<std::string>& strings) {
    std::vector<char> block;
    for (const std::string& one : strings) {
        block.insert(block.end(), one.begin(), one.end());
        block.push_back('\0');
    }
    return block;
}

TEST_F(StartStackTest, HasArgumentsEnvironmentAndAuxv) {
    const auto block = block_of({"prog", "", "x y", "HOME=/"});
    const auto stack = elf::build_stack(
        space, image,
        {.block = block, .argc = 3, .random = {11, 12}, .clock = {.ticks = 13, .date_us = 14}});
    ASSERT_TRUE(stack.has_value());
    EXPECT_EQ(stack->raw() % 16, 0u);
    VAddr at = *stack;
    const auto next = [&] {
        const std::uint64_t value = word(at);
        at = at + 8;
        return value;
    };
    EXPECT_EQ(next(), 3u);
    EXPECT_EQ(string(next()), "prog");
    EXPECT_EQ(string(next()), "");
    EXPECT_EQ(string(next()), "x y");
    EXPECT_EQ(next(), 0u);
    EXPECT_EQ(string(next()), "HOME=/");
    EXPECT_EQ(next(), 0u);
    std::map<std::uint64_t, std::uint64_t> auxv;
    while (const std::uint64_t type = next()) auxv[type] = next();
    EXPECT_EQ(auxv[3], 0x40'0040u);
    EXPECT_EQ(auxv[4], 56u);
    EXPECT_EQ(auxv[5], 3u);
    EXPECT_EQ(auxv[6], 4096u);
    EXPECT_EQ(auxv[9], 0x40'0100u);
    EXPECT_EQ(word(VAddr{auxv[25]}), 11u);
    EXPECT_EQ(word(VAddr{auxv[25] + 8}), 12u);
    EXPECT_EQ(auxv[abi::auxv_ipc_buffer], vm::ipc_buffer_address.raw());
    EXPECT_EQ(auxv[abi::auxv_clock_ticks], 13u);
    EXPECT_EQ(auxv[abi::auxv_clock_date], 14u);
}

TEST_F(StartStackTest, NoStringsAtAll) {
    const auto stack = elf::build_stack(space, image, {.block = {}, .argc = 0});
    ASSERT_TRUE(stack.has_value());
    EXPECT_EQ(word(*stack), 0u);
    EXPECT_EQ(word(*stack + 8), 0u);
    EXPECT_EQ(word(*stack + 16), 0u);
    EXPECT_EQ(word(*stack + 24), 3u);
}

TEST_F(StartStackTest, LargestBlock) {
    std::vector<std::string> strings(1023, std::string(30, 'a'));
    strings.push_back(std::string(32768 - 1023 * 31 - 1, 'b'));
    const auto block = block_of(strings);
    ASSERT_EQ(block.size(), abi::max_argument_block);
    const auto stack = elf::build_stack(space, image, {.block = block, .argc = 1024});
    ASSERT_TRUE(stack.has_value());
    EXPECT_EQ(string(word(*stack + 8 * 1024)), strings.back());
}

TEST_F(StartStackTest, BadBlocksAreRefused) {
    const char no_end[] = {'a', 'b'};
    EXPECT_EQ(elf::check_argument_block(no_end, 1).error(), Error::bad_argument);
    EXPECT_EQ(elf::check_argument_block(block_of({"a"}), 2).error(), Error::bad_argument);
    EXPECT_EQ(elf::check_argument_block({}, 1).error(), Error::bad_argument);
    EXPECT_EQ(elf::check_argument_block(std::vector<char>(32769), 1).error(),
              Error::argument_list_too_long);
    EXPECT_EQ(elf::check_argument_block(std::vector<char>(1025), 1).error(),
              Error::argument_list_too_long);
    EXPECT_EQ(*elf::check_argument_block(block_of({"a", "b"}), 1), 2u);
}

}  // namespace
