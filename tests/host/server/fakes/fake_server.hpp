// SPDX-License-Identifier: BSD-2-Clause
// The server's resource layer over a FakeKernel, started once for a whole test program: its state
// is global, as in the server.
#pragma once

#include "abi/sos_file.hpp"
#include "fake_kernel.hpp"

namespace fake {

/// 48 MiB in pieces of all sizes.
FakeKernel& server_kernel();

abi::ResourceCount resources();

}  // namespace fake
