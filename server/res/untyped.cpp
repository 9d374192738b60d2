// SPDX-License-Identifier: BSD-2-Clause
#include "res/untyped.hpp"

#include <algorithm>
#include <span>

#include "abi/object_type.hpp"
#include "res/cspace.hpp"
#include "res/untyped_pool.hpp"
#include "sel4/cnode.hpp"
#include "sync/lock.hpp"

namespace sos::res {

namespace {
constinit UntypedPool pool;               // GUARDED_BY(cu_lock)
constinit std::uint64_t owned_bytes = 0;  // GUARDED_BY(cu_lock)
}  // namespace

void UntypedPool::add_block(std::uint32_t cptr, unsigned size_bits) {
    if (block_count_ == max_blocks || size_bits < page_bits) {
        counts_.unusable_bytes += base::bit(size_bits);
        return;
    }
    Block& block = blocks_[block_count_++];
    block.cptr = cptr;
    block.size_bits = static_cast<std::uint8_t>(size_bits);
    block.piece_bits = block.size_bits;
    whole_[size_bits].push_back(block);
    counts_.total_bytes += base::bit(size_bits);
    if (size_bits == block_bits) {
        ++counts_.all_blocks;
        ++counts_.free_blocks;
    }
}

Result<void> UntypedPool::add(sel4::CPtr untyped, unsigned size_bits) {
    if (size_bits <= block_bits) {
        add_block(static_cast<std::uint32_t>(untyped.raw()), size_bits);
        return {};
    }
    if (block_count_ == max_blocks) {
        counts_.unusable_bytes += base::bit(size_bits);
        return {};
    }
    // All of it in one Retype, which then leaves the clearing to the parts: memory that is never
    // used is never touched. More than 256 blocks take two steps.
    constexpr unsigned one_step_bits = block_bits + 8;
    static_assert(base::bit(8) == abi::max_retype_objects);
    const unsigned piece_bits = size_bits > one_step_bits ? one_step_bits : block_bits;
    const std::uint32_t count = 1u << (size_bits - piece_bits);
    const std::uint32_t window = TRY(detail::take_slots(count));
    const auto made = detail::retype(untyped, abi::ObjectType::untyped, piece_bits, window, count);
    if (!made) {
        detail::give_slots(window, count);
        return made;
    }
    for (std::uint32_t i = 0; i < count; ++i) TRY(add(sel4::CPtr{window + i}, piece_bits));
    return {};
}

Result<UntypedId> UntypedPool::take(unsigned size_bits) {
    ASSERT(size_bits >= smallest_untyped_bits && size_bits <= largest_untyped_bits);
    return size_bits >= run_bits || has_leftover(size_bits) ? take_large(size_bits)
                                                            : take_from_cut(size_bits);
}

/// Is there a piece, or a whole block, that comes from the boot too small for a run?
bool UntypedPool::has_leftover(unsigned size_bits) const {
    if (size_bits < page_bits) return false;
    if (!with_free_pieces_[size_bits].empty()) return true;
    const auto blocks = std::span(whole_).subspan(size_bits, run_bits - size_bits);
    return std::ranges::any_of(blocks, [](const BlockList& list) { return !list.empty(); });
}

UntypedPool::Block* UntypedPool::smallest_whole_block(unsigned least_bits) {
    for (unsigned bits = least_bits; bits <= block_bits; ++bits) {
        // Pieces are numbered with 9 bits.
        if (bits - least_bits <= 9 && !whole_[bits].empty()) return whole_[bits].front();
    }
    return nullptr;
}

Result<UntypedId> UntypedPool::take_large(unsigned size_bits) {
    Block* block = with_free_pieces_[size_bits].front();
    if (block == nullptr) {
        block = smallest_whole_block(size_bits);
        while (block == nullptr && make_whole_again()) block = smallest_whole_block(size_bits);
        if (block == nullptr) return std::unexpected(Error::no_memory);
        if (block->size_bits == size_bits) {
            whole_[size_bits].remove(*block);
            if (size_bits == block_bits) --counts_.free_blocks;
            return block_id(index_of(*block), 0);
        }
        block = TRY(cut_block(*block, size_bits));
    }
    const unsigned piece = block->pieces.take();
    if (block->pieces.free() == 0) with_free_pieces_[size_bits].remove(*block);
    return block_id(index_of(*block), piece);
}

Result<UntypedPool::Block*> UntypedPool::cut_block(Block& block, unsigned piece_bits) {
    const std::uint32_t count = 1u << (block.size_bits - piece_bits);
    // Off its list first: taking slots may need a block itself, for another CNode.
    whole_[block.size_bits].remove(block);
    const auto window = detail::take_slots(count);
    const auto made = window ? detail::retype(sel4::CPtr{block.cptr}, abi::ObjectType::untyped,
                                              piece_bits, *window, count)
                             : Result<void>(std::unexpected(window.error()));
    if (!made) {
        if (window) detail::give_slots(*window, count);
        whole_[block.size_bits].push_front(block);
        return std::unexpected(made.error());
    }
    if (block.size_bits == block_bits) --counts_.free_blocks;
    block.window = *window;
    block.piece_bits = static_cast<std::uint8_t>(piece_bits);
    block.pieces.reset(count);
    with_free_pieces_[piece_bits].push_back(block);
    return &block;
}

Result<UntypedId> UntypedPool::take_from_cut(unsigned size_bits) {
    Cut* cut = cuts_with_free_pieces_[size_bits].front();
    if (cut == nullptr) {
        const Result<Cut*> made = make_cut(size_bits);
        // The search for memory may have set free a piece of just this size.
        cut = made ? *made : cuts_with_free_pieces_[size_bits].front();
        if (cut == nullptr) return std::unexpected(made.error());
    }
    const unsigned piece = cut->pieces.take();
    if (cut->pieces.free() == 0) cuts_with_free_pieces_[size_bits].remove(*cut);
    return cut_id(index_of(*cut), piece);
}

Result<UntypedPool::Cut*> UntypedPool::make_cut(unsigned piece_bits) {
    const UntypedId memory = TRY(take(cut_bits(piece_bits)));
    Cut* cut = unused_cuts_.pop_front();
    if (cut == nullptr && cut_count_ < max_cuts) cut = &cuts_[cut_count_++];
    const std::uint32_t count = 1u << (cut_bits(piece_bits) - piece_bits);
    auto window = cut != nullptr ? detail::take_slots(count)
                                 : Result<std::uint32_t>(std::unexpected(Error::no_memory));
    auto made =
        window ? detail::retype(cptr(memory), abi::ObjectType::untyped, piece_bits, *window, count)
               : Result<void>(std::unexpected(window.error()));
    if (!made) {
        if (window) detail::give_slots(*window, count);
        if (cut != nullptr) unused_cuts_.push_front(*cut);
        give(memory);
        return std::unexpected(made.error());
    }
    cut->memory = memory;
    cut->window = *window;
    cut->piece_bits = static_cast<std::uint8_t>(piece_bits);
    cut->pieces.reset(count);
    cuts_with_free_pieces_[piece_bits].push_back(*cut);
    return cut;
}

void UntypedPool::give(UntypedId id) {
    const unsigned piece = piece_of(id);
    if (of_cut(id)) {
        Cut& cut = cuts_[(id.raw() & ~cut_flag) >> 8];
        if (cut.pieces.free() == 0) cuts_with_free_pieces_[cut.piece_bits].push_front(cut);
        cut.pieces.give(piece);
        return;
    }
    Block& block = blocks_[id.raw() >> 9];
    if (block.piece_bits == block.size_bits) {
        whole_[block.size_bits].push_front(block);
        if (block.size_bits == block_bits) ++counts_.free_blocks;
        return;
    }
    if (block.pieces.free() == 0) with_free_pieces_[block.piece_bits].push_front(block);
    block.pieces.give(piece);
}

/// Joins everything that was cut and is unused again. False if there was nothing to join.
bool UntypedPool::make_whole_again() {
    bool joined = false;
    // Small objects before pages: the pages that become free that way may complete a run.
    for (auto& list : cuts_with_free_pieces_) {
        for (Cut* cut = list.front(); cut != nullptr;) {
            Cut* next = CutList::next(*cut);
            if (cut->pieces.free() == 1u << (cut_bits(cut->piece_bits) - cut->piece_bits)) {
                list.remove(*cut);
                join(*cut);
                joined = true;
            }
            cut = next;
        }
    }
    for (auto& list : with_free_pieces_) {
        for (Block* block = list.front(); block != nullptr;) {
            Block* next = BlockList::next(*block);
            if (block->pieces.free() == 1u << (block->size_bits - block->piece_bits)) {
                list.remove(*block);
                join(*block);
                joined = true;
            }
            block = next;
        }
    }
    return joined;
}

void UntypedPool::join(Cut& cut) {
    // The pieces are the children of its untyped; nothing else was made from it.
    MUST(sel4::cnode_revoke(path(cptr(cut.memory))));
    detail::give_slots(cut.window, 1u << (cut_bits(cut.piece_bits) - cut.piece_bits));
    give(cut.memory);
    unused_cuts_.push_front(cut);
}

void UntypedPool::join(Block& block) {
    MUST(sel4::cnode_revoke(path(sel4::CPtr{block.cptr})));
    detail::give_slots(block.window, 1u << (block.size_bits - block.piece_bits));
    block.piece_bits = block.size_bits;
    whole_[block.size_bits].push_back(block);
    if (block.size_bits == block_bits) ++counts_.free_blocks;
}

sel4::CPtr UntypedPool::cptr(UntypedId id) const {
    if (of_cut(id)) return sel4::CPtr{cut_of(id).window + piece_of(id)};
    const Block& block = block_of(id);
    return sel4::CPtr{block.piece_bits == block.size_bits ? block.cptr
                                                          : block.window + piece_of(id)};
}

unsigned UntypedPool::size_bits(UntypedId id) const {
    return of_cut(id) ? cut_of(id).piece_bits : block_of(id).piece_bits;
}

namespace detail {

Result<UntypedId> take_memory(unsigned size_bits) {
    return pool.take(size_bits);
}

void give_memory(UntypedId id) {
    pool.give(id);
}

// What belongs to a piece that is handed out does not change, so these need no lock.
sel4::CPtr memory_cptr(UntypedId id) {
    return pool.cptr(id);
}
unsigned memory_size_bits(UntypedId id) {
    return pool.size_bits(id);
}

Result<void> init_memory(const abi::BootInfo& boot_info) {
    for (std::uint64_t i = 0; i < boot_info.untyped.size(); ++i) {
        const abi::UntypedDesc& desc = boot_info.untyped_list[i];
        if (desc.is_device != 0) continue;
        TRY(pool.add(sel4::CPtr{boot_info.untyped.start + i}, desc.size_bits));
    }
    return {};
}

MemoryCounts memory_counts() {
    LockGuard guard(cu_lock);
    return pool.counts();
}
const MemoryCounts& memory_counts_locked() {
    return pool.counts();
}

std::uint64_t owned_memory_bytes() {
    LockGuard guard(cu_lock);
    return owned_bytes;
}

}  // namespace detail

sel4::CPtr Untyped::cptr() const {
    return detail::memory_cptr(id_);
}

unsigned Untyped::size_bits() const {
    return detail::memory_size_bits(id_);
}

void Untyped::reset() {
    if (id_ == none) return;
    LockGuard guard(cu_lock);
    const std::uint64_t bytes = base::bit(detail::memory_size_bits(id_));
    owned_bytes -= bytes;
    if (account_ == Account::server) detail::budget.give(MemoryUse::objects, bytes);
    detail::give_memory(id_);
    id_ = none;
}

Result<Untyped> take_untyped(unsigned size_bits, Account account) {
    if (!detail::acquisition_allowed()) return std::unexpected(Error::no_memory);
    const std::uint64_t bytes = base::bit(size_bits);
    const bool counted = account == Account::server;
    LockGuard guard(cu_lock);
    if (counted && !detail::budget.take(MemoryUse::objects, bytes)) {
        return std::unexpected(Error::no_memory);
    }
    const Result<UntypedId> id = detail::take_memory(size_bits);
    if (!id) {
        if (counted) detail::budget.give(MemoryUse::objects, bytes);
        return std::unexpected(id.error());
    }
    owned_bytes += bytes;
    return Untyped::adopt(*id, account);
}

}  // namespace sos::res
