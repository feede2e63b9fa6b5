// SPDX-License-Identifier: Apache-2.0
// The numbers of the two capture formats (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>

namespace strata::driver {

// pcap: one file header, then a record header in front of each packet.
inline constexpr std::uint32_t kPcapMagicMicro = 0xa1b2'c3d4;
inline constexpr std::uint32_t kPcapMagicNano = 0xa1b2'3c4d;
inline constexpr std::size_t kPcapFileHeaderBytes = 24;
inline constexpr std::size_t kPcapRecordHeaderBytes = 16;
inline constexpr std::uint16_t kPcapVersionMajor = 2;
inline constexpr std::uint16_t kPcapVersionMinor = 4;

// pcapng: blocks of | type | length | body, padded to 4 | length again |.
inline constexpr std::uint32_t kBlockSectionHeader = 0x0a0d'0d0a;  // the same in either byte order
inline constexpr std::uint32_t kBlockInterface = 1;
inline constexpr std::uint32_t kBlockObsoletePacket = 2;
inline constexpr std::uint32_t kBlockSimplePacket = 3;
inline constexpr std::uint32_t kBlockEnhancedPacket = 6;
inline constexpr std::size_t kBlockFrameBytes = 12;  // type and both lengths
inline constexpr std::uint32_t kByteOrderMagic = 0x1a2b'3c4d;
inline constexpr std::uint32_t kByteOrderMagicSwapped = 0x4d3c'2b1a;

inline constexpr std::uint16_t kOptionEnd = 0;
inline constexpr std::uint16_t kOptionComment = 1;
inline constexpr std::uint16_t kOptionSectionApplication = 4;
inline constexpr std::uint16_t kOptionInterfaceName = 2;
inline constexpr std::uint16_t kOptionInterfaceDescription = 3;
inline constexpr std::uint16_t kOptionInterfaceResolution = 9;
inline constexpr std::uint16_t kOptionInterfaceOffset = 14;
inline constexpr std::uint16_t kOptionPacketFlags = 2;
inline constexpr std::size_t kOptionHeaderBytes = 4;
inline constexpr std::size_t kOptionBytesMax = 65'535;

inline constexpr std::uint32_t kPacketFlagsDirection = 3;
inline constexpr std::uint32_t kPacketFlagsIn = 1;
inline constexpr std::uint32_t kPacketFlagsOut = 2;

// Blocks and options end on a multiple of four bytes.
[[nodiscard]] constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + 3) & ~std::size_t{3};
}

[[nodiscard]] inline std::unexpected<std::string> damaged(const char* how) {
  return std::unexpected(std::string("damaged capture: ") + how);
}

}  // namespace strata::driver
