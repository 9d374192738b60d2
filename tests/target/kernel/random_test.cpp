// SPDX-License-Identifier: BSD-2-Clause
// Random system calls of four threads that share a CSpace with something of everything in it, and
// an address space that holds nothing but `svc; brk`. The case writes each call into the registers
// of one of them and lets it run until it faults or blocks. A debug kernel checks its invariants
// all along; after every life all memory must come back.
//
// The command line (QEMU's -append) may say random_steps=N and random_seed=N.
#include <cstddef>
#include <span>
#include <string_view>

#include "base/fdt.hpp"
#include "env.hpp"
#include "random_call.hpp"
#include "support.hpp"

namespace target {
namespace {

constexpr unsigned workers = 4;
constexpr unsigned radix = 6;
constexpr std::uint64_t slot_count = 1u << radix;
constexpr std::uint64_t steps_of_a_life = 1500;
constexpr unsigned memory_bits = 20;

// Addresses in the workers' space, and where the case sees the same pages.
constexpr VAddr stub_page{0x1'0000}, buffer_page{0x1000};
constexpr VAddr own_stub = Env::free_pages, own_buffers = Env::free_pages + 0x1'0000;

/// Slots of the workers' CNode.
enum Shared : std::uint64_t {
    own_cnode = 1,
    space,
    authority,
    contexts,
    asids,
    pool,
    domains,
    memory,
    tcbs,
    scs = tcbs + workers,
    endpoints = scs + workers,
    notifications = endpoints + 3,
    replies = notifications + 2,
    frames = replies + 3,
};

std::string_view command_line(const abi::BootInfo& info) {
    if (info.extra_len <= sizeof(abi::BootInfoHeader)) return {};
    const auto* start = reinterpret_cast<const std::byte*>(&info) + 4096;
    const auto tree = base::Fdt::open(
        {start + sizeof(abi::BootInfoHeader), info.extra_len - sizeof(abi::BootInfoHeader)});
    if (!tree) return {};
    std::string_view node;
    for (base::Fdt::Cursor cursor = tree->walk();;) {
        const auto item = cursor.next();
        if (!item || item->event == base::Fdt::Event::end) return {};
        if (item->event == base::Fdt::Event::begin_node) node = item->name;
        if (item->event == base::Fdt::Event::property && node == "chosen" &&
            item->name == "bootargs")
            return {reinterpret_cast<const char*>(item->value.data()), item->value.size()};
    }
}

std::uint64_t number_after(std::string_view line, std::string_view name, std::uint64_t otherwise) {
    std::size_t at = 0;
    while (at < line.size() && !line.substr(at).starts_with(name)) ++at;
    if (at == line.size()) return otherwise;
    std::uint64_t value = 0;
    for (std::size_t i = at + name.size(); i < line.size() && line[i] >= '0' && line[i] <= '9'; ++i)
        value = value * 10 + static_cast<std::uint64_t>(line[i] - '0');
    return value;
}

/// True if the kernel can check itself; it does so at every n-th exit from now on.
bool check_every(std::uint64_t n) {
    const Received got =
        sel4::detail::trap(abi::Syscall::debug_snapshot, abi::check_request, n, {});
    return got.badge.raw() == 0;
}

/// Tells the kinds of the capabilities in the workers' CNode, which only a thread that lives there
/// can ask for. It stops at a brk until it is answered.
class Spy {
  public:
    explicit Spy(Env& env)
        : faults_(env.make(ObjectType::endpoint)),
          reply_(env.make(ObjectType::reply)),
          thread_(env.thread(
              [] {
                  while (true) {
                      for (std::uint64_t i = 0; i < slot_count; ++i)
                          tags[i] = static_cast<std::uint8_t>(sel4::debug_cap_identify(CPtr{i}));
                      asm volatile("brk #0" ::: "memory");
                  }
              },
              {.priority = 200, .start = ThreadOptions::Start::later, .fault_endpoint = faults_})) {
    }

    void move_to(CPtr cnode) {
        EXPECT_OK(sel4::tcb_set_space(thread_.tcb, faults_, cnode, 64 - radix, Env::vspace));
        if (!started_) EXPECT_OK(sel4::tcb_resume(thread_.tcb));
        if (started_) go_on();
        started_ = true;
        stopped_ = sel4::recv(faults_, reply_);
    }
    void look() {
        go_on();
        stopped_ = sel4::recv(faults_, reply_);
    }
    static volatile std::uint8_t tags[slot_count];

  private:
    void go_on() { sel4::reply(reply_, MessageInfo::make(0, 1), {{stopped_.words.mr[0] + 4}}); }

    CPtr faults_, reply_;
    Thread& thread_;
    Received stopped_{};
    bool started_ = false;
};
volatile std::uint8_t Spy::tags[slot_count];

class Life {
  public:
    explicit Life(Env& env)
        : env_(env),
          memory_(env.make(ObjectType::untyped, memory_bits)),
          slots_(env.slots(own_count)) {}

    CPtr cnode() const { return at(node); }

    /// Makes everything anew.
    void begin() {
        make(ObjectType::cnode, radix, node);
        make(ObjectType::vspace, 0, root_table);
        EXPECT_OK(sel4::asid_pool_assign(Env::asid_pool, at(root_table)));
        for (const Own table : {table_1, table_2, table_3}) {
            make(ObjectType::page_table, 0, table);
            EXPECT_OK(sel4::page_table_map(at(table), at(root_table), buffer_page));
        }
        make(ObjectType::small_page, 0, stub);
        map(stub, own_stub);
        auto* code = reinterpret_cast<volatile std::uint32_t*>(own_stub.raw());
        code[0] = 0xd400'0001;  // svc #0
        code[1] = 0xd420'0000;  // brk #0
        EXPECT_OK(sel4::page_unify_instruction(at(stub), 0, 4096));
        copy_and_map(stub, stub_copy, stub_page, abi::page_attributes::normal);
        share();
        for (unsigned i = 0; i < workers; ++i) make_worker(i);
    }

    /// Whatever the workers have done to one another: they have spaces and time again. False if one
    /// is gone.
    bool repair() {
        bool all = true;
        for (unsigned i = 0; i < workers; ++i) {
            const CPtr tcb = worker(i, its_tcb), context = worker(i, its_context);
            const bool round_robin = i < 2;
            static_cast<void>(sel4::sched_context_unbind(context));
            all = all && sel4::tcb_set_space(tcb, at(fault), cnode(), 64 - radix, at(root_table)) &&
                  sel4::tcb_set_ipc_buffer(tcb, buffer_page.raw(), worker(i, its_frame)) &&
                  sel4::sched_control_configure(env_.sched_control, context, 2000,
                                                round_robin ? 2000 : 3000) &&
                  sel4::tcb_set_sched_params(tcb, Env::root_tcb, 110, 100 + i % 2, context,
                                             at(fault));
        }
        return all;
    }

    void run(unsigned index, const random_test::Call& call, bool wait) {
        auto* buffer = reinterpret_cast<abi::IpcBuffer*>((own_buffers + index * 0x1000ull).raw());
        for (unsigned i = 0; i < random_test::Call::max_words; ++i) buffer->msg[i] = call.words[i];
        for (unsigned i = 0; i < 3; ++i) buffer->caps_or_badges[i] = call.caps[i];
        buffer->receive_cnode = own_cnode;
        buffer->receive_index = call.words[5] % slot_count;
        buffer->receive_depth = 64;
        abi::UserContext registers{};
        registers.pc = stub_page.raw();
        registers.x0 = call.x0;
        registers.x1 = call.info();
        registers.x2 = call.words[0];
        registers.x3 = call.words[1];
        registers.x4 = call.words[2];
        registers.x5 = call.words[3];
        registers.x6 = call.x6;
        registers.x7 = static_cast<std::uint64_t>(call.number);
        registers.x8 = call.x8;
        static_cast<void>(sel4::tcb_write_registers(worker(index, its_tcb), registers, 12,
                                                    sel4::ResumeTarget::yes));
        if (wait) env_.settle();
    }

    /// Takes all back; the memory must be whole.
    void end() {
        EXPECT_OK(sel4::cnode_revoke(Env::at(memory_)));
        for (unsigned i = 0; i < own_count; ++i)
            EXPECT_OK(sel4::cnode_delete(Env::at(CPtr{slots_.raw() + i})));
        EXPECT_OK(sel4::untyped_retype(memory_, ObjectType::untyped, memory_bits, Env::cnode,
                                       at(scratch).raw()));
        EXPECT_OK(sel4::cnode_revoke(Env::at(memory_)));
    }

  private:
    enum Own : unsigned {
        node,
        root_table,
        table_1,
        table_2,
        table_3,
        stub,
        stub_copy,
        fault,
        scratch,
        first_worker,
    };
    enum OfWorker : unsigned { its_tcb, its_context, its_frame, its_frame_copy, per_worker };
    static constexpr unsigned own_count = first_worker + workers * per_worker;

    CPtr at(unsigned which) const { return CPtr{slots_.raw() + which}; }
    CPtr worker(unsigned index, OfWorker what) const {
        return at(first_worker + index * per_worker + what);
    }
    void make(ObjectType type, unsigned bits, unsigned which) {
        EXPECT_OK(sel4::untyped_retype(memory_, type, bits, Env::cnode, at(which).raw()));
    }
    void map(unsigned frame, VAddr where) {
        EXPECT_OK(sel4::page_map(at(frame), Env::vspace, where, abi::rights::read_write,
                                 abi::page_attributes::normal));
    }
    void copy_and_map(unsigned frame, unsigned copy, VAddr where, std::uint64_t attributes) {
        EXPECT_OK(sel4::cnode_copy(Env::at(at(copy)), Env::at(at(frame)), abi::rights::all));
        EXPECT_OK(
            sel4::page_map(at(copy), at(root_table), where, abi::rights::read_write, attributes));
    }
    SlotPath shared(std::uint64_t slot) const { return {cnode(), slot, radix}; }
    void give(CPtr source, std::uint64_t slot) {
        EXPECT_OK(sel4::cnode_copy(shared(slot), Env::at(source), abi::rights::all));
    }
    void give_new(ObjectType type, unsigned bits, std::uint64_t slot) {
        make(type, bits, scratch);
        EXPECT_OK(sel4::cnode_move(shared(slot), Env::at(at(scratch))));
    }

    void share() {
        EXPECT_OK(
            sel4::cnode_mint(shared(own_cnode), Env::at(cnode()), abi::rights::all, 64 - radix));
        give(at(root_table), space);
        give(env_.sched_control, contexts);
        give(Env::asid_control, asids);
        give(Env::asid_pool, pool);
        give(Env::domain, domains);
        give_new(ObjectType::untyped, 17, memory);
        for (unsigned i = 0; i < 3; ++i) give_new(ObjectType::endpoint, 0, endpoints + i);
        for (unsigned i = 0; i < 2; ++i) give_new(ObjectType::notification, 0, notifications + i);
        for (unsigned i = 0; i < 3; ++i) give_new(ObjectType::reply, 0, replies + i);
        make(ObjectType::tcb, 0, scratch);
        EXPECT_OK(sel4::tcb_set_mc_priority(at(scratch), Env::root_tcb, 110));
        EXPECT_OK(sel4::cnode_move(shared(authority), Env::at(at(scratch))));
        make(ObjectType::endpoint, 0, fault);
    }

    void make_worker(unsigned index) {
        const unsigned first = first_worker + index * per_worker;
        make(ObjectType::tcb, 0, first + its_tcb);
        make(ObjectType::sched_context, 9, first + its_context);
        make(ObjectType::small_page, 0, first + its_frame);
        map(first + its_frame, own_buffers + index * 0x1000ull);
        copy_and_map(first + its_frame, first + its_frame_copy, buffer_page + index * 0x1000ull,
                     abi::page_attributes::normal | abi::page_attributes::execute_never);
        give(worker(index, its_tcb), tcbs + index);
        give(worker(index, its_context), scs + index);
        give(worker(index, its_frame), frames + index);
    }

    Env& env_;
    const CPtr memory_, slots_;
};

TEST_CASE(RANDOM_0001, "random calls from a rich CSpace; all memory comes back") {
    const std::string_view line = command_line(*env.boot_info);
    const std::uint64_t steps = number_after(line, "random_steps=", 100'000);
    const std::uint64_t seed = number_after(line, "random_seed=", 20261127);
    const bool checked = check_every(997);
    print("random calls: {} steps, seed {}, invariants {}\n", steps, seed,
          checked ? "checked" : "not checked by this kernel");
    random_test::Random random(seed);
    random_test::CallMaker maker(random, {.slots = slot_count,
                                          .cnode = own_cnode,
                                          .vspace = space,
                                          .tcb = authority,
                                          .max_priority = 110,
                                          .buffer_address = buffer_page.raw()});
    Spy spy(env);
    Life life(env);
    for (std::uint64_t done = 0; done < steps && failure_count() == 0;) {
        life.begin();
        spy.move_to(life.cnode());
        for (std::uint64_t i = 0; i < steps_of_a_life && done < steps; ++i, ++done) {
            if (i % 32 == 0 && !life.repair()) break;
            if (i % 16 == 0) spy.look();
            const random_test::Call call = maker.make([](std::uint64_t slot) -> abi::CapTag {
                return static_cast<abi::CapTag>(slot < slot_count ? Spy::tags[slot] : 0);
            });
            life.run(static_cast<unsigned>(maker.below(workers)), call, maker.below(4) != 0);
        }
        env.settle();
        life.end();
    }
    check_every(0);
}

}  // namespace
}  // namespace target
