// SPDX-License-Identifier: BSD-2-Clause
// Call: the record of one request while the file server works on it. A request is a series of
// steps, each of them one RPC; a step that was interrupted by a lost connection is sent again.
//
// A reply finds its Call by a token of index and generation. A Call that was answered early,
// because its process is being killed, is free at once: the late reply's token then names nothing,
// and the caller's memory is not touched any more.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/intrusive_list.hpp"
#include "fs/nfs/protocol.hpp"
#include "fs/path.hpp"
#include "fs/request.hpp"

namespace sos::fs::nfs {

class Service;
struct Call;
struct DirectoryChunk;
struct Node;
struct WritingWindow;

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

/// Where a call that cannot go on waits.
enum class Waiting : std::uint8_t {
    nowhere,
    to_be_sent,     // for a connection, for room, or because the server asked for patience
    for_node,       // until something has happened to the file
    for_resources,  // for a page of the cache or a record of an RPC
    for_io,         // for one RPC that does what it wants
};

/// How far a transfer has come in its buffers.
struct BufferCursor {
    std::uint32_t buffer = 0;
    std::size_t within = 0;

    void fill(std::span<const IoBuffer> buffers, const std::byte* from, std::size_t size);
    void drain(std::span<const IoBuffer> buffers, std::byte* to, std::size_t size);
};

/// What a request begins with anew.
struct CallState {
    bool active = false;
    Waiting waiting = Waiting::nowhere;
    bool in_flight = false;    // its RPC was sent
    bool interrupted = false;  // and came back with an error, not from the server's file system
    bool resent = false;       // the present step was sent before, on a connection that was lost
    Request* request = nullptr;
    Owner owner{};
    std::uint64_t since_us = 0;  // when it came; read by ./sos dump
    Step step = nullptr;
    std::uint64_t not_before_us = 0;  // the server asked for patience
    std::uint64_t sent_us = 0;        // when the RPC under way was sent

    // The walk: `directory` and `name` are its present place, `rest` what comes behind.
    Goal goal = Goal::object;
    bool follow = true;
    std::uint8_t links_followed = 0;
    std::string_view rest{};
    DirectoryChunk* expanded = nullptr;  // memory for what a symbolic link makes of the path
    bool second_walk = false;            // rename: `first_...` is where the first path led

    // What gets another name, before that: the first path's object, and the one that is set aside.
    std::optional<Fingerprint> before{};
    std::optional<Fingerprint> first_before{};
    bool setting_aside = false;

    // transfers
    BufferCursor cursor{};
    std::size_t done = 0;
    std::size_t total = 0;
    std::uint64_t offset = 0;
    bool ahead = false;               // reading ahead was thought of
    bool refreshed = false;           // the file's attributes were asked for on behalf of this call
    WritingWindow* window = nullptr;  // whose bytes are written; such a call is no request's
    Node* node = nullptr;             // on whose list the call waits, or that it brings to an end
    std::uint64_t waiting_page = 0;   // the page that it waits for
    std::uint32_t errors_seen = 0;    // of the file that is closed
    std::uint64_t sent_serial = 0;    // of the RPC
    std::uint32_t retries = 0;        // of listings and the like
};

struct Call : CallState {
    std::uint32_t generation = 0;
    base::ListLink<Call> waiting_link{};

    ServerHandle directory{};
    ServerHandle object{};
    Name name{};
    fattr3 attributes{};  // of `object`, when it was found
    ServerHandle first_directory{};
    Name first_name{};
    ServerHandle first_object{};

    /// For another request. The places are as long as a small transfer takes in all, and written
    /// before they are read: they are not cleared.
    void begin() {
        static_cast<CallState&>(*this) = {};
        ++generation;
        directory.size = 0;
        object.size = 0;
    }
};

inline constexpr unsigned max_links_followed = 40;

}  // namespace sos::fs::nfs
