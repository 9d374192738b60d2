// SPDX-License-Identifier: BSD-2-Clause
// What a case's child processes do: sostest --role NAME [ARGUMENT].
#pragma once

#include <sys/types.h>

namespace sostest {

/// Starts a child: its pid, or -1.
pid_t start_role(const char* name, const char* argument = nullptr);

// Roles of sharing.cpp.
int share_and_add(const char*);
int share_and_count(const char* turns);
int share_and_write(const char*);
int share_and_read_into(const char*);
int share_and_hold(const char*);
int share_and_spin(const char*);

// Roles of shared_file.cpp and windows.cpp.
int serve_windows(const char*);
int write_lines(const char* stay);

/// Is one: does what the role is, returns the exit status.
int play_role(const char* name, const char* argument);

}  // namespace sostest
