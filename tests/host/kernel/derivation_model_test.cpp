// SPDX-License-Identifier: BSD-2-Clause
// All sequences of operations on capabilities in a handful of slots, down to a depth: retype, copy,
// mint, move, delete, revoke, also into CNodes that may hold themselves. After each one the list is
// whole, an object's capabilities stand together, nothing lies above its untyped's watermark, and
// no deletion is left half done.
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <tuple>

#include "cap/derivation.hpp"
#include "check/invariants.hpp"
#include "explore.hpp"
#include "world.hpp"

namespace numbat::test {
namespace {

using abi::ObjectType;
using Label = abi::Invocation;

class DerivationModel : public World {
  public:
    static constexpr std::uint64_t source = 19;  // a small untyped
    static constexpr std::uint64_t places[] = {20, 21, 22, 23};

    struct Action {
        std::string name;
        std::uint64_t object;
        Label label;
        std::vector<std::uint64_t> words;
    };

    void begin() {
        make(ObjectType::untyped, 11, source);
        const auto add = [this](const std::string& name, std::uint64_t object, Label label,
                                std::vector<std::uint64_t> words) {
            list_.push_back({name, object, label, std::move(words)});
        };
        add("revoke the untyped", cnode, Label::cnode_revoke, {source, 64});
        for (const std::uint64_t to : places) {
            const std::string slot = std::to_string(to);
            const auto retype = [&](const char* what, ObjectType type, std::uint64_t bits,
                                    std::uint64_t from) {
                add(std::string(what) + " in " + slot, from, Label::untyped_retype,
                    {static_cast<std::uint64_t>(type), bits, 0, 0, to, 1});
            };
            add("delete " + slot, cnode, Label::cnode_delete, {to, 64});
            add("revoke " + slot, cnode, Label::cnode_revoke, {to, 64});
            if (to == places[0]) {
                retype("endpoint", ObjectType::endpoint, 0, source);
                retype("cnode", ObjectType::cnode, 1, source);
                retype("untyped", ObjectType::untyped, 8, source);
                retype("endpoint of the second", ObjectType::endpoint, 0, places[1]);
            }
            if (to == places[2]) retype("cnode", ObjectType::cnode, 1, source);
            for (const std::uint64_t from : places) {
                if (from == to) continue;
                const std::string way = std::to_string(from) + " to " + slot;
                if (from < to) add("copy " + way, cnode, Label::cnode_copy, {to, 64, from, 64, 15});
                if (from < to)
                    add("mint " + way, cnode, Label::cnode_mint, {to, 64, from, 64, 15, 5});
                add("move " + way, cnode, Label::cnode_move, {to, 64, from, 64});
            }
            // Into the CNode that this slot may name.
            for (const std::uint64_t from : {places[0], places[2]}) {
                const std::string way = std::to_string(from) + " into " + slot;
                add("copy " + way, to, Label::cnode_copy, {1, 1, from, 64, 15});
                add("move " + way, to, Label::cnode_move, {0, 1, from, 64});
            }
        }
    }

    unsigned actions() const { return static_cast<unsigned>(list_.size()); }
    std::string name(unsigned index) const { return list_[index].name; }

    bool act(unsigned index) {
        const Action& action = list_[index];
        const auto& w = action.words;
        const Answer answer =
            w.size() == 2   ? invoke(action.object, action.label, {w[0], w[1]})
            : w.size() == 4 ? invoke(action.object, action.label, {w[0], w[1], w[2], w[3]}, {cnode})
            : w.size() == 5
                ? invoke(action.object, action.label, {w[0], w[1], w[2], w[3], w[4]}, {cnode})
                : invoke(action.object, action.label, {w[0], w[1], w[2], w[3], w[4], w[5]},
                         {cnode});
        return answer.error == abi::Error::none;
    }

    const char* broken() {
        if (const char* text = check::violated_invariant()) return text;
        std::set<std::tuple<unsigned, std::uint64_t>> objects;
        for (const Slot* s = slot(source).next(); s != nullptr; s = s->next()) {
            if (s->cap.is<ZombieCap>()) return "a deletion is left half done";
            if (s->cap.is<UntypedCap>() || !check::first_of_object(*s)) continue;
            const auto key = std::tuple(static_cast<unsigned>(s->cap.tag()), s->cap.address());
            if (!objects.insert(key).second) return "an object's capabilities stand apart";
        }
        return nullptr;
    }

    std::string signature() {
        std::string text;
        for (const Slot* s = &slot(source); s != nullptr; s = s->next()) {
            const std::uint64_t words[] = {reinterpret_cast<std::uint64_t>(s) & 0xffffff,
                                           s->cap.word0, s->cap.word1,
                                           static_cast<std::uint64_t>(s->flags())};
            text.append(reinterpret_cast<const char*>(words), sizeof words);
        }
        return text;
    }

  private:
    std::vector<Action> list_;
};

const Snapshot::Ranges used_memory = {
    {0x4000, 0x7000}, {0x10000, 0x11000}, {1u << 24, (1u << 24) + 0x1000}};

TEST_F(DerivationModel, AllSequencesKeepTheTree) {
    begin();
    ASSERT_STREQ(broken(), nullptr);
    const char* text = std::getenv("SOS_MODEL_DEPTH");
    const auto depth = text == nullptr ? 5u : static_cast<unsigned>(std::strtoul(text, nullptr, 0));
    Explorer explorer(*this, used_memory);
    const Explored result = explorer.run(depth);
    std::printf("%zu states, %zu steps\n", result.states, result.steps);
    EXPECT_EQ(result.complaint, "");
    EXPECT_GT(result.states, 500u);
}

}  // namespace
}  // namespace numbat::test
