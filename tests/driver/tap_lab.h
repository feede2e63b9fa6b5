// SPDX-License-Identifier: Apache-2.0
// TapLab: a TAP device of a test, in a network namespace of its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "driver/own_network.h"
#include "driver/packets.h"
#include "strata/device.h"
#include "strata/devices.h"
#include "strata/packet_batch.h"

namespace strata::driver {

class TapLab : public testing::Test {
 protected:
  void SetUp() override {
    if (!network_.refusal().empty()) GTEST_SKIP() << network_.refusal();
  }

  void open(const std::string& spec) {
    auto device = open_device(spec);
    ASSERT_TRUE(device.has_value()) << device.error().text << " / " << device.error().hint;
    device_ = *std::move(device);
  }

  void send(PacketPtr packet) {
    PacketBatch batch;
    batch.push(std::move(packet));
    device_->transmit(batch);
    EXPECT_TRUE(batch.empty());
  }

  OwnNetwork network_;
  TestPool pool_;
  std::unique_ptr<Device> device_;
};

}  // namespace strata::driver
