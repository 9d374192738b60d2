// SPDX-License-Identifier: BSD-2-Clause
// FakeKernel: as much of the kernel as the server's memory code can see, on the host.
//
// It keeps capabilities, untyped watermarks, derivation, page tables and mappings by the rules of
// the kernel interface, and answers with its errors. Physical memory is a memory file: what the
// server maps is really mapped into the test, at the address it asked for, so that the server's
// own pointers work; mappings of programs are recorded for the test to look at.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "abi/boot_info.hpp"
#include "abi/invocation.hpp"
#include "abi/object_type.hpp"
#include "sel4/syscalls.hpp"

namespace fake {

inline constexpr std::uint64_t memory_base = 0x4000'0000;

struct Object;

struct Cap {
    abi::CapTag tag = abi::CapTag::null;
    std::shared_ptr<Object> object;
    std::uint64_t paddr = 0;
    unsigned size_bits = 0;  // bytes of memory; for CNodes the radix is in the object
    bool device = false;
    std::uint64_t guard_bits = 0;
    std::uint64_t badge = 0;
    abi::CapRights rights = abi::rights::all;
    // untyped
    std::uint64_t watermark = 0;
    // frame, page table: mapped where
    std::uint64_t asid = 0;
    std::uint64_t vaddr = 0;
};

struct Slot {
    Cap cap;
    Slot* parent = nullptr;
    std::set<Slot*> children;
    bool empty() const { return cap.tag == abi::CapTag::null; }
};

struct Mapping {
    std::uint64_t paddr;
    std::uint64_t rights;
    std::uint64_t attributes;
    friend bool operator==(const Mapping&, const Mapping&) = default;
};

/// A kernel object: what all capabilities to it share.
struct Object {
    abi::CapTag tag = abi::CapTag::null;
    unsigned capabilities = 0;
    std::vector<Slot> slots;  // CNode
    // VSpace
    std::uint64_t asid = 0;
    std::set<std::pair<unsigned, std::uint64_t>> tables;  // level, first address >> its shift
    std::map<std::uint64_t, Mapping> pages;
    // page table
    unsigned level = 0;
};

class FakeKernel {
  public:
    /// `boot_pieces`: sizes as powers of two of the untypeds, from memory_base on.
    explicit FakeKernel(const std::vector<unsigned>& boot_pieces);
    FakeKernel(const FakeKernel&) = delete;
    FakeKernel& operator=(const FakeKernel&) = delete;
    ~FakeKernel();

    const abi::BootInfo& boot_info() const { return boot_info_; }

    sel4::Received call(std::uint64_t cptr, abi::MessageInfo info, const sel4::Words& words);

    /// The slot that a CPtr of the server names; null if there is none.
    Slot* find(std::uint64_t cptr, unsigned depth = 64);
    /// What a program's VSpace maps at an address.
    std::optional<Mapping> mapping(std::uint64_t vspace, std::uint64_t vaddr);
    std::size_t mapped_pages(std::uint64_t vspace);
    std::byte* physical(std::uint64_t paddr) { return memory_ + (paddr - memory_base); }

    std::uint64_t calls() const { return calls_; }
    std::uint64_t calls(abi::Invocation label) const {
        return calls_by_label_[static_cast<std::size_t>(label)];
    }
    /// Bytes that resets of untypeds have cleared.
    std::uint64_t bytes_cleared() const { return bytes_cleared_; }
    /// Capabilities that exist, in whatever CNode.
    std::size_t capabilities() const { return capabilities_; }

    /// The n-th call from now on (1 is the next) is refused with not_enough_memory.
    void fail_call(std::uint64_t n) { fail_at_ = calls_ + n; }

    static FakeKernel* current;

  private:
    struct Failure {
        abi::Error error;
        std::array<std::uint64_t, 3> words{};
    };
    using Outcome = std::optional<Failure>;  // nothing: success

    Outcome dispatch(Slot& invoked, abi::Invocation label, std::uint64_t* result);
    Outcome retype(Slot& untyped);
    Outcome cnode(Slot& invoked, abi::Invocation label);
    Outcome copy_like(Slot& to, abi::Invocation label);
    Outcome page_map(Slot& frame);
    Outcome page_table_map(Slot& table);
    Outcome make_pool();
    Outcome assign_asid();
    Outcome take_irq();

    std::uint64_t argument(unsigned index) const;
    Slot* extra(unsigned index);
    static Slot* resolve(Cap root, std::uint64_t index, std::uint64_t depth, bool exact);
    Object* vspace_of(std::uint64_t asid);
    void fill(Slot& slot, Cap cap, Slot* parent);
    void remove(Slot& slot);
    void revoke(Slot& slot);
    void finalise(Object& object, Cap& cap);
    void unmap_frame(Cap& frame);
    void map_server_page(const Cap& frame, std::uint64_t vaddr);
    Slot& root_slot(std::uint64_t index) { return boot_cnode_->slots[index]; }

    abi::BootInfo boot_info_{};
    std::shared_ptr<Object> boot_cnode_;
    Cap cspace_root_;
    std::map<std::uint64_t, Object*> asids_;
    std::set<std::uint64_t> irqs_;
    int memory_file_ = -1;
    std::byte* memory_ = nullptr;
    std::size_t memory_size_ = 0;
    std::uint64_t calls_ = 0;
    std::uint64_t fail_at_ = 0;
    std::uint64_t bytes_cleared_ = 0;
    std::size_t capabilities_ = 0;
    unsigned pools_ = 1;
    std::array<std::uint64_t, 64> calls_by_label_{};
    sel4::Words words_;
    abi::MessageInfo info_;
};

}  // namespace fake
