// SPDX-License-Identifier: BSD-2-Clause
// Engine: network card, TCP/IP stack and NFS service together, all that runs in the file server's
// thread apart from its IPC. The only header of that world that others may include: libc, lwIP and
// libnfs stay behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/mmio.hpp"
#include "error.hpp"
#include "fs/request.hpp"
#include "platform/boot_settings.hpp"

namespace sos::fs::engine {

/// Memory that the network card can reach.
struct DmaPiece {
    std::byte* data;
    std::uint64_t physical_address;
};

inline constexpr std::size_t queue_memory_pages = 5;
inline constexpr std::size_t buffer_memory_pages = 128;  // in each direction
inline constexpr std::size_t open_file_pages = 256;
inline constexpr std::size_t node_pages = 960;       // of files that are open or cached
inline constexpr std::size_t cache_pages = 8192;     // contents of files
inline constexpr std::size_t most_borrowed = 12288;  // beside them, of memory that nobody needs
inline constexpr std::size_t cache_record_pages = 720;
inline constexpr std::size_t part_pages = 512;        // of what is backed in large parts
inline constexpr std::size_t directory_parts = 2;     // entries of open directories
inline constexpr std::size_t heap_pages = 1024;       // of libnfs, for files
inline constexpr std::size_t pager_heap_pages = 512;  // and for paging

struct Config {
    base::Mmio registers;
    DmaPiece queues;
    DmaPiece receive;
    DmaPiece transmit;
    std::span<std::byte> open_files;  // zero-filled, as all that follow
    std::span<std::byte> nodes;
    std::span<std::byte> cache;
    std::span<std::byte> cache_records;
    std::span<std::byte> directories;  // at first
    std::span<std::byte> heap;
    std::span<std::byte> pager_heap;
    std::optional<platform::StaticAddress> ip;
    platform::NfsLocation nfs;
    std::string_view hidden_name;
    std::uint64_t random_seed;
    std::uint64_t (*now_us)();
    void (*answered)(std::uint32_t index);
    void (*mounted)();
    void (*announce)(std::string_view line);
    // The cache's memory in parts of 2 MiB, see nfs::CacheMemory; and more memory for directories.
    void (*give_up_cache)(std::size_t part);
    bool (*get_back_cache)(std::size_t part);
    std::byte* (*borrow)();
    void (*return_borrowed)(std::byte* page);
    bool (*more_directories)(std::span<std::byte>& more);
};

/// More calls than threads that can call.
inline constexpr std::uint32_t max_calls = max_processes + 8;

/// What is there: the virtio-mmio transport of a network card, of one that is too old, or another.
enum class Probe { nothing, network_card, legacy_network_card };
Probe probe(base::Mmio registers);

Result<void> start(const Config& config);

/// The card has interrupted.
void acknowledge_interrupt();

/// See nfs::Service.
[[nodiscard]] bool submit(std::uint32_t index, Request& request);
void cancel(bool (*ended)(Owner owner));

/// See pager::Lane::take_submitted.
bool take_page_ios();

/// Does what can be done now, within a bound; true if there may be more.
bool run();
/// When run() is to be called even if nothing happens.
std::optional<std::uint64_t> deadline_us();

/// Memory is short: gives up a part of the cache. False when that cannot be, at the moment.
bool give_way();

/// Somebody wants what the cache has borrowed: gives some of it back. False when that cannot be, at
/// the moment.
bool return_borrowed();

std::size_t pages_of_cache();
std::size_t borrowed_by_cache();
std::uint32_t open_files();
std::uint32_t active_calls();

}  // namespace sos::fs::engine
