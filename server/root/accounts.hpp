// SPDX-License-Identifier: BSD-2-Clause
// Accounts of the whole system: what is in use, and at the end whether all of it has come back.
#pragma once

#include "abi/sos_file.hpp"

namespace sos::root {

void count_resources(abi::ResourceCount& counts);
/// Fills server_pages and what follows it.
void count_server_memory(abi::PagingCount& counts);

/// What is in use now is what must be in use at the end: before the first process is made.
void open_accounts();

/// One line `sos: leak: WHAT N` for each resource of which there is more, or less, than then.
void report_leaks();

}  // namespace sos::root
