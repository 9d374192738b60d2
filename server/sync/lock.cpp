// SPDX-License-Identifier: BSD-2-Clause
#include "sync/lock.hpp"

namespace sos {

constinit Lock cu_lock{LockRank::cspace_untyped};
constinit Lock ft_lock{LockRank::frame_table};
constinit Lock timer_lock{LockRank::timer};

}  // namespace sos

extern "C" {
constinit __thread sos::ThreadBlock* sos::sos_current_thread = nullptr;
constinit __thread abi::IpcBuffer* sel4_ipc_buffer = nullptr;
}
