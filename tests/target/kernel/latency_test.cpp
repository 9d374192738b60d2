// SPDX-License-Identifier: BSD-2-Clause
// How long interrupts wait at most: operations on much memory, on many threads or address spaces
// stop on the way; what cannot stop has a measured bound.
#include "interrupted.hpp"

extern "C" const char crowd_entry[];

// One system call, given in the registers; then the thread waits for ever at what x8 names.
asm(R"(
        .text
        .global crowd_entry
crowd_entry:
        svc     #0
1:      mov     x0, x8
        mov     x7, #-9
        svc     #0
        b       1b
)");

namespace target {
namespace {

constexpr unsigned crowd_size = 400;
// What takes some ten microseconds in all must be met in the middle.
constexpr std::uint64_t short_period_us = 12;

/// Many threads without stacks. Each makes one system call on `object` and then waits.
class Crowd {
  public:
    explicit Crowd(Env& env)
        : parking_(env.make(ObjectType::notification)),
          tcbs_(env.make(ObjectType::tcb, 0, 200)),
          more_tcbs_(env.make(ObjectType::tcb, 0, crowd_size - 200)),
          contexts_(env.make(ObjectType::sched_context, 8, 200)),
          more_contexts_(env.make(ObjectType::sched_context, 8, crowd_size - 200)) {
        for (unsigned i = 0; i < crowd_size; ++i) {
            EXPECT_OK(sel4::tcb_configure(tcb(i), Env::cnode, 0, Env::vspace, 0, CPtr{0}));
            EXPECT_OK(sel4::sched_control_configure(env.sched_control, context(i), 5000, 5000));
            EXPECT_OK(sel4::tcb_set_sched_params(tcb(i), Env::root_tcb, 0, 50, context(i),
                                                 sel4::null_cap));
        }
    }

    void call(abi::Syscall number, CPtr object) {
        abi::UserContext registers{};
        registers.pc = reinterpret_cast<std::uintptr_t>(crowd_entry);
        registers.x0 = object.raw();
        registers.x7 = static_cast<std::uint64_t>(number);
        registers.x8 = parking_.raw();
        for (unsigned i = 0; i < crowd_size; ++i)
            EXPECT_OK(sel4::tcb_write_registers(tcb(i), registers, 12, sel4::ResumeTarget::yes));
    }

    /// How many are through with their call.
    unsigned parked() const {
        unsigned count = 0;
        for (unsigned i = 0; i < crowd_size; ++i) {
            abi::UserContext registers{};
            EXPECT_OK(sel4::tcb_read_registers(tcb(i), registers, 11, sel4::SuspendSource::no));
            count += registers.pc != reinterpret_cast<std::uintptr_t>(crowd_entry) ? 1 : 0;
        }
        return count;
    }

  private:
    CPtr tcb(unsigned i) const { return of(tcbs_, more_tcbs_, i); }
    CPtr context(unsigned i) const { return of(contexts_, more_contexts_, i); }
    static CPtr of(CPtr first, CPtr second, unsigned i) {
        return i < 200 ? CPtr{first.raw() + i} : CPtr{second.raw() + i - 200};
    }

