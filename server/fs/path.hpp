// SPDX-License-Identifier: BSD-2-Clause
// Paths as the file server wants them: absolute, without ".", "..", empty components and trailing
// slash. ".." is resolved in the text, before any symbolic link; at the root it stays there.
#pragma once

#include <span>
#include <string_view>

#include "abi/sos_syscall.hpp"
#include "error.hpp"

namespace sos::fs {

inline constexpr std::size_t max_name = 255;  // bytes of one component

/// Writes what `path` means in `directory` (absolute and normalised) to `into`, and gives it back.
/// not_found for an empty path; name_too_long when a component is longer than max_name, or the
/// result does not fit (a NUL is written behind it). `path` must not lie in `into`.
Result<std::string_view> normalise_path(std::string_view directory, std::string_view path,
                                        std::span<char> into);

/// Did the text end in a slash, or in "." or ".."? Then only a directory will do.
bool names_directory(std::string_view path);

/// What a path ends in, slashes aside: what is made, removed or renamed must have a name there.
enum class LastComponent { name, dot, dot_dot };
LastComponent last_component(std::string_view path);

}  // namespace sos::fs
