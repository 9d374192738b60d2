// SPDX-License-Identifier: BSD-2-Clause
#include <ttyout.h>

/// Output needs no preparation. Weak, and alone here: programs with console output of their own
/// define this too.
extern "C" [[gnu::weak]] void ttyout_init(void) {}
