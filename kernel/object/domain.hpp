// SPDX-License-Identifier: BSD-2-Clause
// DomainSet with the one domain of this configuration: arguments are checked, and only the requeue
// of Set is visible (sel4-abi 7.7).
#pragma once

#include "api/invocation.hpp"

namespace numbat {

InvocationResult invoke_domain(Invocation& invocation);

}  // namespace numbat
