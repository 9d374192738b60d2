// SPDX-License-Identifier: BSD-2-Clause
// Call: the record of one request while the file server works on it. A request is a series of
// steps, each of them one RPC; a step that was interrupted by a lost connection is sent again.
//
// A reply finds its Call by a token of index and generation. A Call that was answered early,
// because its process is being killed, is free at once: the late reply's token then names nothing,
// and the caller's memory is not touched any more.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/intrusive_list.hpp"
#include "fs/nfs/protocol.hpp"
#include "fs/path.hpp"
#include "fs/request.hpp"

namespace sos::fs::nfs {

class Service;
struct Call;

/// Sends the RPC of a step.
using Step = void (Service::*)(Call&);

/// One component of a path, as libnfs wants it.
struct Name {
    char text[max_name + 1]{};

    [[nodiscard]] bool assign(std::string_view name) {
        if (name.empty() || name.size() > max_name) return false;
        name.copy(text, name.size());
        text[name.size()] = '\0';
        return true;
    }
    char* argument() const { return const_cast<char*>(text); }
};

/// What a walk along a path looks for.
enum class Goal : std::uint8_t {
    object,            // that which the whole path names
    object_or_parent,  // or, when only its last component is missing, where it would be
    parent,            // the directory of the last component
};

struct Call {
    std::uint32_t generation = 0;
    bool active = false;
    bool in_flight = false;    // its RPC was sent
    bool interrupted = false;  // and came back with an error, not from the server's file system
    bool resent = false;       // the present step was sent before, on a connection that was lost
    Request* request = nullptr;
    Owner owner{};
    Step step = nullptr;
    std::uint64_t not_before_us = 0;  // the server asked for patience
    std::uint64_t sent_us = 0;        // when the RPC under way was sent
    base::ListLink<Call> waiting_link{};

    // The walk: `directory` and `name` are its present place, `rest` what comes behind.
    Goal goal = Goal::object;
    bool follow = true;
    std::uint8_t links_followed = 0;
    std::string_view rest{};
    ServerHandle directory{};
    ServerHandle object{};
    Name name{};
    fattr3 attributes{};  // of `object`, when it was found

    // rename: where the first path led
    bool second_walk = false;
    ServerHandle first_directory{};
    Name first_name{};

    // transfers
    std::size_t done = 0;
    std::size_t asked = 0;  // bytes of the RPC under way
    std::uint64_t offset = 0;
    std::uint32_t retries = 0;  // of listings and the like
};

inline constexpr unsigned max_links_followed = 40;

}  // namespace sos::fs::nfs
