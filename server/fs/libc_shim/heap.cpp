// SPDX-License-Identifier: BSD-2-Clause
#include "fs/libc_shim/heap.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/assert.hpp"
#include "base/bits.hpp"

namespace sos::fs {

void Heap::use(std::span<std::byte> memory) {
    memory_ = memory.first(base::align_down(memory.size(), alignment));
    reset();
}

void Heap::reset() {
    std::fill(std::begin(free_), std::end(free_), nullptr);
    used_ = 0;
    if (memory_.size() < least_block) return;
    auto& block = *reinterpret_cast<Block*>(memory_.data());
    block.size = memory_.size();
    block.previous = 0;
    insert(block);
}

/// All blocks of class n have sizes from 2^n up to below 2^(n + 1).
unsigned Heap::class_of(std::size_t size) {
    return std::min(static_cast<unsigned>(std::bit_width(size)) - 1, classes - 1);
}

Heap::Block* Heap::behind(const Block& block) const {
    auto* const place = reinterpret_cast<const std::byte*>(&block) + size_of(block);
    if (place == memory_.data() + memory_.size()) return nullptr;
    return reinterpret_cast<Block*>(const_cast<std::byte*>(place));
}

Heap::Block* Heap::before(const Block& block) const {
    if (block.previous == 0) return nullptr;
    auto* const place = reinterpret_cast<const std::byte*>(&block) - block.previous;
    return reinterpret_cast<Block*>(const_cast<std::byte*>(place));
}

void Heap::insert(Block& block) {
    Block*& head = free_[class_of(size_of(block))];
    block.previous_free = nullptr;
    block.next_free = head;
    if (head != nullptr) head->previous_free = &block;
    head = &block;
}

void Heap::remove(Block& block) {
    if (block.previous_free != nullptr) {
        block.previous_free->next_free = block.next_free;
    } else {
        free_[class_of(size_of(block))] = block.next_free;
    }
    if (block.next_free != nullptr) block.next_free->previous_free = block.previous_free;
}

Heap::Block* Heap::find(std::size_t size) {
    for (unsigned c = class_of(size); c < classes; ++c) {
        for (Block* block = free_[c]; block != nullptr; block = block->next_free) {
            if (size_of(*block) >= size) return block;
        }
    }
    return nullptr;
}

/// Cuts a used block to `size`; what is left over becomes free, joined with a free block behind.
void Heap::trim(Block& block, std::size_t size) {
    std::size_t rest_size = size_of(block) - size;
    if (rest_size < least_block) return;
    Block* const next = behind(block);
    if (next != nullptr && !in_use(*next)) {
        remove(*next);
        rest_size += size_of(*next);
    }
    block.size = size | 1;
    Block& rest = *behind(block);
    rest.size = rest_size;
    rest.previous = size;
    if (Block* const after = behind(rest)) after->previous = rest_size;
    insert(rest);
}

void* Heap::allocate(std::size_t size) {
    if (size > memory_.size()) return nullptr;
    const std::size_t whole =
        std::max(base::align_up(size + header_size, alignment), std::uint64_t{least_block});
    Block* const block = find(whole);
    if (block == nullptr) return nullptr;
    remove(*block);
    block->size |= 1;
    trim(*block, whole);
    used_ += size_of(*block);
    return reinterpret_cast<std::byte*>(block) + header_size;
}

Heap::Block& Heap::block_of(void* address) const {
    auto* const block = reinterpret_cast<Block*>(static_cast<std::byte*>(address) - header_size);
    ASSERT(static_cast<std::byte*>(address) > memory_.data() &&
           static_cast<std::byte*>(address) < memory_.data() + memory_.size() && in_use(*block));
    return *block;
}

void Heap::release(void* address) {
    if (address == nullptr) return;
    Block* block = &block_of(address);
    used_ -= size_of(*block);
    block->size = size_of(*block);
    if (Block* const next = behind(*block); next != nullptr && !in_use(*next)) {
        remove(*next);
        block->size += size_of(*next);
    }
    if (Block* const previous = before(*block); previous != nullptr && !in_use(*previous)) {
        remove(*previous);
        previous->size += size_of(*block);
        block = previous;
    }
    if (Block* const next = behind(*block)) next->previous = size_of(*block);
    insert(*block);
}

void* Heap::resize(void* address, std::size_t size) {
    if (address == nullptr) return allocate(size);
    const std::size_t present = size_of(block_of(address)) - header_size;
    if (size <= present) return address;
    void* const fresh = allocate(size);
    if (fresh == nullptr) return nullptr;
    std::memcpy(fresh, address, present);
    release(address);
    return fresh;
}

}  // namespace sos::fs
