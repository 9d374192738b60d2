// SPDX-License-Identifier: BSD-2-Clause
#include "fs/engine.hpp"

#include <new>
#include <type_traits>

#include "fs/libc_shim/libc_shim.hpp"
#include "fs/net/sockets.hpp"
#include "fs/net/stack.hpp"
#include "fs/nfs/service.hpp"
#include "fs/page_view.hpp"
#include "fs/pager/lane.hpp"
#include "fs/pager/ring.hpp"
#include "log/log.hpp"

namespace sos::fs::engine {

namespace {

static_assert(queue_memory_pages * 4096 >= net::Card::queues_size);
static_assert(buffer_memory_pages * 4096 >= net::Card::buffers_size);
static_assert(open_file_pages * 4096 >= max_open_files * sizeof(nfs::OpenFile));
constexpr std::size_t cache_records = cache_pages + most_borrowed;
constexpr std::uint32_t max_nodes = max_open_files + nfs::Service::max_closed_files;
static_assert(node_pages * 4096 >= max_nodes * sizeof(nfs::Node));
static_assert(cache_record_pages * 4096 >= cache_records * sizeof(nfs::CachePage));
static_assert(max_calls == nfs::Service::max_calls);

class NfsHost final : public nfs::Host {
  public:
    explicit NfsHost(const Config& config) : config_(config) {}

  private:
    void answered(std::uint32_t index) override { config_.answered(index); }
    void mounted() override { config_.mounted(); }
    int ready_events(int socket, int wanted) override { return net::socket_events(socket, wanted); }
    void announce(std::string_view line) override { config_.announce(line); }

    const Config& config_;
};

class Memory final : public nfs::CacheMemory {
  public:
    explicit Memory(const Config& config) : config_(config) {}

  private:
    void give_up(std::size_t part) override { config_.give_up_cache(part); }
    bool get_back(std::size_t part) override { return config_.get_back_cache(part); }
    std::byte* borrow() override { return config_.borrow(); }
    void return_borrowed(std::byte* page) override { config_.return_borrowed(page); }

    const Config& config_;
};

class PagerHost final : public pager::Host {
  public:
    PagerHost(const Config& config, nfs::Service& service) : config_(config), service_(service) {}

  private:
    int ready_events(int socket, int wanted) override { return net::socket_events(socket, wanted); }
    void announce(std::string_view line) override { config_.announce(line); }
    const nfs::ServerHandle* server_handle(FileHandle file) override {
        return service_.server_handle(file);
    }
    nfs::Sameness compare_versions(FileHandle file, const nfs::Fingerprint& opened,
                                   const nfs::Fingerprint& found) override {
        return service_.compare_versions(file, opened, found);
    }
    bool read_cached(FileHandle file, const nfs::Fingerprint& version, std::uint64_t offset,
                     std::span<std::byte> into) override {
        return service_.read_cached(file, version, offset, into);
    }
    void keep_contents(FileHandle file, const nfs::Fingerprint& version, std::uint64_t offset,
                       std::span<const std::byte> bytes) override {
        service_.keep_contents(file, version, offset, bytes);
    }
    PageIo* next_page_io() override { return take_page_io(); }

    const Config& config_;
    nfs::Service& service_;
};

/// Everything, built once in start() and never taken down.
struct Parts {
    explicit Parts(const Config& given)
        : config(given),
          stack(config.registers),
          memory(config),
          host(config),
          service(host),
          pager_host(config, service),
          lane(pager_host) {}

