// SPDX-License-Identifier: BSD-2-Clause
// Operations on capability spaces.
#include "env.hpp"

namespace target {
namespace {

using enum Invocation;
const Caps root{Env::cnode};

TEST_CASE(CNODE_0001, "every error of copy, mint, move and mutate") {
    const CPtr source = env.make(ObjectType::endpoint);
    const CPtr badged = env.mint(source, 5);
    const CPtr unmapped_table = env.make(ObjectType::page_table);
    const CPtr vspace = env.make(ObjectType::vspace);
    const CPtr table = env.make(ObjectType::cnode, 4);
    const CPtr free = env.slots(), empty = env.slots();
    const std::uint64_t to = free.raw(), from = source.raw();
    const Wrong rows[] = {
        {"label",
         Env::cnode,
         tcb_resume,
         {to, 64, from, 64, 15},
         root,
         Error::illegal_operation,
         {}},
        {"one word", Env::cnode, cnode_delete, {to}, {}, Error::truncated_message, {}},
        {"depth 0",
         Env::cnode,
         cnode_copy,
         {to, 0, from, 64, 15},
         root,
         Error::range_error,
         {1, 64}},
        {"depth 65",
         Env::cnode,
         cnode_copy,
         {to, 65, from, 64, 15},
         root,
         Error::range_error,
         {1, 64}},
        {"depth 12",
         Env::cnode,
         cnode_copy,
         {to, 12, from, 64, 15},
         root,
         Error::failed_lookup,
         {0, 4, 12, 0, 52}},
        {"wrong guard",
         Env::cnode,
         cnode_copy,
         {1ull << 20 | to, 64, from, 64, 15},
         root,
         Error::failed_lookup,
         {0, 4, 64, 0, 52}},
        {"three words", Env::cnode, cnode_copy, {to, 64, from}, root, Error::truncated_message, {}},
        {"no source root",
         Env::cnode,
         cnode_copy,
         {to, 64, from, 64, 15},
         {},
         Error::truncated_message,
         {}},
        {"destination in use",
         Env::cnode,
         cnode_copy,
         {from, 64, from, 64, 15},
         root,
         Error::delete_first,
         {}},
        {"source root is no cnode",
         Env::cnode,
         cnode_copy,
         {to, 64, from, 64, 15},
         {source},
         Error::failed_lookup,
         {1, 1}},
        {"source depth 0",
         Env::cnode,
         cnode_copy,
         {to, 64, from, 0, 15},
         root,
         Error::range_error,
         {1, 64}},
        {"source guard",
         Env::cnode,
         cnode_copy,
         {to, 64, from, 13, 15},
         root,
         Error::failed_lookup,
         {1, 4, 13, 0, 52}},
        {"source empty",
         Env::cnode,
         cnode_copy,
         {to, 64, empty.raw(), 64, 15},
         root,
         Error::failed_lookup,
         {1, 2, 64}},
        {"move from empty",
         Env::cnode,
         cnode_move,
         {to, 64, empty.raw(), 64},
         root,
         Error::failed_lookup,
         {1, 2, 64}},
        {"copy without rights",
         Env::cnode,
         cnode_copy,
         {to, 64, from, 64},
         root,
         Error::truncated_message,
         {}},
        {"mint without badge",
         Env::cnode,
         cnode_mint,
         {to, 64, from, 64, 15},
         root,
         Error::truncated_message,
         {}},
        {"mutate without data",
         Env::cnode,
         cnode_mutate,
         {to, 64, from, 64},
         root,
         Error::truncated_message,
         {}},
        {"mint of a badged cap",
         Env::cnode,
         cnode_mint,
         {to, 64, badged.raw(), 64, 15, 9},
         root,
         Error::illegal_operation,
         {}},
        {"mint of a badged cap, 0",
         Env::cnode,
         cnode_mint,
         {to, 64, badged.raw(), 64, 15, 0},
         root,
         Error::illegal_operation,
         {}},
        {"mutate of an endpoint",
         Env::cnode,
         cnode_mutate,
         {to, 64, from, 64, 0},
         root,
         Error::illegal_operation,
         {}},
        {"guard too long",
         Env::cnode,
         cnode_mint,
         {to, 64, table.raw(), 64, 15, 61},
         root,
         Error::illegal_operation,
         {}},
        {"copy of IRQControl",
         Env::cnode,
         cnode_copy,
         {to, 64, 4, 64, 15},
         root,
         Error::illegal_operation,
         {}},
        {"copy of an unmapped table",
         Env::cnode,
         cnode_copy,
         {to, 64, unmapped_table.raw(), 64, 15},
         root,
         Error::illegal_operation,
         {}},
        {"copy of an unassigned vspace",
         Env::cnode,
         cnode_copy,
         {to, 64, vspace.raw(), 64, 15},
         root,
         Error::illegal_operation,
         {}},
        {"move onto itself",
         Env::cnode,
         cnode_move,
         {from, 64, from, 64},
         root,
         Error::delete_first,
         {}},
    };
    EXPECT_WRONG(rows);
    EXPECT_EQ(sel4::debug_cap_identify(free), abi::CapTag::null);
}

TEST_CASE(CNODE_0002, "move and mutate leave the source empty") {
    const CPtr e = env.make(ObjectType::endpoint), a = env.slots(), b = env.slots();
    ASSERT_OK(sel4::cnode_move(Env::at(a), Env::at(e)));
    EXPECT_EQ(sel4::debug_cap_identify(e), abi::CapTag::null);
    EXPECT_EQ(sel4::debug_cap_identify(a), abi::CapTag::endpoint);
    const CPtr table = env.make(ObjectType::cnode, 4);
    ASSERT_OK(sel4::cnode_mutate(Env::at(b), Env::at(table), abi::cnode_data(0, 60)));
    EXPECT_EQ(sel4::debug_cap_identify(table), abi::CapTag::null);
    ASSERT_OK(sel4::cnode_copy(SlotPath{b, 3, 64}, Env::at(a), abi::rights::all));
    EXPECT_OK(sel4::cnode_delete(SlotPath{b, 3, 64}));
    // Everything can be moved, also what cannot be copied.
    ASSERT_OK(sel4::cnode_move(Env::at(table), Env::at(Env::irq_control)));
    ASSERT_OK(sel4::cnode_move(Env::at(Env::irq_control), Env::at(table)));
}

TEST_CASE(CNODE_0003, "rotate") {
    const CPtr a = env.make(ObjectType::tcb), b = env.make(ObjectType::reply),
               c = env.make(ObjectType::cnode, 2), free = env.slots(), empty = env.slots();
    const CPtr endpoint = env.make(ObjectType::endpoint);
    const auto rotate = [&](CPtr to, CPtr pivot, CPtr source, std::uint64_t to_data = 0,
                            std::uint64_t pivot_data = 0) {
        return raw(Env::cnode, cnode_rotate,
                   {to.raw(), 64, to_data, pivot.raw(), 64, pivot_data, source.raw(), 64},
                   {Env::cnode, Env::cnode});
    };
    EXPECT_REPLY(rotate(free, b, b), Error::illegal_operation);
    EXPECT_REPLY(rotate(b, b, a), Error::illegal_operation);
    EXPECT_REPLY(rotate(c, b, a), Error::delete_first);
    EXPECT_REPLY(rotate(free, b, empty), Error::failed_lookup, 1, 2, 64);
    EXPECT_REPLY(rotate(free, empty, a), Error::failed_lookup, 0, 2, 64);
    EXPECT_REPLY(rotate(free, endpoint, a), Error::illegal_operation);
    EXPECT_REPLY(rotate(free, c, a, 63), Error::illegal_operation);  // guard and radix: 65
    EXPECT_REPLY(raw(Env::cnode, cnode_rotate, {free.raw(), 64, 0, b.raw(), 64, 0, a.raw(), 64},
                     {Env::cnode}),
                 Error::truncated_message);
    // a -> b's slot, b -> free
    EXPECT_REPLY(rotate(free, b, a), Error::none);
    EXPECT_EQ(sel4::debug_cap_identify(a), abi::CapTag::null);
    EXPECT_EQ(sel4::debug_cap_identify(b), abi::CapTag::tcb);
    EXPECT_EQ(sel4::debug_cap_identify(free), abi::CapTag::reply);
    // source == destination: a swap
    EXPECT_REPLY(rotate(free, b, free), Error::none);
    EXPECT_EQ(sel4::debug_cap_identify(b), abi::CapTag::reply);
    EXPECT_EQ(sel4::debug_cap_identify(free), abi::CapTag::tcb);
}

TEST_CASE(CNODE_0004, "revoke and delete of an empty slot succeed") {
    const CPtr empty = env.slots();
    EXPECT_OK(sel4::cnode_delete(Env::at(empty)));
    EXPECT_OK(sel4::cnode_revoke(Env::at(empty)));
    EXPECT_REPLY(raw(Env::cnode, cnode_delete, {empty.raw(), 0}), Error::range_error, 1, 64);
    EXPECT_REPLY(raw(Env::cnode, cnode_revoke, {empty.raw(), 11}), Error::failed_lookup, 0, 4, 11,
                 0, 52);
}

TEST_CASE(CNODE_0005, "what revoke takes: copies, badged caps, their copies") {
    const CPtr e = env.make(ObjectType::endpoint);
    const CPtr copy = env.copy(e), copy_of_copy = env.copy(copy), minted = env.mint(copy, 1);
    const CPtr badged = env.mint(e, 2), same_badge = env.copy(badged), other = env.mint(e, 3);
    const auto there = [](CPtr slot) { return sel4::debug_cap_identify(slot) == 4; };
    // A plain copy has no children, whatever was made from it.
    ASSERT_OK(sel4::cnode_revoke(Env::at(copy)));
    EXPECT_TRUE(there(copy_of_copy) && there(minted) && there(copy));
    // A badged cap: only its copies.
    ASSERT_OK(sel4::cnode_revoke(Env::at(badged)));
    EXPECT_TRUE(there(badged) && !there(same_badge) && there(other) && there(minted));
    // The original: everything.
    ASSERT_OK(sel4::cnode_revoke(Env::at(e)));
    EXPECT_TRUE(there(e));
    for (const CPtr slot : {copy, copy_of_copy, minted, badged, other}) EXPECT_TRUE(!there(slot));
}

TEST_CASE(CNODE_0006, "a moved cap keeps its place in the tree") {
    const CPtr e = env.make(ObjectType::endpoint), moved = env.slots();
    const CPtr copy = env.copy(e);
    ASSERT_OK(sel4::cnode_move(Env::at(moved), Env::at(e)));
    ASSERT_OK(sel4::cnode_revoke(Env::at(moved)));
    EXPECT_EQ(sel4::debug_cap_identify(copy), abi::CapTag::null);
    EXPECT_EQ(sel4::debug_cap_identify(moved), abi::CapTag::endpoint);
}

TEST_CASE(CNODE_0007, "revoke of the first cap of an object that was deleted elsewhere") {
    const CPtr e = env.make(ObjectType::endpoint), copy = env.copy(e);
    env.remove(e);
    EXPECT_EQ(sel4::debug_cap_identify(copy), abi::CapTag::endpoint);
    // The object lives as long as a cap does, so its memory is still in use.
    const CPtr u = env.make(ObjectType::untyped, 12), first = env.slots(2);
    ASSERT_OK(sel4::untyped_retype(u, ObjectType::endpoint, 0, Env::cnode, first.raw()));
    ASSERT_OK(sel4::cnode_copy(Env::at(CPtr{first.raw() + 1}), Env::at(first), abi::rights::all));
    env.remove(first);
    EXPECT_ERROR(sel4::untyped_retype(u, ObjectType::untyped, 12, Env::cnode, first.raw()),
                 Error::not_enough_memory);
    env.remove(CPtr{first.raw() + 1});
    EXPECT_OK(sel4::untyped_retype(u, ObjectType::untyped, 12, Env::cnode, first.raw()));
}

TEST_CASE(CNODE_0008, "lookup through several levels and guards") {
    // top (2 bits, guard 5 of 3 bits) -> middle (3 bits) -> endpoint
    const CPtr top_plain = env.make(ObjectType::cnode, 2), middle = env.make(ObjectType::cnode, 3);
    const CPtr e = env.make(ObjectType::endpoint);
    const CPtr top = env.mint(top_plain, abi::cnode_data(5, 3));
    ASSERT_OK(sel4::cnode_copy(SlotPath{middle, 6, 3}, Env::at(e), abi::rights::all));
    ASSERT_OK(sel4::cnode_copy(SlotPath{top, (5 << 2) | 1, 5}, Env::at(middle), abi::rights::all));
    const std::uint64_t path = (5 << 5) | (1 << 3) | 6;  // guard, index 1, index 6: 8 bits
    const CPtr out = env.slots();
    ASSERT_OK(sel4::cnode_copy(Env::at(out), SlotPath{top, path, 8}, abi::rights::all));
    EXPECT_EQ(sel4::debug_cap_identify(out), abi::CapTag::endpoint);
    env.remove(out);
    // Bits above the depth do not matter.
    ASSERT_OK(
        sel4::cnode_copy(Env::at(out), SlotPath{top, path | (0xabcull << 8), 8}, abi::rights::all));
    const auto lookup = [&](std::uint64_t index, std::uint64_t depth) {
        return raw(Env::cnode, cnode_copy, {env.slots().raw(), 64, index, depth, 15}, {top});
    };
    EXPECT_REPLY(lookup((4 << 5) | (1 << 3) | 6, 8), Error::failed_lookup, 1, 4, 8, 5, 3);
    EXPECT_REPLY(lookup(5 << 1, 4), Error::failed_lookup, 1, 3, 4, 5);
    EXPECT_REPLY(lookup(2, 2), Error::failed_lookup, 1, 4, 2, 5, 3);
    // One bit too many behind the endpoint: bits remain.
    EXPECT_REPLY(lookup(path << 1, 9), Error::failed_lookup, 1, 3, 1, 0);
    // Too few for the middle: its index does not fit.
    EXPECT_REPLY(lookup(path >> 1, 7), Error::failed_lookup, 1, 3, 2, 3);
    // A path through an empty slot stops there with bits remaining.
    EXPECT_REPLY(lookup((5 << 5) | (2 << 3) | 6, 8), Error::failed_lookup, 1, 3, 3, 0);
}

TEST_CASE(CNODE_0009, "a cap found early is used, the remaining bits are ignored") {
    const CPtr outer_plain = env.make(ObjectType::cnode, 2);
    const CPtr inner = env.make(ObjectType::cnode, 4);
    const CPtr n = env.make(ObjectType::notification);
    const CPtr outer = env.mint(outer_plain, abi::cnode_data(0, 2));
    ASSERT_OK(sel4::cnode_mint(SlotPath{outer, 1, 4}, Env::at(n), abi::rights::all, 0x77));
    ASSERT_OK(sel4::cnode_copy(SlotPath{outer, 2, 4}, Env::at(inner), abi::rights::all));
    ASSERT_OK(sel4::cnode_mint(SlotPath{inner, 9, 4}, Env::at(n), abi::rights::all, 0x100));
    // The thread cannot name its own TCB there, so it waits for ever at its end.
    const CPtr park = env.make(ObjectType::notification);
    ASSERT_OK(sel4::cnode_copy(SlotPath{outer, 3, 4}, Env::at(park), abi::rights::all));
    Thread& t = env.thread(
        [] {
            sel4::signal(CPtr{(1ull << 60) | 0x123456789});
            sel4::signal(CPtr{(2ull << 60) | (9ull << 56) | 0x42});
            sel4::wait(CPtr{3ull << 60});
        },
        {.start = ThreadOptions::Start::later});
    ASSERT_OK(sel4::tcb_set_space(t.tcb, sel4::null_cap, outer, 0, Env::vspace));
    env.resume(t);
    env.settle();
    EXPECT_EQ(sel4::nb_wait(n).badge, 0x177);
}

TEST_CASE(CNODE_0010, "deleting a cnode empties it, also when it holds itself") {
    const CPtr table = env.make(ObjectType::cnode, 4);
    const CPtr e = env.make(ObjectType::endpoint);
    for (std::uint64_t i = 0; i < 15; ++i)
        ASSERT_OK(sel4::cnode_copy(SlotPath{table, i, 4}, Env::at(e), abi::rights::all));
    ASSERT_OK(sel4::cnode_move(SlotPath{table, 15, 4}, Env::at(table)));
    // Its only cap is inside: reached through e's revocation of the untyped at the end of the case.
    const CPtr a = env.make(ObjectType::cnode, 2), b = env.make(ObjectType::cnode, 2);
    ASSERT_OK(sel4::cnode_copy(SlotPath{a, 1, 2}, Env::at(b), abi::rights::all));
    ASSERT_OK(sel4::cnode_copy(SlotPath{b, 1, 2}, Env::at(a), abi::rights::all));
    ASSERT_OK(sel4::cnode_copy(SlotPath{a, 2, 2}, Env::at(a), abi::rights::all));
    EXPECT_OK(sel4::cnode_revoke(Env::at(env.untyped)));
    EXPECT_EQ(sel4::debug_cap_identify(a), abi::CapTag::null);
    EXPECT_EQ(sel4::debug_cap_identify(e), abi::CapTag::null);
}

TEST_CASE(CNODE_0011, "cancel of badged sends takes only the badge's senders") {
    const CPtr e = env.make(ObjectType::endpoint);
    const CPtr one = env.mint(e, 1), two = env.mint(e, 2);
    const CPtr weak = env.copy(one, abi::CapRights{7});
    volatile std::uint64_t result[2] = {99, 99};
    env.thread([&] { result[0] = sel4::call(one, MessageInfo::make(7, 0)).info.word; });
    env.thread([&] { result[1] = sel4::call(two, MessageInfo::make(7, 0)).info.word; });
    env.settle();
    const auto cancel = [&](CPtr slot) {
        return raw(Env::cnode, cnode_cancel_badged_sends, {slot.raw(), 64});
    };
    EXPECT_REPLY(cancel(weak), Error::illegal_operation);
    EXPECT_REPLY(cancel(Env::vspace), Error::illegal_operation);
    EXPECT_REPLY(cancel(env.slots()), Error::illegal_operation);
    EXPECT_REPLY(cancel(e), Error::none);
    env.settle();
    EXPECT_EQ(result[0], 99);
    // A cancelled sender runs its call anew; with its cap gone it is told so.
    EXPECT_REPLY(cancel(one), Error::none);
    env.remove(one);
    env.settle();
    EXPECT_EQ(result[0], MessageInfo::make(2, 1).word);
    EXPECT_EQ(result[1], 99);
    const CPtr reply = env.make(ObjectType::reply);
    const Received got = sel4::nb_recv(e, reply);
    EXPECT_EQ(got.badge, 2);
    sel4::reply(reply, MessageInfo::make(5, 0));
    env.settle();
    EXPECT_EQ(result[1], MessageInfo::make(5, 0).word);
}

TEST_CASE(CNODE_0012, "rights are only ever reduced") {
    const CPtr n = env.make(ObjectType::notification);
    const CPtr reader = env.copy(n, abi::rights::read), back = env.copy(reader);
    EXPECT_REPLY(raw(back, 0ull), Error::invalid_capability, 0);
    sel4::signal(back);
    EXPECT_EQ(sel4::nb_wait(n).badge, 0);
    const CPtr writer = env.copy(n, abi::rights::write);
    const CPtr badged = env.mint(writer, 4);
    sel4::signal(badged);
    EXPECT_EQ(sel4::nb_wait(reader).badge, 4);
}

}  // namespace
}  // namespace target
