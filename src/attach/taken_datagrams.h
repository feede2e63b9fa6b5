// SPDX-License-Identifier: Apache-2.0
// TakenDatagrams: those that one call has taken out of its socket, and may have to give back.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "attach/datagram_socket.h"

namespace strata::attach {

class TakenDatagrams final : public Taken {
 public:
  // A socket of datagrams.
  explicit TakenDatagrams(std::shared_ptr<Socket> socket) : socket_(std::move(socket)) {}
  ~TakenDatagrams() override {
    if (!is_delivered()) this->socket().give_back(std::move(all_));
  }

  [[nodiscard]] DatagramSocket& socket() const { return static_cast<DatagramSocket&>(*socket_); }
  // `message` is as receive() left it, and `size` what it answered. What was cut off stays so.
  void add(Bytes bytes, const msghdr& message, std::size_t size) {
    DatagramSocket::Entry entry{.source_size = message.msg_namelen, .control = {}, .size = size};
    std::memcpy(&entry.source, message.msg_name, sizeof(entry.source));
    const auto* const control = static_cast<const std::byte*>(message.msg_control);
    entry.control.assign(control, control + message.msg_controllen);
    bytes_ += bytes.size() + entry.control.size();
    all_.push_back({{bytes.begin(), bytes.end()}, std::move(entry)});
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<Socket> socket_;
  std::size_t bytes_ = 0;
  std::vector<DatagramSocket::Datagram> all_;
};

}  // namespace strata::attach
