// SPDX-License-Identifier: BSD-2-Clause
// ScopeExit: runs a function at the end of the scope unless dismissed.
#pragma once

#include <utility>

namespace base {

template <typename Function>
class [[nodiscard]] ScopeExit {
  public:
    explicit ScopeExit(Function function) : function_(std::move(function)) {}
    ScopeExit(const ScopeExit&) = delete;
    ScopeExit& operator=(const ScopeExit&) = delete;
    ~ScopeExit() {
        if (armed_) function_();
    }
    void dismiss() { armed_ = false; }

  private:
    Function function_;
    bool armed_ = true;
};

}  // namespace base
