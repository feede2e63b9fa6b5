// SPDX-License-Identifier: Apache-2.0
// Client: the far end of a service's connection, which writes, reads and ends as a test tells it.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "service/lab.h"
#include "strata/tcp_stream.h"

namespace strata::service {

class Client {
 public:
  explicit Client(Lab& lab, std::uint16_t port, const char* address = "10.77.0.2",
                  const TcpSocketOptions& options = {})
      : lab_(lab), stream(connect(lab, {*IpAddress::parse(address), port}, options)) {
    lab_.run_for(std::chrono::milliseconds(5));
  }

  // As much as the stream takes.
  std::size_t send(std::string_view text) {
    const std::size_t count = stream.write(std::as_bytes(std::span(text)), lab_now).value_or(0);
    lab_.run_for(std::chrono::milliseconds(5));
    return count;
  }
  void end() {
    EXPECT_TRUE(stream.shut_down(TcpShutdown::kWrite, lab_now).has_value());
    lab_.run_for(std::chrono::milliseconds(5));
  }
  // All that comes, until nothing more does; at most about so many bytes.
  std::string receive(std::size_t bytes_max = SIZE_MAX) {
    std::string text;
    for (int quiet = 0; quiet < 3 && text.size() < bytes_max; ++quiet) {
      lab_.run_for(std::chrono::milliseconds(20));
      std::array<std::byte, 65536> buffer;
      auto count = stream.read(buffer, lab_now);
      for (; count && text.size() < bytes_max; count = stream.read(buffer, lab_now)) {
        text.append(reinterpret_cast<const char*>(buffer.data()), *count);
        quiet = 0;
      }
      if (!count) end_ = count.error();
    }
    return text;
  }
  std::string ask(std::string_view text) {
    EXPECT_EQ(send(text), text.size());
    return receive();
  }
  // kClosed: the service has ended its direction; kWouldBlock: it may say more.
  [[nodiscard]] Error state() {
    (void)receive();
    return end_;
  }

 private:
  static TcpStream connect(Lab& lab, const Endpoint& to, const TcpSocketOptions& options) {
    auto made = TcpStream::connect(lab.theirs->stack(), to, {.options = options}, lab_now);
    EXPECT_TRUE(made.has_value());
    return std::move(*made);
  }

  Lab& lab_;
  Error end_ = Error::kWouldBlock;

 public:
  TcpStream stream;
};

}  // namespace strata::service
