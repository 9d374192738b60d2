// SPDX-License-Identifier: BSD-2-Clause
// UntypedPool: the bookkeeping behind untyped.hpp, and the retypes that cut blocks.
//
// A Block is an untyped of the boot, or a 2 MiB part of one. A Cut4K is a 4 KiB piece of a block
// that was cut again for small objects. Both are in a list for each size of piece while they have a
// free one; blocks in one piece are in lists by their own size.
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
    static constexpr unsigned page_bits = 12;
    static constexpr unsigned max_blocks = 2048;
    static constexpr unsigned max_cut_pages = 2048;

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
    struct CutPage {
        base::ListLink<CutPage> link;
        UntypedId memory{};
        std::uint32_t window = 0;
        std::uint8_t piece_bits = 0;
        PieceMap<256> pieces;
    };
    using BlockList = base::IntrusiveList<Block, &Block::link>;
    using CutPageList = base::IntrusiveList<CutPage, &CutPage::link>;

    // Ids: [20:9] block, [8:0] piece; with bit 20 set [18:8] cut page, [7:0] piece.
    static constexpr std::uint32_t small_flag = 1u << 20;
    static UntypedId block_id(unsigned block, unsigned piece) {
        return UntypedId{block << 9 | piece};
    }
    static UntypedId small_id(unsigned page, unsigned piece) {
        return UntypedId{small_flag | page << 8 | piece};
    }
    static bool is_small(UntypedId id) { return (id.raw() & small_flag) != 0; }
    static unsigned piece_of(UntypedId id) { return id.raw() & (is_small(id) ? 0xff : 0x1ff); }
    const Block& block_of(UntypedId id) const { return blocks_[id.raw() >> 9]; }
    const CutPage& page_of(UntypedId id) const { return cut_pages_[(id.raw() & ~small_flag) >> 8]; }
    unsigned index_of(const Block& block) const {
        return static_cast<unsigned>(&block - blocks_.data());
    }
    unsigned index_of(const CutPage& page) const {
        return static_cast<unsigned>(&page - cut_pages_.data());
    }

    void add_block(std::uint32_t cptr, unsigned size_bits);
    Result<UntypedId> take_large(unsigned size_bits);
    Result<UntypedId> take_small(unsigned size_bits);
    Block* smallest_whole_block(unsigned least_bits);
    Result<Block*> cut_block(Block& block, unsigned piece_bits);
    Result<CutPage*> cut_page(unsigned piece_bits);
    bool make_whole_again();
    void join(Block& block);
    void join(CutPage& page);

    detail::MemoryCounts counts_{};
    unsigned block_count_ = 0;
    unsigned cut_page_count_ = 0;                               // ever used
    std::array<BlockList, block_bits + 1> whole_{};             // by size
    std::array<BlockList, block_bits + 1> with_free_pieces_{};  // by size of piece
    std::array<CutPageList, page_bits> pages_with_free_pieces_{};
    CutPageList unused_cut_pages_;
    std::array<Block, max_blocks> blocks_{};
    std::array<CutPage, max_cut_pages> cut_pages_{};
};

}  // namespace sos::res
