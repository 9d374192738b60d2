// SPDX-License-Identifier: BSD-2-Clause
// Errors as values: Result<T, E> is std::expected, TRY returns early with the error, MUST is for
// calls that cannot fail (a comment beside it says why).
#pragma once

#include <expected>
#include <utility>

#include "base/assert.hpp"

namespace base {

template <typename T, typename E>
using Result = std::expected<T, E>;

namespace detail {
template <typename T, typename E>
constexpr T take(std::expected<T, E>&& result) {
    return std::move(*result);
}
template <typename E>
constexpr void take(std::expected<void, E>&&) {}
}  // namespace detail

}  // namespace base

/// Value of `expression`, a std::expected; on error returns that error from this function.
#define TRY(expression)                                             \
    ({                                                              \
        auto try_result_ = (expression);                            \
        if (!try_result_) [[unlikely]]                              \
            return std::unexpected(std::move(try_result_).error()); \
        ::base::detail::take(std::move(try_result_));               \
    })

/// Value of `expression`, which cannot fail here.
#define MUST(expression)                               \
    ({                                                 \
        auto must_result_ = (expression);              \
        ASSERT(must_result_.has_value());              \
        ::base::detail::take(std::move(must_result_)); \
    })
