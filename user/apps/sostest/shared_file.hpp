// SPDX-License-Identifier: BSD-2-Clause
// Two processes that do random things to one file, in turns.
#pragma once

#include <cstdint>

namespace sostest {

/// Is everything that either of them sees as it must be?
bool two_processes_see_each_other(std::uint64_t seed, unsigned rounds);

}  // namespace sostest
