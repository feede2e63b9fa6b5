// SPDX-License-Identifier: Apache-2.0
#include "script/run/machine.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "script/run/live_packet.h"
#include "script/run/settings.h"

namespace strata::script::machine_test {
namespace {

TEST(Machine, BeginsSilentAndAtItsStart) {
  for (const IpVersion version : {IpVersion::kIpv4, IpVersion::kIpv4Mapped, IpVersion::kIpv6}) {
    Options options;
    options.ip_version = version;
    Machine machine(options, usual_settings().stack);
    EXPECT_TRUE(machine.captured().empty());
    EXPECT_EQ(machine.script_time(), Duration{});
    EXPECT_TRUE(machine.stack().is_local(options.local()));
  }
}

TEST(Machine, StampsWhatLeavesWithTheTimeItLeftAt) {
  Machine machine({}, usual_settings().stack);
  machine.step(Machine::kStart + std::chrono::milliseconds(5));
  PacketSpec packet;
  packet.what = UdpSpec{10};
  Flow flow;
  flow.local = {Options().local(), 9};
  flow.remote = {Options().remote(), 10};
  machine.inject(*build_packet(packet, flow, false));
  machine.settle();
  ASSERT_EQ(machine.captured().size(), 1U);  // port unreachable
  EXPECT_EQ(machine.captured().front().at, Machine::kStart + std::chrono::milliseconds(5));
}

TEST(Machine, StepsNoFurtherThanItsLimit) {
  Machine machine({}, usual_settings().stack);
  const Time limit = Machine::kStart + std::chrono::hours(2);
  while (machine.now() < limit) machine.step(limit);
  EXPECT_EQ(machine.now(), limit);
  EXPECT_FALSE(machine.is_exhausted());
}

}  // namespace
}  // namespace strata::script::machine_test
