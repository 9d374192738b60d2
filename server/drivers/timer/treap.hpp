// SPDX-License-Identifier: BSD-2-Clause
// Treap: a search tree whose links live in the elements, balanced by weights that have nothing to
// do with the order (Seidel and Aragon 1996): no element is heavier than the one above it. So the
// tree has the shape of one whose elements came in random order, of depth O(log n), and nothing
// has to be kept up to date. Insertion cannot fail; an element knows its parent, so that removing
// it looks at a few elements only.
#pragma once

#include <cstdint>

namespace sos::timer {

template <typename T>
struct TreapLinks {
    T* left = nullptr;
    T* right = nullptr;
    T* parent = nullptr;
    std::uint32_t weight = 0;
};

enum class Side { left, here, right };

/// `Links::of(element)` are its TreapLinks<T> of this tree.
template <typename T, typename Links>
class Treap {
  public:
    constexpr Treap() = default;

    /// `is_before(other)`: does the new element come behind this one? Returns the one right before
    /// it, null when it is the first.
    template <typename IsBefore>
    T* insert(T& element, std::uint32_t weight, IsBefore is_before) {
        T* before = nullptr;
        T* parent = nullptr;
        T** place = &root_;
        while (*place != nullptr && Links::of(**place).weight >= weight) {
            parent = *place;
            const bool right = is_before(*parent);
            if (right) before = parent;
            place = right ? &Links::of(*parent).right : &Links::of(*parent).left;
        }
        T* const below = *place;
        *place = &element;
        Links::of(element) = {.parent = parent, .weight = weight};
        T* const split = split_below(element, below, is_before);
        return split != nullptr ? split : before;
    }

    void remove(T& element) {
        const TreapLinks<T> links = Links::of(element);
        T* parent = links.parent;
        T** place = &root_;
        if (parent != nullptr) {
            place = Links::of(*parent).left == &element ? &Links::of(*parent).left
                                                        : &Links::of(*parent).right;
        }
        T* left = links.left;
        T* right = links.right;
        // The heavier one goes up, until one side is empty.
        while (left != nullptr && right != nullptr) {
            const bool take_left = Links::of(*left).weight >= Links::of(*right).weight;
            T* const top = take_left ? left : right;
            attach(place, parent, top);
            parent = top;
            place = take_left ? &Links::of(*top).right : &Links::of(*top).left;
            (take_left ? left : right) = *place;
        }
        attach(place, parent, left != nullptr ? left : right);
        Links::of(element) = {};
    }

    /// `side(other)`: where from there, or there itself. Null when it is nowhere.
    template <typename WhichSide>
    T* find(WhichSide side) const {
        for (T* at = root_; at != nullptr;) {
            switch (side(*at)) {
                case Side::here:
                    return at;
                case Side::left:
                    at = Links::of(*at).left;
                    break;
                case Side::right:
                    at = Links::of(*at).right;
                    break;
            }
        }
        return nullptr;
    }

  private:
    static void attach(T** place, T* parent, T* element) {
        *place = element;
        if (element != nullptr) Links::of(*element).parent = parent;
    }

    /// Gives what was at the element's place to its two sides; returns the last of the left side,
    /// null when that is empty.
    template <typename IsBefore>
    static T* split_below(T& element, T* below, IsBefore is_before) {
        T* last = nullptr;
        T* left_parent = &element;
        T* right_parent = &element;
        T** left = &Links::of(element).left;
        T** right = &Links::of(element).right;
        while (below != nullptr) {
            T* const next = below;
            if (is_before(*next)) {
                last = next;
                attach(left, left_parent, next);
                left_parent = next;
                left = &Links::of(*next).right;
                below = *left;
            } else {
                attach(right, right_parent, next);
                right_parent = next;
                right = &Links::of(*next).left;
                below = *right;
            }
        }
        *left = nullptr;
        *right = nullptr;
        return last;
    }

    T* root_ = nullptr;
};

}  // namespace sos::timer
