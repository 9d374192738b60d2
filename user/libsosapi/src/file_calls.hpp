// SPDX-License-Identifier: BSD-2-Clause
// The file calls of sos.h under names that no program can take away.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sosapi {

int open_or_create(const char* path, int flags);
int close_file(int file);
int read_file(int file, void* data, std::size_t size);
int write_file(int file, const void* data, std::size_t size);
void sleep_for(int microseconds);
std::int64_t time_stamp();

/// `size` as one transfer can have it, whose count is an int; -EINVAL if no object is that large.
long clamp_transfer(std::size_t size);

}  // namespace sosapi
