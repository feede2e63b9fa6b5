// SPDX-License-Identifier: Apache-2.0
#include "capi/machine.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"

namespace strata::capi::machine_test {
namespace {

// What a device was told and has done; it outlives the device.
struct Fate {
  bool has_vanished = false;
  int datagrams = 0;
};

// A device whose descriptor says for ever that something is there, as that of a tun device does
// once somebody has deleted it.
class Vanishing final : public Device {
 public:
  explicit Vanishing(Fate& fate)
      : descriptor_(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)), fate_(fate) {}
  Vanishing(const Vanishing&) = delete;
  Vanishing& operator=(const Vanishing&) = delete;
  ~Vanishing() override { ::close(descriptor_); }

  [[nodiscard]] const DeviceCapabilities& capabilities() const override { return capabilities_; }
  [[nodiscard]] int descriptor() const override { return fate_.has_vanished ? -1 : descriptor_; }
  void receive(PacketPool& /*pool*/, PacketBatch& /*batch*/) override {}
  [[nodiscard]] std::size_t room() const override { return SIZE_MAX; }
  void transmit(PacketBatch& batch) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto ip = wire::Ipv4View::parse(batch[i].bytes());
      if (ip && ip->protocol() == wire::kIpProtocolUdp) ++fate_.datagrams;
    }
    batch.drop_front(batch.size());
  }

 private:
  DeviceCapabilities capabilities_{.medium = Medium::kIp};
  int descriptor_;
  Fate& fate_;
};

bool is_readable(int descriptor) {
  pollfd one{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, 0) == 1;
}

TEST(Machine, SleepsOnWhenADeviceHasVanished) {
  Fate fate;
  const strata_options options = STRATA_INIT(strata_options);
  strata_stack stack(options);
  ASSERT_EQ(stack.attach(std::make_unique<Vanishing>(fate), "tun:st0", "10.0.0.1/24"), 0);
  strata_event event{};
  EXPECT_EQ(stack.wait(std::span(&event, 1), 0), 0);
  EXPECT_TRUE(is_readable(stack.descriptor()));
  EXPECT_EQ(stack.failure(), "");
  fate.has_vanished = true;
  EXPECT_EQ(stack.wait(std::span(&event, 1), 0), 0);
  EXPECT_FALSE(is_readable(stack.descriptor()));
  EXPECT_EQ(stack.failure(), "tun:st0: the device has vanished");
}

TEST(Machine, SendsWhatIsLeftWhenItEnds) {
  Fate fate;
  {
    const strata_options options = STRATA_INIT(strata_options);
    strata_stack stack(options);
    ASSERT_EQ(stack.attach(std::make_unique<Vanishing>(fate), "tun:st0", "10.0.0.1/24"), 0);
    const int socket = strata_socket(&stack, STRATA_UDP, STRATA_IPV4);
    EXPECT_EQ(strata_send_to(&stack, socket, "x", 1, "10.0.0.2", 9), 1);
    EXPECT_EQ(fate.datagrams, 0);
  }
  EXPECT_EQ(fate.datagrams, 1);
}

}  // namespace
}  // namespace strata::capi::machine_test
