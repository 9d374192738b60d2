// SPDX-License-Identifier: BSD-2-Clause
// Output and bookkeeping of the harness.
#pragma once

#include <string_view>

#include "base/format.hpp"

namespace target {

void put_char(char c);

template <typename... Arguments>
void print(std::string_view text, const Arguments&... arguments) {
    base::format_to(put_char, text, arguments...);
}

void clear_failures();
unsigned failure_count();
std::string_view failure_reason();

}  // namespace target
