// SPDX-License-Identifier: BSD-2-Clause
// The file server: one thread that owns the network device, the TCP/IP stack and the NFS client,
// and answers the requests of fs::Client in an event loop (seed 4.4).
//
// Each request is a record in a fixed table, with its own saved reply object: one for each process
// and one to spare, and a thread has at most one call outstanding, so the table never runs out.
// Requests wait while the NFS server does not answer (a hard mount); only cancel() ends them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/strong.hpp"
#include "error.hpp"
#include "fs/io_buffer.hpp"
#include "fs/request.hpp"
#include "platform/boot_settings.hpp"
#include "platform/device_tree.hpp"
#include "sel4/types.hpp"

namespace sos::fs {

/// What the file server needs of the timer service. Callbacks run in the root thread.
struct TimerHooks {
    std::uint64_t (*now_us)() = nullptr;
    Result<std::uint32_t> (*register_timeout)(std::uint64_t delay_us,
                                              void (*callback)(std::uint32_t id, void* context),
                                              void* context) = nullptr;
    void (*remove)(std::uint32_t id) = nullptr;
};

/// Memory that the cache of files has as long as nobody else needs it, page by page. borrow: null
/// when there is none. While `wanted` is true pages go back; whoever makes it true calls
/// kick_page_io().
struct Lender {
    std::byte* (*borrow)();
    void (*give_back)(std::byte* page);
    bool (*wanted)();
};

struct Config {
    /// virtio-mmio transports by ascending address, most of them empty: the last network device is
    /// taken. Used during start() only.
    std::span<const platform::Device> virtio{};
    std::optional<platform::StaticAddress> ip{};  // none: DHCP
    platform::NfsLocation nfs{};                  // its export_path must stay valid
    TimerHooks timer{};
    Lender lender{};
    std::uint64_t random_seed = 0;  // for port numbers and the like
    unsigned priority = 252;
    sel4::CPtr mounted_notification{};  // load_ntfn: signalled once the export is mounted
    std::string_view hidden_name{};     // page file in the root: never listed nor opened
    /// Prints a line that hosts look for, "nfs: mounted ..."; none: it goes to the log.
    void (*announce)(std::string_view line) = nullptr;
};

/// Finds the device, makes kernel objects and memory, and starts the thread. Mounting goes on after
/// it has returned. Fails when there is no network device, or memory is short.
Result<void> start(const Config& config);

/// What Clients call: a cap with the right to do that, for any number of threads of the server.
/// Valid after start().
sel4::CPtr endpoint();

/// The PM server, when it kills a process: all requests of this owner are answered with `cancelled`
/// soon, those under way and those still to come; `close` alone is still done. Never blocks.
void cancel(Owner owner);

/// For abi::ResourceCount.
struct Usage {
    std::uint64_t cache_pages;     // that there are for contents of files
    std::uint64_t borrowed_pages;  // and in addition, of the Lender
    std::uint64_t open_files;
    std::uint64_t requests;
    std::uint64_t reply_objects;
    std::uint64_t timeouts;  // of the timer service, for the server's own use
};
Usage usage();

}  // namespace sos::fs
