// SPDX-License-Identifier: BSD-2-Clause
// IntrusiveList<T, &T::link>: a doubly linked list whose links live in the elements. Insertion
// cannot fail, an element knows whether it is linked, and it must not be when it is destroyed.
#pragma once

#include "base/assert.hpp"

namespace base {

template <typename T>
struct ListLink {
    T* next = nullptr;
    T* previous = nullptr;
    bool linked = false;
};

template <typename T, ListLink<T> T::*Link>
class IntrusiveList {
  public:
    constexpr IntrusiveList() = default;
    IntrusiveList(const IntrusiveList&) = delete;
    IntrusiveList& operator=(const IntrusiveList&) = delete;

    constexpr bool empty() const { return head_ == nullptr; }
    constexpr T* front() const { return head_; }
    constexpr T* back() const { return tail_; }
    static constexpr T* next(const T& element) { return (element.*Link).next; }
    static constexpr T* previous(const T& element) { return (element.*Link).previous; }
    static constexpr bool linked(const T& element) { return (element.*Link).linked; }

    constexpr void push_back(T& element) { insert_after(tail_, element); }
    constexpr void push_front(T& element) { insert_after(nullptr, element); }

    /// Inserts behind `position`, or in front of all when it is null.
    constexpr void insert_after(T* position, T& element) {
        ListLink<T>& link = element.*Link;
        ASSERT(!link.linked);
        link.linked = true;
        link.previous = position;
        link.next = position == nullptr ? head_ : (position->*Link).next;
        (link.next == nullptr ? tail_ : (link.next->*Link).previous) = &element;
        (position == nullptr ? head_ : (position->*Link).next) = &element;
    }

    constexpr void remove(T& element) {
        ListLink<T>& link = element.*Link;
        ASSERT(link.linked);
        (link.previous == nullptr ? head_ : (link.previous->*Link).next) = link.next;
        (link.next == nullptr ? tail_ : (link.next->*Link).previous) = link.previous;
        link = {};
    }

    constexpr T* pop_front() {
        T* element = head_;
        if (element != nullptr) remove(*element);
        return element;
    }

  private:
    T* head_ = nullptr;
    T* tail_ = nullptr;
};

}  // namespace base
