// SPDX-License-Identifier: BSD-2-Clause
// TCP sockets over lwIP for libnfs: the BSD calls (in sockets.cpp, with C linkage) never wait, and
// socket_events() says what poll would. Descriptors begin at first_socket and name nothing else.
#pragma once

namespace sos::fs::net {

inline constexpr int first_socket = 3;
inline constexpr int max_sockets = 8;

/// Which of the POLL* events `wanted`, and which errors, there are on a socket now.
int socket_events(int socket, int wanted);

/// Sockets made from now on belong to this user (a small number).
void set_socket_user(int user);
/// For the case that their user is gone without having closed them.
void abort_sockets(int user);

}  // namespace sos::fs::net
