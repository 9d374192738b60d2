// SPDX-License-Identifier: BSD-2-Clause
#include "server/platform/boot_settings.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace sos::platform;

struct Parsed {
    BootSettings settings;
    std::vector<std::pair<BootWarning, std::string>> warnings;
    explicit Parsed(std::string_view arguments) {
        settings.parse(
            arguments,
            [](void* context, BootWarning warning, std::string_view word) {
                static_cast<Parsed*>(context)->warnings.emplace_back(warning, word);
            },
            this);
    }
};

TEST(BootSettings, Defaults) {
    const Parsed p("");
    EXPECT_EQ(p.settings.init, "sosh");
    EXPECT_FALSE(p.settings.exec.has_value());
    EXPECT_FALSE(p.settings.nfs.has_value());
    EXPECT_FALSE(p.settings.ip.has_value());
    EXPECT_FALSE(p.settings.frames.has_value());
    EXPECT_EQ(p.settings.page_file, "pagefile");
    EXPECT_EQ(p.settings.second_reader, SecondReader::block);
    EXPECT_EQ(p.settings.type_ahead, TypeAhead::off);
    EXPECT_TRUE(p.settings.log_mark.empty());
    EXPECT_TRUE(p.warnings.empty());
}

TEST(BootSettings, EverySetting) {
    const Parsed p(
        "  init=\"sostest -v  x\"\texec=\"ls; echo \\\"a b\\\" \\\\ \\n\" "
        "nfs=10.0.2.2:3049:4050/export/a ip=192.168.1.9/24,192.168.1.1 frames=16 pagefile=swap "
        "console.second_reader=refuse console.typeahead=on log=vm,fs log.mark=0badcafe\n");
    EXPECT_TRUE(p.warnings.empty());
    EXPECT_EQ(p.settings.init, "sostest -v  x");
    EXPECT_EQ(p.settings.exec, "ls; echo \"a b\" \\ \\n");
    ASSERT_TRUE(p.settings.nfs.has_value());
    EXPECT_EQ(p.settings.nfs->server.value, 0x0a000202u);
    EXPECT_EQ(p.settings.nfs->nfs_port, 3049);
    EXPECT_EQ(p.settings.nfs->mount_port, 4050);
    EXPECT_EQ(p.settings.nfs->export_path, "/export/a");
    ASSERT_TRUE(p.settings.ip.has_value());
    EXPECT_EQ(p.settings.ip->address.value, 0xc0a80109u);
    EXPECT_EQ(p.settings.ip->prefix_length, 24u);
    EXPECT_EQ(p.settings.ip->gateway.value, 0xc0a80101u);
    EXPECT_EQ(p.settings.frames, 16u);
    EXPECT_EQ(p.settings.page_file, "swap");
    EXPECT_EQ(p.settings.second_reader, SecondReader::refuse);
    EXPECT_EQ(p.settings.type_ahead, TypeAhead::on);
    EXPECT_EQ(p.settings.log, "vm,fs");
    EXPECT_EQ(p.settings.log_mark, "0badcafe");
}

TEST(BootSettings, PortsMayBeLeftOut) {
    const Parsed plain("nfs=1.2.3.4/");
    EXPECT_EQ(plain.settings.nfs->nfs_port, 2049);
    EXPECT_FALSE(plain.settings.nfs->mount_port.has_value());
    EXPECT_EQ(plain.settings.nfs->export_path, "/");
    const Parsed one("nfs=1.2.3.4:99/x");
    EXPECT_EQ(one.settings.nfs->nfs_port, 99);
    EXPECT_FALSE(one.settings.nfs->mount_port.has_value());
}

TEST(BootSettings, TheLastOfEqualKeysWins) {
    const Parsed p("init=a init=b ip=1.2.3.4/8,1.2.3.1 ip=dhcp frames=5 frames=7");
    EXPECT_EQ(p.settings.init, "b");
    EXPECT_FALSE(p.settings.ip.has_value());
    EXPECT_EQ(p.settings.frames, 7u);
}

TEST(BootSettings, QuotesMayCoverAPartAndHoldAnything) {
    const Parsed p("init=a\" b\"c\"\td\" exec=\"\" pagefile=\"\xc3\xa9='x'\"");
    EXPECT_EQ(p.settings.init, "a bc\td");
    EXPECT_EQ(p.settings.exec, "");
    EXPECT_EQ(p.settings.page_file, "\xc3\xa9='x'");
    EXPECT_TRUE(p.warnings.empty());
}

