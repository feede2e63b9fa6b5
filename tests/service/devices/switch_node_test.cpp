// SPDX-License-Identifier: Apache-2.0
#include "service/devices/switch_node.h"

#include <gtest/gtest.h>

#include "service/control/answers.h"
#include "service/control/messages.h"
#include "service/lab.h"
#include "strata/devices.h"

namespace strata::service::switch_node_test {
namespace {

TEST(SwitchNode, ReadsVlansOfAPort) {
  const auto access = parse_switch_vlans("lan=10");
  ASSERT_TRUE(access.has_value());
  EXPECT_EQ(access->port, "lan");
  EXPECT_EQ(access->vlans.untagged, 10U);
  EXPECT_TRUE(access->vlans.tagged.empty());
  const auto trunk = parse_switch_vlans("up=10,20-22");
  ASSERT_TRUE(trunk.has_value());
  EXPECT_EQ(trunk->vlans.untagged, 0U);
  EXPECT_EQ(trunk->vlans.tagged, (std::vector<std::uint16_t>{10, 20, 21, 22}));
  const auto native = parse_switch_vlans("up=20,1u");
  ASSERT_TRUE(native.has_value());
  EXPECT_EQ(native->vlans.untagged, 1U);
  EXPECT_EQ(native->vlans.tagged, std::vector<std::uint16_t>{20});
}

TEST(SwitchNode, RefusesWhatAreNoVlans) {
  for (const char* text : {"", "lan", "=10", "lan=", "lan=0", "lan=4095", "lan=x", "lan=10,",
                           "lan=20-10", "lan=10,10", "lan=1u,2u", "lan=1u,1", "lan=10-"}) {
    const auto read = parse_switch_vlans(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_NE(read.error().text.find("as in lan=10"), std::string::npos);
  }
}

TEST(SwitchNode, APortHearsWhatIsSentToOtherStations) {
  EXPECT_EQ(spec_of_port("packet:eth0"), "packet:eth0,promiscuous=yes");
  EXPECT_EQ(spec_of_port("packet:eth0,mtu=1400"), "packet:eth0,mtu=1400,promiscuous=yes");
  EXPECT_EQ(spec_of_port("xdp:eth0"), "xdp:eth0,promiscuous=yes");
  for (const char* spec : {"packet:eth0,promiscuous=no", "tap:strata0", "null:a", "what:is"}) {
    EXPECT_EQ(spec_of_port(spec), spec);
  }
  EXPECT_TRUE(DeviceSpec::parse(spec_of_port("xdp:eth0,copy=yes")).has_value());
}

TEST(SwitchNode, SaysOfEachPortWhatItIs) {
  const TemporaryFolder folder;
  const auto node = SwitchNode::create({.devices = {"null:a", "null:b,mtu=9000"},
                                        .vlans = {*parse_switch_vlans("b=1u,10-12,20")},
                                        .control = folder.path + "/x.sock"});
  ASSERT_TRUE(node.has_value()) << node.error().text;
  EXPECT_EQ((*node)->control_path(), folder.path + "/x.sock");
  const std::string line = control_status({}, nullptr, &(*node)->bridge());
  const auto text = render_status(line, false);
  ASSERT_TRUE(text.has_value());
  EXPECT_NE(text->find("VLAN 1"), std::string::npos) << *text;
  EXPECT_NE(text->find("VLANs 10-12, 20 tagged, 1 untagged"), std::string::npos) << *text;
  EXPECT_NE(text->find("mtu 9000"), std::string::npos) << *text;
  const auto json = render_status(line, true);
  ASSERT_TRUE(json.has_value());
  EXPECT_NE(json->find("\"tagged_vlans\":[10,11,12,20]"), std::string::npos) << *json;
}

TEST(SwitchNode, SaysWhatCouldNotBe) {
  const TemporaryFolder folder;
  const auto refusal = [&](std::vector<std::string> devices, std::vector<SwitchPortVlans> vlans) {
    const auto node = SwitchNode::create({.devices = std::move(devices),
                                          .vlans = std::move(vlans),
                                          .control = folder.path + "/x.sock"});
    return node ? "" : node.error().text;
  };
  EXPECT_NE(refusal({"null:a", "null:a"}, {}).find("there is a port 'a'"), std::string::npos);
  EXPECT_NE(refusal({"null:a", "pcap:/nonexistent"}, {}).find("/nonexistent"), std::string::npos);
  EXPECT_NE(refusal({"null:a", "null:b"}, {{.port = "c", .vlans = {}}}).find("no port 'c'"),
            std::string::npos);
}

}  // namespace
}  // namespace strata::service::switch_node_test