    CPtr parking_, tcbs_, more_tcbs_, contexts_, more_contexts_;
};

/// The crowd calls `number` on `object` and blocks; `operation` sets it free under interrupts.
template <typename Operation>
void expect_interruptible(Env& env, Crowd& crowd, abi::Syscall number, CPtr object,
                          Operation operation) {
    crowd.call(number, object);
    env.settle();
    EXPECT_EQ(crowd.parked(), 0);
    static volatile std::uint64_t error;
    error = 99;
    const Interrupted seen = under_interrupts(
        env, [&] { error = error_of(operation()); }, short_period_us);
    EXPECT_EQ(error, 0);
    EXPECT_TRUE(seen.interruptions >= 1);
    EXPECT_TRUE(seen.latest_us <= latency_bound_us);
    EXPECT_EQ(crowd.parked(), crowd_size);
}

TEST_CASE(LATENCY_0001, "deletion of an endpoint where many threads wait") {
    Crowd crowd(env);
    const CPtr e = env.make(ObjectType::endpoint);
    expect_interruptible(env, crowd, abi::Syscall::send, e,
                         [e] { return sel4::cnode_delete(Env::at(e)); });
    EXPECT_EQ(sel4::debug_cap_identify(e), abi::CapTag::null);
}

TEST_CASE(LATENCY_0002, "cancelling the badged sends of many threads") {
    Crowd crowd(env);
    const CPtr e = env.make(ObjectType::endpoint), badged = env.mint(e, 5), slot = env.slots();
    // Without the capability they do not send again.
    expect_interruptible(env, crowd, abi::Syscall::send, badged, [&] {
        EXPECT_OK(sel4::cnode_move(Env::at(slot), Env::at(badged)));
        return sel4::cnode_cancel_badged_sends(Env::at(slot));
    });
    const CPtr reply = env.make(ObjectType::reply);
    EXPECT_EQ(sel4::nb_recv(e, reply).badge, 0);
}

TEST_CASE(LATENCY_0003, "deletion of an ASID pool full of address spaces") {
    constexpr unsigned spaces = 512;
    const CPtr pool = env.slots(), memory = env.make(ObjectType::untyped, 12);
    ASSERT_OK(sel4::asid_control_make_pool(Env::asid_control, memory, Env::at(pool)));
    const CPtr first = env.make(ObjectType::vspace, 0, spaces / 2);
    const CPtr second = env.make(ObjectType::vspace, 0, spaces / 2);
    const auto space = [&](unsigned i) {
        return i < spaces / 2 ? CPtr{first.raw() + i} : CPtr{second.raw() + i - spaces / 2};
    };
    for (unsigned i = 0; i < spaces; ++i) EXPECT_OK(sel4::asid_pool_assign(pool, space(i)));
    static volatile std::uint64_t error;
    error = 99;
    const Interrupted seen = under_interrupts(
        env, [&] { error = error_of(sel4::cnode_delete(Env::at(pool))); }, short_period_us);
    EXPECT_EQ(error, 0);
    EXPECT_TRUE(seen.interruptions >= 1);
    EXPECT_TRUE(seen.latest_us <= latency_bound_us);
    // None of them is of use any more.
    const CPtr frame = env.make(ObjectType::small_page);
    for (const unsigned i : {0u, 31u, 32u, 33u, spaces - 1})
        EXPECT_REPLY(raw(frame, Invocation::page_map, {0x1000, 3, 3}, {space(i)}),
                     Error::failed_lookup, 0, as_word(LookupFailureType::invalid_root));
}

TEST_CASE(LATENCY_0004, "cache operations on a large page") {
    constexpr std::uint64_t at = 0x2c00'0000, size = 1u << 21;
    const CPtr page = env.make(ObjectType::large_page);
    ASSERT_OK(sel4::page_map(page, Env::vspace, VAddr{at}, abi::rights::read_write,
                             abi::page_attributes::normal));
    static volatile std::uint64_t error;
    for (const Invocation operation :
         {Invocation::page_clean_data, Invocation::page_invalidate_data,
          Invocation::page_clean_invalidate_data, Invocation::page_unify_instruction}) {
        error = 99;
        const Interrupted seen = under_interrupts(
            env, [&] { error = error_of(sel4::page_cache(operation, page, 3, size - 5)); });
        EXPECT_EQ(error, 0);
        EXPECT_TRUE(seen.interruptions >= 1);
        EXPECT_TRUE(seen.latest_us <= latency_bound_us);
    }
    error = 99;
    const Interrupted seen = under_interrupts(env, [&] {
        error = error_of(sel4::vspace_cache(Invocation::vspace_clean_data, Env::vspace, VAddr{at},
                                            VAddr{at + size}));
    });
    EXPECT_EQ(error, 0);
    EXPECT_TRUE(seen.interruptions >= 1);
    EXPECT_TRUE(seen.latest_us <= latency_bound_us);
}

TEST_CASE(LATENCY_0005, "one retype of as many objects as it may make, which nothing interrupts") {
    constexpr std::uint64_t bound_us = 40;
    const CPtr u = env.make(ObjectType::untyped, 20), table = env.make(ObjectType::cnode, 8);
    const std::uint64_t start = now_ticks();
    const auto made =
        sel4::untyped_retype(u, ObjectType::tcb, 0, Env::at(table), 0, abi::max_retype_objects);
    const std::uint64_t took_us = to_us(now_ticks() - start);
    EXPECT_OK(made);
    EXPECT_TRUE(took_us <= bound_us);
}

}  // namespace
}  // namespace target