TEST(BootSettings, WrongWordsAreReportedAndHaveNoEffect) {
    const std::pair<const char*, BootWarning> table[] = {
        {"quiet", BootWarning::no_value},
        {"color=red", BootWarning::unknown_key},
        {"=x", BootWarning::unknown_key},
        {"init=", BootWarning::bad_value},
        {"pagefile=", BootWarning::bad_value},
        {"frames=0", BootWarning::bad_value},
        {"frames=-1", BootWarning::bad_value},
        {"frames=16k", BootWarning::bad_value},
        {"frames=524289", BootWarning::bad_value},
        {"frames=99999999999999999999999", BootWarning::bad_value},
        {"console.second_reader=maybe", BootWarning::bad_value},
        {"console.typeahead=", BootWarning::bad_value},
        {"ip=10.0.2.15", BootWarning::bad_value},
        {"ip=10.0.2.15/24", BootWarning::bad_value},
        {"ip=10.0.2.15/33,10.0.2.2", BootWarning::bad_value},
        {"ip=10.0.2.15/24,10.0.2", BootWarning::bad_value},
        {"ip=10.0.2.256/24,10.0.2.2", BootWarning::bad_value},
        {"ip=10.0.2.0015/24,10.0.2.2", BootWarning::bad_value},
        {"ip=10.0.2.15.1/24,10.0.2.2", BootWarning::bad_value},
        {"nfs=10.0.2.2", BootWarning::bad_value},
        {"nfs=server/export", BootWarning::bad_value},
        {"nfs=10.0.2.2:/export", BootWarning::bad_value},
        {"nfs=10.0.2.2:0/export", BootWarning::bad_value},
        {"nfs=10.0.2.2:70000/export", BootWarning::bad_value},
        {"nfs=10.0.2.2:1:2:3/export", BootWarning::bad_value},
        {"nfs=10.0.2.2:1:/export", BootWarning::bad_value},
    };
    for (const auto& [word, expected] : table) {
        const Parsed p(std::string("frames=9 ip=1.1.1.1/8,1.1.1.2 ") + word + " log=x");
        ASSERT_EQ(p.warnings.size(), 1u) << word;
        EXPECT_EQ(p.warnings[0].first, expected) << word;
        EXPECT_EQ(p.warnings[0].second, word);
        EXPECT_EQ(p.settings.frames, 9u) << word;
        EXPECT_TRUE(p.settings.ip.has_value()) << word;
        EXPECT_FALSE(p.settings.nfs.has_value()) << word;
        EXPECT_EQ(p.settings.init, "sosh") << word;
        EXPECT_EQ(p.settings.log, "x") << "what follows still counts";
    }
}

TEST(BootSettings, AnOpenQuoteEndsWithTheArguments) {
    const Parsed p("exec=\"ls log=x");
    ASSERT_EQ(p.warnings.size(), 1u);
    EXPECT_EQ(p.warnings[0].first, BootWarning::unterminated_quote);
    EXPECT_EQ(p.settings.exec, "ls log=x");
    const Parsed backslash("exec=\"a\\");
    EXPECT_EQ(backslash.settings.exec, "a\\");
}

TEST(BootSettings, TooManyBytesAreCutWithAWarning) {
    const std::string fits = "exec=" + std::string(4091, 'x');
    EXPECT_TRUE(Parsed(fits).warnings.empty());
    EXPECT_EQ(Parsed(fits).settings.exec->size(), 4091u);
    const Parsed p(fits + " frames=3");
    ASSERT_EQ(p.warnings.size(), 1u);
    EXPECT_EQ(p.warnings[0].first, BootWarning::too_long);
    EXPECT_FALSE(p.settings.frames.has_value());
}

TEST(BootSettings, AnyBytesAreTaken) {
    std::mt19937 random(9);
    const std::string alphabet = "init=\"\\ \t=./:,0123456789nfsipexc\x01\xff";
    for (int round = 0; round < 20'000; ++round) {
        std::string text(random() % 200, ' ');
        for (char& c : text) c = alphabet[random() % alphabet.size()];
        const Parsed p(text);
        EXPECT_FALSE(p.settings.init.empty());
    }
}

}  // namespace
