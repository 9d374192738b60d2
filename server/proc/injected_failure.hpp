// SPDX-License-Identifier: BSD-2-Clause
// For tests of debug builds: while such an object is there, the N-th kernel resource that is taken
// cannot be had, N being what a variable in the new program's environment says. Each step of a
// creation can so be made to fail in turn. Builds without assertions do not look.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "res/res.hpp"

namespace sos::proc {

class InjectedFailure {
  public:
    static constexpr std::string_view of_process = "SOS_TEST_FAIL_AFTER=";
    static constexpr std::string_view of_handler = "SOS_TEST_FAIL_HANDLER_AFTER=";

    InjectedFailure([[maybe_unused]] std::span<const char> block,
                    [[maybe_unused]] std::string_view variable) {
#ifndef NDEBUG
        const std::string_view text(block.data(), block.size());
        const std::size_t at = text.find(variable);
        if (at == text.npos || at == 0 || text[at - 1] != '\0') return;
        std::uint64_t count = 0;
        for (const char c : text.substr(at + variable.size())) {
            if (c < '0' || c > '9') break;
            count = count * 10 + static_cast<std::uint64_t>(c - '0');
        }
        res::fail_after(count);
        armed_ = true;
#endif
    }
    InjectedFailure(const InjectedFailure&) = delete;
    InjectedFailure& operator=(const InjectedFailure&) = delete;
    ~InjectedFailure() {
        if (armed_) res::fail_after(0);
    }

  private:
    bool armed_ = false;
};

}  // namespace sos::proc
