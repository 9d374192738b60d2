// SPDX-License-Identifier: BSD-2-Clause
// Untyped_Retype: checks and their order, placement, reset.
#include "env.hpp"

namespace target {
namespace {

constexpr auto retype = Invocation::untyped_retype;
constexpr std::uint64_t endpoint = 2, cnode_type = 4, sched_context = 5, untyped_type = 0;

TEST_CASE(UNTYPED_0001, "every error of retype, in order of the checks") {
    const CPtr u = env.make(ObjectType::untyped, 16);
    const CPtr table = env.make(ObjectType::cnode, 2);
    const CPtr not_cnode = env.make(ObjectType::endpoint);
    const CPtr free = env.slots();
    const std::uint64_t at = free.raw();
    const Caps root{Env::cnode};
    const Wrong rows[] = {
        {"label",
         u,
         Invocation::tcb_resume,
         {endpoint, 0, 0, 0, at, 1},
         root,
         Error::illegal_operation,
         {}},
        {"label 0", u, Invocation::invalid, {}, {}, Error::illegal_operation, {}},
        {"five words", u, retype, {endpoint, 0, 0, 0, at}, root, Error::truncated_message, {}},
        {"no root", u, retype, {endpoint, 0, 0, 0, at, 1}, {}, Error::truncated_message, {}},
        {"type 12", u, retype, {12, 0, 0, 0, at, 1}, root, Error::invalid_argument, {0}},
        {"type huge", u, retype, {~0ull, 64, 0, 0, at, 1}, root, Error::invalid_argument, {0}},
        {"size 64 that is ignored",
         u,
         retype,
         {endpoint, 64, 0, 0, at, 1},
         root,
         Error::range_error,
         {0, 47}},
        {"untyped of 2^48",
         u,
         retype,
         {untyped_type, 48, 0, 0, at, 1},
         root,
         Error::range_error,
         {0, 47}},
        {"cnode of 2^43 slots",
         u,
         retype,
         {cnode_type, 43, 0, 0, at, 1},
         root,
         Error::range_error,
         {0, 47}},
        {"cnode of one slot",
         u,
         retype,
         {cnode_type, 0, 0, 0, at, 1},
         root,
         Error::invalid_argument,
         {1}},
        {"untyped of 8 bytes",
         u,
         retype,
         {untyped_type, 3, 0, 0, at, 1},
         root,
         Error::invalid_argument,
         {1}},
        {"small scheduling context",
         u,
         retype,
         {sched_context, 6, 0, 0, at, 1},
         root,
         Error::invalid_argument,
         {1}},
        {"root is no cnode",
         u,
         retype,
         {endpoint, 0, 0, 0, at, 1},
         {not_cnode},
         Error::failed_lookup,
         {0, 2, 0}},
        {"root is empty",
         u,
         retype,
         {endpoint, 0, 0, 0, at, 1},
         {free},
         Error::failed_lookup,
         {0, 2, 0}},
        {"depth 65", u, retype, {endpoint, 0, 0, 65, at, 1}, root, Error::range_error, {1, 64}},
        {"depth in a root that is none",
         u,
         retype,
         {endpoint, 0, 0, 64, at, 1},
         {not_cnode},
         Error::failed_lookup,
         {0, 1}},
        {"depth 12 meets the guard",
         u,
         retype,
         {endpoint, 0, 3, 12, at, 1},
         root,
         Error::failed_lookup,
         {0, 4, 12, 0, 52}},
        {"found cap is no cnode",
         u,
         retype,
         {endpoint, 0, not_cnode.raw(), 64, at, 1},
         root,
         Error::failed_lookup,
         {0, 2, 64}},
        {"offset beyond",
         u,
         retype,
         {endpoint, 0, table.raw(), 64, 4, 1},
         root,
         Error::range_error,
         {0, 3}},
        {"offset huge",
         u,
         retype,
         {endpoint, 0, 0, 0, ~0ull, 1},
         root,
         Error::range_error,
         {0, 4095}},
        {"none", u, retype, {endpoint, 0, 0, 0, at, 0}, root, Error::range_error, {1, 256}},
        {"257", u, retype, {endpoint, 0, 0, 0, at, 257}, root, Error::range_error, {1, 256}},
        {"window beyond the end",
         u,
         retype,
         {endpoint, 0, table.raw(), 64, 2, 3},
         root,
         Error::range_error,
         {1, 2}},
        {"slot in use",
         u,
         retype,
         {endpoint, 0, 0, 0, not_cnode.raw(), 1},
         root,
         Error::delete_first,
         {}},
        {"too large",
         u,
         retype,
         {untyped_type, 17, 0, 0, at, 1},
         root,
         Error::not_enough_memory,
         {0x10000}},
        {"too many",
         u,
         retype,
         {untyped_type, 15, table.raw(), 64, 0, 3},
         root,
         Error::not_enough_memory,
         {0x10000}},
    };
    EXPECT_WRONG(rows);
}

TEST_CASE(UNTYPED_0002, "earlier checks win over later ones") {
    const CPtr u = env.make(ObjectType::untyped, 12);
    const CPtr used = env.make(ObjectType::endpoint);
    const std::uint64_t at = used.raw();
    const Caps root{Env::cnode};
    const Wrong rows[] = {
        {"type before size",
         u,
         retype,
         {12, 64, 0, 65, 4096, 0},
         root,
         Error::invalid_argument,
         {0}},
        {"size before depth",
         u,
         retype,
         {untyped_type, 3, 0, 65, 4096, 0},
         root,
         Error::invalid_argument,
         {1}},
        {"depth before offset",
         u,
         retype,
         {endpoint, 0, 0, 65, 4096, 0},
         root,
         Error::range_error,
         {1, 64}},
        {"offset before count",
         u,
         retype,
         {endpoint, 0, 0, 0, 4096, 0},
         root,
         Error::range_error,
         {0, 4095}},
        {"count before occupied",
         u,
         retype,
         {endpoint, 0, 0, 0, at, 300},
         root,
         Error::range_error,
         {1, 256}},
        {"occupied before memory",
         u,
         retype,
         {untyped_type, 20, 0, 0, at, 1},
         root,
         Error::delete_first,
         {}},
    };
    EXPECT_WRONG(rows);
}

TEST_CASE(UNTYPED_0003, "objects are placed one after the other, aligned to their size") {
    const CPtr u = env.make(ObjectType::untyped, 16);
    const CPtr first = env.slots(4);
    const auto retype_at = [&](unsigned index, ObjectType type, unsigned bits) {
        return sel4::untyped_retype(u, type, bits, Env::cnode, first.raw() + index);
    };
    ASSERT_OK(retype_at(0, ObjectType::small_page, 0));
    ASSERT_OK(retype_at(1, ObjectType::endpoint, 0));
    ASSERT_OK(retype_at(2, ObjectType::small_page, 0));  // leaves a gap behind the endpoint
    const auto a = sel4::page_get_address(first), b = sel4::page_get_address(CPtr{first.raw() + 2});
    ASSERT_OK(a);
    ASSERT_OK(b);
    EXPECT_EQ(b->raw() - a->raw(), 0x2000);
    EXPECT_EQ(a->raw() % 0x10000, 0);
    // 3 pages are used: free are 0x10000 - 0x3000.
    const Reply full = raw(u, retype, {untyped_type, 16, 0, 0, first.raw() + 3, 1}, {Env::cnode});
    EXPECT_REPLY(full, Error::not_enough_memory, 0xd000);
}

TEST_CASE(UNTYPED_0004, "the watermark stays until the last child is gone") {
    const CPtr u = env.make(ObjectType::untyped, 13);
    const CPtr first = env.slots(3);
    ASSERT_OK(sel4::untyped_retype(u, ObjectType::small_page, 0, Env::cnode, first.raw(), 2));
    env.remove(first);
    const Reply full = raw(u, retype, {endpoint, 0, 0, 0, first.raw(), 1}, {Env::cnode});
    EXPECT_REPLY(full, Error::not_enough_memory, 0);
    env.remove(CPtr{first.raw() + 1});
    ASSERT_OK(sel4::untyped_retype(u, ObjectType::untyped, 13, Env::cnode, first.raw()));
}

TEST_CASE(UNTYPED_0005, "memory is zero again when it is reused") {
    const CPtr u = env.make(ObjectType::untyped, 12);
    const CPtr page = env.slots();
    const auto map = [&] {
        return sel4::page_map(page, Env::vspace, Env::free_pages, abi::rights::read_write,
                              abi::page_attributes::normal);
    };
    auto* words = reinterpret_cast<volatile std::uint64_t*>(Env::free_pages.raw());
    for (int round = 0; round < 2; ++round) {
        ASSERT_OK(sel4::untyped_retype(u, ObjectType::small_page, 0, Env::cnode, page.raw()));
        ASSERT_OK(map());
        for (unsigned i = 0; i < 512; ++i) {
            if (words[i] != 0) EXPECT_EQ(words[i], 0);
            words[i] = ~0ull;
        }
        env.remove(page);
    }
    // As slots the same memory is empty: each of them takes a capability.
    ASSERT_OK(sel4::untyped_retype(u, ObjectType::cnode, 7, Env::cnode, page.raw()));
    for (std::uint64_t i = 0; i < 128; ++i)
        EXPECT_OK(sel4::cnode_copy(SlotPath{page, i, 7}, Env::at(Env::domain), abi::rights::all));
}

TEST_CASE(UNTYPED_0006, "a copy of an untyped takes over its memory") {
    const CPtr u = env.make(ObjectType::untyped, 14);
    const CPtr copy = env.copy(u);
    const CPtr slot = env.slots();
    EXPECT_REPLY(raw(u, retype, {endpoint, 0, 0, 0, slot.raw(), 1}, {Env::cnode}),
                 Error::not_enough_memory, 0);
    ASSERT_OK(sel4::untyped_retype(copy, ObjectType::small_page, 0, Env::cnode, slot.raw()));
    EXPECT_REPLY(raw(Env::cnode, Invocation::cnode_copy,
                     {env.slots().raw(), 64, copy.raw(), 64, 15}, {Env::cnode}),
                 Error::revoke_first);
    env.remove(slot);
    env.remove(copy);
    ASSERT_OK(sel4::untyped_retype(u, ObjectType::untyped, 14, Env::cnode, slot.raw()));
}

TEST_CASE(UNTYPED_0007, "256 objects in one call") {
    const CPtr first = env.slots(256);
    ASSERT_OK(sel4::untyped_retype(env.untyped, ObjectType::notification, 0, Env::cnode,
                                   first.raw(), 256));
    for (std::uint64_t i = 0; i < 256; i += 85)
        EXPECT_EQ(sel4::debug_cap_identify(CPtr{first.raw() + i}), abi::CapTag::notification);
}

TEST_CASE(UNTYPED_0008, "into another cnode, up to its last slot") {
    const CPtr table = env.make(ObjectType::cnode, 3);
    ASSERT_OK(sel4::untyped_retype(env.untyped, ObjectType::endpoint, 0, Env::at(table), 5, 3));
    const CPtr out = env.slots();
    for (std::uint64_t i = 0; i < 8; ++i) {
        const auto moved = sel4::cnode_move(Env::at(out), SlotPath{table, i, 3});
        EXPECT_EQ(moved.has_value(), i >= 5);
        if (moved) env.remove(out);
    }
    const CPtr whole = env.slots();
    ASSERT_OK(
        sel4::cnode_mint(Env::at(whole), Env::at(table), abi::rights::all, abi::cnode_data(0, 61)));
    ASSERT_OK(sel4::untyped_retype(env.untyped, ObjectType::endpoint, 0, whole, 7, 1));
    EXPECT_OK(sel4::cnode_delete(SlotPath{whole, 7, 64}));
}

TEST_CASE(UNTYPED_0009, "new objects have the right kinds and rights") {
    struct Row {
        ObjectType type;
        unsigned bits;
        abi::CapTag tag;
    };
    const Row rows[] = {{ObjectType::untyped, 4, abi::CapTag::untyped},
                        {ObjectType::tcb, 0, abi::CapTag::tcb},
                        {ObjectType::endpoint, 0, abi::CapTag::endpoint},
                        {ObjectType::notification, 63, abi::CapTag::notification},
                        {ObjectType::cnode, 1, abi::CapTag::cnode},
                        {ObjectType::sched_context, 7, abi::CapTag::sched_context},
                        {ObjectType::reply, 0, abi::CapTag::reply},
                        {ObjectType::vspace, 0, abi::CapTag::vspace},
                        {ObjectType::small_page, 0, abi::CapTag::frame},
                        {ObjectType::large_page, 0, abi::CapTag::frame},
                        {ObjectType::page_table, 0, abi::CapTag::page_table}};
    for (const Row& row : rows)
        EXPECT_EQ(sel4::debug_cap_identify(env.make(row.type, row.bits)), row.tag);
}

TEST_CASE(UNTYPED_0010, "device memory gives frames and untypeds only") {
    abi::UntypedDesc description{};
    const CPtr device = env.device_untyped(21, description);
    const CPtr slot = env.slots();
    const std::uint64_t at = slot.raw();
    for (const std::uint64_t type : {1ull, 2ull, 3ull, 5ull, 6ull, 8ull, 11ull})
        EXPECT_REPLY(raw(device, retype, {type, type == 5 ? 7ull : 0, 0, 0, at, 1}, {Env::cnode}),
                     Error::invalid_argument, 1);
    ASSERT_OK(sel4::untyped_retype(device, ObjectType::large_page, 0, Env::cnode, at));
    const auto address = sel4::page_get_address(slot);
    ASSERT_OK(address);
    EXPECT_EQ(address->raw(), description.paddr);
}

TEST_CASE(UNTYPED_0011, "revoke takes back everything, nested untypeds included") {
    const CPtr u = env.make(ObjectType::untyped, 16);
    const CPtr first = env.slots(6);
    const CPtr inner{first.raw()};
    ASSERT_OK(sel4::untyped_retype(u, ObjectType::untyped, 15, Env::cnode, first.raw()));
    ASSERT_OK(sel4::untyped_retype(inner, ObjectType::endpoint, 0, Env::cnode, first.raw() + 1));
    ASSERT_OK(sel4::cnode_mint(Env::at(CPtr{first.raw() + 2}), Env::at(CPtr{first.raw() + 1}),
                               abi::rights::all, 7));
    ASSERT_OK(sel4::cnode_move(Env::at(CPtr{first.raw() + 3}), Env::at(CPtr{first.raw() + 1})));
    ASSERT_OK(sel4::cnode_revoke(Env::at(u)));
    for (std::uint64_t i = 0; i < 6; ++i)
        EXPECT_EQ(sel4::debug_cap_identify(CPtr{first.raw() + i}), abi::CapTag::null);
    EXPECT_EQ(sel4::debug_cap_identify(u), abi::CapTag::untyped);
    ASSERT_OK(sel4::untyped_retype(u, ObjectType::untyped, 16, Env::cnode, first.raw()));
}

TEST_CASE(UNTYPED_0012, "memory that passed through nested untypeds is zero, too") {
    const CPtr u = env.make(ObjectType::untyped, 14), page = env.slots();
    const auto* words = reinterpret_cast<volatile std::uint64_t*>(Env::free_pages.raw());
    const auto map = [&] {
        return sel4::page_map(page, Env::vspace, Env::free_pages, abi::rights::read_write,
                              abi::page_attributes::normal);
    };
    // All four pages get something in them.
    for (unsigned i = 0; i < 4; ++i) {
        const CPtr one = i == 0 ? page : env.slots();
        ASSERT_OK(sel4::untyped_retype(u, ObjectType::small_page, 0, Env::cnode, one.raw()));
        ASSERT_OK(sel4::page_map(one, Env::vspace, Env::free_pages, abi::rights::read_write,
                                 abi::page_attributes::normal));
        for (unsigned k = 0; k < 512; ++k)
            reinterpret_cast<volatile std::uint64_t*>(Env::free_pages.raw())[k] = ~0ull;
    }
    ASSERT_OK(sel4::cnode_revoke(Env::at(u)));
    // 16 KiB as two of 8, the second of them as two of 4.
    const CPtr halves = env.slots(2), quarters = env.slots(2);
    ASSERT_OK(sel4::untyped_retype(u, ObjectType::untyped, 13, Env::cnode, halves.raw(), 2));
    ASSERT_OK(sel4::untyped_retype(CPtr{halves.raw() + 1}, ObjectType::untyped, 12, Env::cnode,
                                   quarters.raw(), 2));
    for (const CPtr from : {halves, quarters, CPtr{quarters.raw() + 1}}) {
        ASSERT_OK(sel4::untyped_retype(from, ObjectType::small_page, 0, Env::cnode, page.raw()));
        ASSERT_OK(map());
        for (unsigned k = 0; k < 512; ++k)
            if (words[k] != 0) EXPECT_EQ(words[k], 0);
        env.remove(page);
    }
    // A part of one that was used as a whole before: the rest of it as well.
    const CPtr small = env.slots();
    ASSERT_OK(sel4::untyped_retype(halves, ObjectType::endpoint, 0, Env::cnode, small.raw()));
    ASSERT_OK(sel4::untyped_retype(halves, ObjectType::small_page, 0, Env::cnode, page.raw()));
    ASSERT_OK(map());
    for (unsigned k = 0; k < 512; ++k)
        if (words[k] != 0) EXPECT_EQ(words[k], 0);
}

}  // namespace
}  // namespace target
