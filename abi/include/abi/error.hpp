// SPDX-License-Identifier: BSD-2-Clause
// Errors of kernel invocations (label of the reply) and failures of capability lookups.
#pragma once

#include <cstdint>

namespace abi {

enum class Error : std::uint64_t {
    none = 0,
    invalid_argument = 1,
    invalid_capability = 2,
    illegal_operation = 3,
    range_error = 4,
    alignment_error = 5,
    failed_lookup = 6,
    truncated_message = 7,
    delete_first = 8,
    revoke_first = 9,
    not_enough_memory = 10,
};

enum class LookupFailureType : std::uint64_t {
    none = 0,
    invalid_root = 1,
    missing_capability = 2,
    depth_mismatch = 3,
    guard_mismatch = 4,
};

}  // namespace abi
