// SPDX-License-Identifier: BSD-2-Clause
// Stands in for the processor's counter: it shows what the test says.
#pragma once

#include <cstdint>

namespace sosapi::system_counter {

inline std::uint64_t hz = 62'500'000;
inline std::uint64_t shown = 0;

inline std::uint64_t frequency_hz() {
    return hz;
}
inline std::uint64_t now() {
    return shown;
}

}  // namespace sosapi::system_counter
