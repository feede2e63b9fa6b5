// SPDX-License-Identifier: Apache-2.0
// EchoFile and RawFile: ping sockets and raw sockets behind descriptors.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "socket/posix/message_file.h"
#include "strata/icmp_socket.h"
#include "strata/packet.h"
#include "strata/raw_socket.h"

namespace strata::posix {

// Gets whole packets, of which the next one is always at hand: programs peek, ask how long it is,
// and say which ones they do not want.
class PacketFile : public MessageFile {
 public:
  Answer bind(const sockaddr* address, socklen_t size, Time now) override;
  Answer connect(const sockaddr* address, socklen_t size, Time now) override;
  Answer local_name(sockaddr* address, socklen_t* size) override;
  Answer remote_name(sockaddr* address, socklen_t* size) override;

 protected:
  using MessageFile::MessageFile;

  [[nodiscard]] std::optional<Endpoint> connected_to() const override {
    return remote_.address.is_unspecified() ? std::nullopt : std::optional(remote_);
  }
  [[nodiscard]] Result<DatagramInfo> take(std::span<const MutableBytes> parts, bool peeks) override;
  [[nodiscard]] std::optional<std::size_t> next_size() override;
  void write_own_control(ControlWriter& writer) override;
  [[nodiscard]] std::optional<Answer> own_option(int level, int name, void* value,
                                                 socklen_t* size) override;
  [[nodiscard]] std::optional<Answer> set_own_option(int level, int name, const void* value,
                                                     socklen_t size, Time now) override;

  [[nodiscard]] virtual Result<DatagramSocket::Received> next_packet() = 0;
  // Where in a packet the program's part of it begins.
  [[nodiscard]] virtual std::size_t begin_of(const Packet& packet) const = 0;
  [[nodiscard]] virtual bool is_wanted(const Packet& packet) const = 0;
  virtual Result<void> bind_socket(const Endpoint& local) = 0;
  virtual Result<void> connect_socket(const Endpoint& remote) = 0;
  [[nodiscard]] virtual std::uint16_t local_port() const = 0;

  [[nodiscard]] IpAddress any() const;
  // RFC 1122 4.1.3.4: a program must not broadcast by accident.
  [[nodiscard]] bool may_send(const SendChoices& choices);

 private:
  // Where the answer to an option that is a truth is kept; null: it is none of these.
  [[nodiscard]] bool* choice_of(int level, int name);
  // Error::kWouldBlock when there is none.
  [[nodiscard]] Result<void> look_ahead();

  Endpoint local_{any()};
  Endpoint remote_{any()};
  IpAddress source_ = any();  // towards remote_, where no address is bound
  DatagramSocket::Received next_{};
  PacketPtr last_;                     // whose IP options are told
  bool may_broadcast_ = false;         // SO_BROADCAST
  bool wants_options_ = false;         // IP_RECVOPTS
  bool wants_return_options_ = false;  // IP_RETOPTS
};

// Linux' ping sockets: echo requests out, echo replies in, both from their ICMP header on. The
// identifier is the socket's, whatever the program writes there.
class EchoFile final : public PacketFile {
 public:
  [[nodiscard]] static Accepted open(Stack& stack, AddressFamily family);
  EchoFile(Stack& stack, IcmpSocket socket, AddressFamily family);

 private:
  [[nodiscard]] DatagramSocket& socket() override { return socket_; }
  [[nodiscard]] Answer give(std::span<const Bytes> parts, const SendChoices& choices,
                            Time now) override;
  [[nodiscard]] Result<DatagramSocket::Received> next_packet() override;
  [[nodiscard]] std::size_t begin_of(const Packet& packet) const override;
  [[nodiscard]] bool is_wanted(const Packet& /*packet*/) const override { return true; }
  Result<void> bind_socket(const Endpoint& local) override;
  Result<void> connect_socket(const Endpoint& remote) override;
  [[nodiscard]] std::uint16_t local_port() const override;

  IcmpSocket socket_;
};

// raw(7): over IPv4 packets come with their header, over IPv6 without. Protocol IPPROTO_RAW sends
// and receives nothing but what programs wrote headers for.
class RawFile final : public PacketFile {
 public:
  [[nodiscard]] static Accepted open(Stack& stack, AddressFamily family, int protocol);
  RawFile(Stack& stack, RawSocket socket, AddressFamily family, int protocol);

 private:
  [[nodiscard]] DatagramSocket& socket() override { return socket_; }
  [[nodiscard]] Answer give(std::span<const Bytes> parts, const SendChoices& choices,
                            Time now) override;
  [[nodiscard]] Result<DatagramSocket::Received> next_packet() override;
  [[nodiscard]] std::size_t begin_of(const Packet& packet) const override;
  [[nodiscard]] bool is_wanted(const Packet& packet) const override;
  Result<void> bind_socket(const Endpoint& local) override;
  Result<void> connect_socket(const Endpoint& remote) override;
  [[nodiscard]] std::uint16_t local_port() const override { return 0; }
  [[nodiscard]] std::optional<Answer> own_option(int level, int name, void* value,
                                                 socklen_t* size) override;
  [[nodiscard]] std::optional<Answer> set_own_option(int level, int name, const void* value,
                                                     socklen_t size, Time now) override;
  [[nodiscard]] bool is_icmp() const;

  RawSocket socket_;
  bool includes_header_ = false;
  // ICMP_FILTER and ICMP6_FILTER: types that do not come, a bit each.
  std::array<std::uint32_t, 8> blocked_types_{};
};

}  // namespace strata::posix
