// SPDX-License-Identifier: BSD-2-Clause
#include "boot/root_task.hpp"

#include <cstring>

#include "abi/boot_info.hpp"
#include "arch/contract.hpp"
#include "cap/derivation.hpp"
#include "memory_map.hpp"
#include "object/asid.hpp"
#include "object/vspace.hpp"
#include "page_table.hpp"
#include "tlb.hpp"

namespace numbat {
namespace {

constexpr unsigned cnode_bits = abi::root_cnode_bits + abi::slot_bits;
constexpr std::uint64_t slot_count = base::bit(abi::root_cnode_bits);
constexpr unsigned guard_size = abi::word_bits - abi::root_cnode_bits;
constexpr unsigned sched_context_bits = abi::min_sched_context_bits;
constexpr std::uint64_t page = 4096;

template <typename T>
T* pointer_to(std::uint64_t paddr) {
    return static_cast<T*>(arch::kernel_pointer(PAddr(paddr)));
}

/// Where things are in the root task's address space.
///
///   image          | IPC buffer | BootInfo | extra BootInfo
///   start .. end   | one page   | one page | extra_pages
struct RootLayout {
    std::uint64_t image_start = 0;
    std::uint64_t image_end = 0;
    std::uint64_t extra_size = 0;  // bytes of extra BootInfo

    constexpr std::uint64_t image_pages() const { return (image_end - image_start) / page; }
    constexpr std::uint64_t extra_pages() const { return (extra_size + page - 1) / page; }
    constexpr std::uint64_t ipc_buffer() const { return image_end; }
    constexpr std::uint64_t boot_info() const { return image_end + page; }
    constexpr std::uint64_t extra() const { return image_end + 2 * page; }
    /// The end of what the page tables cover.
    constexpr std::uint64_t end() const {
        std::uint64_t covered = 0;
        if (extra_size > 0)
            for (covered = page; covered < extra_size;) covered *= 2;
        return extra() + covered;
    }
};

class RootTask {
  public:
    RootTask(const BootArguments& arguments, std::span<const std::byte> tree, RegionSet& free,
             const RegionSet& devices)
        : arguments_(arguments), tree_(tree), free_(free), devices_(devices) {
        layout_.image_start = arguments.root_start - arguments.root_offset;
        layout_.image_end = arguments.root_end - arguments.root_offset;
        layout_.extra_size = tree.empty() ? 0 : tree.size() + sizeof(abi::BootInfoHeader);
        const bool sensible =
            base::aligned(arguments.root_start, page) && base::aligned(arguments.root_end, page) &&
            base::aligned(layout_.image_start, page) && arguments.root_start < arguments.root_end &&
            layout_.image_start < layout_.image_end;
        if (!sensible) PANIC("the loader passed a malformed root task");
        if (layout_.image_end > abi::user_top || layout_.end() > abi::user_top)
            PANIC("the root task reaches above the user address space");
    }

    void start() {
        allocate_objects();
        make_initial_caps();
        make_page_tables();
        info_->extra_bi_pages = map_pages(layout_.extra_pages(), extra_, layout_.extra());
        put(take_slot(), SchedControlCap::make());
        info_->sched_control = {next_slot_ - 1, next_slot_};
        info_->user_image_frames =
            map_pages(layout_.image_pages(), arguments_.root_start, layout_.image_start);
        arch::publish_table_entry();
        make_thread();
        make_untypeds();
        fill_extra();
    }

  private:
    std::uint64_t allocate_raw(std::uint64_t size, std::uint64_t alignment) {
        const auto paddr = free_.allocate(size, alignment);
        if (!paddr) PANIC("too little memory for the objects of the root task");
        arch::clear_memory(pointer_to<void>(*paddr), size);
        return *paddr;
    }

