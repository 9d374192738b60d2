// SPDX-License-Identifier: BSD-2-Clause
#include <cstdio>
#include <cstdlib>

#include "check/invariants.hpp"
#include "crowd.hpp"
#include "targets.hpp"

namespace fuzz {
namespace {

/// Two bytes for each number that a step asks for.
class ByteSource {
  public:
    explicit ByteSource(Bytes bytes) : rest_(bytes) {}
    std::uint64_t next() {
        std::uint64_t value = 0;
        for (unsigned i = 0; i < 2 && !rest_.empty(); ++i, rest_ = rest_.subspan(1))
            value = value << 8 | std::to_integer<std::uint64_t>(rest_.front());
        // Small numbers are what choices are made of; large ones reach all bits.
        return value < 0xff00 ? value : value * 0x9e37'79b9'7f4a'7c15;
    }
    bool empty() const { return rest_.empty(); }

  private:
    Bytes rest_;
};

class Episode : public numbat::test::Crowd {
  public:
    void run(Bytes bytes) {
        SetUp();
        gather();
        ByteSource source(bytes);
        while (!source.empty()) {
            step(source);
            expect(broken() == nullptr, broken());
        }
        expect(disperse(), "something is left when all has been revoked");
        expect(broken() == nullptr, broken());
    }

  private:
    void TestBody() override {}
    static void expect(bool holds, const char* otherwise) {
        if (holds) return;
        std::fprintf(stderr, "kernel_calls: %s\n", otherwise);
        std::abort();
    }
};

}  // namespace

void kernel_calls(Bytes bytes) {
    Episode().run(bytes);
}

}  // namespace fuzz
