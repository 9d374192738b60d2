// SPDX-License-Identifier: BSD-2-Clause
// TurnQueue: who may write to the console, and who comes next. Writers come to their turn in the
// order in which they asked; a turn that ends goes straight to the next, so that nobody who has
// just written can take it again before.
//
// A writer is a process's slot. Whoever asks must leave() at the end of its system call, whatever
// became of it; until then it has the turn, a place in the queue, or neither. Not for several
// threads at once: the owner has a lock.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/assert.hpp"
#include "proc/process_id.hpp"

namespace sos::console {

class TurnQueue {
  public:
    using Writer = std::uint32_t;

    /// True: it is the writer's turn. Otherwise it has a place in the queue.
    bool take(Writer writer) {
        ASSERT(writer < proc::max_processes);
        if (turn_ == nobody) turn_ = writer;
        if (turn_ == writer) return true;
        if (!queued(writer)) append(writer);
        return false;
    }

    std::optional<Writer> holder() const {
        return turn_ == nobody ? std::nullopt : std::optional<Writer>(turn_);
    }

    /// The turn ends: whose it is now, and who is to be woken.
    std::optional<Writer> pass() {
        turn_ = links_[nobody].next;
        if (turn_ == nobody) return std::nullopt;
        remove(turn_);
        return turn_;
    }

    /// The writer wants nothing any more. If it had the turn, that is passed on, as by pass().
    std::optional<Writer> leave(Writer writer) {
        if (turn_ == writer) return pass();
        if (queued(writer)) remove(writer);
        return std::nullopt;
    }

  private:
    // Indexes of a ring whose fixed element is `nobody`. A writer outside links to itself.
    static constexpr std::uint16_t nobody = proc::max_processes;
    struct Links {
        std::uint16_t next;
        std::uint16_t previous;
    };

    using Ring = std::array<Links, proc::max_processes + 1>;

    static constexpr Ring unlinked() {
        Ring links{};
        for (std::uint16_t i = 0; i < links.size(); ++i) links[i] = {i, i};
        return links;
    }

    bool queued(Writer writer) const { return links_[writer].next != writer; }

    void append(Writer writer) {
        const auto index = static_cast<std::uint16_t>(writer);
        const std::uint16_t last = links_[nobody].previous;
        links_[index] = {nobody, last};
        links_[last].next = index;
        links_[nobody].previous = index;
    }

    void remove(Writer writer) {
        const Links links = links_[writer];
        links_[links.previous].next = links.next;
        links_[links.next].previous = links.previous;
        const auto index = static_cast<std::uint16_t>(writer);
        links_[index] = {index, index};
    }

    Ring links_ = unlinked();
    std::uint32_t turn_ = nobody;
};

}  // namespace sos::console
