// SPDX-License-Identifier: BSD-2-Clause
#include "fs/file_server.hpp"

#include <array>
#include <atomic>
#include <new>

#include "abi/sos_badge.hpp"
#include "base/bits.hpp"
#include "fs/engine.hpp"
#include "fs/pager/page_io.hpp"
#include "fs/work.hpp"
#include "log/log.hpp"
#include "res/irq.hpp"
#include "res/owned.hpp"
#include "res/res.hpp"
#include "res/server_pages.hpp"
#include "sel4/syscalls.hpp"
#include "thread/counter.hpp"
#include "thread/reply_pool.hpp"
#include "thread/thread.hpp"

namespace sos::fs {

namespace {

namespace badge = abi::sos_badge;

// libnfs decodes lists one level deeper with each element: nfs/checked_decoding.cpp has the bound.
constexpr std::size_t stack_pages = 96;

/// What the server owns for good.
struct FileServer {
    Config config{};
    res::OwnedEndpoint endpoint{};
    res::OwnedNotification notification{};
    res::Slot client_endpoint{};  // what Clients call
    res::Slot network_signal{};   // caps to the notification with their badges
    res::Slot timer_signal{};
    res::Slot cancel_signal{};
    res::Slot page_io_signal{};
    res::OwnedIrq interrupt{};
    thread::ServerThread thread{};
    res::ServerPages queues{};
    res::ServerPages receive{};
    res::ServerPages transmit{};
    res::ServerPages open_files{};
    res::ServerPages nodes{};
    res::ServerPages cache{};
    res::ServerPages cache_records{};
    res::ServerPages directories{};
    res::ServerPages heap{};
    res::ServerPages pager_heap{};
    thread::ReplyPool replies{};
    std::array<thread::ReplyToken, engine::max_calls> tokens{};  // of the calls, by index
    std::array<std::uint16_t, engine::max_calls> free_calls{};   // a stack
    std::uint32_t free_count = 0;
    std::size_t directory_parts = 0;  // of which there is memory
    std::uint32_t timeout = 0;        // registered with the timer service
    std::optional<std::uint64_t> timeout_at_us{};
};

// Built in start(), never destroyed.
alignas(FileServer) constinit std::byte server_memory[sizeof(FileServer)]{};
constinit FileServer* server = nullptr;

/// The highest generation of each process slot that is being killed: written by the PM server.
constinit std::array<std::atomic<std::uint32_t>, max_processes> killed{};

bool owner_ended(Owner owner) {
    return owner.generation != 0 && owner.slot < max_processes &&
           killed[owner.slot].load(std::memory_order_acquire) == owner.generation;
}

/// Whoever is answered has a lower priority, and runs only when this thread receives again.
void send_answer(thread::ReplyToken& token) {
    token.send_with_next_receive(abi::MessageInfo::make(0, 0));
}

void answered(std::uint32_t index) {
    server->free_calls[server->free_count++] = static_cast<std::uint16_t>(index);
    send_answer(server->tokens[index]);
}

void mounted() {
    if (server->config.mounted_notification != sel4::null_cap) {
        sel4::signal(server->config.mounted_notification);
    }
}

void announce(std::string_view line) {
    if (server->config.announce != nullptr) {
        server->config.announce(line);
    } else {
        log::info<log::Area::fs>("{}", line);
    }
}

/// A Client has called: its request is answered later, when the engine says so. False when that
/// left nothing to do.
bool accept(const sel4::Received& message) {
    thread::ReplyToken token = server->replies.take_received();
    auto* const request = reinterpret_cast<Request*>(message.words.mr[0]);
    if (owner_ended(request->owner)) {
        if (request->operation != Operation::close) {
            request->failed = true;
            request->error = Error::cancelled;
            send_answer(token);
            return false;
        }
        // What it has written goes to the server all the same, but nobody waits for that.
        request->abandon = true;
    }
    // Each thread has at most one call outstanding, and there are more records than threads.
    ASSERT(server->free_count > 0);
    const std::uint16_t index = server->free_calls[--server->free_count];
    server->tokens[index] = std::move(token);
    return engine::submit(index, *request);
}

/// One registered timeout, for the earliest thing that is due.
void set_timeout() {
    const std::optional<std::uint64_t> deadline = engine::deadline_us();
    const std::uint64_t now = server->config.timer.now_us();
    if (server->timeout_at_us && *server->timeout_at_us <= now) server->timeout_at_us.reset();
    if (!deadline) return;  // a timeout still registered wakes us once, for nothing
    if (server->timeout_at_us) {
        if (*server->timeout_at_us <= *deadline) return;
        server->config.timer.remove(server->timeout);
        server->timeout_at_us.reset();
    }
    const std::uint64_t delay = *deadline > now ? *deadline - now : 0;
    const Result<std::uint32_t> timeout = server->config.timer.register_timeout(
        delay, [](std::uint32_t, void*) { sel4::signal(server->timer_signal.cptr()); }, nullptr);
    if (!timeout) {
        log::error<log::Area::fs>("no timeout left for the network");
        return;
    }
    server->timeout = *timeout;
    server->timeout_at_us = *deadline;
}

/// The thread has worked since then.
void note_work(std::uint64_t begin) {
    const std::uint64_t ticks = work.ticks.load(std::memory_order_relaxed);
    work.ticks.store(ticks + (thread::counter() - begin), std::memory_order_relaxed);
}

constexpr std::size_t part_size = engine::part_pages * res::page_size;

void give_up_cache(std::size_t part) {
    const bool given = server->cache.give_up_large(part);
    ASSERT(given);
    static_cast<void>(given);
}

bool get_back_cache(std::size_t part) {
    return server->cache.back_again(part).has_value();
}

/// Directories begin with nothing.
bool more_directories(std::span<std::byte>& more) {
    if (server->directories.size() == 0 || server->directory_parts == engine::directory_parts) {
        return false;
    }
    // The cache gives its own if need be.
    while (!server->directories.back_again(server->directory_parts)) {
        if (!engine::give_way()) return false;
    }
    more = server->directories.bytes().subspan(server->directory_parts++ * part_size, part_size);
    return true;
}

/// Somebody needs memory: the cache gives up what it has, as long as it can.
void make_way() {
    while (server->config.lender.wanted() && engine::return_borrowed()) {
    }
    while (res::server_memory_pressed() && engine::give_way()) {
    }
}

[[noreturn]] void serve() {
    bool more_to_do = true;
    std::uint64_t begin = thread::counter();
    while (true) {
        if (more_to_do) {
            more_to_do = engine::run();
            make_way();
            set_timeout();
        }
        const sel4::CPtr endpoint = server->endpoint.cptr();
        note_work(begin);  // before the answer goes out
        const sel4::Received message =
            more_to_do ? server->replies.poll(endpoint) : server->replies.receive(endpoint);
        begin = thread::counter();
        const std::uint64_t from = message.badge.raw();
        if ((from & badge::kind_mask) == badge::handler) {
            // What the cache has is answered without a look at the network.
            more_to_do = accept(message) || more_to_do;
            continue;
        }
        more_to_do = engine::take_page_ios() || more_to_do || (from & ~badge::page_io) != 0;
        if (res::server_memory_pressed() || server->config.lender.wanted()) {
            make_way();
            more_to_do = true;
        }
        if ((from & badge::timer) != 0) server->timeout_at_us.reset();
        if ((from & badge::network) != 0) {
            engine::acknowledge_interrupt();
            server->interrupt.acknowledge();
        }
        if ((from & badge::cancel) != 0) engine::cancel(owner_ended);
    }
}

engine::DmaPiece dma_piece(const res::ServerPages& pages) {
    // Pages of map_contiguous always have one.
    return {pages.data(), MUST(pages.physical_address()).raw()};
}

constinit std::optional<base::Mmio> card_registers{};
constinit std::optional<Error> start_error{};
constinit std::atomic<bool> start_done = false;
constinit sel4::CPtr start_signal{};

engine::Config engine_config() {
    const Config& config = server->config;
    return {.registers = *card_registers,
            .queues = dma_piece(server->queues),
            .receive = dma_piece(server->receive),
            .transmit = dma_piece(server->transmit),
            .open_files = server->open_files.bytes(),
            .nodes = server->nodes.bytes(),
            .cache = server->cache.bytes(),
            .cache_records = server->cache_records.bytes(),
            .directories = {},
            .heap = server->heap.bytes(),
            .pager_heap = server->pager_heap.bytes(),
            .ip = config.ip,
            .nfs = config.nfs,
            .hidden_name = config.hidden_name,
            .random_seed = config.random_seed,
            .now_us = config.timer.now_us,
            .answered = answered,
            .mounted = mounted,
            .announce = announce,
            .give_up_cache = give_up_cache,
            .get_back_cache = get_back_cache,
            .borrow = config.lender.borrow,
            .return_borrowed = config.lender.give_back,
            .more_directories = more_directories};
}

/// The thread: libc and lwIP are entered by it alone, so it starts them, too.
void thread_entry(void*) {
    const Result<void> started = engine::start(engine_config());
    if (!started) start_error = started.error();
    start_done.store(true, std::memory_order_release);
    sel4::signal(start_signal);
    if (!started) {
        while (true) sel4::wait(server->notification.cptr());
    }
    serve();
}

/// The network card at the highest address among the transports, which is the first one on QEMU's
/// command line. Others are left alone.
Result<const platform::Device*> find_card(std::span<const platform::Device> devices) {
    bool legacy = false;
    const platform::Device* chosen = nullptr;
    for (std::size_t i = devices.size(); i-- > 0;) {
        const platform::Device& device = devices[i];
        const base::Mmio registers =
            TRY(res::map_device(base::PAddr{device.window.base}, device.window.size));
        const engine::Probe found = engine::probe(registers);
        legacy = legacy || found == engine::Probe::legacy_network_card;
        if (found != engine::Probe::network_card || !device.interrupt) continue;
        if (chosen != nullptr) {
            log::warn<log::Area::net>("the network device at {x} is not used; the one at {x} is",
                                      device.window.base, chosen->window.base);
            continue;
        }
        card_registers = registers;
        chosen = &device;
    }
    if (chosen != nullptr) return chosen;
    log::error<log::Area::net>("{}", legacy ? "the network device has the legacy interface, which "
                                              "is not supported (force-legacy=false)"
                                            : "no virtio network device");
    return std::unexpected(Error::not_supported);
}

Result<void> take_memory() {
    server->queues = TRY(res::map_contiguous(engine::queue_memory_pages));
    server->receive = TRY(res::map_contiguous(engine::buffer_memory_pages));
    server->transmit = TRY(res::map_contiguous(engine::buffer_memory_pages));
    server->open_files = TRY(res::map_pages(engine::open_file_pages));
    server->nodes = TRY(res::map_pages(engine::node_pages));
    server->cache = TRY(res::map_pages(engine::cache_pages));
    server->cache_records = TRY(res::map_pages(engine::cache_record_pages));
    server->directories = TRY(res::map_pages(engine::directory_parts * engine::part_pages));
    for (std::size_t i = 0; i < engine::directory_parts; ++i) {
        if (!server->directories.give_up_large(i)) return std::unexpected(Error::no_memory);
    }
    server->heap = TRY(res::map_pages(engine::heap_pages));
    server->pager_heap = TRY(res::map_pages(engine::pager_heap_pages));
    return {};
}

Result<void> take_objects(const platform::Interrupt& interrupt) {
    server->endpoint = TRY(res::make_endpoint());
    server->client_endpoint =
        TRY(res::mint(server->endpoint.cptr(), abi::rights::write_grant_reply, badge::handler));
    server->notification = TRY(res::make_notification());
    const sel4::CPtr notification = server->notification.cptr();
    server->network_signal = TRY(res::mint(notification, abi::rights::write, badge::network));
    server->timer_signal = TRY(res::mint(notification, abi::rights::write, badge::timer));
    server->cancel_signal = TRY(res::mint(notification, abi::rights::write, badge::cancel));
    server->page_io_signal = TRY(res::mint(notification, abi::rights::write, badge::page_io));
    server->interrupt =
        TRY(res::take_irq(interrupt.number, interrupt.trigger == platform::InterruptTrigger::edge
                                                ? res::Trigger::edge
                                                : res::Trigger::level));
    TRY(server->interrupt.set_notification(server->network_signal.cptr()));
    // One for each thread that can call, and one to receive with.
    for (std::uint32_t i = 0; i < max_processes + 1; ++i) TRY(server->replies.grow());
    for (std::uint16_t i = 0; i < engine::max_calls; ++i) server->free_calls[i] = i;
    server->free_count = engine::max_calls;
    return {};
}

}  // namespace

Result<void> start(const Config& config) {
    server = new (server_memory) FileServer;
    server->config = config;
    const platform::Device* const card = TRY(find_card(config.virtio));
    TRY(take_memory());
    TRY(take_objects(*card->interrupt));
    res::on_server_memory_pressed(kick_page_io);
    server->thread = TRY(thread::prepare({.name = "file server",
                                          .entry = thread_entry,
                                          .priority = config.priority,
                                          .stack_pages = stack_pages,
                                          .fpu = thread::Fpu::enabled}));
    TRY(server->thread.bind_notification(server->notification.cptr()));
    const res::OwnedNotification started = TRY(res::make_notification());
    start_signal = started.cptr();
    TRY(thread::start(server->thread));
    sel4::wait(start_signal);
    if (start_error) return std::unexpected(*start_error);
    server->interrupt.acknowledge();
    return {};
}

sel4::CPtr endpoint() {
    return server->client_endpoint.cptr();
}

void cancel(Owner owner) {
    ASSERT(owner.slot < max_processes);
    killed[owner.slot].store(owner.generation, std::memory_order_release);
    sel4::signal(server->cancel_signal.cptr());
}

// The engine looks for records whenever it runs: being woken is all that is needed.
void kick_page_io() {
    sel4::signal(server->page_io_signal.cptr());
}

Usage usage() {
    return {.cache_pages = engine::pages_of_cache(),
            .borrowed_pages = engine::borrowed_by_cache(),
            .open_files = engine::open_files(),
            .requests = engine::active_calls(),
            .reply_objects = server == nullptr ? 0 : server->replies.size(),
            .timeouts = server != nullptr && server->timeout_at_us ? 1u : 0u};
}

}  // namespace sos::fs
