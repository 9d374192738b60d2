// SPDX-License-Identifier: BSD-2-Clause
#include "vm/region.hpp"

#include <algorithm>

#include "sync/lock.hpp"

namespace sos::vm {

Region& RegionList::slot(std::size_t index) const {
    ASSERT(index < capacity && frames_[index / per_frame] != no_frame);
    return reinterpret_cast<Region*>(frame_data(frames_[index / per_frame]))[index % per_frame];
}

const Region& RegionList::at(std::size_t index) const {
    ASSERT(index < count_);
    return slot(index);
}

std::size_t RegionList::first_ending_after(VAddr at) const {
    std::size_t low = 0;
    std::size_t high = count_;
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (slot(middle).end > at) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

const Region* RegionList::find(VAddr at) const {
    const std::size_t index = first_ending_after(at);
    if (index == count_ || !slot(index).contains(at)) return nullptr;
    return &slot(index);
}

bool RegionList::overlaps(VAddr start, VAddr end) const {
    const std::size_t index = first_ending_after(start);
    return index < count_ && slot(index).start < end;
}

/// Makes room for `more` regions, so that what follows cannot fail.
Result<void> RegionList::reserve(std::size_t more) {
    if (count_ + more > capacity) return std::unexpected(Error::no_memory);
    const std::size_t frames = (count_ + more + per_frame - 1) / per_frame;
    for (std::size_t i = 0; i < frames; ++i) {
        if (frames_[i] != no_frame) continue;
        LockGuard guard(ft_lock);
        frames_[i] = TRY(take_frame());
    }
    return {};
}

void RegionList::insert_at(std::size_t index, const Region& region) {
    for (std::size_t i = count_; i > index; --i) slot(i) = slot(i - 1);
    slot(index) = region;
    ++count_;
}

void RegionList::erase(std::size_t index) {
    for (std::size_t i = index; i + 1 < count_; ++i) slot(i) = slot(i + 1);
    --count_;
}

/// Makes `at` a border if it is inside a region. Needs room for one.
void RegionList::split(VAddr at) {
    const std::size_t index = first_ending_after(at);
    if (index == count_ || slot(index).start >= at) return;
    Region upper = slot(index);
    upper.start = at;
    slot(index).end = at;
    insert_at(index + 1, upper);
}

/// Joins neighbours that touch and are alike, around [from, to].
void RegionList::merge(VAddr from, VAddr to) {
    std::size_t index = first_ending_after(VAddr{from.raw() == 0 ? 0 : from.raw() - 1});
    while (index + 1 < count_ && slot(index).start <= to) {
        const Region& next = slot(index + 1);
        if (slot(index).end == next.start && slot(index).like(next)) {
            slot(index).end = next.end;
            erase(index + 1);
        } else {
            ++index;
        }
    }
}

Result<void> RegionList::insert(const Region& region) {
    ASSERT(region.start < region.end && !overlaps(region.start, region.end));
    TRY(reserve(1));
    insert_at(first_ending_after(region.start), region);
    merge(region.start, region.end);
    return {};
}

Result<void> RegionList::remove(VAddr start, VAddr end) {
    if (!overlaps(start, end)) return {};
    TRY(reserve(2));
    split(start);
    split(end);
    const std::size_t index = first_ending_after(start);
    while (index < count_ && slot(index).start < end) erase(index);
    return {};
}

Result<void> RegionList::protect(VAddr start, VAddr end, Rights rights) {
    VAddr covered = start;
    for (std::size_t i = first_ending_after(start); covered < end; ++i) {
        if (i == count_ || slot(i).start > covered) return std::unexpected(Error::no_memory);
        covered = slot(i).end;
    }
    TRY(reserve(2));
    split(start);
    split(end);
    for (std::size_t i = first_ending_after(start); i < count_ && slot(i).start < end; ++i) {
        slot(i).rights = rights;
    }
    merge(start, end);
    return {};
}

Result<VAddr> RegionList::find_gap(std::uint64_t length, VAddr bottom, VAddr top) const {
    VAddr end = top;
    // From the highest region that begins below `top` down.
    std::size_t index = first_ending_after(top);
    if (index < count_ && slot(index).start < top) end = slot(index).start;
    while (end > bottom) {
        const VAddr low = index == 0 ? bottom : std::max(bottom, slot(index - 1).end);
        if (end > low && end - low >= length) return end - length;
        if (index == 0) break;
        --index;
        end = slot(index).start;
    }
    return std::unexpected(Error::no_memory);
}

void RegionList::clear() {
    count_ = 0;
    for (FrameRef& frame : frames_) {
        if (frame == no_frame) continue;
        LockGuard guard(ft_lock);
        give_frame(frame);
        frame = no_frame;
    }
}

}  // namespace sos::vm
