// SPDX-License-Identifier: BSD-2-Clause
// libFuzzer's entry; the name of the target comes from tools/sos/fuzz.py.
#include <cstdint>

#include "targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::FUZZ_TARGET(std::as_bytes(std::span(data, size)));
    return 0;
}
