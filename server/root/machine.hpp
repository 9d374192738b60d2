// SPDX-License-Identifier: BSD-2-Clause
// What this machine is and how the system is to be set up: the device tree that the kernel passed
// on, and the boot arguments in it.
#pragma once

#include "abi/boot_info.hpp"
#include "platform/boot_settings.hpp"
#include "platform/device_tree.hpp"

namespace sos::root {

/// Reads both. Without a usable device tree the machine has no devices: a warning says why.
void read_boot_data(const abi::BootInfo& boot_info);

const platform::Machine& machine();
const platform::BootSettings& settings();

}  // namespace sos::root
