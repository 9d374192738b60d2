// SPDX-License-Identifier: BSD-2-Clause
// Random operations on an address space, against a model that knows for each page what is allowed
// and what a byte of it holds. After each step the kernel's mappings may never allow more.
#include <map>
#include <random>

#include "vm/address_space.hpp"
#include "vm_test.hpp"

namespace sos::vm {

namespace {

constexpr VAddr base_address{0x5000'0000};
constexpr std::uint64_t page_total = 1100;  // so that several page tables are involved

struct ModelPage {
    bool exists = false;
    Rights rights{};
    std::uint8_t value = 0;
};

class ModelTest : public VmTest {
  protected:
    ModelTest() { EXPECT_TRUE(space.init()); }
    ~ModelTest() override { space.destroy(); }

    static VAddr address(std::uint64_t page) { return base_address + page * page_size; }

    struct Range {
        std::uint64_t first;
        std::uint64_t count;
    };
    Range random_range() {
        const std::uint64_t first = random() % page_total;
        return {first, 1 + random() % std::min<std::uint64_t>(page_total - first, 40)};
    }
    Rights random_rights() {
        const auto bits = random() % 6;
        return {.read = bits != 0, .write = bits >= 3, .execute = bits == 2 || bits == 5};
    }

    void map_some() {
        const Range range = random_range();
        const Rights rights = random_rights();
        ASSERT_TRUE(
            space.map(address(range.first), range.count * page_size, rights, Placement::fixed));
        for (std::uint64_t i = 0; i < range.count; ++i) {
            model[range.first + i] = {true, rights, 0};
        }
    }
    void unmap_some() {
        const Range range = random_range();
        ASSERT_TRUE(space.unmap(address(range.first), range.count * page_size));
        for (std::uint64_t i = 0; i < range.count; ++i) model[range.first + i] = {};
    }
    void protect_some() {
        const Range range = random_range();
        const Rights rights = random_rights();
        bool whole = true;
        for (std::uint64_t i = 0; i < range.count; ++i) whole &= model[range.first + i].exists;
        const auto done = space.protect(address(range.first), range.count * page_size, rights);
        ASSERT_EQ(done.has_value(), whole);
        if (!whole) return;
        for (std::uint64_t i = 0; i < range.count; ++i) model[range.first + i].rights = rights;
    }
    void fault_one() {
        const std::uint64_t page = random() % page_total;
        const auto access = static_cast<Access>(random() % 3);
        const ModelPage& known = model[page];
        const auto done = space.handle_fault(address(page) + random() % page_size, access);
        ASSERT_EQ(done.has_value(), known.exists && known.rights.allow(access));
        if (!done) return;
        const auto mapping = kernel.mapping(space.vspace().raw(), address(page).raw());
        ASSERT_TRUE(mapping.has_value());
        if (access == Access::write) {
            EXPECT_EQ(mapping->rights, 3u);
        }
    }
    void pin_one() {
        const std::uint64_t page = random() % page_total;
        ModelPage& known = model[page];
        const Access access = random() % 2 == 0 ? Access::read : Access::write;
        auto pin = space.pin(address(page), access);
        ASSERT_EQ(pin.has_value(), known.exists && known.rights.allow(access));
        if (!pin) return;
        ASSERT_EQ(std::to_integer<std::uint8_t>(pin->data()[page % page_size]), known.value);
        if (access == Access::read) return;
        known.value = static_cast<std::uint8_t>(random());
        pin->data()[page % page_size] = std::byte{known.value};
    }

    /// The kernel allows nothing that the model does not.
    void check() {
        for (std::uint64_t page = 0; page < page_total; ++page) {
            const auto mapping = kernel.mapping(space.vspace().raw(), address(page).raw());
            if (!mapping) continue;
            const ModelPage& known = model[page];
            ASSERT_TRUE(known.exists) << page;
            ASSERT_TRUE(known.rights.allow(Access::read)) << page;
            ASSERT_TRUE((mapping->rights & 1) == 0 || known.rights.write) << page;
            const bool executable =
                (mapping->attributes & abi::page_attributes::execute_never) == 0;
            ASSERT_TRUE(!executable || known.rights.execute) << page;
            ASSERT_EQ(*(kernel.physical(mapping->paddr) + page % page_size),
                      std::byte{known.value});
        }
    }

    AddressSpace space;
    std::map<std::uint64_t, ModelPage> model;
    std::mt19937_64 random{42};
};

TEST_F(ModelTest, NothingIsAllowedThatWasNotGiven) {
    for (int step = 0; step < 4000 && !HasFatalFailure(); ++step) {
        switch (random() % 8) {
            case 0:
                map_some();
                break;
            case 1:
                unmap_some();
                break;
            case 2:
                protect_some();
                break;
            case 3:
            case 4:
                pin_one();
                break;
            default:
                fault_one();
        }
        if (step % 20 == 0) check();
    }
    check();
}

}  // namespace

}  // namespace sos::vm
