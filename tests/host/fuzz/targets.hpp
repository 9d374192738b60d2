// SPDX-License-Identifier: BSD-2-Clause
// What is fuzzed: functions from any bytes to nothing. They end, or the process does (a sanitizer,
// an assertion, a broken invariant). fuzz_test.cpp runs them over random bytes, as one of the
// host tests; `./sos fuzz` links each with libFuzzer.
#pragma once

#include <cstddef>
#include <span>

namespace fuzz {

using Bytes = std::span<const std::byte>;

/// System calls of a crowd of threads, decoded and done by the whole kernel; the invariants are
/// checked after each.
void kernel_calls(Bytes bytes);
/// What the loader must not trust: an archive, an ELF file, a device tree, damaged as the bytes
/// say.
void loader_files(Bytes bytes);

}  // namespace fuzz
