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

sel4::CPtr ReplyPool::receive_object() const {
    ASSERT(spare_count_ > 0);
    return objects_[spare_[spare_count_ - 1]].cptr();
}

ReplyToken ReplyPool::take_received() {
    ASSERT(spare_count_ > 0);
    return ReplyToken(this, spare_[--spare_count_]);
}

}  // namespace sos::thread
