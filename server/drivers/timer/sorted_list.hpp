// SPDX-License-Identifier: BSD-2-Clause
// SortedList: the timeouts that are outstanding, as the seed keeps them (3.1): a list in the order
// of their deadlines, those of equal deadline in the order of registration. The first costs
// nothing; a new one costs a walk from the back (most are later than most others), one that is
// removed by its id a walk from the front.
#pragma once

#include "base/intrusive_list.hpp"

namespace sos::timer {

struct SortedList {
    template <typename Node>
    using Links = base::ListLink<Node>;

    /// Node has deadline_us() and id().
    template <typename Node, Links<Node> Node::*Member>
    class Queue {
      public:
        constexpr Queue() = default;

        Node* front() const { return list_.front(); }

        void insert(Node& node) {
            Node* before = list_.back();
            while (before != nullptr && before->deadline_us() > node.deadline_us())
                before = List::previous(*before);
            list_.insert_after(before, node);
        }
        void remove(Node& node) { list_.remove(node); }

        template <typename Id>
        Node* find(Id id) const {
            for (Node* node = front(); node != nullptr; node = List::next(*node))
                if (node->id() == id) return node;
            return nullptr;
        }
        template <typename Visit>
        void for_each(Visit&& visit) const {
            for (Node* node = front(); node != nullptr; node = List::next(*node)) visit(*node);
        }

      private:
        using List = base::IntrusiveList<Node, Member>;
        List list_;
    };
};

}  // namespace sos::timer
