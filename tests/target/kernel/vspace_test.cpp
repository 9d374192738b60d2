// SPDX-License-Identifier: BSD-2-Clause
// Address spaces: tables, pages, ASIDs, cache operations.
#include "env.hpp"

namespace target {
namespace {

using enum Invocation;
constexpr std::uint64_t far = 0x40'0000'0000;  // a part of the address space without any table
constexpr auto rw = abi::rights::read_write;
constexpr auto normal = abi::page_attributes::normal;

volatile std::uint64_t& word_at(std::uint64_t address) {
    return *reinterpret_cast<volatile std::uint64_t*>(address);
}

void touch(std::uint64_t address) {
    [[maybe_unused]] const std::uint64_t value = word_at(address);
}

CPtr new_vspace(Env& env) {
    const CPtr vspace = env.make(ObjectType::vspace);
    EXPECT_OK(sel4::asid_pool_assign(Env::asid_pool, vspace));
    return vspace;
}

TEST_CASE(VSPACE_0001, "missing tables are named by their bits; mapping goes top down") {
    const CPtr vspace = new_vspace(env), page = env.make(ObjectType::small_page);
    const auto map = [&](std::uint64_t at) {
        return raw(page, page_map, {at, 3, normal}, {vspace});
    };
    for (const std::uint64_t bits : {39, 30, 21}) {
        EXPECT_REPLY(map(far), Error::failed_lookup, 0, 2, bits);
        // The address of a table need not be aligned.
        ASSERT_OK(
            sel4::page_table_map(env.make(ObjectType::page_table), vspace, VAddr{far + 0x12345}));
    }
    EXPECT_REPLY(map(far), Error::none);
    const CPtr extra = env.make(ObjectType::page_table);
    EXPECT_REPLY(raw(extra, page_table_map, {far, normal}, {vspace}), Error::delete_first);
}

TEST_CASE(VSPACE_0002, "every error of page_map and page_table_map") {
    const CPtr vspace = new_vspace(env), bare = env.make(ObjectType::vspace);
    const CPtr page = env.make(ObjectType::small_page), large = env.make(ObjectType::large_page);
    const CPtr mapped = env.make(ObjectType::small_page), table = env.make(ObjectType::page_table);
    const CPtr mapped_table = env.make(ObjectType::page_table), e = env.make(ObjectType::endpoint);
    const std::uint64_t at = Env::free_pages.raw();
    ASSERT_OK(sel4::page_map(mapped, Env::vspace, Env::free_pages, rw, normal));
    ASSERT_OK(sel4::page_table_map(mapped_table, vspace, VAddr{far}));
    constexpr std::uint64_t top = 0x8000'0000'0000;
    const Wrong rows[] = {
        {"two words", page, page_map, {at, 3}, {Env::vspace}, Error::truncated_message, {}},
        {"no vspace", page, page_map, {at, 3, 3}, {}, Error::truncated_message, {}},
        {"another kind", page, page_map, {at, 3, 3}, {e}, Error::invalid_capability, {1}},
        {"unassigned vspace", page, page_map, {at, 3, 3}, {bare}, Error::invalid_capability, {1}},
        {"misaligned",
         page,
         page_map,
         {at + 0x800, 3, 3},
         {Env::vspace},
         Error::alignment_error,
         {}},
        {"large misaligned",
         large,
         page_map,
         {at + 0x1000, 3, 3},
         {Env::vspace},
         Error::alignment_error,
         {}},
        {"misaligned before range",
         page,
         page_map,
         {top + 1, 3, 3},
         {Env::vspace},
         Error::alignment_error,
         {}},
        {"above the top", page, page_map, {top, 3, 3}, {Env::vspace}, Error::invalid_argument, {0}},
        {"kernel half",
         page,
         page_map,
         {0xffff'ffff'ffff'f000, 3, 3},
         {Env::vspace},
         Error::invalid_argument,
         {0}},
        {"mapped in another vspace",
         mapped,
         page_map,
         {at, 3, 3},
         {vspace},
         Error::invalid_capability,
         {1}},
        {"mapped elsewhere",
         mapped,
         page_map,
         {at + 0x1000, 3, 3},
         {Env::vspace},
         Error::invalid_argument,
         {0}},
        {"large over a table",
         large,
         page_map,
         {at, 3, 3},
         {Env::vspace},
         Error::failed_lookup,
         {0, 2, 12}},
        {"table, short", table, page_table_map, {at}, {Env::vspace}, Error::truncated_message, {}},
        {"table, no vspace", table, page_table_map, {at, 0}, {}, Error::truncated_message, {}},
        {"table mapped",
         mapped_table,
         page_table_map,
         {far, 0},
         {vspace},
         Error::invalid_capability,
         {0}},
        {"table, another kind",
         table,
         page_table_map,
         {at, 0},
         {e},
         Error::invalid_capability,
         {1}},
        {"table, unassigned",
         table,
         page_table_map,
         {at, 0},
         {bare},
         Error::invalid_capability,
         {1}},
        {"table above the top",
         table,
         page_table_map,
         {top, 0},
         {Env::vspace},
         Error::invalid_argument,
         {0}},
        {"table on a full path",
         table,
         page_table_map,
         {at, 0},
         {Env::vspace},
         Error::delete_first,
         {}},
    };
    EXPECT_WRONG(rows);
}

TEST_CASE(VSPACE_0003, "remap changes rights; another page replaces") {
    const CPtr a = env.make(ObjectType::small_page), b = env.make(ObjectType::small_page);
    const std::uint64_t at = Env::free_pages.raw();
    ASSERT_OK(sel4::page_map(a, Env::vspace, Env::free_pages, rw, normal));
    word_at(at) = 77;
    ASSERT_OK(sel4::page_map(a, Env::vspace, Env::free_pages, abi::rights::read, normal));
    EXPECT_EQ(word_at(at), 77);
    const CPtr handler = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    static volatile bool written;
    written = false;
    env.thread(
        [=] {
            word_at(at) = 78;
            written = true;
        },
        {.fault_endpoint = handler});
    env.settle();
    const Received fault = sel4::nb_recv(handler, reply);
    EXPECT_EQ(fault.info.word, MessageInfo::make(6, 4).word);
    EXPECT_EQ(fault.words.mr[1], at);
    EXPECT_EQ(fault.words.mr[3], 0x9200'004f);
    ASSERT_OK(sel4::page_map(a, Env::vspace, Env::free_pages, rw, normal));
    sel4::reply(reply, MessageInfo{});
    env.settle();
    EXPECT_TRUE(written);
    EXPECT_EQ(word_at(at), 78);
    ASSERT_OK(sel4::page_map(b, Env::vspace, Env::free_pages, rw, normal));
    EXPECT_EQ(word_at(at), 0);
    // The displaced cap is stale: its unmap leaves the new page alone.
    EXPECT_OK(sel4::page_unmap(a));
    EXPECT_EQ(word_at(at), 0);
    word_at(at) = 5;
    EXPECT_OK(sel4::page_unmap(b));
    EXPECT_OK(sel4::page_unmap(b));
    ASSERT_OK(sel4::page_map(a, Env::vspace, Env::free_pages, rw, normal));
    EXPECT_EQ(word_at(at), 78);
}

TEST_CASE(VSPACE_0004, "rights of the cap and of the call are combined; execute-never holds") {
    const CPtr page = env.make(ObjectType::small_page);
    const std::uint64_t at = Env::free_pages.raw();
    ASSERT_OK(sel4::page_map(page, Env::vspace, Env::free_pages, rw, normal));
    auto* code = reinterpret_cast<volatile std::uint32_t*>(at);
    code[0] = 0xd65f'03c0;  // ret
    ASSERT_OK(sel4::page_unify_instruction(page, 0, 64));
    EXPECT_OK(sel4::page_unmap(page));
    struct Row {
        const char* what;
        std::uint64_t cap_rights, rights, attributes;
        char access;        // read, write, execute
        std::uint64_t fsr;  // 0: allowed
    };
    const Row rows[] = {
        {"rw read", 3, 3, normal, 'r', 0},
        {"rw write", 3, 3, normal, 'w', 0},
        {"rw execute", 3, 3, normal, 'x', 0},
        {"read-only cap", 2, 3, normal, 'w', 0x9200'004f},
        {"read-only cap, read", 2, 3, normal, 'r', 0},
        {"write-only cap", 1, 3, normal, 'r', 0x9200'000f},
        {"no rights", 3, 0, normal, 'r', 0x9200'000f},
        {"write only", 3, 1, normal, 'r', 0x9200'000f},
        {"execute never", 3, 3, normal | 4, 'x', 0x8200'000f},
        {"execute never, read", 3, 3, normal | 4, 'r', 0},
        {"other bits ignored", 3, ~0ull, ~4ull, 'x', 0},
    };
    const CPtr handler = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    for (const Row& row : rows) {
        const CPtr copy = env.slots();
        ASSERT_OK(sel4::cnode_copy(Env::at(copy), Env::at(page), abi::CapRights{row.cap_rights}));
        ASSERT_OK(sel4::page_map(copy, Env::vspace, Env::free_pages, abi::CapRights{row.rights},
                                 row.attributes));
        const char access = row.access;
        Thread& t = env.thread(
            [=] {
                if (access == 'r') touch(at + 64);
                if (access == 'w') word_at(at + 64) = 1;
                if (access == 'x') reinterpret_cast<void (*)()>(at)();
            },
            {.fault_endpoint = handler});
        env.settle();
        const Received fault = sel4::nb_recv(handler, reply);
        const std::uint64_t fsr = fault.info.label() == 6 ? fault.words.mr[3] : 0;
        if (fsr != row.fsr) fail_values(__FILE__, __LINE__, row.what, fsr, row.fsr);
        EXPECT_EQ(t.finished, row.fsr == 0);
        ASSERT_OK(sel4::tcb_suspend(t.tcb));
        env.remove(copy);
    }
}

TEST_CASE(VSPACE_0005, "copies of a frame are mapped independently") {
    const CPtr page = env.make(ObjectType::small_page);
    const std::uint64_t at = Env::free_pages.raw();
    ASSERT_OK(sel4::page_map(page, Env::vspace, Env::free_pages, rw, normal));
    const CPtr copy = env.copy(page);
    ASSERT_OK(sel4::page_map(copy, Env::vspace, VAddr{at + 0x5000}, rw, normal));
    word_at(at) = 9;
    EXPECT_EQ(word_at(at + 0x5000), 9);
    EXPECT_EQ(sel4::page_get_address(page)->raw(), sel4::page_get_address(copy)->raw());
    env.remove(copy);
    EXPECT_EQ(word_at(at), 9);
    const CPtr other = env.make(ObjectType::small_page);
    ASSERT_OK(sel4::page_map(other, Env::vspace, VAddr{at + 0x5000}, rw, normal));
    EXPECT_EQ(word_at(at + 0x5000), 0);
}

TEST_CASE(VSPACE_0006, "tables: unmap with copies, contents are cleared, frames become stale") {
    const CPtr vspace = Env::vspace;
    const CPtr table = env.make(ObjectType::page_table), page = env.make(ObjectType::small_page);
    constexpr std::uint64_t at = 0x2800'0000;
    ASSERT_OK(sel4::page_table_map(table, vspace, VAddr{at}));
    ASSERT_OK(sel4::page_map(page, vspace, VAddr{at + 0x3000}, rw, normal));
    word_at(at + 0x3000) = 4;
    const CPtr copy = env.copy(table);
    EXPECT_REPLY(raw(table, page_table_unmap), Error::revoke_first);
    EXPECT_REPLY(raw(copy, page_table_unmap), Error::revoke_first);
    env.remove(copy);
    EXPECT_REPLY(raw(table, page_table_unmap), Error::none);
    EXPECT_REPLY(raw(table, page_table_unmap), Error::none);
    EXPECT_REPLY(raw(page, page_map, {at + 0x3000, 3, 3}, {vspace}), Error::failed_lookup, 0, 2,
                 21);
    EXPECT_OK(sel4::page_unmap(page));
    ASSERT_OK(sel4::page_table_map(table, vspace, VAddr{at + 0x20'0000}));
    const CPtr handler = env.make(ObjectType::endpoint), reply = env.make(ObjectType::reply);
    env.thread([] { touch(at + 0x20'3000); }, {.fault_endpoint = handler});
    env.settle();
    EXPECT_EQ(sel4::nb_recv(handler, reply).words.mr[3], 0x9200'0007);
    ASSERT_OK(sel4::page_map(page, vspace, VAddr{at + 0x20'1000}, rw, normal));
    EXPECT_EQ(word_at(at + 0x20'1000), 4);
}

TEST_CASE(VSPACE_0007, "large pages") {
    const CPtr large = env.make(ObjectType::large_page), table = env.make(ObjectType::page_table);
    constexpr std::uint64_t at = 0x2a00'0000;
    ASSERT_OK(sel4::page_map(large, Env::vspace, VAddr{at}, rw, normal));
    word_at(at) = 1;
    word_at(at + 0x1f'fff8) = 2;
    EXPECT_EQ(word_at(at), 1);
    EXPECT_REPLY(raw(table, page_table_map, {at, 0}, {Env::vspace}), Error::delete_first);
    const CPtr small = env.make(ObjectType::small_page);
    EXPECT_REPLY(raw(small, page_map, {at, 3, 3}, {Env::vspace}), Error::failed_lookup, 0, 2, 21);
    EXPECT_OK(sel4::page_unmap(large));
    ASSERT_OK(sel4::page_table_map(table, Env::vspace, VAddr{at}));
    EXPECT_REPLY(raw(large, page_map, {at, 3, 3}, {Env::vspace}), Error::failed_lookup, 0, 2, 12);
    // An IPC buffer may lie anywhere in a large page.
    const CPtr tcb = env.make(ObjectType::tcb);
    EXPECT_REPLY(raw(tcb, tcb_set_ipc_buffer, {0x1f'fc00}, {large}), Error::none);
}

TEST_CASE(VSPACE_0008, "assignment of address space identifiers") {
    const CPtr vspace = env.make(ObjectType::vspace), page = env.make(ObjectType::small_page);
    EXPECT_REPLY(raw(Env::asid_pool, asid_pool_assign), Error::truncated_message);
    EXPECT_REPLY(raw(Env::asid_pool, asid_pool_assign, {}, {page}), Error::invalid_capability, 1);
    EXPECT_REPLY(raw(Env::asid_pool, asid_pool_assign, {}, {Env::vspace}),
                 Error::invalid_capability, 1);
    EXPECT_REPLY(raw(Env::asid_pool, asid_pool_assign, {}, {vspace}), Error::none);
    EXPECT_REPLY(raw(Env::asid_pool, asid_pool_assign, {}, {vspace}), Error::invalid_capability, 1);
    env.copy(vspace);  // assigned: can be copied
}

TEST_CASE(VSPACE_0009, "pools: making, using up, deleting") {
    const CPtr memory = env.make(ObjectType::untyped, 12), big = env.make(ObjectType::untyped, 13);
    const CPtr parent = env.make(ObjectType::untyped, 12), pool = env.slots(), child = env.slots();
    ASSERT_OK(sel4::untyped_retype(parent, ObjectType::endpoint, 0, Env::cnode, child.raw()));
    const std::uint64_t at = pool.raw();
    const Wrong rows[] = {
        {"short",
         Env::asid_control,
         asid_control_make_pool,
         {at},
         {memory, Env::cnode},
         Error::truncated_message,
         {}},
        {"one cap",
         Env::asid_control,
         asid_control_make_pool,
         {at, 64},
         {memory},
         Error::truncated_message,
         {}},
        {"no untyped",
         Env::asid_control,
         asid_control_make_pool,
         {at, 64},
         {Env::vspace, Env::cnode},
         Error::invalid_capability,
         {1}},
        {"wrong size",
         Env::asid_control,
         asid_control_make_pool,
         {at, 64},
         {big, Env::cnode},
         Error::invalid_capability,
         {1}},
        {"a depth beyond a byte",
         Env::asid_control,
         asid_control_make_pool,
         {at, 0x140},
         {memory, Env::cnode},
         Error::range_error,
         {1, 64}},
        {"has children",
         Env::asid_control,
         asid_control_make_pool,
         {at, 64},
         {parent, Env::cnode},
         Error::revoke_first,
         {}},
        {"no slot",
         Env::asid_control,
         asid_control_make_pool,
         {at, 0},
         {memory, Env::cnode},
         Error::range_error,
         {1, 64}},
        {"slot in use",
         Env::asid_control,
         asid_control_make_pool,
         {child.raw(), 64},
         {memory, Env::cnode},
         Error::delete_first,
         {}},
    };
    EXPECT_WRONG(rows);
    ASSERT_OK(sel4::asid_control_make_pool(Env::asid_control, memory, Env::at(pool)));
    EXPECT_EQ(sel4::debug_cap_identify(pool), abi::CapTag::asid_pool);
    const CPtr first = env.make(ObjectType::vspace, 0, 256),
               second = env.make(ObjectType::vspace, 0, 256);
    unsigned assigned = 0;
    for (unsigned i = 0; i < 256; ++i) {
        assigned += sel4::asid_pool_assign(pool, CPtr{first.raw() + i}).has_value();
        assigned += sel4::asid_pool_assign(pool, CPtr{second.raw() + i}).has_value();
    }
    EXPECT_EQ(assigned, 512);
    const CPtr more = env.make(ObjectType::vspace);
    EXPECT_REPLY(raw(pool, asid_pool_assign, {}, {more}), Error::delete_first);
    env.remove(first);
    EXPECT_REPLY(raw(pool, asid_pool_assign, {}, {more}), Error::none);
    // Without its pool a vspace cannot be used.
    const CPtr page = env.make(ObjectType::small_page), table = env.make(ObjectType::page_table);
    env.remove(pool);
    EXPECT_REPLY(raw(page, page_map, {0x1000, 3, 3}, {more}), Error::failed_lookup, 0, 1);
    EXPECT_REPLY(raw(table, page_table_map, {0x1000, 0}, {more}), Error::failed_lookup, 0, 1);
}

TEST_CASE(VSPACE_0010, "cache operations on pages") {
    const CPtr page = env.make(ObjectType::small_page);
    EXPECT_REPLY(raw(page, page_clean_data, {0, 64}), Error::illegal_operation);
    ASSERT_OK(sel4::page_map(page, Env::vspace, Env::free_pages, rw, normal));
    for (const Invocation operation : {page_clean_data, page_invalidate_data,
                                       page_clean_invalidate_data, page_unify_instruction}) {
        EXPECT_REPLY(raw(page, operation, {0}), Error::truncated_message);
        EXPECT_REPLY(raw(page, operation, {64, 64}), Error::invalid_argument, 1);
        EXPECT_REPLY(raw(page, operation, {64, 0}), Error::invalid_argument, 1);
        EXPECT_REPLY(raw(page, operation, {0x1000, 0x1001}), Error::invalid_argument, 0);
        EXPECT_REPLY(raw(page, operation, {0, 0x1001}), Error::invalid_argument, 0);
        EXPECT_REPLY(raw(page, operation, {0, 0x1000}), Error::none);
    }
    ASSERT_OK(sel4::page_map(page, Env::vspace, Env::free_pages, abi::rights::read, normal));
    EXPECT_REPLY(raw(page, page_invalidate_data, {0, 64}), Error::illegal_operation);
    EXPECT_REPLY(raw(page, page_clean_data, {0, 64}), Error::none);
    const CPtr other = env.make(ObjectType::small_page);
    ASSERT_OK(sel4::page_map(other, Env::vspace, Env::free_pages, rw, normal));
    EXPECT_REPLY(raw(page, page_clean_data, {0, 64}), Error::invalid_capability, 0);
}

TEST_CASE(VSPACE_0011, "cache operations on address spaces") {
    const CPtr page = env.make(ObjectType::small_page), bare = env.make(ObjectType::vspace);
    const std::uint64_t at = Env::free_pages.raw();
    for (const Invocation operation : {vspace_clean_data, vspace_invalidate_data,
                                       vspace_clean_invalidate_data, vspace_unify_instruction}) {
        EXPECT_REPLY(raw(Env::vspace, operation, {at}), Error::truncated_message);
        EXPECT_REPLY(raw(Env::vspace, operation, {at, at}), Error::invalid_argument, 1);
        EXPECT_REPLY(raw(Env::vspace, operation, {at, 0x8000'0000'0000}), Error::illegal_operation);
        EXPECT_REPLY(raw(bare, operation, {at, at + 64}), Error::invalid_capability, 0);
        EXPECT_REPLY(raw(Env::vspace, operation, {at, at + 64}), Error::none);  // nothing there
    }
    ASSERT_OK(sel4::page_map(page, Env::vspace, Env::free_pages, rw, normal));
    EXPECT_REPLY(raw(Env::vspace, vspace_clean_data, {at, at + 0x1000}), Error::none);
    EXPECT_REPLY(raw(Env::vspace, vspace_clean_data, {at + 8, at + 0x1001}), Error::range_error,
                 at + 8, at + 0xfff);
    ASSERT_OK(sel4::page_map(page, Env::vspace, Env::free_pages, abi::rights::read, normal));
    EXPECT_REPLY(raw(Env::vspace, vspace_invalidate_data, {at, at + 64}), Error::illegal_operation);
}

TEST_CASE(VSPACE_0012, "a thread in another address space") {
    // A page with code that adds 1 to a word and signals by `svc`, in an address space of its own.
    const CPtr vspace = new_vspace(env), code = env.make(ObjectType::small_page);
    const CPtr data = env.make(ObjectType::small_page), n = env.make(ObjectType::notification);
    constexpr std::uint64_t code_at = 0x40'0000, data_at = 0x40'1000;  // as the tests' own image
    for (int level = 0; level < 3; ++level)
        ASSERT_OK(sel4::page_table_map(env.make(ObjectType::page_table), vspace, VAddr{code_at}));
    const CPtr code_here = env.copy(code), data_here = env.copy(data);
    const std::uint64_t at = Env::free_pages.raw();
    ASSERT_OK(sel4::page_map(code_here, Env::vspace, VAddr{at}, rw, normal));
    ASSERT_OK(sel4::page_map(data_here, Env::vspace, VAddr{at + 0x1000}, rw, normal));
    const std::uint32_t program[] = {0xf940'0121,   // ldr x1, [x9]
                                     0x9100'0421,   // add x1, x1, #1
                                     0xf900'0121,   // str x1, [x9]
                                     0xd280'0001,   // mov x1, #0
                                     0xd400'0001,   // svc #0 (send on x0)
                                     0x1400'0000};  // b .
    auto* words = reinterpret_cast<volatile std::uint32_t*>(at);
    for (unsigned i = 0; i < 6; ++i) words[i] = program[i];
    ASSERT_OK(sel4::page_unify_instruction(code_here, 0, 64));
    ASSERT_OK(sel4::page_map(code, vspace, VAddr{code_at}, abi::rights::read, normal));
    ASSERT_OK(sel4::page_map(data, vspace, VAddr{data_at}, rw, normal));
    word_at(at + 0x1000) = 41;
    Thread& t = env.thread([] {}, {.priority = 1, .start = ThreadOptions::Start::later});
    ASSERT_OK(sel4::tcb_set_space(t.tcb, sel4::null_cap, Env::cnode, 0, vspace));
    abi::UserContext context{};
    context.pc = code_at;
    context.x0 = env.mint(n, 6).raw();
    context.x7 = static_cast<std::uint64_t>(abi::Syscall::send);
    context.x9 = data_at;
    ASSERT_OK(sel4::tcb_write_registers(t.tcb, context, 36, sel4::ResumeTarget::yes));
    EXPECT_EQ(sel4::wait(n).badge, 6);
    EXPECT_EQ(word_at(at + 0x1000), 42);
    // Deleted under the thread: it stops with a fault that nobody takes.
    env.remove(vspace);
    env.settle();
}

TEST_CASE(VSPACE_0013, "device frames, huge ones too") {
    abi::UntypedDesc description{};
    const CPtr device = env.device_untyped(30, description), huge = env.slots();
    ASSERT_OK(sel4::untyped_retype(device, ObjectType::huge_page, 0, Env::cnode, huge.raw()));
    EXPECT_EQ(sel4::page_get_address(huge)->raw(), description.paddr);
    const CPtr vspace = new_vspace(env);
    EXPECT_REPLY(raw(huge, page_map, {far, 3, 0}, {vspace}), Error::failed_lookup, 0, 2, 39);
    ASSERT_OK(sel4::page_table_map(env.make(ObjectType::page_table), vspace, VAddr{far}));
    EXPECT_REPLY(raw(huge, page_map, {far, 3, 0}, {vspace}), Error::none);
    const CPtr table = env.make(ObjectType::page_table);
    EXPECT_REPLY(raw(table, page_table_map, {far, 0}, {vspace}), Error::delete_first);
}

TEST_CASE(VSPACE_0014, "cache operations on a device page") {
    abi::UntypedDesc description{};
    const CPtr device = env.device_untyped(12, description), page = env.slots();
    ASSERT_OK(sel4::untyped_retype(device, ObjectType::small_page, 0, Env::cnode, page.raw()));
    ASSERT_OK(sel4::page_map(page, Env::vspace, Env::free_pages, rw, 0));
    for (const Invocation operation : {page_clean_data, page_invalidate_data,
                                       page_clean_invalidate_data, page_unify_instruction}) {
        EXPECT_REPLY(raw(page, operation, {0, 0x1000}), Error::none);
        EXPECT_REPLY(raw(page, operation, {0, 0x1001}), Error::invalid_argument, 0);
    }
    const std::uint64_t at = Env::free_pages.raw();
    EXPECT_REPLY(raw(Env::vspace, vspace_clean_data, {at, at + 0x1000}), Error::none);
}

}  // namespace
}  // namespace target
