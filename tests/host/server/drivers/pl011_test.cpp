// SPDX-License-Identifier: BSD-2-Clause
#include "server/drivers/serial/pl011.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <thread>

#include "pl011_model.hpp"

namespace {

using namespace sos::serial;
using Bus = model::Pl011Bus;
using Uart = Pl011<Bus, 64>;

std::span<const std::uint8_t> bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

struct Sink {
    std::string text;
    void operator()(std::uint8_t byte) { text += static_cast<char>(byte); }
};

TEST(Pl011, InitialisesForReceptionOnly) {
    Bus bus(Bus::Manner::fifo);
    Uart uart(bus);
    uart.initialise();
    EXPECT_EQ(bus.control, 0x301u);
    EXPECT_EQ(bus.line_control, 0x70u);
    EXPECT_EQ(bus.mask(), 0x50u);
    EXPECT_FALSE(bus.raised());
}

TEST(Pl011, WritersOnlyQueueAndTellWhenTheOwnerIsNeeded) {
    Bus bus(Bus::Manner::fifo);
    Uart uart(bus);
    uart.initialise();
    const WriteResult first = uart.try_write(bytes("hello "));
    EXPECT_EQ(first.accepted, 6u);
    EXPECT_TRUE(first.notify_owner);
    EXPECT_FALSE(uart.try_write(bytes("world")).notify_owner) << "it is on its way";
    EXPECT_FALSE(uart.try_write({}).notify_owner);
    EXPECT_FALSE(uart.service_transmit());
    EXPECT_EQ(uart.transmit_queued(), 0u);
    for (int i = 0; i < 20; ++i) bus.send_one();
    EXPECT_EQ(bus.line, "hello world");
    EXPECT_EQ(bus.mask(), 0x50u) << "no transmit interrupt without anything to send";
    EXPECT_TRUE(uart.try_write(bytes("!")).notify_owner);
}

TEST(Pl011, AFullFifoIsContinuedByInterrupts) {
    Bus bus(Bus::Manner::fifo);
    Uart uart(bus);
    uart.initialise();
    const std::string text = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    EXPECT_EQ(uart.try_write(bytes(text)).accepted, text.size());
    uart.service_transmit();
    EXPECT_NE(bus.mask() & 0x20, 0u);
    Sink sink;
    for (int i = 0; i < 200; ++i) {
        bus.send_one();
        if (bus.raised()) uart.on_interrupt(sink);
    }
    EXPECT_EQ(bus.line, text);
    EXPECT_EQ(bus.mask(), 0x50u);
    EXPECT_FALSE(bus.raised());
}

TEST(Pl011, ARefusedWriterHearsOfSpaceOnceWhenHalfIsFree) {
    Bus bus(Bus::Manner::fifo);
    Uart uart(bus);
    uart.initialise();
    const std::string text(100, 'x');
    EXPECT_EQ(uart.try_write(bytes(text)).accepted, 64u);
    EXPECT_EQ(uart.try_write(bytes(text)).accepted, 0u);
    EXPECT_FALSE(uart.service_transmit()) << "16 of 64 are free";
    Sink sink;
    int heard = 0;
    for (int i = 0; i < 200; ++i) {
        bus.send_one();
        if (!bus.raised()) continue;
        const InterruptResult result = uart.on_interrupt(sink);
        if (!result.transmit_space) continue;
        ++heard;
        EXPECT_GE(uart.transmit_space(), 32u);
    }
    EXPECT_EQ(heard, 1);
    EXPECT_EQ(bus.line.size(), 64u);
}

TEST(Pl011, ReceivesAllThatIsThere) {
    Bus bus(Bus::Manner::fifo);
    Uart uart(bus);
    uart.initialise();
    for (char c : std::string("ls -l\r")) bus.receive(static_cast<std::uint8_t>(c));
    EXPECT_TRUE(bus.raised());
    Sink sink;
    EXPECT_EQ(uart.on_interrupt(sink).received, 6u);
    EXPECT_EQ(sink.text, "ls -l\r");
    EXPECT_FALSE(bus.raised());
    EXPECT_EQ(uart.on_interrupt(sink).received, 0u) << "spurious interrupt";
}

TEST(Pl011, NeverPollsForTheTransmitter) {
    Bus bus(Bus::Manner::fifo);
    Uart uart(bus);
    uart.initialise();
    const auto before = bus.reads_of_flags;
    std::uint64_t written = 0, services = 0;
    Sink sink;
    for (int round = 0; round < 1000; ++round) {
        written += uart.try_write(bytes("some words more\n")).accepted;
        uart.service_transmit();
        ++services;
        for (int i = 0; i < 20; ++i) {
            bus.send_one();
            if (!bus.raised()) continue;
            uart.on_interrupt(sink);
            ++services;
        }
    }
    EXPECT_EQ(written, 16'000u);
    // One look for each byte, and two more for each service: at a full FIFO, at an empty queue.
    EXPECT_LE(bus.reads_of_flags - before, written + 3 * services);
}

TEST(Pl011, CountsErrorsAndDeliversOnlyGoodBytes) {
    Bus bus(Bus::Manner::fifo);
    Uart uart(bus);
    uart.initialise();
    bus.receive('a');
    bus.receive('b' | (1 << 8));            // framing
    bus.receive('c' | (1 << 9));            // parity
    bus.receive(0 | (1 << 10) | (1 << 8));  // break
    bus.receive('d');
    Sink sink;
    uart.on_interrupt(sink);
    EXPECT_EQ(sink.text, "ad");
    for (int i = 0; i < 20; ++i) bus.receive('0');
    uart.on_interrupt(sink);
    bus.receive('z');
    uart.on_interrupt(sink);
    EXPECT_EQ(sink.text, "ad0000000000000000z");
    EXPECT_EQ(uart.errors().framing, 1u);
    EXPECT_EQ(uart.errors().parity, 1u);
    EXPECT_EQ(uart.errors().breaks, 1u);
    EXPECT_EQ(uart.errors().overruns, 1u);
}

TEST(Pl011, AnInstantDeviceIsServedInBursts) {
    Bus bus(Bus::Manner::instant);
    Pl011<Bus, 1024> uart(bus);
    uart.initialise();
    EXPECT_EQ(uart.try_write(bytes(std::string(1000, 'y'))).accepted, 1000u);
    uart.service_transmit();
    EXPECT_EQ(bus.line.size(), uart.burst);
    EXPECT_TRUE(bus.raised());
    Sink sink;
    int interrupts = 0;
    while (bus.raised()) {
        uart.on_interrupt(sink);
        ASSERT_LT(++interrupts, 10);
    }
    EXPECT_EQ(bus.line.size(), 1000u);
}

TEST(Pl011, PanicSendsWhatIsQueuedFirstAndGivesUpOnADeadDevice) {
    Bus bus(Bus::Manner::fifo);
    Uart uart(bus);
    uart.initialise();
    uart.try_write(bytes("before "));
    bus.polled_sending = true;
    uart.panic_write(bytes("panic: " + std::string(40, '!')));
    EXPECT_TRUE(uart.flush());
    EXPECT_EQ(bus.line, "before panic: " + std::string(40, '!'));
    EXPECT_EQ(bus.mask(), 0u);

    Bus dead(Bus::Manner::fifo);
    Pl011<Bus, 64> silent(dead);
    dead.stuck = true;
    const auto before = dead.reads_of_flags;
    silent.panic_write(bytes("nobody hears"));
    EXPECT_LE(dead.reads_of_flags - before, silent.poll_limit) << "one bounded wait";
}

TEST(Pl011, NothingIsLostOrReorderedUnderRandomUse) {
    for (const auto manner : {Bus::Manner::fifo, Bus::Manner::instant}) {
        Bus bus(manner);
        Uart uart(bus);
        uart.initialise();
        std::mt19937 random(11);
        std::string expected, typed;
        Sink sink;
        bool refused = false, notified = false;
        for (int step = 0; step < 300'000; ++step) {
            if (!refused && random() % 4 == 0) {
                std::string text(random() % 50, ' ');
                for (char& c : text) c = static_cast<char>('a' + random() % 26);
                const WriteResult result = uart.try_write(bytes(text));
                expected += text.substr(0, result.accepted);
                refused = result.accepted < text.size();
                notified = notified || result.notify_owner;
            }
            if (notified && random() % 3 == 0) {
                notified = false;
                if (uart.service_transmit()) refused = false;
            }
            if (random() % 2 == 0) bus.send_one();
            if (random() % 5 == 0) {
                bus.receive('k');
                typed += 'k';
            }
            if (bus.raised() && uart.on_interrupt(sink).transmit_space) refused = false;
        }
        for (int i = 0; i < 1000; ++i) {
            if (notified) uart.service_transmit();
            notified = false;
            bus.send_one();
            if (bus.raised()) uart.on_interrupt(sink);
        }
        EXPECT_EQ(bus.line, expected);
        EXPECT_EQ(sink.text, typed);
        EXPECT_GT(expected.size(), 50'000u) << "writers were woken";
    }
}

TEST(Pl011, NoByteIsForgottenBetweenTwoThreads) {
    Bus bus(Bus::Manner::instant);
    Uart uart(bus);
    uart.initialise();
    constexpr unsigned total = 20'000;
    std::atomic<bool> notified{false}, finished{false};
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    const auto in_time = [limit] { return std::chrono::steady_clock::now() < limit; };
    // One byte at a time: nearly every one meets an owner that is just about to stop.
    std::thread writer([&] {
        for (unsigned sent = 0; sent < total && in_time();) {
            const std::uint8_t byte = static_cast<std::uint8_t>('a' + sent % 26);
            const WriteResult result = uart.try_write({&byte, 1});
            if (result.notify_owner) notified.store(true);
            sent += static_cast<unsigned>(result.accepted);
            if (result.accepted == 0) std::this_thread::yield();
        }
        finished.store(true);
    });
    Sink sink;
    while (in_time()) {
        const bool last_round = finished.load();
        if (notified.exchange(false)) {
            uart.service_transmit();
        } else {
            std::this_thread::yield();
        }
        while (bus.raised()) uart.on_interrupt(sink);
        if (last_round && !notified.load() && !bus.raised()) break;
    }
    writer.join();
    ASSERT_EQ(uart.transmit_queued(), 0u) << "nobody would send the rest";
    ASSERT_EQ(bus.line.size(), total);
    for (unsigned i = 0; i < total; ++i) ASSERT_EQ(bus.line[i], static_cast<char>('a' + i % 26));
}

}  // namespace
