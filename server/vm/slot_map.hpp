// SPDX-License-Identifier: BSD-2-Clause
// SlotMap: which slots of the page file are in use (seed 5.4). Two levels: a word with a bit for
// each segment that is full, in memory; and for each segment a bitmap of its slots, which lies in
// the segment's first slot on disk (so that slot is never handed out). The bitmaps of the segments
// that slots are taken from are cached, in CachedCount pages of memory that are never given away.
//
// Nobody waits for a bitmap who wants to give a slot back: a slot whose segment's bitmap is not
// cached goes to a chain of the segment, which runs through a word that there is for each slot (its
// checksum, of no use while the slot is free), and leaves it when the bitmap comes. Who wants a
// slot may have to wait, while some segment has one and no cached bitmap shows it: then motion()
// says which bitmap is to be written, and which to be read in its place, and whoever carries that
// out says how it ended. No frame is needed for it and no slot. One motion at a time:
//
//     fresh --take_in--> cached --motion: store--> stored --motion: load--> cached
//                          ^      store failed: stays |
//                          |                          | load failed or damaged
//                          +--all its slots are free-- lost
//
// A segment that was never used has no bitmap on disk yet, and one whose slots are all free needs
// none: both are taken in without reading. Of a lost bitmap's segment nobody knows which slots are
// free: none is taken from it until all are.
//
// A template on the geometry, so that tests can try all states of a small one.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "base/assert.hpp"

namespace sos::vm {

struct SlotRun {
    std::uint32_t first = 0;
    std::uint32_t count = 0;  // 0: there is none now
};

/// What is to be done so that slots can be found again.
struct BitmapMotion {
    enum class Kind : std::uint8_t { store, load } kind = Kind::store;
    unsigned segment = 0;
    unsigned page = 0;  // of the cache
};

template <unsigned SegmentCount, unsigned SegmentBits, unsigned CachedCount>
class SlotMap {
  public:
    static_assert(SegmentCount <= 16 && CachedCount >= 1);
    static constexpr std::uint32_t segment_slots = 1u << SegmentBits;
    static constexpr std::uint32_t all_slots = SegmentCount * segment_slots;
    static constexpr std::uint32_t usable_in_segment = segment_slots - 1;
    static constexpr std::uint32_t usable_slots = SegmentCount * usable_in_segment;
    static constexpr std::uint32_t bitmap_words = (segment_slots + 63) / 64;
    using Bitmap = std::array<std::uint64_t, bitmap_words>;

    /// A word for each slot, of which this uses those of free slots.
    void use_words(std::span<std::uint32_t, all_slots> words) { words_ = words.data(); }
    /// At most this many slots may be in use; to be set before the first is taken.
    void limit(std::uint32_t slots) { limit_ = std::min(slots, usable_slots); }

    /// Up to `wanted` slots one after the other, in one segment whose bitmap is cached. They are
    /// looked for from where the last ones were found, so that what is written together lies
    /// together. None: ask motion() if free() says that there are some.
    SlotRun take(std::uint32_t wanted) {
        wanted = std::min(wanted, limit_ - used_);
        if (wanted == 0) return {};
        for (unsigned i = 0; i <= SegmentCount; ++i) {
            const unsigned segment = (cursor_ / segment_slots + i) % SegmentCount;
            if (full(segment)) continue;
            take_in(segment);
            if (segments_[segment].state != State::cached) continue;
            const std::uint32_t from = i == 0 ? cursor_ % segment_slots : 0;
            const std::uint32_t first = next_free(bitmap_of(segment), from);
            if (first < segment_slots) return take_at(segment, first, wanted);
        }
        return {};
    }

    void give(std::uint32_t slot) {
        const unsigned number = slot / segment_slots;
        Segment& segment = segments_[number];
        ASSERT(slot < all_slots && slot % segment_slots != 0 && segment.used > 0);
        --used_;
        --segment.used;
        set_full(number, false);
        if (segment.state == State::cached) {
            ASSERT(marked(bitmap_of(number), slot));
            mark(bitmap_of(number), slot, false);
            return;
        }
        words_[slot] = std::exchange(segment.chain, slot);
        if (segment.used == 0 && !moving(number)) forget(segment);
    }

    std::uint32_t used() const { return used_; }
    /// Slots that can be taken, now or when a bitmap has come.
    std::uint32_t free() const {
        std::uint32_t lost = 0;
        for (const Segment& segment : segments_) {
            if (segment.state == State::lost) lost += usable_in_segment - segment.used;
        }
        const std::uint32_t found = usable_slots - used_ - lost;
        return std::min(limit_ - used_, found);
    }
    /// A bit for each segment without a free slot.
    std::uint16_t full_segments() const { return full_; }

    /// The bitmap in a page of the cache, for whoever writes or reads it.
    Bitmap& cached(unsigned page) { return cache_[page].bitmap; }

    /// Begins what has to be done when nothing could be taken; nothing if it has begun, or if there
    /// is nothing to be had. stored() or loaded() ends it.
    std::optional<BitmapMotion> motion() {
        if (moving_) return std::nullopt;
        const std::optional<unsigned> wanted = find_stored();
        if (!wanted) return std::nullopt;
        const std::optional<unsigned> empty = empty_page();
        if (empty && segments_[*wanted].state == State::fresh) return std::nullopt;  // take() it
        if (empty) {
            moving_ = BitmapMotion{BitmapMotion::Kind::load, *wanted, *empty};
        } else {
            const unsigned page = hand_ = (hand_ + 1) % CachedCount;
            const unsigned segment = *cache_[page].segment;
            moving_ = BitmapMotion{BitmapMotion::Kind::store, segment, page};
            segments_[segment].state = State::stored;  // what is given from now on is chained
        }
        return moving_;
    }

