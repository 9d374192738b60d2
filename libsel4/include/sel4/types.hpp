// SPDX-License-Identifier: BSD-2-Clause
// Names shared by all of libsel4: capability pointers, badges, results.
#pragma once

#include <cstdint>

#include "abi/cap_rights.hpp"
#include "abi/error.hpp"
#include "abi/ipc_buffer.hpp"
#include "abi/message_info.hpp"
#include "base/result.hpp"
#include "base/strong.hpp"

/// The calling thread's IPC buffer. Each program defines it once and sets it in every thread.
extern "C" __thread abi::IpcBuffer* sel4_ipc_buffer;

namespace sel4 {

using CPtr = base::Strong<struct CPtrTag>;
using Badge = base::Strong<struct BadgeTag>;

template <typename T>
using Result = base::Result<T, abi::Error>;

inline constexpr CPtr null_cap{0};

/// A place for a capability: `index` resolved with `depth` bits (1..64) in the CNode `root`.
struct SlotPath {
    CPtr root;
    std::uint64_t index;
    unsigned depth = 64;
};

}  // namespace sel4
