// SPDX-License-Identifier: Apache-2.0
// MessageFile: what UDP, echo and raw sockets behind a descriptor have in common.
#pragma once

#include <ctime>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "socket/posix/control_messages.h"
#include "socket/posix/socket_file.h"
#include "strata/datagram_socket.h"

namespace strata::posix {

// What the clock on the wall said `at` a moment of the stack's time, which is `now`.
using WallClock = timespec (*)(Time now, Time at);

class MessageFile : public SocketFile {
 public:
  [[nodiscard]] MessageFile* as_messages() override { return this; }
  Answer receive(msghdr& message, int flags, Time now) override;
  Answer send(const msghdr& message, int flags, Time now) override;
  Answer shut_down(int how, Time now) override;
  Answer option(int level, int name, void* value, socklen_t* size, Time now) override;
  Answer set_option(int level, int name, const void* value, socklen_t size, Time now) override;
  Answer control(unsigned long request, int& value) override;
  [[nodiscard]] std::uint32_t events() const override;

  // Without one there are no time stamps (SO_TIMESTAMP).
  void set_wall_clock(WallClock clock) { wall_clock_ = clock; }
  // receive() without the errors, which the caller tells in another way.
  Answer receive_data(msghdr& message, int flags, Time now);
  // IP_RECVERR: they are kept until they are asked for; how many there ever were.
  [[nodiscard]] bool has_errors();
  [[nodiscard]] std::uint64_t count_errors();
  // The newest, which a call about data tells once; 0: none.
  [[nodiscard]] Answer take_error();

 protected:
  MessageFile(Stack& stack, AddressFamily family, int type, int protocol);

  [[nodiscard]] virtual DatagramSocket& socket() = 0;
  [[nodiscard]] virtual std::optional<Endpoint> connected_to() const = 0;
  // One message into the parts, whose names and sizes `info` then tells. It stays with `peeks`.
  [[nodiscard]] virtual Result<DatagramInfo> take(std::span<const MutableBytes> parts,
                                                  bool peeks) = 0;
  [[nodiscard]] virtual Answer give(std::span<const Bytes> parts, const SendChoices& choices,
                                    Time now) = 0;
  // Of the next message; nothing when there is none.
  [[nodiscard]] virtual std::optional<std::size_t> next_size() = 0;
  // Options that only this kind has.
  [[nodiscard]] virtual std::optional<Answer> own_option(int level, int name, void* value,
                                                         socklen_t* size) = 0;
  [[nodiscard]] virtual std::optional<Answer> set_own_option(int level, int name, const void* value,
                                                             socklen_t size, Time now) = 0;
  // Of what take() took last.
  virtual void write_own_control(ControlWriter& /*writer*/) {}
  // UDP_CORK: without it, what was held goes.
  [[nodiscard]] bool is_corked() const { return is_corked_; }
  void set_corked(bool on, Time now);

  Stack& stack_;
  WantedControl wanted_;
  bool receive_is_shut_ = false;
  bool send_is_shut_ = false;

 private:
  friend struct MessageOptions;  // message_options.cpp

  void gather_errors();
  void keep_error(const SocketError& error);
  void keep_own_error(const std::optional<Endpoint>& destination);
  void confirm(const Endpoint& remote, Time now);
  [[nodiscard]] std::expected<SendChoices, Answer> choices_of(const msghdr& message) const;
  [[nodiscard]] Answer add_to_held(const msghdr& message, bool more_comes, Time now);
  [[nodiscard]] Answer send_held(Time now);
  [[nodiscard]] Answer receive_error(msghdr& message, Time now);
  void write_time(Time at, Time now, ControlWriter& writer) const;

  // MSG_MORE and UDP_CORK: a datagram of several writes, which goes where the first was to go.
  struct Held {
    std::vector<std::byte> bytes;
    SendChoices choices;
  };

  enum class Stamp : std::uint8_t { kNone, kMicroseconds, kNanoseconds };

  std::optional<Held> held_;
  bool is_corked_ = false;
  std::size_t send_buffer_;
  std::optional<int> path_mtu_discovery_;  // as it was set
  Stamp stamp_ = Stamp::kNone;
  int receive_low_water_ = 1;  // of no effect, as on Linux: one datagram is always enough
  int timestamping_ = 0;       // SO_TIMESTAMPING's flags
  WallClock wall_clock_ = nullptr;
  std::deque<SocketError> errors_;
  std::uint64_t error_count_ = 0;
  Answer error_ = 0;  // of the newest, told once by a call that is not about errors
};

}  // namespace strata::posix
