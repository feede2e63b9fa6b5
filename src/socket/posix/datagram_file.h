// SPDX-License-Identifier: Apache-2.0
// DatagramFile: a UDP socket behind a descriptor.
#pragma once

#include <memory>
#include <optional>

#include "socket/posix/message_file.h"
#include "strata/udp_socket.h"

namespace strata::posix {

class DatagramFile final : public MessageFile {
 public:
  // Null, and minus an errno, when the stack has no room for one.
  [[nodiscard]] static Accepted open(Stack& stack, AddressFamily family);
  DatagramFile(Stack& stack, UdpSocket socket, AddressFamily family);

  Answer bind(const sockaddr* address, socklen_t size, Time now) override;
  Answer connect(const sockaddr* address, socklen_t size, Time now) override;
  Answer local_name(sockaddr* address, socklen_t* size) override;
  Answer remote_name(sockaddr* address, socklen_t* size) override;

 private:
  friend struct DatagramOptions;  // datagram_options.cpp

  [[nodiscard]] DatagramSocket& socket() override { return socket_; }
  [[nodiscard]] std::optional<Endpoint> connected_to() const override;
  [[nodiscard]] Result<DatagramInfo> take(std::span<const MutableBytes> parts, bool peeks) override;
  [[nodiscard]] Answer give(std::span<const Bytes> parts, const SendChoices& choices,
                            Time now) override;
  [[nodiscard]] std::optional<std::size_t> next_size() override;
  [[nodiscard]] std::optional<Answer> own_option(int level, int name, void* value,
                                                 socklen_t* size) override;
  [[nodiscard]] std::optional<Answer> set_own_option(int level, int name, const void* value,
                                                     socklen_t size, Time now) override;

  UdpSocket socket_;
  IpAddress multicast_source_ = IpAddress::any_v4();  // as IP_MULTICAST_IF was told
  std::uint16_t segment_size_ = 0;                    // UDP_SEGMENT
};

}  // namespace strata::posix
