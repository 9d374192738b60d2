// SPDX-License-Identifier: BSD-2-Clause
// UntypedPool: the bookkeeping behind untyped.hpp, and the retypes that cut blocks.
//
// A Block is an untyped of the boot, or a 2 MiB part of one. A Cut is a piece that was cut again: a
// run (128 KiB) for pages, or a page for small objects; so no cut makes more than a few pieces at a
// time for whoever happens to need the first of them. Both are in a list for each size of piece
// while they have a free one; blocks in one piece are in lists by their own size.
//
// All functions require cu_lock.
#pragma once

#include <array>
#include <cstdint>

#include "abi/boot_info.hpp"
#include "base/intrusive_list.hpp"
#include "error.hpp"
#include "res/detail.hpp"
#include "res/piece_map.hpp"
#include "res/untyped.hpp"

namespace sos::res {

class UntypedPool {
  public:
    static constexpr unsigned block_bits = largest_untyped_bits;
    static constexpr unsigned run_bits = 17;
    static constexpr unsigned page_bits = 12;
    static constexpr unsigned max_blocks = 2048;
    static constexpr unsigned max_cuts = 4096;

    constexpr UntypedPool() = default;

    /// Takes over a boot untyped (not a device's); cuts it into blocks if it is larger than one, up
    /// to 2^37 bytes.
    Result<void> add(sel4::CPtr untyped, unsigned size_bits);

    Result<UntypedId> take(unsigned size_bits);
    void give(UntypedId id);

    sel4::CPtr cptr(UntypedId id) const;
    unsigned size_bits(UntypedId id) const;

    const detail::MemoryCounts& counts() const { return counts_; }

  private:
    struct Block {
        base::ListLink<Block> link;
        std::uint32_t cptr = 0;
        std::uint32_t window = 0;     // slot of the first piece
        std::uint8_t size_bits = 0;   // of the block
        std::uint8_t piece_bits = 0;  // equal to size_bits: in one piece
        PieceMap<512> pieces;
    };
    struct Cut {
        base::ListLink<Cut> link;
        UntypedId memory{};
        std::uint32_t window = 0;
        std::uint8_t piece_bits = 0;
        PieceMap<256> pieces;
    };
    using BlockList = base::IntrusiveList<Block, &Block::link>;
    using CutList = base::IntrusiveList<Cut, &Cut::link>;

    // Ids: [19:9] block, [8:0] piece; with bit 20 set [19:8] cut, [7:0] piece.
    static constexpr std::uint32_t cut_flag = 1u << 20;
    static UntypedId block_id(unsigned block, unsigned piece) {
        return UntypedId{block << 9 | piece};
    }
    static UntypedId cut_id(unsigned cut, unsigned piece) {
        return UntypedId{cut_flag | cut << 8 | piece};
    }
    static bool of_cut(UntypedId id) { return (id.raw() & cut_flag) != 0; }
    static unsigned piece_of(UntypedId id) { return id.raw() & (of_cut(id) ? 0xff : 0x1ff); }
    const Block& block_of(UntypedId id) const { return blocks_[id.raw() >> 9]; }
    const Cut& cut_of(UntypedId id) const { return cuts_[(id.raw() & ~cut_flag) >> 8]; }
    /// Of what pieces of this size are cut from.
    static unsigned cut_bits(unsigned piece_bits) {
        return piece_bits < page_bits ? page_bits : run_bits;
    }
    unsigned index_of(const Block& block) const {
        return static_cast<unsigned>(&block - blocks_.data());
    }
    unsigned index_of(const Cut& cut) const { return static_cast<unsigned>(&cut - cuts_.data()); }

    void add_block(std::uint32_t cptr, unsigned size_bits);
    Result<UntypedId> take_large(unsigned size_bits);
    Result<UntypedId> take_from_cut(unsigned size_bits);
    bool has_leftover(unsigned size_bits) const;
    Block* smallest_whole_block(unsigned least_bits);
    Result<Block*> cut_block(Block& block, unsigned piece_bits);
    Result<Cut*> make_cut(unsigned piece_bits);
    bool make_whole_again();
    void join(Block& block);
    void join(Cut& cut);

    detail::MemoryCounts counts_{};
    unsigned block_count_ = 0;
    unsigned cut_count_ = 0;                                    // ever used
    std::array<BlockList, block_bits + 1> whole_{};             // by size
    std::array<BlockList, block_bits + 1> with_free_pieces_{};  // by size of piece
    std::array<CutList, run_bits> cuts_with_free_pieces_{};
    CutList unused_cuts_;
    std::array<Block, max_blocks> blocks_{};
    std::array<Cut, max_cuts> cuts_{};
};

}  // namespace sos::res
