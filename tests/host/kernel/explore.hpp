// SPDX-License-Identifier: BSD-2-Clause
// Exhaustive search of a small world: from the present state every action is tried, from each new
// state every action again, down to a depth. States that have been seen with as much depth left are
// not entered again; what makes two states the same is for the user to say.
//
// A state is the bytes of the fake machine that the world uses, and the scheduler's variables. What
// else the kernel keeps (the list of all threads, deletions in progress) must not change: no action
// may make or delete threads or stop at a preemption point.
#pragma once

#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fake_arch.hpp"
#include "sched/scheduler.hpp"

namespace numbat::test {

class Snapshot {
  public:
    /// Offsets in the machine's memory.
    using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;

    explicit Snapshot(const Ranges& ranges)
        : ranges_(ranges), core_(core), ticks_(fake::state.ticks) {
        for (const auto& [from, to] : ranges_) {
            const std::byte* const start = memory() + from;
            bytes_.insert(bytes_.end(), start, start + (to - from));
        }
    }
    void restore() const {
        std::size_t at = 0;
        for (const auto& [from, to] : ranges_) {
            std::memcpy(memory() + from, bytes_.data() + at, to - from);
            at += to - from;
        }
        core = core_;
        fake::state.ticks = ticks_;
    }

  private:
    static std::byte* memory() { return static_cast<std::byte*>(fake::memory()); }

    const Ranges& ranges_;
    std::vector<std::byte> bytes_;
    Core core_;
    std::uint64_t ticks_;
};

struct Explored {
    std::size_t states = 0;
    std::size_t steps = 0;
    std::string complaint{};  // what broke, and the actions that led there
};

/// `World` has `actions()` (how many there are), `act(index)` (false: not possible here),
/// `name(index)`, `signature()` and `broken()` (null: all is well).
template <typename World>
class Explorer {
  public:
    Explorer(World& world, const Snapshot::Ranges& ranges) : world_(world), ranges_(ranges) {}

    Explored run(unsigned depth) {
        seen_[world_.signature()] = depth;
        descend(depth);
        result_.states = seen_.size();
        return result_;
    }

  private:
    void descend(unsigned depth) {
        if (depth == 0) return;
        const Snapshot here(ranges_);
        for (unsigned action = 0; action < world_.actions() && result_.complaint.empty();
             ++action) {
            path_.push_back(action);
            if (world_.act(action)) {
                ++result_.steps;
                if (const char* broken = world_.broken()) {
                    complain(broken);
                } else if (unsigned& left = seen_[world_.signature()]; left < depth) {
                    left = depth;
                    descend(depth - 1);
                }
            }
            path_.pop_back();
            here.restore();
        }
    }
    void complain(const char* text) {
        result_.complaint = text;
        for (const unsigned action : path_)
            result_.complaint += std::string(", ") + world_.name(action);
    }

    World& world_;
    const Snapshot::Ranges& ranges_;
    std::map<std::string, unsigned> seen_;
    std::vector<unsigned> path_;
    Explored result_;
};

}  // namespace numbat::test
