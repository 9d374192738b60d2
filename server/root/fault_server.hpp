// SPDX-License-Identifier: BSD-2-Clause
// The last thread to run: it receives the fault of any other thread of the server, prints its
// registers and the calls that led there, and panics. A fault in SOS never just stops a thread.
#pragma once

#include "error.hpp"
#include "sel4/types.hpp"

namespace sos::root {

/// Makes the endpoint; thread::init wants it before the first thread is made.
Result<sel4::CPtr> make_fault_endpoint();

/// Starts the thread, and makes it the fault handler of the root thread too.
Result<void> start_fault_server();

}  // namespace sos::root
