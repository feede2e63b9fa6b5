// SPDX-License-Identifier: Apache-2.0
// What all datagram sockets share: options, errors told by ICMP, and how to send and receive.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "strata/address.h"
#include "strata/bytes.h"
#include "strata/error.h"
#include "strata/packet.h"
#include "strata/time.h"

namespace strata {

enum class AddressFamily : std::uint8_t {
  kIpv4,
  kIpv6,  // and IPv4 through v4-mapped addresses, unless v6_only
};

// How a socket treats the path MTU.
enum class FragmentPolicy : std::uint8_t {
  kFragment,      // IPv4 without DF; both families cut to the path MTU here
  kDontFragment,  // DF, and kMessageTooLong for what exceeds the known path MTU
  kProbe,         // DF, and the interface's MTU is the only limit: for path MTU discovery
  kByRouters,     // IPv4 without DF; what ICMP says of the path is not believed
};

[[nodiscard]] constexpr bool forbids_fragments(FragmentPolicy policy) {
  return policy == FragmentPolicy::kDontFragment || policy == FragmentPolicy::kProbe;
}
[[nodiscard]] constexpr bool heeds_path_mtu(FragmentPolicy policy) {
  return policy == FragmentPolicy::kFragment || policy == FragmentPolicy::kDontFragment;
}

// Names a socket of a stack; stale once the socket is closed.
struct SocketId {
  std::uint32_t index = 0xffff'ffff;
  std::uint32_t generation = 0;

  friend constexpr auto operator<=>(const SocketId&, const SocketId&) = default;
};

// Options that travel with each packet a socket sends, and rules for what it takes.
struct SocketOptions {
  InterfaceId bound_interface = kNoInterface;      // speak through this interface only
  InterfaceId multicast_interface = kNoInterface;  // where groups are sent; none: ask the routes
  std::optional<std::uint8_t> hop_limit;           // unicast; none: the stack's default
  std::uint8_t multicast_hop_limit = 1;            // RFC 1112 6.1
  std::uint8_t traffic_class = 0;                  // DSCP and ECN
  FragmentPolicy fragment_policy = FragmentPolicy::kFragment;
  bool v6_only = false;
  bool reuse_address = false;  // share groups; share a port with sockets on other addresses
  bool reuse_port = false;     // share address and port; arrivals are spread by flow
  bool free_bind = false;      // bind to addresses that this host may have one day
  bool broadcast = false;      // RFC 1122 4.1.3.4: sending to broadcast addresses must be asked for
  bool multicast_loop = true;  // hear our own group packets
  bool without_checksum = false;        // UDP over IPv4 only: send checksum 0
  bool accept_zero_checksum = false;    // UDP over IPv6 only: RFC 6935, for tunnels
  bool receive_errors = false;          // keep ICMP errors for receive_error()
  bool receive_super_segments = false;  // take merged datagrams whole, with segment_size
};

// An ICMP error, or a local one, that concerns something a socket sent.
struct SocketError {
  Error error = Error::kIo;
  Endpoint source{};       // where it came from: ours
  Endpoint destination{};  // where the packet was going
  IpAddress offender{};    // who reported it
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
  bool is_hard = false;        // RFC 1122 4.2.3.9: would end a connection
  std::uint32_t path_mtu = 0;  // with kMessageTooLong
  Time when{};
  // How the packet went on behind its IP header, as far as the error quotes it.
  static constexpr std::size_t kQuotedMax = 64;
  std::array<std::byte, kQuotedMax> quoted{};
  std::uint8_t quoted_size = 0;
  std::uint8_t hop_limit = 0;  // with which the ICMP error arrived; 0: it is a local one
};

// The last few errors of a socket: an option turns keeping them on, and take() gives the newest
// that a connected socket has not been told yet.
class SocketErrors {
 public:
  static constexpr std::size_t kKept = 4;

  void keep(const SocketError& error) {
    kept_[(first_ + count_) % kKept] = error;
    if (count_ < kKept) {
      ++count_;
    } else {
      first_ = (first_ + 1) % kKept;
    }
  }
  void set_pending(Error error) { pending_ = error; }
  [[nodiscard]] std::optional<Error> take_pending() {
    const std::optional<Error> taken = pending_;
    pending_.reset();
    return taken;
  }
  [[nodiscard]] std::optional<SocketError> take_kept() {
    if (count_ == 0) return std::nullopt;
    const SocketError taken = kept_[first_];
    first_ = (first_ + 1) % kKept;
    --count_;
    return taken;
  }
  [[nodiscard]] bool empty() const { return count_ == 0 && !pending_; }

 private:
  std::array<SocketError, kKept> kept_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::optional<Error> pending_;
};

// What came with a received datagram.
struct DatagramInfo {
  Endpoint source{};
  Endpoint destination{};
  InterfaceId interface = kNoInterface;
  std::uint8_t hop_limit = 0;
  std::uint8_t traffic_class = 0;
  std::uint16_t segment_size = 0;  // of a merged super-segment; 0 for a plain datagram
  std::size_t size = 0;            // of the whole datagram
  bool is_truncated = false;       // the caller's buffer was shorter
  Time arrival{};
};

// Per-call choices of a sender; what is not set comes from the socket.
struct SendChoices {
  std::optional<Endpoint> destination = std::nullopt;
  std::optional<IpAddress> source = std::nullopt;
  InterfaceId interface = kNoInterface;
  std::optional<std::uint8_t> hop_limit = std::nullopt;
  std::optional<std::uint8_t> traffic_class = std::nullopt;
  std::uint16_t segment_size = 0;  // cut the bytes into datagrams of this size
};

struct OutgoingDatagram {
  std::span<const Bytes> parts;
  SendChoices choices;
};

struct IncomingDatagram {
  MutableBytes buffer;
  DatagramInfo info;
};

}  // namespace strata
