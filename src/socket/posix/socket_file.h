// SPDX-License-Identifier: Apache-2.0
// SocketFile: what all sockets answer alike.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <expected>
#include <optional>

#include "socket/posix/file.h"
#include "strata/socket_types.h"
#include "strata/stack.h"

namespace strata::posix {

class SocketFile : public File {
 public:
  [[nodiscard]] bool is_socket() const override { return true; }
  [[nodiscard]] AddressFamily family() const { return family_; }
  [[nodiscard]] int protocol() const { return protocol_; }

 protected:
  SocketFile(AddressFamily family, int type, int protocol)
      : family_(family), type_(type), protocol_(protocol) {}

  // Options of SOL_SOCKET that need no engine; nothing when it is not one of these.
  [[nodiscard]] std::optional<Answer> common_option(int level, int name, void* value,
                                                    socklen_t* size) const;
  [[nodiscard]] std::optional<Answer> set_common_option(int level, int name, const void* value,
                                                        socklen_t size);
  // SO_BINDTODEVICE: the interface that a program names, none for an empty name; and its name.
  [[nodiscard]] static std::expected<InterfaceId, Answer> read_device(const Stack& stack,
                                                                      const void* value,
                                                                      socklen_t size);
  [[nodiscard]] static bool has_interface(const Stack& stack, InterfaceId interface);
  [[nodiscard]] static Answer tell_device(const Stack& stack, InterfaceId interface, void* value,
                                          socklen_t* size);
  // Fills in what a program asked for, cut to the room there is.
  static Answer tell_name(const Result<Endpoint>& endpoint, AddressFamily family, sockaddr* address,
                          socklen_t* size);

  // What is answered when nobody knows an option that is asked for.
  [[nodiscard]] Answer unknown_option(int level) const;

  // SO_MARK, SO_PRIORITY: rules and queues that would look at them are an administrator's, and none
  // are here.
  int mark_ = 0;
  int priority_ = 0;

 private:
  // Options that have no effect on this kind of socket, on Linux neither.
  [[nodiscard]] std::optional<std::size_t> idle_index(int name) const;
  [[nodiscard]] std::optional<Answer> set_idle_option(int name, const void* value, socklen_t size);

  std::array<bool, 2> idle_{};
  ::linger idle_linger_{};
  AddressFamily family_;
  int type_;
  int protocol_;
};

}  // namespace strata::posix
