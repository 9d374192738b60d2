// SPDX-License-Identifier: BSD-2-Clause
#include "thread/reply_pool.hpp"

#include "base/assert.hpp"

namespace sos::thread {

ReplyToken& ReplyToken::operator=(ReplyToken&& other) noexcept {
    if (this != &other) {
        drop();
        pool_ = std::exchange(other.pool_, nullptr);
        index_ = other.index_;
    }
    return *this;
}

void ReplyToken::drop() {
    ASSERT(!owed());
    if (owed()) send(abi::MessageInfo::make(1, 0));
}

void ReplyToken::send(abi::MessageInfo info, const sel4::Words& words) {
    ASSERT(owed());
    sel4::reply(pool_->objects_[index_].cptr(), info, words);
    forget();
}

void ReplyToken::send_with_next_receive(abi::MessageInfo info) {
    ASSERT(owed());
    ReplyPool& pool = *pool_;
    pool.send_left();
    forget();
    pool.left_ = info;
}

void ReplyToken::forget() {
    ReplyPool& pool = *std::exchange(pool_, nullptr);
    pool.spare_[pool.spare_count_++] = index_;
}

Result<void> ReplyPool::grow() {
    if (size_ == capacity) return std::unexpected(Error::limit_reached);
    // Places are used in order until some have been given up.
    const std::size_t place = empty_count_ > 0 ? empty_[empty_count_ - 1] : size_;
    objects_[place] = TRY(res::make_reply());
    if (empty_count_ > 0) --empty_count_;
    ++size_;
    spare_[spare_count_++] = static_cast<std::uint16_t>(place);
    return {};
}

void ReplyPool::shrink() {
    ASSERT(spare_count_ > 0);
    const std::uint16_t place = spare_[--spare_count_];
    objects_[place].reset();
    empty_[empty_count_++] = place;
    --size_;
}

void ReplyPool::send_left() {
    if (left_) sel4::reply(receive_object(), *left_);
    left_.reset();
}

sel4::Received ReplyPool::receive(sel4::CPtr endpoint) {
    if (!left_) return sel4::recv(endpoint, receive_object());
    const abi::MessageInfo info = *left_;
    left_.reset();
    return sel4::reply_recv(endpoint, receive_object(), info);
}

sel4::Received ReplyPool::poll(sel4::CPtr endpoint) {
    send_left();
    return sel4::nb_recv(endpoint, receive_object());
}

sel4::CPtr ReplyPool::receive_object() const {
    ASSERT(spare_count_ > 0);
    return objects_[spare_[spare_count_ - 1]].cptr();
}

ReplyToken ReplyPool::take_received() {
    ASSERT(spare_count_ > 0);
    return ReplyToken(this, spare_[--spare_count_]);
}

}  // namespace sos::thread
