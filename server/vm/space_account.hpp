// SPDX-License-Identifier: BSD-2-Clause
// What each address space has in memory and in the page file, counted where any thread that takes a
// page from it can: the root of its page table names the account, and a page leads there.
//
// All functions require ft_lock.
#pragma once

#include <cstdint>

#include "error.hpp"
#include "vm/frame_table.hpp"

namespace sos::vm {

/// Number of an account; 0 is none.
using SpaceId = base::Strong<struct SpaceIdTag, std::uint32_t>;

inline constexpr SpaceId no_space{0};
/// One for each process, and some for tests.
inline constexpr std::uint32_t max_spaces = 520;

struct SpaceAccount {
    bool open = false;
    std::uint32_t resident = 0;      // pages with a frame, those in transit too
    std::uint32_t in_page_file = 0;  // pages that are there only
    // turns.hpp
    std::uint32_t turn = 0;    // number of its turn, from 1 on
    std::uint64_t ticket = 0;  // its place among those that wait for one
};

/// limit_reached: all are open.
Result<SpaceId> open_account();
void close_account(SpaceId id);
SpaceAccount& account_of(SpaceId id);
/// The one with the lowest ticket among those that have one; no_space when none has.
SpaceId lowest_ticket();

/// Makes `root` the root of this space's page table.
void set_space(FrameRef root, SpaceId id);
/// The space of a page by its back index.
SpaceId space_of(BackIndex leaf);

}  // namespace sos::vm
