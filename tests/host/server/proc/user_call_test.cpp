// SPDX-License-Identifier: BSD-2-Clause
#include "proc/user_call.hpp"

#include <gtest/gtest.h>

namespace sos::proc {
namespace {

sel4::Received message(std::uint64_t length) {
    return {sel4::Badge{1}, abi::MessageInfo::make(0, length), {{100, 1, 2, 3}}};
}

UserCall call_of(const sel4::Received& received, const abi::IpcBuffer& buffer) {
    return UserCall::from_message(received,
                                  [&buffer]() -> const abi::IpcBuffer& { return buffer; });
}

TEST(UserCallTest, WordsComeFromRegistersAndThenFromTheBuffer) {
    abi::IpcBuffer buffer{};
    buffer.msg[3] = 77;  // message register 3 is in a processor register
    buffer.msg[4] = 4;
    const UserCall call = call_of(message(5), buffer);
    EXPECT_EQ(call.number, 100u);
    EXPECT_EQ(call.arguments, (std::array<std::uint64_t, 4>{1, 2, 3, 4}));
}

TEST(UserCallTest, OnlyALongMessageReachesIntoTheBuffer) {
    abi::IpcBuffer buffer{};
    buffer.msg[4] = 4;
    EXPECT_EQ(call_of(message(4), buffer).arguments, (std::array<std::uint64_t, 4>{1, 2, 3, 0}));
    EXPECT_EQ(call_of(message(120), buffer).arguments[3], 4u);
}

TEST(UserCallTest, WordsThatWereNotSentAreZero) {
    abi::IpcBuffer buffer{};
    buffer.msg[4] = 4;
    EXPECT_EQ(call_of(message(3), buffer).arguments, (std::array<std::uint64_t, 4>{1, 2, 0, 0}));
    const UserCall nothing = call_of(message(0), buffer);
    EXPECT_EQ(nothing.number, 0u);
    EXPECT_EQ(nothing.arguments, (std::array<std::uint64_t, 4>{}));
}

TEST(UserReplyTest, FailureCarriesAPositiveErrno) {
    const UserReply reply = std::unexpected(Error::not_found);
    EXPECT_EQ(reply.error(), 2u);
    EXPECT_EQ(reply.words().mr[0], abi::sos_reply::failure);
    EXPECT_EQ(reply.words().mr[1], 2u);
}

TEST(UserReplyTest, SuccessCarriesTwoResults) {
    const UserReply reply = UserReply::success(~0ull, 7);
    EXPECT_EQ(reply.error(), 0u);
    EXPECT_EQ(reply.words().mr[0], abi::sos_reply::success);
    EXPECT_EQ(reply.words().mr[1], ~0ull);
    EXPECT_EQ(reply.words().mr[2], 7u);
}

}  // namespace
}  // namespace sos::proc
