// SPDX-License-Identifier: BSD-2-Clause
// The IPC buffer: 1024 bytes, aligned to 1024, in a frame that the thread's TCB holds a cap to.
#pragma once

#include <cstddef>
#include <cstdint>

#include "abi/message_info.hpp"

namespace abi {

struct IpcBuffer {
    std::uint64_t tag;  // never used by the kernel
    std::uint64_t msg[max_message_length];
    std::uint64_t user_data;
    std::uint64_t caps_or_badges[max_extra_caps];
    std::uint64_t receive_cnode;
    std::uint64_t receive_index;
    std::uint64_t receive_depth;
};

inline constexpr std::size_t ipc_buffer_size = 1024;

static_assert(sizeof(IpcBuffer) == ipc_buffer_size);
static_assert(offsetof(IpcBuffer, msg) == 8 && offsetof(IpcBuffer, user_data) == 968 &&
              offsetof(IpcBuffer, caps_or_badges) == 976 &&
              offsetof(IpcBuffer, receive_cnode) == 1000 &&
              offsetof(IpcBuffer, receive_depth) == 1016);

}  // namespace abi
