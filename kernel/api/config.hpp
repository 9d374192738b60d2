// SPDX-License-Identifier: BSD-2-Clause
// Switches of the kernel itself; the interface does not depend on them.
#pragma once

namespace numbat::config {

#ifdef NDEBUG
inline constexpr bool debug = false;
#else
inline constexpr bool debug = true;
#endif

/// Debug builds print each refused invocation. For hunting a failing call; too loud for tests.
inline constexpr bool trace_errors = false;

}  // namespace numbat::config