    /// Largest first, so that alignment costs nothing.
    void allocate_objects() {
        cnode_ = pointer_to<Slot>(allocate_raw(base::bit(cnode_bits), base::bit(cnode_bits)));
        vspace_ = pointer_to<std::uint64_t>(allocate_raw(page, page));
        asid_pool_ = allocate_raw(page, page);
        ipc_buffer_ = allocate_raw(page, page);
        boot_info_ = allocate_raw(page, page);
        if (layout_.extra_pages() > 0) extra_ = allocate_raw(layout_.extra_pages() * page, page);
        info_ = pointer_to<abi::BootInfo>(boot_info_);
    }

    std::uint64_t take_slot() {
        if (next_slot_ == slot_count) PANIC("the root task's image has more pages than its CNode");
        return next_slot_++;
    }

    Slot& slot(std::uint64_t index) { return cnode_[index]; }

    void put(std::uint64_t index, Cap cap) { insert_initial_cap(slot(index), cap); }

    void make_initial_caps() {
        auto& pool = *pointer_to<AsidPool>(asid_pool_);
        asid_ = register_boot_pool(pool, vspace_);
        put(abi::init_cap::cnode, CNodeCap::make(cnode_, abi::root_cnode_bits, 0, guard_size));
        put(abi::init_cap::vspace, VSpaceCap::make(vspace_, asid_));
        put(abi::init_cap::irq_control, IrqControlCap::make());
        put(abi::init_cap::asid_control, AsidControlCap::make());
        put(abi::init_cap::asid_pool, AsidPoolCap::make(&pool, 0));
        put(abi::init_cap::domain, DomainCap::make());
    }

    /// The tables of one level after the other, each level in ascending order.
    void make_page_tables() {
        info_->user_image_paging.start = next_slot_;
        for (unsigned bits = arch::root_bits; bits > arch::page_bits; bits -= arch::level_bits) {
            const std::uint64_t coverage = base::bit(bits);
            for (std::uint64_t at = base::align_down(layout_.image_start, coverage);
                 at < layout_.end(); at += coverage) {
                const std::uint64_t paddr = allocate_raw(page, page);
                const arch::Position position = arch::walk<KernelTables>(vspace_, at);
                ASSERT(position.bits == bits);
                *position.entry = arch::table_entry(PAddr(paddr));
                auto cap = PageTableCap::make(pointer_to<void>(paddr));
                cap.set_mapping(asid_, VAddr(at));
                put(take_slot(), cap);
            }
        }
        info_->user_image_paging.end = next_slot_;
        map_page(abi::init_cap::ipc_buffer, ipc_buffer_, layout_.ipc_buffer(),
                 abi::page_attributes::normal | abi::page_attributes::execute_never);
        map_page(abi::init_cap::boot_info_frame, boot_info_, layout_.boot_info(),
                 abi::page_attributes::normal | abi::page_attributes::execute_never);
    }

    void map_page(std::uint64_t slot_index, std::uint64_t paddr, std::uint64_t vaddr,
                  std::uint64_t attributes) {
        const arch::Position position = arch::walk<KernelTables>(vspace_, vaddr);
        ASSERT(position.bits == arch::page_bits);
        *position.entry =
            arch::user_page_entry(PAddr(paddr), position.bits, FrameRights::read_write, attributes);
        auto cap = FrameCap::make(PAddr(paddr), FrameSize::small, FrameRights::read_write, false);
        cap.set_mapping(asid_, VAddr(vaddr));
        put(slot_index, cap);
    }

    /// `count` pages in the next slots.
    abi::SlotRegion map_pages(std::uint64_t count, std::uint64_t paddr, std::uint64_t vaddr) {
        if (count == 0) return {};
        const std::uint64_t first = next_slot_;
        for (std::uint64_t i = 0; i < count; ++i)
            map_page(take_slot(), paddr + i * page, vaddr + i * page, abi::page_attributes::normal);
        return {first, next_slot_};
    }

