// SPDX-License-Identifier: BSD-2-Clause
// Heap: malloc within one fixed piece of memory. Blocks carry their size and that of the block
// before, free ones are merged with their neighbours and kept in lists by power of two; the first
// that fits is taken. When nothing fits the answer is null, and nobody else's memory is affected.
//
// reset() forgets everything at once, for the case that the only user of the heap is given up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sos::fs {

class Heap {
  public:
    static constexpr std::size_t alignment = 16;

    constexpr Heap() = default;
    Heap(const Heap&) = delete;
    Heap& operator=(const Heap&) = delete;

    /// `memory`, aligned to 16, is used for good.
    void use(std::span<std::byte> memory);

    void* allocate(std::size_t size);
    /// Null is allowed.
    void release(void* address);
    /// As realloc: the old block stays when there is no room.
    void* resize(void* address, std::size_t size);
    void reset();

    std::size_t used() const { return used_; }  // bytes in blocks, with their headers

  private:
    struct Block {
        std::size_t size;      // of the whole block, a multiple of 16; bit 0: in use
        std::size_t previous;  // size of the block before, 0 for the first
        // only in free blocks
        Block* next_free;
        Block* previous_free;
    };
    static constexpr std::size_t header_size = 16;
    static constexpr std::size_t least_block = sizeof(Block);
    static constexpr unsigned classes = 40;

    static std::size_t size_of(const Block& block) { return block.size & ~std::size_t{1}; }
    static bool in_use(const Block& block) { return (block.size & 1) != 0; }
    static unsigned class_of(std::size_t size);
    Block* behind(const Block& block) const;
    Block* before(const Block& block) const;
    void insert(Block& block);
    void remove(Block& block);
    Block* find(std::size_t size);
    void trim(Block& block, std::size_t size);
    Block& block_of(void* address) const;

    std::span<std::byte> memory_{};
    Block* free_[classes]{};
    std::size_t used_ = 0;
};

}  // namespace sos::fs
