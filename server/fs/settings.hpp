// SPDX-License-Identifier: BSD-2-Clause
// The boot settings that concern network and files, parsed from their text:
//   ip=dhcp | ADDRESS/LENGTH,GATEWAY
//   nfs=ADDRESS[:NFSPORT[:MOUNTPORT]]/EXPORT
#pragma once

#include <cstdint>
#include <string_view>

#include "error.hpp"

namespace sos::fs {

/// The first octet is the most significant byte.
struct Ipv4Address {
    std::uint32_t value = 0;
    friend constexpr bool operator==(Ipv4Address, Ipv4Address) = default;
};

struct IpSettings {
    bool dhcp = true;
    Ipv4Address address{};
    std::uint8_t prefix_length = 0;
    Ipv4Address gateway{};  // 0.0.0.0: none
};

struct NfsSettings {
    Ipv4Address server{};
    std::uint16_t nfs_port = 2049;
    std::uint16_t mount_port = 0;  // 0: ask the portmapper
    std::string_view export_path{};
};

/// bad_argument for anything but the forms above.
Result<Ipv4Address> parse_ipv4(std::string_view text);
Result<IpSettings> parse_ip_settings(std::string_view text);
/// `export_path` of the result is a part of `text`.
Result<NfsSettings> parse_nfs_settings(std::string_view text);

}  // namespace sos::fs
