// SPDX-License-Identifier: BSD-2-Clause
// Regions: which addresses a process may use, and how (seed 5.5). A region says what is allowed;
// what is there at the moment is the page table's business.
//
// RegionList is sorted by address, without overlaps; neighbours that touch and are alike are one
// region. It lives in frames that are taken as it grows. Bound: 1020 regions a process, then
// Error::no_memory. Every operation either happens completely or changes nothing. Its frames
// are taken and given under ft_lock, which it takes itself.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/strong.hpp"
#include "error.hpp"
#include "vm/frame_table.hpp"

namespace sos::vm {

using base::VAddr;

enum class Access { read, write, execute };

/// What a program may do in a region. Writable and executable imply readable on this machine.
struct Rights {
    bool read = false;
    bool write = false;
    bool execute = false;

    constexpr bool allow(Access access) const {
        switch (access) {
            case Access::read:
                return read || write || execute;
            case Access::write:
                return write;
            case Access::execute:
                return execute;
        }
        return false;
    }
    constexpr bool none() const { return !read && !write && !execute; }
    friend constexpr bool operator==(Rights, Rights) = default;
};

enum class RegionKind : std::uint8_t { elf, heap, mapping, stack, ipc_buffer };

struct Region {
    VAddr start{};  // page-aligned
    VAddr end{};    // exclusive, page-aligned
    RegionKind kind = RegionKind::mapping;
    Rights rights{};

    constexpr std::uint64_t size() const { return end - start; }
    constexpr bool contains(VAddr at) const { return start <= at && at < end; }
    constexpr bool like(const Region& other) const {
        return kind == other.kind && rights == other.rights;
    }
};
static_assert(sizeof(Region) == 24);

class RegionList {
  public:
    static constexpr std::size_t per_frame = page_size / sizeof(Region);
    static constexpr std::size_t max_frames = 6;
    static constexpr std::size_t capacity = per_frame * max_frames;

    RegionList() = default;
    RegionList(const RegionList&) = delete;
    RegionList& operator=(const RegionList&) = delete;
    ~RegionList() { clear(); }

    std::size_t size() const { return count_; }
    const Region& at(std::size_t index) const;

    /// The region that contains `at`, or null.
    const Region* find(VAddr at) const;

    /// Is any address of [start, end) in a region?
    bool overlaps(VAddr start, VAddr end) const;

    /// Requires that nothing overlaps it and that it is not empty.
    Result<void> insert(const Region& region);

    /// Takes [start, end) out of whatever is there.
    Result<void> remove(VAddr start, VAddr end);

    /// Sets the rights in [start, end), which regions must cover without a gap (else no_memory, as
    /// POSIX has it).
    Result<void> protect(VAddr start, VAddr end, Rights rights);

    /// The highest start of `length` free bytes inside [bottom, top).
    Result<VAddr> find_gap(std::uint64_t length, VAddr bottom, VAddr top) const;

    /// Forgets everything and gives the frames back.
    void clear();

  private:
    Region& slot(std::size_t index) const;
    std::size_t first_ending_after(VAddr at) const;
    Result<void> reserve(std::size_t more);
    void insert_at(std::size_t index, const Region& region);
    void erase(std::size_t index);
    void split(VAddr at);
    void merge(VAddr from, VAddr to);

    std::size_t count_ = 0;
    FrameRef frames_[max_frames]{};
};

}  // namespace sos::vm
