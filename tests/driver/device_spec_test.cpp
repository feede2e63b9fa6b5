// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "strata/devices.h"

namespace strata::driver::device_spec_test {
namespace {

TEST(DeviceSpec, TakesKindNameAndOptionsApart) {
  const auto spec = DeviceSpec::parse("tap:x,host=10.77.0.1/24,host6=fd77::1/64,mtu=9000");
  ASSERT_TRUE(spec.has_value()) << spec.error().text;
  EXPECT_EQ(spec->kind, "tap");
  EXPECT_EQ(spec->name, "x");
  ASSERT_EQ(spec->options.size(), 3U);
  ASSERT_NE(spec->find("host6"), nullptr);
  EXPECT_EQ(*spec->find("host6"), "fd77::1/64");
  EXPECT_EQ(spec->find("queues"), nullptr);
}

TEST(DeviceSpec, TheNameMayBeLeftOut) {
  for (const char* text : {"tap", "tap:", "tun,mtu=1400", "null", "null:"}) {
    const auto spec = DeviceSpec::parse(text);
    ASSERT_TRUE(spec.has_value()) << text << ": " << spec.error().text;
    EXPECT_EQ(spec->name, "") << text;
  }
}

TEST(DeviceSpec, HostAddressesMayBeRepeated) {
  const auto spec = DeviceSpec::parse("tap:x,host=10.0.0.1/8,host=192.0.2.1/24");
  ASSERT_TRUE(spec.has_value());
  EXPECT_EQ(spec->options.size(), 2U);
}

TEST(DeviceSpec, ABackslashProtectsACommaAndItself) {
  const auto spec = DeviceSpec::parse(R"(pcap:a\,b\\c.pcap,write=d\,e)");
  ASSERT_TRUE(spec.has_value()) << spec.error().text;
  EXPECT_EQ(spec->name, R"(a,b\c.pcap)");
  EXPECT_EQ(*spec->find("write"), "d,e");
}

struct BadSpec {
  const char* text;
  const char* says;
};

class DeviceSpecRefuses : public testing::TestWithParam<BadSpec> {};

TEST_P(DeviceSpecRefuses, NamingWhatIsWrongAndWhatWasExpected) {
  const auto spec = DeviceSpec::parse(GetParam().text);
  ASSERT_FALSE(spec.has_value());
  EXPECT_EQ(spec.error().text, GetParam().says);
}

INSTANTIATE_TEST_SUITE_P(
    Table, DeviceSpecRefuses,
    testing::Values(
        BadSpec{"",
                "device '': unknown kind '', expected one of: tap, tun, packet, xdp, pcap, pipe, "
                "rootless, null"},
        BadSpec{"tab:x",
                "device 'tab:x': unknown kind 'tab', expected one of: tap, tun, packet, xdp, pcap, "
                "pipe, rootless, null"},
        BadSpec{"packet:",
                "device 'packet:': expected an interface of this host, as in packet:eth0"},
        BadSpec{
            "xdp:eth0,queue=many",
            "device 'xdp:eth0,queue=many': key 'queue': 'many' is not a queue's number, or all"},
        BadSpec{"xdp:eth0,port=80-70",
                "device 'xdp:eth0,port=80-70': key 'port': '80-70' is not a port or a range of "
                "them, as in 80 or 8000-8080"},
        BadSpec{"xdp:eth0,address=10.0.0.1/24",
                "device 'xdp:eth0,address=10.0.0.1/24': key 'address': '10.0.0.1/24' is not an "
                "address, as in 192.0.2.7 or 2001:db8::7"},
        BadSpec{"netmap:eth0^", "device 'netmap:eth0^': netmap is not in this build"},
        BadSpec{"dpdk:", "device 'dpdk:': DPDK is not in this build"},
        BadSpec{"memory",
                "device 'memory': a memory link has two ends and is made inside a program "
                "(strata::MemoryLink)"},
        BadSpec{"tap:x,hots=1",
                "device 'tap:x,hots=1': unknown key 'hots', expected one of: host, host6, mtu, "
                "queues, persist, offload, up, netns, mac"},
        BadSpec{"tun:x,mac=02:00:00:00:00:01",
                "device 'tun:x,mac=02:00:00:00:00:01': unknown key 'mac', expected one of: host, "
                "host6, mtu, queues, persist, offload, up, netns"},
        BadSpec{"tap:x,mtu", "device 'tap:x,mtu': expected key=value, found 'mtu'"},
        BadSpec{"tap:x,", "device 'tap:x,': expected key=value, found ''"},
        BadSpec{"tap:x,=1", "device 'tap:x,=1': expected key=value, found '=1'"},
        BadSpec{"tap:x,mtu=1400,mtu=1500",
                "device 'tap:x,mtu=1400,mtu=1500': key 'mtu' is given twice"},
        BadSpec{"tap:x,mtu=60",
                "device 'tap:x,mtu=60': key 'mtu': '60' is not bytes from 68 to 65535"},
        BadSpec{"tap:x,mtu=1e3",
                "device 'tap:x,mtu=1e3': key 'mtu': '1e3' is not bytes from 68 to 65535"},
        BadSpec{"tap:x,queues=0",
                "device 'tap:x,queues=0': key 'queues': '0' is not a number from 1 to 256"},
        BadSpec{"tap:x,host=10.77.0.1",
                "device 'tap:x,host=10.77.0.1': key 'host': '10.77.0.1' is not an IPv4 address and "
                "prefix length, as in 10.77.0.1/24"},
        BadSpec{"tap:x,host=fd77::1/64",
                "device 'tap:x,host=fd77::1/64': key 'host': 'fd77::1/64' is not an IPv4 address "
                "and prefix length, as in 10.77.0.1/24"},
        BadSpec{"tap:x,host6=10.0.0.1/8",
                "device 'tap:x,host6=10.0.0.1/8': key 'host6': '10.0.0.1/8' is not an IPv6 address "
                "and prefix length, as in fd77::1/64"},
        BadSpec{"tap:x,persist=1", "device 'tap:x,persist=1': key 'persist': '1' is not yes or no"},
        BadSpec{"tap:x,mac=01:00:5e:00:00:01",
                "device 'tap:x,mac=01:00:5e:00:00:01': key 'mac': '01:00:5e:00:00:01' is not the "
                "address of one station, as in 02:00:00:00:00:01"},
        BadSpec{
            "tap:abcdefghijklmnop",
            "device 'tap:abcdefghijklmnop': the name of an interface has at most 15 characters, "
            "'abcdefghijklmnop' has 16"},
        BadSpec{"tap:a/b",
                "device 'tap:a/b': 'a/b' cannot be the name of an interface: no space, '/', ':' or "
                "'%'"},
        BadSpec{"pcap:",
                "device 'pcap:': expected a file to replay, as in pcap:FILE, or one to record, as "
                "in pcap:,write=FILE"},
        BadSpec{"rootless:x",
                "device 'rootless:x': there is one such device, without a name: 'x' is too much"},
        BadSpec{"pcap:f,speed=0",
                "device 'pcap:f,speed=0': key 'speed': '0' is not a factor above 0, as in 1 (as "
                "recorded) or 2.5, or max"},
        BadSpec{"pcap:,write=f,speed=1",
                "device 'pcap:,write=f,speed=1': key 'speed' is the pace of a replay, and there is "
                "no file to replay"},
        BadSpec{"pcap:f,write=",
                "device 'pcap:f,write=': key 'write': '' is not the path of a file"},
        BadSpec{
            "null:,frame=0g",
            "device 'null:,frame=0g': key 'frame': '0g' is not the bytes of a frame as pairs of "
            "hexadecimal digits"},
        BadSpec{"null:,count=3",
                "device 'null:,count=3': key 'count' says how often frame= is received, which is "
                "not given"}));

}  // namespace
}  // namespace strata::driver::device_spec_test