    const Config config;
    net::NetworkStack stack;
    Memory memory;
    NfsHost host;
    nfs::Service service;
    PagerHost pager_host;
    pager::Lane lane;
    bool told_no_address = false;
};

constinit Parts* parts = nullptr;
alignas(Parts) constinit std::byte parts_memory[sizeof(Parts)]{};

constexpr std::size_t pages_at_once = 256;  // that are given back
constexpr int max_rounds = 64;

/// Calls into libnfs, which leaves in the middle when it meets what it cannot bear: then its memory
/// and its connection are given up, and a new one is made. Files and paging do not share either.
template <typename User, typename Function>
void guarded(User& user, Function function) {
    const bool paging = std::is_same_v<User, pager::Lane>;
    use_arena(paging ? Arena::pager : Arena::files);
    net::set_socket_user(paging ? 1 : 0);
    jmp_buf recovery;
    if (setjmp(recovery) == 0) {
        set_recovery(&recovery);
        function();
    } else {
        reset_arena();
        net::abort_sockets(paging ? 1 : 0);
        user.abandon_context();
    }
    set_recovery(nullptr);
}

}  // namespace

Probe probe(base::Mmio registers) {
    switch (drivers::identify_virtio(drivers::MmioRegisters(registers))) {
        case drivers::VirtioKind::network:
            return Probe::network_card;
        case drivers::VirtioKind::legacy:
            return Probe::legacy_network_card;
        case drivers::VirtioKind::none:
        case drivers::VirtioKind::other:
            break;
    }
    return Probe::nothing;
}

Result<void> start(const Config& config) {
    start_libc(config.heap, config.pager_heap, config.now_us, config.random_seed);
    parts = new (parts_memory) Parts(config);
    const net::Card::Memory memory{
        .queues = {config.queues.data, config.queues.physical_address},
        .receive = {config.receive.data, config.receive.physical_address},
        .transmit = {config.transmit.data, config.transmit.physical_address}};
    TRY(parts->stack.start(memory, config.ip, config.random_seed, config.now_us()));
    parts->service.start(
        config.nfs, config.hidden_name,
        {.open_files = {reinterpret_cast<nfs::OpenFile*>(config.open_files.data()), max_open_files},
         .nodes = {reinterpret_cast<nfs::Node*>(config.nodes.data()), max_nodes},
         .directories = config.directories,
         .pages = {reinterpret_cast<nfs::CachePage*>(config.cache_records.data()), cache_records},
         .cache = config.cache,
         .cache_memory = &parts->memory,
         .more_directories = config.more_directories});
    parts->lane.start(config.nfs, config.hidden_name);
    return {};
}

void acknowledge_interrupt() {
    parts->stack.acknowledge_interrupt();
}

bool submit(std::uint32_t index, Request& request) {
    // The last run may be long ago: the request's patience begins now.
    parts->service.set_time(parts->config.now_us());
    bool more = true;
    guarded(parts->service, [&] { more = parts->service.submit(index, request); });
    return more;
}

bool take_page_ios() {
    parts->service.set_time(parts->config.now_us());
    return parts->lane.take_submitted();
}

void cancel(bool (*ended)(Owner owner)) {
    parts->service.cancel(ended);
}

bool run() {
    for (int round = 0; round < max_rounds; ++round) {
        const std::uint64_t now = parts->config.now_us();
        bool active = parts->stack.poll(now);
        if (parts->stack.ready()) {
            bool served = false;
            guarded(parts->service, [&] { served = parts->service.run(now); });
            bool paged = false;
            guarded(parts->lane, [&] { paged = parts->lane.run(now); });
            active = active || served || paged;
        }
        parts->stack.flush();
        if (!active && !parts->stack.rest()) return false;
    }
    return true;
}

std::optional<std::uint64_t> deadline_us() {
    const std::optional<std::uint64_t> stack = parts->stack.deadline_us();
    if (!parts->stack.ready()) return stack;
    std::optional<std::uint64_t> earliest = stack;
    for (const auto deadline : {parts->service.deadline_us(), parts->lane.deadline_us()}) {
        if (deadline && (!earliest || *deadline < *earliest)) earliest = deadline;
    }
    return earliest;
}

bool give_way() {
    // Nobody must be in the midst of copying from what goes.
    if (__atomic_load_n(&view_readers, __ATOMIC_RELAXED) != 0) return false;
    return parts->service.give_way();
}

bool return_borrowed() {
    // Whoever copies from there by a view must not find something else, which is nobody's business.
    if (__atomic_load_n(&view_readers, __ATOMIC_RELAXED) != 0) return false;
    return parts->service.return_borrowed(pages_at_once);
}

std::size_t borrowed_by_cache() {
    return parts == nullptr ? 0 : parts->service.borrowed_pages();
}

std::size_t pages_of_cache() {
    return parts == nullptr ? 0 : parts->service.cache_pages();
}

std::uint32_t open_files() {
    return parts == nullptr ? 0 : parts->service.open_files();
}

std::uint32_t active_calls() {
    return parts == nullptr ? 0 : parts->service.active_calls();
}

}  // namespace sos::fs::engine
