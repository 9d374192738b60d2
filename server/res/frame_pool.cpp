// SPDX-License-Identifier: BSD-2-Clause
#include "res/frame_pool.hpp"

#include <algorithm>
#include <array>

#include "abi/boot_info.hpp"
#include "res/cspace.hpp"
#include "res/detail.hpp"
#include "sel4/cnode.hpp"
#include "sel4/vspace.hpp"
#include "sync/lock.hpp"

namespace sos::res {

namespace {

constexpr std::uint32_t frames_per_chunk = 512;
constexpr std::uint32_t max_chunks = max_frames / frames_per_chunk;
constexpr unsigned chunk_bits = 21;
// Frames are made some at a time, so that no page fault pays for all of a chunk.
constexpr unsigned batch_bits = 17;
constexpr std::uint32_t frames_per_batch = 1u << (batch_bits - 12);
constexpr std::uint32_t batches_per_chunk = frames_per_chunk / frames_per_batch;
constexpr std::uint64_t slots_per_chunk = 2 * frames_per_chunk + batches_per_chunk + 1;

// Blocks that only kernel objects and server pages may use.
constexpr std::uint32_t least_reserve = 4;
constexpr std::uint32_t reserve_fraction = 16;

struct Chunk {
    std::uint32_t caps = 0;       // first of 512 slots: the server's
    std::uint32_t user_caps = 0;  // first of 512 slots: for programs
    std::uint32_t batches = 0;    // first of 16 slots: the memory of 32 frames each
};

constinit std::array<Chunk, max_chunks> chunks{};  // entries are written once, before use
constinit std::uint32_t chunk_count = 0;           // GUARDED_BY(cu_lock)
constinit std::uint32_t made = 0;                  // GUARDED_BY(cu_lock); frames below exist
constinit std::uint32_t next_fresh = 1;            // GUARDED_BY(cu_lock); frame 0 is no frame

std::uint32_t reserve_of(const detail::MemoryCounts& memory) {
    return std::max(least_reserve, memory.all_blocks / reserve_fraction);
}

/// What a new chunk has acquired so far; gives it back unless kept.
struct ChunkParts {
    UntypedId memory{};
    bool has_memory = false;
    std::uint32_t caps = 0;
    std::uint32_t user_caps = 0;
    std::uint32_t batches = 0;
    UntypedId table_memory{};
    bool has_table_memory = false;
    std::uint32_t table_slot = 0;
    bool kept = false;

    ~ChunkParts() {
        if (kept) return;
        if (table_slot != 0) {
            static_cast<void>(sel4::cnode_delete(path(CPtr{table_slot})));
            detail::give_slots(table_slot, 1);
        }
        if (has_table_memory) detail::give_memory(table_memory);
        if (batches != 0) detail::give_slots(batches, batches_per_chunk);
        if (user_caps != 0) detail::give_slots(user_caps, frames_per_chunk);
        if (caps != 0) detail::give_slots(caps, frames_per_chunk);
        if (has_memory) detail::give_memory(memory);
    }
};

/// Memory and slots for 512 frames, and the page table behind their part of the window. Requires
/// cu_lock.
Result<void> add_chunk() {
    if (chunk_count == max_chunks) return std::unexpected(Error::no_memory);
    ChunkParts parts;
    parts.memory = TRY(detail::take_memory(chunk_bits));
    parts.has_memory = true;
    parts.caps = TRY(detail::take_slots(frames_per_chunk));
    parts.user_caps = TRY(detail::take_slots(frames_per_chunk));
    parts.batches = TRY(detail::take_slots(batches_per_chunk));
    parts.table_memory = TRY(detail::take_memory(abi::page_table_bits));
    parts.has_table_memory = true;
    parts.table_slot = TRY(detail::take_slots(1));
    TRY(detail::retype(detail::memory_cptr(parts.table_memory), abi::ObjectType::page_table, 0,
                       parts.table_slot, 1));
    const base::VAddr window{frame_window_base + (std::uint64_t{chunk_count} << chunk_bits)};
    TRY(from_kernel(
        sel4::page_table_map(CPtr{parts.table_slot}, CPtr{abi::init_cap::vspace}, window)));
    TRY(detail::retype(detail::memory_cptr(parts.memory), abi::ObjectType::untyped, batch_bits,
                       parts.batches, batches_per_chunk));
    parts.kept = true;
    // The frames' capabilities belong to them, not to what the server has for itself.
    detail::budget.give(MemoryUse::slots, slots_per_chunk << abi::slot_bits);
    chunks[chunk_count++] = {parts.caps, parts.user_caps, parts.batches};
    return {};
}

/// Makes the next 32 frames. Requires cu_lock.
Result<void> make_batch() {
    const Chunk& chunk = chunks[made / frames_per_chunk];
    const std::uint32_t first = made % frames_per_chunk;
    TRY(detail::retype(CPtr{chunk.batches + first / frames_per_batch}, abi::ObjectType::small_page,
                       0, chunk.caps + first, frames_per_batch));
    made += frames_per_batch;
    return {};
}

}  // namespace

CPtr frame_cap(FrameRef frame) {
    return CPtr{chunks[frame.raw() / frames_per_chunk].caps + frame.raw() % frames_per_chunk};
}

CPtr user_frame_cap(FrameRef frame) {
    return CPtr{chunks[frame.raw() / frames_per_chunk].user_caps + frame.raw() % frames_per_chunk};
}

Result<FrameRef> take_fresh_frame() {
    if (!detail::acquisition_allowed()) return std::unexpected(Error::no_memory);
    const detail::MemoryCounts memory = detail::memory_counts();
    LockGuard guard(cu_lock);
    if (next_fresh >= chunk_count * frames_per_chunk) {
        if (memory.free_blocks <= reserve_of(memory)) return std::unexpected(Error::no_memory);
        TRY(add_chunk());
    }
    if (next_fresh >= made) TRY(make_batch());
    const FrameRef frame{next_fresh};
    TRY(from_kernel(sel4::page_map(
        frame_cap(frame), CPtr{abi::init_cap::vspace},
        base::VAddr{reinterpret_cast<std::uintptr_t>(frame_data(frame))}, abi::rights::read_write,
        abi::page_attributes::normal | abi::page_attributes::execute_never)));
    // A failed copy leaves the frame mapped; it is simply mapped again at the next attempt.
    TRY(from_kernel(
        sel4::cnode_copy(path(user_frame_cap(frame)), path(frame_cap(frame)), abi::rights::all)));
    ++next_fresh;
    return frame;
}

std::uint32_t frame_capacity() {
    const detail::MemoryCounts memory = detail::memory_counts();
    LockGuard guard(cu_lock);
    const std::uint32_t reserve = reserve_of(memory);
    const std::uint32_t more = memory.free_blocks > reserve ? memory.free_blocks - reserve : 0;
    const std::uint32_t all = std::min(chunk_count + more, max_chunks);
    return all == 0 ? 0 : all * frames_per_chunk - 1;
}

}  // namespace sos::res
