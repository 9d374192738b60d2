// SPDX-License-Identifier: BSD-2-Clause
// Messages between threads of different address spaces, and faults.
#include "abi/fault.hpp"
#include "meter.hpp"

namespace bench {
namespace {

using abi::MessageInfo;
using abi::ObjectType;
using abi::Syscall;

constexpr unsigned priority = 100;

enum class Server { passive, active };

void call_and_reply(Env& env, unsigned words, Server kind, const char* call_key,
                    const char* reply_key) {
    env.begin_case();
    Meter call, reply;
    {
        OtherSpace space(env);
        const CPtr endpoint = env.make(ObjectType::endpoint);
        const CPtr reply_object = env.make(ObjectType::reply);
        const MessageInfo info = MessageInfo::make(0, words);
        static Meter *calls, *replies;
        calls = &call;
        replies = &reply;
        auto& server = env.thread(
            [=] {
                Registers registers = receive_registers(Syscall::recv, endpoint, reply_object);
                while (true) {
                    const std::uint64_t after = timed(registers, server_before);
                    calls->add(after, client_before);
                    registers = receive_registers(Syscall::reply_recv, endpoint, reply_object);
                    registers.x[1] = info.word;
                }
            },
            options(priority));
        space.adopt(server);
        env.resume(server);
        env.settle();
        if (kind == Server::passive) make_passive(server);
        auto& client = env.thread(
            [=] {
                for (unsigned i = 0; i < Meter::rounds; ++i) {
                    Registers registers = call_registers(endpoint, info);
                    const std::uint64_t after = timed(registers, client_before);
                    replies->add(after, server_before);
                }
            },
            options(priority));
        env.resume(client);
        env.settle();
    }
    env.end_case();
    call.report(call_key);
    reply.report(reply_key);
}

void send(Env& env) {
    env.begin_case();
    static Meter meter;
    OtherSpace space(env);
    const CPtr endpoint = env.make(ObjectType::endpoint);
    const CPtr reply_object = env.make(ObjectType::reply);
    auto& receiver = env.thread(
        [=] {
            while (true) {
                Registers registers = receive_registers(Syscall::recv, endpoint, reply_object);
                meter.add(timed(registers, server_before), client_before);
            }
        },
        options(priority + 1));
    space.adopt(receiver);
    env.resume(receiver);
    env.settle();
    auto& sender = env.thread(
        [=] {
            for (unsigned i = 0; i < Meter::rounds; ++i) {
                Registers registers = send_registers(Syscall::send, endpoint);
                timed(registers, client_before);
            }
        },
        options(priority));
    env.resume(sender);
    env.settle();
    env.end_case();
    meter.report("send_switch");
}

/// The handler answers, the faulting thread goes on and does it again: one system call of the
/// handler is one round, with the faulting instruction in it.
void fault(Env& env, Meter& meter, void (*instruction)(), MessageInfo answer) {
    env.begin_case();
    OtherSpace space(env);
    const CPtr endpoint = env.make(ObjectType::endpoint);
    const CPtr reply_object = env.make(ObjectType::reply);
    static Meter* meters;
    meters = &meter;
    auto& handler = env.thread(
        [=] {
            Registers registers = receive_registers(Syscall::recv, endpoint, reply_object);
            timed(registers, server_before);
            for (unsigned i = 0; i < Meter::rounds; ++i) {
                // MR0 of the fault message is where it happened: to go on there.
                registers.x[0] = endpoint.raw();
                registers.x[1] = answer.word;
                registers.x[6] = reply_object.raw();
                registers.x[7] = static_cast<std::uint64_t>(Syscall::reply_recv);
                meters->add(timed(registers, server_before), server_before);
            }
        },
        options(priority));
    space.adopt(handler);
    env.resume(handler);
    env.settle();
    make_passive(handler);
    auto faulter_options = options(priority);
    faulter_options.fault_endpoint = endpoint;
    auto& faulter = env.thread(instruction, faulter_options);
    env.resume(faulter);
    env.settle();
    env.end_case();
}

void touch_unmapped() {
    asm volatile("ldr x0, [%0]" ::"r"(Env::free_pages.raw()) : "x0", "memory");
}

void undefined_instruction() {
    asm volatile("udf #0");
}

}  // namespace

void measure_messages(Env& env) {
    call_and_reply(env, 0, Server::passive, "call0", "replyrecv0");
    call_and_reply(env, 0, Server::active, "call0_active", "replyrecv0_active");
    call_and_reply(env, 10, Server::passive, "call10", "replyrecv10");
    send(env);
    Meter vm, undefined;
    fault(env, vm, touch_unmapped, MessageInfo{});
    vm.report("vmfault");
    fault(env, undefined, undefined_instruction, MessageInfo::make(0, 1));
    undefined.report("undef");
}

}  // namespace bench
