// SPDX-License-Identifier: BSD-2-Clause
// Text on the PL011 of QEMU's virt machine, as firmware left it; for failures only.
#pragma once

#include <string_view>

namespace loader {

void print(char c);

struct Console {
    void operator()(char c) const { print(c); }
};

}  // namespace loader
