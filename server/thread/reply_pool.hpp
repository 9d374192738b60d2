// SPDX-License-Identifier: BSD-2-Clause
// Answers owed. An event loop receives with a spare reply object; when a request can not be
// answered at once, the object moves into a ReplyToken kept in the request's record.
//
// Invariant: every caller that was received is answered exactly once. A token that is dropped
// unanswered replies with an error (and is an assertion failure in debug builds). One pool belongs
// to one thread. It grows by one object for each client thread, before that thread can call, so
// taking a spare object never fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "error.hpp"
#include "res/owned.hpp"
#include "sel4/syscalls.hpp"

namespace sos::thread {

class ReplyPool;

class [[nodiscard]] ReplyToken {
  public:
    ReplyToken() = default;
    ReplyToken(ReplyToken&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), index_(other.index_) {}
    ReplyToken& operator=(ReplyToken&& other) noexcept;
    ~ReplyToken();

    bool owed() const { return pool_ != nullptr; }

    /// Answers the caller; the token is empty afterwards and the object spare again.
    void send(abi::MessageInfo info, const sel4::Words& words = {});

  private:
    friend class ReplyPool;
    ReplyToken(ReplyPool* pool, std::uint32_t index) : pool_(pool), index_(index) {}

    ReplyPool* pool_ = nullptr;
    std::uint32_t index_ = 0;
};

/// At most `capacity` reply objects; those that are spare form a stack.
class ReplyPool {
  public:
    static constexpr std::size_t capacity = 514;

    constexpr ReplyPool() = default;

    /// Adds one object; call it for the receiver itself and for each client thread.
    Result<void> grow();
    /// Gives one spare object back, when a client thread has gone.
    void shrink();

    /// The object to receive the next message with.
    sel4::CPtr receive_object();
    /// The caller that was just received with receive_object() is now owed an answer.
    ReplyToken take_received();

    std::size_t size() const { return size_; }

  private:
    friend class ReplyToken;
    void put_spare(std::uint32_t index);

    res::OwnedReply objects_[capacity];
    std::uint16_t spare_[capacity] = {};   // stack of indices of spare objects
    std::uint16_t unused_[capacity] = {};  // stack of indices without an object, below high_water_
    std::size_t size_ = 0;
    std::size_t spare_count_ = 0;
    std::size_t unused_count_ = 0;
    std::size_t high_water_ = 0;
};

}  // namespace sos::thread
