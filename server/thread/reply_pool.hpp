// SPDX-License-Identifier: BSD-2-Clause
// Answers owed. An event loop receives with a spare reply object; when a request can not be
// answered at once, the object moves into a ReplyToken that is kept in the request's record.
//
// Invariant: every caller that was received is answered exactly once. A token that is dropped
// unanswered is an assertion failure in debug builds and answers with label 1 in release ones. One
// pool belongs to one thread. It grows by one object for each client thread, before that thread
// can call, so there is always a spare object to receive with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "error.hpp"
#include "res/owned.hpp"
#include "sel4/syscalls.hpp"

namespace sos::thread {

class ReplyPool;

class [[nodiscard]] ReplyToken {
  public:
    constexpr ReplyToken() = default;
    ReplyToken(ReplyToken&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), index_(other.index_) {}
    ReplyToken& operator=(ReplyToken&& other) noexcept;
    ~ReplyToken() { drop(); }

    bool owed() const { return pool_ != nullptr; }

    /// Answers the caller; the token is empty afterwards and the object spare again.
    void send(abi::MessageInfo info, const sel4::Words& words = {});

    /// The same without words, at the pool's next receive() or poll(), which for one answer is the
    /// same system call. For threads that those who are answered cannot preempt.
    void send_with_next_receive(abi::MessageInfo info);

    /// The caller's thread has been deleted: nobody is left to be answered.
    void forget();

  private:
    friend class ReplyPool;
    ReplyToken(ReplyPool* pool, std::uint16_t index) : pool_(pool), index_(index) {}
    void drop();

    ReplyPool* pool_ = nullptr;
    std::uint16_t index_ = 0;
};

class ReplyPool {
  public:
    /// One for each process's handler thread, one to receive with, some for threads of the server.
    static constexpr std::size_t capacity = 520;

    constexpr ReplyPool() = default;
    ReplyPool(const ReplyPool&) = delete;
    ReplyPool& operator=(const ReplyPool&) = delete;

    /// Adds an object: one for the receiver itself, one for each client thread.
    Result<void> grow();
    /// Gives one spare object back, when a client thread has gone.
    void shrink();

    /// The next message. An answer of send_with_next_receive() goes out in the same call.
    sel4::Received receive(sel4::CPtr endpoint);
    /// The same without waiting for one; the answer goes out before.
    sel4::Received poll(sel4::CPtr endpoint);

    /// What to receive the next message with.
    sel4::CPtr receive_object() const;
    /// The caller that was just received with receive_object() is owed an answer from now on.
    ReplyToken take_received();

    std::size_t size() const { return size_; }

  private:
    friend class ReplyToken;

    void send_left();

    std::optional<abi::MessageInfo> left_{};  // an answer for the caller of the top of `spare_`
    std::array<res::OwnedReply, capacity> objects_{};
    std::array<std::uint16_t, capacity> spare_{};  // a stack: the top one receives
    std::array<std::uint16_t, capacity> empty_{};  // a stack of places given up by shrink()
    std::size_t size_ = 0;
    std::size_t spare_count_ = 0;
    std::size_t empty_count_ = 0;
};

}  // namespace sos::thread