    void make_thread() {
        tcb_ = pointer_to<Tcb>(allocate_raw(sizeof(Tcb), sizeof(Tcb)));
        const std::uint64_t size = base::bit(sched_context_bits);
        sched_context_ = pointer_to<SchedContext>(allocate_raw(size, size));
        put(abi::init_cap::tcb, TcbCap::make(*tcb_));
        put(abi::init_cap::sched_context,
            SchedContextCap::make(*sched_context_, sched_context_bits));

        arch::init_context(tcb_->context);
        tcb_->context.x[0] = layout_.boot_info();
        tcb_->context.next_pc = arguments_.root_entry;
        tcb_->context.restart_pc = arguments_.root_entry;
        tcb_->ipc_buffer = layout_.ipc_buffer();
        const auto copy = [this](TcbSlot target, Cap cap, std::uint64_t source) {
            insert_copy(tcb_->slot(target), cap, slot(source));
        };
        copy(TcbSlot::cspace, slot(abi::init_cap::cnode).cap, abi::init_cap::cnode);
        copy(TcbSlot::vspace, slot(abi::init_cap::vspace).cap, abi::init_cap::vspace);
        auto buffer = slot(abi::init_cap::ipc_buffer).cap.as<FrameCap>();
        buffer.clear_mapping();  // a copy of a frame capability is not mapped
        copy(TcbSlot::ipc_buffer, buffer, abi::init_cap::ipc_buffer);
        start_root_thread(*tcb_, *sched_context_);
    }

    /// All memory is given away here: nothing can be allocated afterwards.
    void make_untypeds() {
        info_->untyped = {next_slot_, next_slot_};
        add_untypeds(devices_.regions(), true);
        add_untypeds(free_.regions(), false);
        info_->empty = {next_slot_, slot_count};
    }

    void add_untypeds(std::span<const Region> regions, bool device) {
        const auto add = [&](std::uint64_t paddr, unsigned bits) {
            if (info_->untyped.size() == abi::max_boot_untypeds || next_slot_ == slot_count) return;
            // Marked as full: the first Retype finds no children, and clears it all before use.
            put(take_slot(), UntypedCap::make(PAddr(paddr), bits, device, base::bit(bits)));
            info_->untyped_list[info_->untyped.size()] = {
                .paddr = paddr,
                .size_bits = static_cast<std::uint8_t>(bits),
                .is_device = device ? std::uint8_t{1} : std::uint8_t{0},
                .padding = {}};
            info_->untyped.end = next_slot_;
        };
        for (const Region& region : regions)
            cut_into_powers(region, abi::min_untyped_bits, abi::max_untyped_bits, add);
    }

    void fill_extra() {
        info_->extra_len = layout_.extra_size;
        info_->num_nodes = 1;
        info_->ipc_buffer = layout_.ipc_buffer();
        info_->init_thread_cnode_size_bits = abi::root_cnode_bits;
        if (tree_.empty()) return;
        auto* header = pointer_to<abi::BootInfoHeader>(extra_);
        *header = {.id = static_cast<std::uint64_t>(abi::BootInfoChunk::fdt),
                   .len = layout_.extra_size};
        std::memcpy(header + 1, tree_.data(), tree_.size());
    }

    const BootArguments arguments_;
    const std::span<const std::byte> tree_;
    RegionSet& free_;
    const RegionSet& devices_;
    RootLayout layout_;

    Slot* cnode_ = nullptr;
    std::uint64_t* vspace_ = nullptr;
    abi::BootInfo* info_ = nullptr;
    Tcb* tcb_ = nullptr;
    SchedContext* sched_context_ = nullptr;
    std::uint64_t ipc_buffer_ = 0;  // physical
    std::uint64_t boot_info_ = 0;   // physical
    std::uint64_t extra_ = 0;       // physical, contiguous
    std::uint64_t asid_pool_ = 0;   // physical
    Asid asid_ = 0;
    std::uint64_t next_slot_ = abi::init_cap::first_dynamic;
};

}  // namespace

void start_root_task(const BootArguments& arguments, std::span<const std::byte> tree,
                     RegionSet& free, const RegionSet& devices) {
    RootTask(arguments, tree, free, devices).start();
}

}  // namespace numbat
