// SPDX-License-Identifier: BSD-2-Clause
#include "proc/user_call.hpp"

#include <gtest/gtest.h>

namespace sos::proc {
namespace {

sel4::Received message(std::uint64_t length) {
    return {sel4::Badge{1}, abi::MessageInfo::make(0, length), {{100, 1, 2, 3}}};
}

TEST(UserCallTest, WordsComeFromRegistersAndThenFromTheBuffer) {
    abi::IpcBuffer buffer{};
    buffer.msg[3] = 77;  // message register 3 is in a processor register
    buffer.msg[4] = 4;
    const UserCall call = UserCall::from_message(message(5), buffer);
    EXPECT_EQ(call.number, 100u);
    EXPECT_EQ(call.arguments, (std::array<std::uint64_t, 4>{1, 2, 3, 4}));
}

TEST(UserCallTest, WordsThatWereNotSentAreZero) {
    abi::IpcBuffer buffer{};
    buffer.msg[4] = 4;
    EXPECT_EQ(UserCall::from_message(message(3), buffer).arguments,
              (std::array<std::uint64_t, 4>{1, 2, 0, 0}));
    const UserCall nothing = UserCall::from_message(message(0), buffer);
    EXPECT_EQ(nothing.number, 0u);
    EXPECT_EQ(nothing.arguments, (std::array<std::uint64_t, 4>{}));
}

TEST(UserReplyTest, FailureCarriesAPositiveErrno) {
    const UserReply reply = UserReply::failure(Error::not_found);
    EXPECT_EQ(reply.words[0], abi::sos_reply::failure);
    EXPECT_EQ(reply.words[1], 2u);
}

}  // namespace
}  // namespace sos::proc
