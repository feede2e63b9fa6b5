// SPDX-License-Identifier: Apache-2.0
#include "service/capture/frame_writer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace strata::service::frame_writer_test {
namespace {

class FrameWriterTest : public testing::Test {
 public:
  FrameWriterTest() : path(testing::TempDir() + "frame_writer_test.pcapng") {}
  ~FrameWriterTest() override { std::filesystem::remove(path); }

 protected:
  const std::string path;
};

TEST_F(FrameWriterTest, WritesFramesWithTheirInterfaceDirectionAndComment) {
  const std::vector<std::byte> bytes(60, std::byte{7});
  {
    auto file = PcapWriter::create(path);
    ASSERT_TRUE(file);
    FrameWriter writer(**file);
    writer.describe(2, {"eth0", Medium::kEthernet});
    WatchedFrame frame{.interface = 2, .named = {"eth0", Medium::kEthernet}, .size = 100};
    frame.bytes = bytes;
    frame.comment = "dropped: for a reason";
    writer.write(frame);
    frame.comment.clear();
    frame.is_incoming = false;
    frame.interface = 3;
    frame.named = {"tun0", Medium::kIp};
    writer.write(frame);
    writer.write(frame);
  }
  auto reader = PcapReader::open(path);
  ASSERT_TRUE(reader);
  auto record = (*reader)->next();
  ASSERT_TRUE(record && *record);
  EXPECT_EQ((*record)->comment, "dropped: for a reason");
  EXPECT_EQ((*record)->direction, PcapDirection::kIn);
  EXPECT_EQ((*record)->original_size, 100U);
  EXPECT_EQ((*record)->bytes.size(), 60U);
  for (int i = 0; i < 2; ++i) {
    record = (*reader)->next();
    ASSERT_TRUE(record && *record);
    EXPECT_TRUE((*record)->comment.empty());
    EXPECT_EQ((*record)->direction, PcapDirection::kOut);
  }
  const auto& interfaces = (*reader)->interfaces();
  ASSERT_EQ(interfaces.size(), 2U) << "each is described once";
  EXPECT_EQ(interfaces[0].name, "eth0");
  EXPECT_EQ(interfaces[1].name, "tun0");
  EXPECT_EQ(interfaces[1].link_type, LinkType::kRawIp);
}

}  // namespace
}  // namespace strata::service::frame_writer_test
