// SPDX-License-Identifier: Apache-2.0
// A DHCP client and the server it speaks with, played by the test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "dhcp/client.h"

namespace strata::dhcp {

inline const MacAddress kMac = MacAddress::from_value(0x0200'5e10'0001);
inline const IpAddress kServer = IpAddress::v4(10, 77, 0, 1);
inline const IpAddress kOffered = IpAddress::v4(10, 77, 0, 50);

struct Sent {
  IpAddress source, destination;
  wire::DhcpHeader header;
  std::vector<std::byte> bytes;

  [[nodiscard]] wire::DhcpView view() const { return *wire::DhcpView::parse(bytes); }
  [[nodiscard]] wire::DhcpOptions options() const { return wire::DhcpOptions(view()); }
  [[nodiscard]] wire::DhcpMessageType type() const { return *options().message_type(); }
  [[nodiscard]] std::optional<IpAddress> address(wire::DhcpOption code) const {
    return options().find_address(code);
  }
};

using Adjust = std::function<void(wire::DhcpHeader&)>;
using More = std::function<void(wire::DhcpWriter&)>;

class ClientTesting {
 public:
  explicit ClientTesting(const std::function<void(Config&)>& adjust = {})
      : client(config_with(adjust)) {}

  void pull() {
    while (const auto output = client.next_output(now)) {
      if (const auto* const send = std::get_if<SendMessage>(&*output)) {
        const auto view = wire::DhcpView::parse(send->message);
        ASSERT_TRUE(view.has_value());
        EXPECT_FALSE(wire::DhcpOptions(*view).is_malformed());
        EXPECT_GE(send->message.size(), 300U);
        sent.push_back({send->source,
                        send->destination,
                        view->header(),
                        {send->message.begin(), send->message.end()}});
      } else if (const auto* const bind = std::get_if<Bind>(&*output)) {
        bound = bind->lease;
        ++binds;
        if (bind->is_new && passes_check) {
          client.on_address_checked(now);
        }
      } else {
        bound.reset();
        ++unbinds;
      }
    }
  }
  void start(const std::optional<Lease>& former = {}) {
    client.on_start(former, now);
    pull();
    if (!former) pass(std::chrono::seconds(1));
  }
  // The newest message, and no other.
  Sent only_sent() {
    EXPECT_EQ(sent.size(), 1U);
    if (sent.empty()) return {};
    Sent last = sent.back();
    sent.clear();
    return last;
  }
  void reply(const Sent& to, wire::DhcpMessageType type, const More& more = {},
             const Adjust& adjust = {}) {
    wire::DhcpHeader header = to.header;
    header.operation = wire::DhcpOperation::kReply;
    header.your_address = type == wire::DhcpMessageType::kNak ? IpAddress::any_v4() : kOffered;
    if (adjust) adjust(header);
    std::array<std::byte, 1024> out{};
    wire::DhcpWriter writer(header, out);
    EXPECT_TRUE(writer.add(wire::DhcpOption::kMessageType, static_cast<std::uint8_t>(type)));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kSubnetMask, std::uint32_t{0xffff'ff00}));
    if (more) {
      more(writer);
    } else {
      basics(writer);
    }
    client.on_message(writer.finish(), now);
    pull();
  }
  static void basics(wire::DhcpWriter& writer) {
    EXPECT_TRUE(writer.add(wire::DhcpOption::kServerIdentifier, kServer));
    EXPECT_TRUE(writer.add(wire::DhcpOption::kLeaseTime, std::uint32_t{3600}));
  }
  void pass(Duration time) {
    const Time end = now + time;
    for (auto next = client.next_deadline(); next && *next <= end; next = client.next_deadline()) {
      now = std::max(now, *next);
      client.on_deadline(now);
      pull();
    }
    now = end;
  }
  // From the start to a lease of an hour.
  void get_lease() {
    start();
    reply(only_sent(), wire::DhcpMessageType::kOffer);
    reply(only_sent(), wire::DhcpMessageType::kAck);
    EXPECT_EQ(client.state(), State::kBound);
  }

  Time now{std::chrono::hours(10)};
  Client client;
  std::vector<Sent> sent;
  std::optional<Lease> bound;
  int binds = 0;
  int unbinds = 0;
  bool passes_check = true;

 private:
  static Config config_with(const std::function<void(Config&)>& adjust) {
    Config config{.mac = kMac, .secret = {1, 2}};
    if (adjust) adjust(config);
    return config;
  }
};

}  // namespace strata::dhcp
