// SPDX-License-Identifier: BSD-2-Clause
// Lines of the conformance checklist that cut across objects: what is missing from a message,
// labels of other objects, rights, and some single rules that no other file has.
#include "abi/fault.hpp"
#include "spinners.hpp"

namespace target {
namespace {

using enum abi::Invocation;

/// What an invocation needs at least.
struct Needs {
    const char* what;
    CPtr object;
    Invocation label;
    Values words;
    Caps caps;
};

TEST_CASE(ERRORS_0001, "every invocation with one word or one capability too few") {
    const CPtr u = env.make(ObjectType::untyped, 12), e = env.make(ObjectType::endpoint);
    const CPtr n = env.make(ObjectType::notification);
    const CPtr sc = env.make(ObjectType::sched_context, 8);
    const CPtr page = env.make(ObjectType::small_page), table = env.make(ObjectType::page_table);
    const CPtr to = env.slots(), handler = env.slots();
    Thread& thread = env.thread([] {}, {.start = ThreadOptions::Start::later});
    const CPtr t = thread.tcb;
    ASSERT_OK(sel4::irq_control_get(Env::irq_control, 40, Env::at(handler)));
    ASSERT_OK(sel4::page_map(page, Env::vspace, Env::free_pages, abi::rights::read_write,
                             abi::page_attributes::normal));
    const std::uint64_t slot = to.raw(), from = e.raw();
    const Needs all[] = {
        {"retype", u, untyped_retype, {2, 0, 0, 0, slot, 1}, {Env::cnode}},
        {"read registers", t, tcb_read_registers, {0, 1}, {}},
        {"write registers", t, tcb_write_registers, {0, 1, 0}, {}},
        {"copy registers", t, tcb_copy_registers, {0}, {t}},
        {"configure", t, tcb_configure, {0, 0, 0}, {Env::cnode, Env::vspace, page}},
        {"set priority", t, tcb_set_priority, {1}, {Env::root_tcb}},
        {"set mcp", t, tcb_set_mc_priority, {1}, {Env::root_tcb}},
        {"set sched params", t, tcb_set_sched_params, {1, 1}, {Env::root_tcb, sc, e}},
        {"set timeout endpoint", t, tcb_set_timeout_endpoint, {}, {e}},
        {"set ipc buffer", t, tcb_set_ipc_buffer, {0}, {page}},
        {"set space", t, tcb_set_space, {0, 0}, {e, Env::cnode, Env::vspace}},
        {"bind notification", t, tcb_bind_notification, {}, {n}},
        {"set tls base", t, tcb_set_tls_base, {0}, {}},
        {"set flags", t, tcb_set_flags, {0, 0}, {}},
        {"revoke", Env::cnode, cnode_revoke, {slot, 64}, {}},
        {"delete", Env::cnode, cnode_delete, {slot, 64}, {}},
        {"cancel badged sends", Env::cnode, cnode_cancel_badged_sends, {from, 64}, {}},
        {"copy", Env::cnode, cnode_copy, {slot, 64, from, 64, 15}, {Env::cnode}},
        {"mint", Env::cnode, cnode_mint, {slot, 64, from, 64, 15, 1}, {Env::cnode}},
        {"move", Env::cnode, cnode_move, {slot, 64, from, 64}, {Env::cnode}},
        {"mutate", Env::cnode, cnode_mutate, {slot, 64, from, 64, 0}, {Env::cnode}},
        {"rotate",
         Env::cnode,
         cnode_rotate,
         {slot, 64, 0, n.raw(), 64, 0, from, 64},
         {Env::cnode, Env::cnode}},
        {"irq get", Env::irq_control, irq_control_get, {41, slot, 64}, {Env::cnode}},
        {"irq trigger", Env::irq_control, irq_control_get_trigger, {41, 0, slot, 64}, {Env::cnode}},
        {"sgi", Env::irq_control, irq_control_issue_sgi_signal, {1, 0, slot, 64}, {Env::cnode}},
        {"set notification", handler, irq_handler_set_notification, {}, {n}},
        {"domain", Env::domain, domain_set_set, {0}, {t}},
        {"domain schedule", Env::domain, domain_set_schedule_configure, {0, 0, 1}, {}},
        {"domain start", Env::domain, domain_set_schedule_set_start, {0}, {}},
        {"sched control",
         env.sched_control,
         sched_control_configure_flags,
         {1000, 1000, 0, 0, 0},
         {sc}},
        {"bind", sc, sched_context_bind, {}, {t}},
        {"unbind object", sc, sched_context_unbind_object, {}, {t}},
        {"vspace clean", Env::vspace, vspace_clean_data, {0, 64}, {}},
        {"vspace invalidate", Env::vspace, vspace_invalidate_data, {0, 64}, {}},
        {"vspace both", Env::vspace, vspace_clean_invalidate_data, {0, 64}, {}},
        {"vspace unify", Env::vspace, vspace_unify_instruction, {0, 64}, {}},
        {"table map", table, page_table_map, {0x4000'0000, 0}, {Env::vspace}},
        {"page map", page, page_map, {Env::free_pages.raw(), 3, 3}, {Env::vspace}},
        {"page clean", page, page_clean_data, {0, 64}, {}},
        {"page invalidate", page, page_invalidate_data, {0, 64}, {}},
        {"page both", page, page_clean_invalidate_data, {0, 64}, {}},
        {"page unify", page, page_unify_instruction, {0, 64}, {}},
        {"make pool", Env::asid_control, asid_control_make_pool, {slot, 64}, {u, Env::cnode}},
        {"assign", Env::asid_pool, asid_pool_assign, {}, {Env::vspace}},
    };
    for (const Needs& row : all) {
        if (row.words.count > 0) {
            Wrong wrong{
                row.what, row.object, row.label, row.words, row.caps, Error::truncated_message, {}};
            --wrong.words.count;
            target::expect_wrong(__FILE__, __LINE__, &wrong, 1);
        }
        if (row.caps.count > 0) {
            Wrong wrong{
                row.what, row.object, row.label, row.words, row.caps, Error::truncated_message, {}};
            --wrong.caps.count;
            target::expect_wrong(__FILE__, __LINE__, &wrong, 1);
        }
    }
    env.remove(handler);
}

TEST_CASE(ERRORS_0002, "labels of other objects are illegal operations for each object") {
    const CPtr handler = env.slots(), table = env.make(ObjectType::page_table);
    const CPtr page = env.make(ObjectType::small_page), u = env.make(ObjectType::untyped, 12);
    const CPtr node = env.make(ObjectType::cnode, 2), t = env.make(ObjectType::tcb);
    const CPtr sc = env.make(ObjectType::sched_context, 8);
    ASSERT_OK(sel4::irq_control_get(Env::irq_control, 40, Env::at(handler)));
    struct {
        CPtr object;
        Invocation first, last;
        bool triggers;  // IRQControl has two more at the end
    } const rows[] = {
        {u, untyped_retype, untyped_retype, false},
        {t, tcb_read_registers, tcb_set_flags, false},
        {node, cnode_revoke, cnode_rotate, false},
        {Env::irq_control, irq_control_get, irq_control_get, true},
        {handler, irq_handler_ack, irq_handler_clear, false},
        {Env::domain, domain_set_set, domain_set_schedule_set_start, false},
        {env.sched_control, sched_control_configure_flags, sched_control_configure_flags, false},
        {sc, sched_context_bind, sched_context_yield_to, false},
        {Env::vspace, vspace_clean_data, vspace_unify_instruction, false},
        {table, page_table_map, page_table_unmap, false},
        {page, page_map, page_get_address, false},
        {Env::asid_control, asid_control_make_pool, asid_control_make_pool, false},
        {Env::asid_pool, asid_pool_assign, asid_pool_assign, false},
    };
    for (const auto& row : rows) {
        for (std::uint64_t label = 0; label < 70; ++label) {
            if (label >= as_word(row.first) && label <= as_word(row.last)) continue;
            if (row.triggers && label >= as_word(irq_control_get_trigger) &&
                label <= as_word(irq_control_issue_sgi_signal))
                continue;
            EXPECT_REPLY(raw(row.object, label), Error::illegal_operation);
        }
        EXPECT_REPLY(raw(row.object, (1ull << 52) - 1), Error::illegal_operation);
    }
    env.remove(handler);
}

TEST_CASE(RIGHTS_0001, "send needs write; a reply needs grant or grant-reply") {
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    const CPtr n = env.make(ObjectType::notification);
    for (const CPtr no_write : {env.copy(e, abi::CapRights{14}), env.copy(n, abi::CapRights{2})}) {
        EXPECT_REPLY(raw(no_write, 0ull), Error::invalid_capability, 0);
        sel4::send(no_write, MessageInfo{});  // comes back
        sel4::nb_send(no_write, MessageInfo{});
    }
    EXPECT_EQ(sel4::nb_wait(n).badge.raw(), 0);
    const CPtr reply_only = env.copy(e, abi::CapRights{1 | 8});
    static volatile std::uint64_t label;
    label = 0;
    env.thread([=] { label = sel4::call(reply_only, MessageInfo::make(3, 0)).info.label(); });
    env.settle();
    EXPECT_EQ(sel4::recv(e, r).info.label(), 3);
    sel4::reply(r, MessageInfo::make(9, 0));
    env.settle();
    EXPECT_EQ(label, 9);
}

TEST_CASE(TRANSFER_0010, "a transferred capability is a child of its source like a copy") {
    const CPtr e = env.make(ObjectType::endpoint), r = env.make(ObjectType::reply);
    const CPtr gift = env.make(ObjectType::notification), place = env.slots();
    env.thread([=] {
        sel4_ipc_buffer->caps_or_badges[0] = gift.raw();
        sel4::send(e, MessageInfo::make(0, 0, 1));
    });
    env.settle();
    sel4_ipc_buffer->receive_cnode = Env::cnode.raw();
    sel4_ipc_buffer->receive_index = place.raw();
    sel4_ipc_buffer->receive_depth = 64;
    EXPECT_EQ(sel4::recv(e, r).info.extra_caps(), 1);
    EXPECT_EQ(sel4::debug_cap_identify(place), abi::CapTag::notification);
    ASSERT_OK(sel4::cnode_revoke(Env::at(place)));  // no parent of anything
    EXPECT_EQ(sel4::debug_cap_identify(gift), abi::CapTag::notification);
    ASSERT_OK(sel4::cnode_revoke(Env::at(gift)));
    EXPECT_EQ(sel4::debug_cap_identify(place), abi::CapTag::null);
}

TEST_CASE(TCB_0014, "set_sched_params: null unbinds, the own context changes nothing") {
    const CPtr n = env.make(ObjectType::notification), empty = env.slots();
    Thread& t = env.thread([=] { sel4::wait(n); });
    env.settle();
    const auto set = [&](CPtr context) {
        return raw(t.tcb, tcb_set_sched_params, {0, 100}, {Env::root_tcb, context, empty});
    };
    EXPECT_REPLY(set(t.sched_context), Error::none);
    EXPECT_REPLY(raw(t.sched_context, sched_context_bind, {}, {t.tcb}), Error::illegal_operation);
    EXPECT_REPLY(set(empty), Error::none);
    sel4::signal(n);
    env.settle();
    EXPECT_TRUE(!t.finished);  // it was woken and has no time
    EXPECT_REPLY(set(t.sched_context), Error::none);
    env.settle();
    EXPECT_TRUE(t.finished);
}

TEST_CASE(BOOT_0008, "slots that BootInfo calls empty are empty") {
    const std::uint64_t first = env.boot_info->empty.start + 16 + Env::window_slots;
    const std::uint64_t end = env.boot_info->empty.end - 16;  // the harness's own
    EXPECT_TRUE(first < end);
    for (std::uint64_t slot = first; slot < end; ++slot)
        if (sel4::debug_cap_identify(CPtr{slot}) != 0) EXPECT_EQ(slot, 0);
}

/// The reference enforces a smaller budget of one's own only at the old deadline; its users may
/// rely on neither, so we enforce it at once.
TEST_CASE(NUMBERS_0017, "F7, F10: a thread makes its own budget smaller") {
    for (const Parameters& before : {Parameters{5000, 10'000}, Parameters{5000, 5000}}) {
        Alarm alarm(env);
        Spinners s(env, alarm);
        Thread& a = s.add(before, 100, [&] {
            traces[0].burn_us(alarm.origin(), 1000);
            s.configure(0, {2000, 10'000});
            traces[0].spin(alarm.origin());
        });
        s.start();
        alarm.sleep_until(24'000);
        EXPECT_RUNS(traces[0], {1, 3003}, {11004, 13003}, {21004, 23003});
        EXPECT_NEAR(consumed(a), 7000, 10);
    }
}

}  // namespace
}  // namespace target
