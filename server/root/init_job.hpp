// SPDX-License-Identifier: BSD-2-Clause
// The first process: what the boot settings `init=` and `exec=` ask for.
#pragma once

#include "platform/boot_settings.hpp"
#include "proc/create_job.hpp"

namespace sos::root {

/// `init` is a command line; with `exec` it gets two more arguments: -c and that string, unsplit.
Result<proc::JobPtr> make_init_job(const platform::BootSettings& settings);

}  // namespace sos::root
