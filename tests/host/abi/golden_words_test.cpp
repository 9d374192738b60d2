// SPDX-License-Identifier: BSD-2-Clause
// The kernel's interface as numbers, written here a second time from the description of the
// interface: whoever changes a header by mistake meets them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "abi/boot_info.hpp"
#include "abi/cap_rights.hpp"
#include "abi/error.hpp"
#include "abi/fault.hpp"
#include "abi/invocation.hpp"
#include "abi/ipc_buffer.hpp"
#include "abi/message_info.hpp"
#include "abi/object_type.hpp"
#include "abi/sched.hpp"
#include "abi/syscall.hpp"

namespace {

template <typename Enum>
constexpr std::int64_t number(Enum value) {
    return static_cast<std::int64_t>(value);
}

template <typename Enum>
struct Row {
    Enum value;
    std::int64_t expected;
};

template <typename Enum, std::size_t N>
void expect_numbers(const Row<Enum> (&rows)[N]) {
    for (const auto& row : rows) EXPECT_EQ(number(row.value), row.expected);
}

TEST(Abi, SyscallNumbers) {
    using enum abi::Syscall;
    expect_numbers<abi::Syscall>({{call, -1},
                                  {reply_recv, -2},
                                  {nb_send_recv, -3},
                                  {nb_send_wait, -4},
                                  {send, -5},
                                  {nb_send, -6},
                                  {recv, -7},
                                  {nb_recv, -8},
                                  {wait, -9},
                                  {nb_wait, -10},
                                  {yield, -11},
                                  {debug_put_char, -12},
                                  {debug_dump_scheduler, -13},
                                  {debug_halt, -14},
                                  {debug_cap_identify, -15},
                                  {debug_snapshot, -16},
                                  {debug_name_thread, -17}});
    EXPECT_EQ(static_cast<std::uint64_t>(number(call)), 0xffff'ffff'ffff'ffffu);
}

TEST(Abi, InvocationLabels) {
    using enum abi::Invocation;
    expect_numbers<abi::Invocation>({{untyped_retype, 1},
                                     {tcb_read_registers, 2},
                                     {tcb_write_registers, 3},
                                     {tcb_copy_registers, 4},
                                     {tcb_configure, 5},
                                     {tcb_set_priority, 6},
                                     {tcb_set_mc_priority, 7},
                                     {tcb_set_sched_params, 8},
                                     {tcb_set_timeout_endpoint, 9},
                                     {tcb_set_ipc_buffer, 10},
                                     {tcb_set_space, 11},
                                     {tcb_suspend, 12},
                                     {tcb_resume, 13},
                                     {tcb_bind_notification, 14},
                                     {tcb_unbind_notification, 15},
                                     {tcb_set_tls_base, 16},
                                     {tcb_set_flags, 17},
                                     {cnode_revoke, 18},
                                     {cnode_delete, 19},
                                     {cnode_cancel_badged_sends, 20},
                                     {cnode_copy, 21},
                                     {cnode_mint, 22},
                                     {cnode_move, 23},
                                     {cnode_mutate, 24},
                                     {cnode_rotate, 25},
                                     {irq_control_get, 26},
                                     {irq_handler_ack, 27},
                                     {irq_handler_set_notification, 28},
                                     {irq_handler_clear, 29},
                                     {domain_set_set, 30}});
    expect_numbers<abi::Invocation>({{sched_control_configure_flags, 33},
                                     {sched_context_bind, 34},
                                     {sched_context_unbind, 35},
                                     {sched_context_unbind_object, 36},
                                     {sched_context_consumed, 37},
                                     {sched_context_yield_to, 38},
                                     {vspace_clean_data, 39},
                                     {vspace_unify_instruction, 42},
                                     {page_table_map, 44},
                                     {page_table_unmap, 45},
                                     {page_map, 46},
                                     {page_unmap, 47},
                                     {page_clean_data, 48},
                                     {page_unify_instruction, 51},
                                     {page_get_address, 52},
                                     {asid_control_make_pool, 53},
                                     {asid_pool_assign, 54},
                                     {irq_control_get_trigger, 55},
                                     {irq_control_issue_sgi_signal, 56}});
}

TEST(Abi, ErrorsAndLookupFailures) {
    using enum abi::Error;
    expect_numbers<abi::Error>({{none, 0},
                                {invalid_argument, 1},
                                {invalid_capability, 2},
                                {illegal_operation, 3},
                                {range_error, 4},
                                {alignment_error, 5},
                                {failed_lookup, 6},
                                {truncated_message, 7},
                                {delete_first, 8},
                                {revoke_first, 9},
                                {not_enough_memory, 10}});
    expect_numbers<abi::LookupFailureType>({{abi::LookupFailureType::invalid_root, 1},
                                            {abi::LookupFailureType::missing_capability, 2},
                                            {abi::LookupFailureType::depth_mismatch, 3},
                                            {abi::LookupFailureType::guard_mismatch, 4}});
}

TEST(Abi, MessageInfoWords) {
    EXPECT_EQ(abi::MessageInfo::make(0, 0).word, 0u);
    EXPECT_EQ(abi::MessageInfo::make(1, 6, 1).word, 0x1086u);  // Untyped_Retype
    EXPECT_EQ(abi::MessageInfo::make(0x1234, 3, 2, 1).word, 0x1234303u);
    EXPECT_EQ(abi::MessageInfo::make((1ull << 52) - 1, 0).word, 0xffff'ffff'ffff'f000u);
    const abi::MessageInfo info{0x1234303};
    EXPECT_EQ(info.label(), 0x1234u);
    EXPECT_EQ(info.length(), 3u);
    EXPECT_EQ(info.extra_caps(), 2u);
    EXPECT_EQ(info.caps_unwrapped(), 1u);
}

TEST(Abi, FaultLayouts) {
    using enum abi::Fault;
    expect_numbers<abi::Fault>({{null, 0},
                                {cap, 1},
                                {unknown_syscall, 2},
                                {user_exception, 3},
                                {debug_exception, 4},
                                {timeout, 5},
                                {vm, 6}});
    EXPECT_EQ(+abi::vm_fault::fsr, 3u);
    EXPECT_EQ(+abi::vm_fault::length, 4u);
    EXPECT_EQ(+abi::unknown_syscall::fault_ip, 8u);
    EXPECT_EQ(+abi::unknown_syscall::syscall, 12u);
    EXPECT_EQ(+abi::unknown_syscall::length, 13u);
    EXPECT_EQ(+abi::user_exception::length, 5u);
    EXPECT_EQ(+abi::timeout_fault::length, 2u);
}

TEST(Abi, UserContextOrder) {
    using C = abi::UserContext;
    EXPECT_EQ(offsetof(C, pc) / 8, 0u);
    EXPECT_EQ(offsetof(C, sp) / 8, 1u);
    EXPECT_EQ(offsetof(C, spsr) / 8, 2u);
    EXPECT_EQ(offsetof(C, x0) / 8, 3u);
    EXPECT_EQ(offsetof(C, x8) / 8, 11u);
    EXPECT_EQ(offsetof(C, x16) / 8, 12u);
    EXPECT_EQ(offsetof(C, x29) / 8, 15u);
    EXPECT_EQ(offsetof(C, x30) / 8, 16u);
    EXPECT_EQ(offsetof(C, x9) / 8, 17u);
    EXPECT_EQ(offsetof(C, x19) / 8, 24u);
    EXPECT_EQ(offsetof(C, tpidr_el0) / 8, 34u);
    EXPECT_EQ(sizeof(C), 288u);
}

TEST(Abi, IpcBufferOffsets) {
    EXPECT_EQ(offsetof(abi::IpcBuffer, msg), 8u);
    EXPECT_EQ(offsetof(abi::IpcBuffer, user_data), 968u);
    EXPECT_EQ(offsetof(abi::IpcBuffer, caps_or_badges), 976u);
    EXPECT_EQ(offsetof(abi::IpcBuffer, receive_cnode), 1000u);
    EXPECT_EQ(offsetof(abi::IpcBuffer, receive_index), 1008u);
    EXPECT_EQ(offsetof(abi::IpcBuffer, receive_depth), 1016u);
}

TEST(Abi, BootInfoOffsets) {
    using B = abi::BootInfo;
    EXPECT_EQ(offsetof(B, ipc_buffer), 32u);
    EXPECT_EQ(offsetof(B, empty), 40u);
    EXPECT_EQ(offsetof(B, user_image_frames), 72u);
    EXPECT_EQ(offsetof(B, extra_bi_pages), 120u);
    EXPECT_EQ(offsetof(B, init_thread_cnode_size_bits), 136u);
    EXPECT_EQ(offsetof(B, untyped), 168u);
    EXPECT_EQ(offsetof(B, untyped_list), 184u);
    EXPECT_EQ(+abi::init_cap::sched_context, 14u);
}

TEST(Abi, ObjectSizes) {
    using enum abi::ObjectType;
    const std::array<std::pair<abi::ObjectType, unsigned>, 9> fixed{{{tcb, 11},
                                                                     {endpoint, 4},
                                                                     {notification, 6},
                                                                     {reply, 5},
                                                                     {huge_page, 30},
                                                                     {vspace, 12},
                                                                     {small_page, 12},
                                                                     {large_page, 21},
                                                                     {page_table, 12}}};
    for (const auto& [type, bits] : fixed) EXPECT_EQ(abi::object_size_bits(type, 0), bits);
    EXPECT_EQ(abi::object_size_bits(cnode, 12), 17u);
    EXPECT_EQ(abi::object_size_bits(untyped, 20), 20u);
    EXPECT_EQ(abi::object_size_bits(sched_context, 8), 8u);
    EXPECT_EQ(number(page_table), 11);
    EXPECT_EQ(abi::cnode_data(0, 52), 52u);
    EXPECT_EQ(abi::cnode_data(5, 3), 0x143u);
}

TEST(Abi, RightsBits) {
    EXPECT_TRUE(abi::rights::write.write());
    EXPECT_TRUE(abi::rights::read.read());
    EXPECT_TRUE(abi::rights::grant.grant());
    EXPECT_TRUE(abi::rights::grant_reply.grant_reply());
    EXPECT_EQ(abi::rights::all.word, 0xfu);
}

TEST(Abi, TimeConversionRoundsDown) {
    EXPECT_EQ(abi::us_to_ticks(1), 62u);
    EXPECT_EQ(abi::us_to_ticks(1000), 62'500u);
    EXPECT_EQ(abi::ticks_to_us(62), 0u);
    EXPECT_EQ(abi::ticks_to_us(63), 1u);
    EXPECT_EQ(abi::min_budget_us, 20u);
}

}  // namespace
