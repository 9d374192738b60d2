// SPDX-License-Identifier: BSD-2-Clause
// The kernel's own output: PL011, polled. A user driver may own the same device; the kernel only
// ever looks at the flag register and writes the data register.
#pragma once

namespace platform {

void uart_put(char character);

}  // namespace platform