    /// The bitmap was written, or not: then it stays.
    void stored(bool done) {
        const BitmapMotion motion = end_motion(BitmapMotion::Kind::store);
        Segment& segment = segments_[motion.segment];
        if (done) {
            cache_[motion.page].segment.reset();
            if (segment.used == 0) forget(segment);
        } else {
            put_in(motion.segment, motion.page);
        }
    }
    /// The bitmap was read as it was written, or not: then it is lost.
    void loaded(bool done) {
        const BitmapMotion motion = end_motion(BitmapMotion::Kind::load);
        Segment& segment = segments_[motion.segment];
        if (done) {
            put_in(motion.segment, motion.page);
        } else {
            segment.state = State::lost;
            if (segment.used == 0) forget(segment);
        }
    }

  private:
    enum class State : std::uint8_t { fresh, cached, stored, lost };
    struct Segment {
        State state = State::fresh;
        std::uint8_t page = 0;    // of the cache
        std::uint32_t used = 0;   // slots
        std::uint32_t chain = 0;  // first slot that its bitmap does not know to be free; 0: none
    };
    struct CachePage {
        std::optional<std::uint8_t> segment{};
        Bitmap bitmap{};
    };

    bool full(unsigned segment) const { return (full_ >> segment & 1) != 0; }
    void set_full(unsigned segment, bool value) {
        const auto bit = static_cast<std::uint16_t>(1u << segment);
        full_ = static_cast<std::uint16_t>(value ? full_ | bit : full_ & ~bit);
    }

    Bitmap& bitmap_of(unsigned segment) { return cache_[segments_[segment].page].bitmap; }
    static bool marked(const Bitmap& bitmap, std::uint32_t slot) {
        slot %= segment_slots;
        return (bitmap[slot / 64] >> slot % 64 & 1) != 0;
    }
    static void mark(Bitmap& bitmap, std::uint32_t slot, bool used) {
        slot %= segment_slots;
        const std::uint64_t bit = std::uint64_t{1} << slot % 64;
        bitmap[slot / 64] = used ? bitmap[slot / 64] | bit : bitmap[slot / 64] & ~bit;
    }

    /// The first free slot of a segment from number `from` in it on, or segment_slots.
    static std::uint32_t next_free(const Bitmap& bitmap, std::uint32_t from) {
        while (from < segment_slots) {
            const std::uint64_t free = ~bitmap[from / 64] >> from % 64;
            if (free != 0) {
                const auto found = from + static_cast<std::uint32_t>(std::countr_zero(free));
                return std::min(segment_slots, found);
            }
            from = (from / 64 + 1) * 64;
        }
        return segment_slots;
    }

    SlotRun take_at(unsigned number, std::uint32_t first, std::uint32_t wanted) {
        Segment& segment = segments_[number];
        Bitmap& bitmap = bitmap_of(number);
        std::uint32_t count = 0;
        while (count < wanted && first + count < segment_slots && !marked(bitmap, first + count)) {
            mark(bitmap, first + count++, true);
        }
        used_ += count;
        segment.used += count;
        if (segment.used == usable_in_segment) set_full(number, true);
        const std::uint32_t start = number * segment_slots + first;
        cursor_ = (start + count) % all_slots;
        return {start, count};
    }

    /// Caches the bitmap of a segment of which all slots are free, if there is an empty page.
    void take_in(unsigned number) {
        if (segments_[number].state != State::fresh) return;
        const std::optional<unsigned> page = empty_page();
        if (!page || (moving_ && moving_->page == *page)) return;
        cache_[*page].bitmap = {};
        mark(cache_[*page].bitmap, 0, true);
        put_in(number, *page);
    }

    void put_in(unsigned number, unsigned page) {
        Segment& segment = segments_[number];
        segment.state = State::cached;
        segment.page = static_cast<std::uint8_t>(page);
        cache_[page].segment = static_cast<std::uint8_t>(number);
        while (segment.chain != 0) {
            const std::uint32_t slot = std::exchange(segment.chain, words_[segment.chain]);
            ASSERT(marked(cache_[page].bitmap, slot));
            mark(cache_[page].bitmap, slot, false);
        }
    }

    /// All slots of a segment are free: what is on disk is of no interest.
    static void forget(Segment& segment) { segment = {}; }

    bool moving(unsigned segment) const { return moving_ && moving_->segment == segment; }

    BitmapMotion end_motion(BitmapMotion::Kind kind) {
        ASSERT(moving_ && moving_->kind == kind);
        return *std::exchange(moving_, std::nullopt);
    }

    /// A page of the cache without a bitmap.
    std::optional<unsigned> empty_page() const {
        for (unsigned page = 0; page < CachedCount; ++page) {
            if (!cache_[page].segment) return page;
        }
        return std::nullopt;
    }

    /// The next segment with free slots whose bitmap is not cached.
    std::optional<unsigned> find_stored() const {
        for (unsigned i = 0; i < SegmentCount; ++i) {
            const unsigned segment = (cursor_ / segment_slots + i) % SegmentCount;
            const State state = segments_[segment].state;
            if (!full(segment) && (state == State::stored || state == State::fresh)) return segment;
        }
        return std::nullopt;
    }

    std::uint32_t* words_ = nullptr;
    std::array<Segment, SegmentCount> segments_{};
    std::array<CachePage, CachedCount> cache_{};
    std::optional<BitmapMotion> moving_{};
    unsigned hand_ = 0;
    std::uint16_t full_ = 0;
    std::uint32_t cursor_ = 0;
    std::uint32_t used_ = 0;
    std::uint32_t limit_ = usable_slots;
};

}  // namespace sos::vm
