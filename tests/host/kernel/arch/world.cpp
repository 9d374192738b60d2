// SPDX-License-Identifier: BSD-2-Clause
#include "world.hpp"

#include <sys/mman.h>

#include <cstring>
#include <ostream>

#include "cache.hpp"
#include "cpu_state.hpp"
#include "tlb.hpp"

namespace kernel_test {

std::vector<std::string> World::events;
std::uint64_t World::current_ttbr0;
bool World::children;
bool World::shared;
Slot* World::target_slot;
bool World::interrupts;

namespace {

std::byte* memory = nullptr;

template <typename... Arguments>
void record(const char* format, Arguments... arguments) {
    char text[80];
    std::snprintf(text, sizeof(text), format, arguments...);
    World::events.emplace_back(text);
}

unsigned long long physical(std::uint64_t kernel_address) {
    return kernel_address - arch::window_base();
}

}  // namespace

World::World() {
    void* mapped =
        mmap(nullptr, memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(mapped, MAP_FAILED);
    memory = static_cast<std::byte*>(mapped);
    events.clear();
    current_ttbr0 = 0;
    children = false;
    shared = false;
    target_slot = nullptr;
    interrupts = false;
    numbat::asid_pools = {};
    pool_ = static_cast<numbat::AsidPool*>(arch::kernel_pointer(allocate(4096)));
    numbat::asid_pools[0] = pool_;
}

World::~World() {
    munmap(memory, memory_size);
}

PAddr World::allocate(std::uint64_t size) {
    next_ = base::align_up(next_, size);
    const PAddr address{next_};
    next_ += size;
    EXPECT_LE(next_, memory_start + memory_size);
    return address;
}

std::uint64_t* World::table_at(PAddr address) {
    return static_cast<std::uint64_t*>(arch::kernel_pointer(address));
}

Slot World::make_vspace(unsigned asid) {
    std::uint64_t* root = table_at(allocate(4096));
    pool_->assign(static_cast<numbat::Asid>(asid), root);
    return slot_with(VSpaceCap::make(root, static_cast<numbat::Asid>(asid)));
}

void World::make_tables(const Slot& vspace, std::uint64_t vaddr, unsigned bits) {
    for (;;) {
        const arch::Position at = walk(vspace, vaddr);
        if (at.bits <= bits) return;
        *at.entry = arch::table_entry(allocate(4096));
    }
}

arch::Position World::walk(const Slot& vspace, std::uint64_t vaddr) {
    return arch::walk<numbat::KernelTables>(vspace.cap.as<VSpaceCap>().table(), vaddr);
}

Answer World::invoke(Slot& slot, abi::Invocation label, std::vector<std::uint64_t> words,
                     std::vector<Slot*> extra) {
    static numbat::Tcb caller;
    caller = {};
    for (unsigned i = 0; i < words.size() && i < abi::message_registers; ++i)
        caller.context.set_mr(i, words[i]);
    const auto once = [&]() -> InvocationResult {
        numbat::Invocation invocation(caller, slot, label, words.size(),
                                      numbat::InvocationKind::call);
        invocation.extra_count = static_cast<std::uint8_t>(extra.size());
        for (std::size_t i = 0; i < extra.size(); ++i) invocation.extra[i] = extra[i];
        if (slot.cap.is<FrameCap>())
            return numbat::invoke_frame(invocation, slot.cap.as<FrameCap>());
        if (slot.cap.is<PageTableCap>())
            return numbat::invoke_page_table(invocation, slot.cap.as<PageTableCap>());
        if (slot.cap.is<VSpaceCap>())
            return numbat::invoke_vspace(invocation, slot.cap.as<VSpaceCap>());
        if (slot.cap.is<numbat::AsidControlCap>()) return numbat::invoke_asid_control(invocation);
        return numbat::invoke_asid_pool(invocation, slot.cap.as<numbat::AsidPoolCap>());
    };
    InvocationResult outcome = once();
    for (rounds_ = 1; outcome && *outcome == numbat::Outcome::preempted; ++rounds_)
        outcome = once();
    if (outcome) {
        result_ = caller.context.mr(0);
        return ok();
    }
    return {outcome.error().code, outcome.error().first, outcome.error().second,
            outcome.error().failure};
}

void PrintTo(const Answer& answer, std::ostream* stream) {
    *stream << "error " << static_cast<unsigned>(answer.error) << " (" << answer.first << ", "
            << answer.second << "), lookup failure " << static_cast<unsigned>(answer.failure.type)
            << ", bits left " << unsigned{answer.failure.bits_left};
}

}  // namespace kernel_test

// The architecture and the core, as far as object code calls them.
namespace arch {

using kernel_test::physical;
using kernel_test::record;
using kernel_test::World;

std::uint64_t window_base() {
    return reinterpret_cast<std::uint64_t>(kernel_test::memory) - World::memory_start;
}

bool irq_pending() {
    return World::interrupts;
}

bool window_contains(std::uint64_t paddr) {
    return paddr >= World::memory_start && paddr < World::memory_start + World::memory_size;
}

void clear_memory(void* start, std::size_t size) {
    std::memset(start, 0, size);
    record("clear %llx", physical(reinterpret_cast<std::uint64_t>(start)));
}

std::uint64_t make_ttbr0(const Entry* table, numbat::Asid asid) {
    return physical(reinterpret_cast<std::uint64_t>(table)) | std::uint64_t{asid} << 48;
}

void leave_address_space(std::uint64_t ttbr0) {
    if (World::current_ttbr0 == ttbr0) World::current_ttbr0 = 0;
}

void publish_table_entry() {
    record("publish");
}

void tlb_invalidate_page(std::uint16_t asid, std::uint64_t vaddr) {
    record("tlb page %u %llx", unsigned{asid}, static_cast<unsigned long long>(vaddr));
}

void tlb_invalidate_asid(std::uint16_t asid) {
    record("tlb asid %u", unsigned{asid});
}

void cache_maintain(CacheOperation operation, std::uint64_t start, std::uint64_t end) {
    static constexpr const char* names[] = {"clean", "invalidate", "clean-invalidate", "unify"};
    // Ranges of user addresses are below all memory of this process.
    const bool user = start < 0x1000'0000;
    record("%s %s%llx..%llx", names[static_cast<unsigned>(operation)], user ? "user " : "",
           user ? static_cast<unsigned long long>(start) : physical(start),
           user ? static_cast<unsigned long long>(end) : physical(end));
}

AddressSpaceGuard::AddressSpaceGuard(numbat::VSpaceCap vspace) : previous_(World::current_ttbr0) {
    record("enter %u", unsigned{vspace.asid()});
}
AddressSpaceGuard::~AddressSpaceGuard() {
    record("return");
}

}  // namespace arch

namespace numbat {

using kernel_test::World;

Result<Slot*> lookup_target_slot(Cap, std::uint64_t, std::uint64_t depth, LookupSide) {
    if (depth == 0 || depth > 64) return fail::range(1, 64);
    return World::target_slot;
}

Result<void> ensure_no_children(const Slot&) {
    if (World::children) return fail::revoke_first();
    return {};
}

void insert_child(Slot& slot, Cap cap, Slot&, DerivationFlags flags) {
    EXPECT_EQ(flags, DerivationFlags::none);
    slot.cap = cap;
}

bool is_final(const Slot&) {
    return !World::shared;
}

}  // namespace numbat
