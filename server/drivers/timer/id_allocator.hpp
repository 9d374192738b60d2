// SPDX-License-Identifier: BSD-2-Clause
// Ids with turnaround. They ascend until the largest was given. Then the smallest id in use is
// looked up and they descend from the one below it; when 0 was given, they ascend again from above
// the largest in use:
//
//     0 ........ 239 [240 ... in use ... 255]     255 was given: next is 239, 238, ...
//     [0 ... in use ... 17] 18 ............ 255   0 was given: next is 18, 19, ...
//
// Invariant: no id beyond `last_` in the direction of travel is in use, so an id costs constant
// time but for the rare turn. Where the turn finds no room (both ends in use), the smallest free
// id is searched for; only when all ids are in use there is none.
#pragma once

#include <concepts>
#include <limits>
#include <optional>

namespace sos::timer {

template <std::unsigned_integral Id>
class IdAllocator {
  public:
    /// `for_each_used(visit)` calls visit(id) for every id in use, in any order.
    template <typename ForEachUsed>
    std::optional<Id> allocate(ForEachUsed&& for_each_used) {
        if (fresh_) {
            fresh_ = false;
            return last_;
        }
        const Id end = ascending_ ? max : Id{0};
        if (last_ != end) return step();
        // What was given last is left out as well: it does not come back at once.
        Id turning_point = last_;
        for_each_used([&](Id id) {
            if (ascending_ ? id < turning_point : id > turning_point) turning_point = id;
        });
        const Id opposite_end = ascending_ ? Id{0} : max;
        if (turning_point == opposite_end) return smallest_free(for_each_used);
        ascending_ = !ascending_;
        last_ = turning_point;
        return step();
    }

  private:
    static constexpr Id max = std::numeric_limits<Id>::max();

    Id step() {
        last_ = static_cast<Id>(ascending_ ? last_ + 1 : last_ - 1);
        return last_;
    }

    template <typename ForEachUsed>
    static std::optional<Id> smallest_free(ForEachUsed&& for_each_used) {
        Id candidate = 0;
        while (true) {
            bool used = false;
            for_each_used([&](Id id) { used = used || id == candidate; });
            if (!used) return candidate;
            if (candidate == max) return std::nullopt;
            ++candidate;
        }
    }

    Id last_ = 0;
    bool ascending_ = true;
    bool fresh_ = true;  // nothing was given yet
};

}  // namespace sos::timer
