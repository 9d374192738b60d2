// SPDX-License-Identifier: BSD-2-Clause
// A machine for object code on the host: some memory behind the kernel's window, a recorder of what
// the code does to TLB and caches, and invocations made of plain arguments.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "arch/contract.hpp"
#include "cap/derivation.hpp"
#include "cap/lookup.hpp"
#include "object/asid.hpp"
#include "object/invoke.hpp"
#include "object/vspace.hpp"
#include "page_table.hpp"

namespace kernel_test {

using numbat::Cap;
using numbat::FrameCap;
using numbat::FrameRights;
using numbat::FrameSize;
using numbat::InvocationResult;
using numbat::PAddr;
using numbat::PageTableCap;
using numbat::Slot;
using numbat::UntypedCap;
using numbat::VAddr;
using numbat::VSpaceCap;

/// What an invocation answered, in the words of the ABI.
struct Answer {
    abi::Error error = abi::Error::none;
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    numbat::LookupFailure failure{};
};

class World : public ::testing::Test {
  public:
    static constexpr std::uint64_t memory_start = 0x4000'0000;
    static constexpr std::uint64_t memory_size = 0x40'0000;
    static constexpr std::uint64_t device_start = 0x0900'0000;

    /// One line for each thing done to TLB, caches and TTBR0.
    static std::vector<std::string> events;
    /// TTBR0 as the code last left it, 0 for the empty space.
    static std::uint64_t current_ttbr0;
    /// What ensure_no_children, is_final and lookup_target_slot answer.
    static bool children;
    static bool shared;
    static Slot* target_slot;
    /// An interrupt waits at every preemption point.
    static bool interrupts;

  protected:
    World();
    ~World() override;

    /// Zeroed physical memory, aligned to its size.
    PAddr allocate(std::uint64_t size);
    std::uint64_t* table_at(PAddr address);

    Slot make_vspace(unsigned asid);
    /// Maps tables on the way to `vaddr` until entries there cover 2^bits bytes.
    void make_tables(const Slot& vspace, std::uint64_t vaddr, unsigned bits);
    arch::Position walk(const Slot& vspace, std::uint64_t vaddr);

    Answer invoke(Slot& slot, abi::Invocation label, std::vector<std::uint64_t> words = {},
                  std::vector<Slot*> extra = {});
    std::uint64_t result() const { return result_; }
    /// How often the last invocation was begun.
    unsigned rounds() const { return rounds_; }

    numbat::AsidPool& pool() { return *pool_; }

  private:
    std::uint64_t next_ = memory_start;
    numbat::AsidPool* pool_ = nullptr;
    std::uint64_t result_ = 0;
    unsigned rounds_ = 0;
};

inline Slot slot_with(Cap cap) {
    Slot slot{};
    slot.cap = cap;
    return slot;
}

inline Slot frame_slot(PAddr address, FrameSize size = FrameSize::small,
                       FrameRights rights = FrameRights::read_write, bool device = false) {
    return slot_with(FrameCap::make(address, size, rights, device));
}

inline Answer ok() {
    return {};
}
inline Answer error(abi::Error code, std::uint64_t first = 0, std::uint64_t second = 0) {
    return {code, first, second, {}};
}
inline Answer missing(std::uint64_t bits) {
    return {abi::Error::failed_lookup, 0, 0, numbat::LookupFailure::missing_capability(bits)};
}
inline Answer invalid_root() {
    return {abi::Error::failed_lookup, 0, 0, numbat::LookupFailure::invalid_root()};
}

inline bool operator==(const Answer& a, const Answer& b) {
    return a.error == b.error && a.first == b.first && a.second == b.second &&
           a.failure.type == b.failure.type && a.failure.bits_left == b.failure.bits_left;
}
void PrintTo(const Answer& answer, std::ostream* stream);

}  // namespace kernel_test
