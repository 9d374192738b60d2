// SPDX-License-Identifier: BSD-2-Clause
// SortedTree: the same as SortedList, for thousands of timeouts. The list is still there, so that
// the interrupt finds the first one, and the next, at once; beside it there are two trees of the
// same nodes, one by deadline, which tells a new timeout its place in the list, and one by id.
//
// With n timeouts outstanding, registering and removing take a walk of about 2 log2(n) nodes each,
// whatever the order in which timeouts come and go; the interrupt does not grow with n.
#pragma once

#include <cstdint>

#include "base/intrusive_list.hpp"
#include "server/drivers/timer/treap.hpp"

namespace sos::timer {

struct SortedTree {
    template <typename Node>
    struct Links {
        base::ListLink<Node> list{};
        TreapLinks<Node> by_deadline{};
        TreapLinks<Node> by_id{};
    };

    /// Node has deadline_us() and id().
    template <typename Node, Links<Node> Node::*Member>
    class Queue {
      public:
        constexpr Queue() = default;

        Node* front() const { return front_; }

        void insert(Node& node) {
            const std::uint32_t weight = scatter(node.id());
            Node* const before = by_deadline_.insert(node, weight, [&](const Node& other) {
                return other.deadline_us() <= node.deadline_us();
            });
            by_id_.insert(node, weight, [&](const Node& other) { return other.id() < node.id(); });
            link_behind(before, node);
        }

        void remove(Node& node) {
            by_deadline_.remove(node);
            by_id_.remove(node);
            base::ListLink<Node>& link = (node.*Member).list;
            (link.previous == nullptr ? front_ : list(*link.previous).next) = link.next;
            if (link.next != nullptr) list(*link.next).previous = link.previous;
            link = {};
        }

        template <typename Id>
        Node* find(Id id) const {
            return by_id_.find([&](const Node& other) {
                return other.id() == id ? Side::here : other.id() < id ? Side::right : Side::left;
            });
        }
        template <typename Visit>
        void for_each(Visit&& visit) const {
            for (Node* node = front_; node != nullptr; node = list(*node).next) visit(*node);
        }

      private:
        struct DeadlineLinks {
            static TreapLinks<Node>& of(Node& node) { return (node.*Member).by_deadline; }
        };
        struct IdLinks {
            static TreapLinks<Node>& of(Node& node) { return (node.*Member).by_id; }
        };

        static base::ListLink<Node>& list(Node& node) { return (node.*Member).list; }

        void link_behind(Node* before, Node& node) {
            Node* const behind = before == nullptr ? front_ : list(*before).next;
            list(node) = {.next = behind, .previous = before, .linked = true};
            (before == nullptr ? front_ : list(*before).next) = &node;
            if (behind != nullptr) list(*behind).previous = &node;
        }

        /// Ids that follow one another get weights without any order (the mixing of Murmur3).
        static constexpr std::uint32_t scatter(std::uint32_t id) {
            id = (id ^ id >> 16) * 0x85eb'ca6bu;
            id = (id ^ id >> 13) * 0xc2b2'ae35u;
            return id ^ id >> 16;
        }

        Node* front_ = nullptr;
        Treap<Node, DeadlineLinks> by_deadline_;
        Treap<Node, IdLinks> by_id_;
    };
};

}  // namespace sos::timer
