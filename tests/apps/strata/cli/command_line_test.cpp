// SPDX-License-Identifier: Apache-2.0
#include "strata/cli/command_line.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace strata::app::command_line_test {
namespace {

std::expected<Command, EarlyEnd> parse(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return parse_command_line(words);
}

TEST(CommandLine, AddressesAndMtuBelongToTheDeviceBeforeThem) {
  const auto command = parse(
      "up --device tap:a --address 10.1.0.2/24 --mtu 9000 --device tap:b --address 10.2.0.2/24 "
      "--address fd00::2/64 --gateway 10.1.0.1 --gateway fd00::1 --serve echo,daytime:1313");
  ASSERT_TRUE(command.has_value()) << command.error().text;
  const auto& up = std::get<UpCommand>(*command);
  ASSERT_EQ(up.stack.devices.size(), 2U);
  EXPECT_EQ(up.stack.devices[0].spec, "tap:a");
  EXPECT_EQ(up.stack.devices[0].mtu, 9000U);
  EXPECT_EQ(up.stack.devices[0].addresses.size(), 1U);
  EXPECT_EQ(up.stack.devices[1].mtu, 0U);
  EXPECT_EQ(up.stack.devices[1].addresses.size(), 2U);
  EXPECT_EQ(up.stack.gateways.size(), 2U);
  ASSERT_EQ(up.stack.serve.size(), 2U);
  EXPECT_EQ(up.stack.serve[1].port, 1313);
}

TEST(CommandLine, WhatFollowsAVlanIsTheVlans) {
  const auto command = parse(
      "up --device tap:a --address 10.1.0.2/24 --vlan 10 --address 10.10.0.2/24 --mtu 1400 "
      "--vlan 100.20 --device tap:b --mtu 9000 --join 239.1.2.3 --join ff15::7%tap");
  ASSERT_TRUE(command.has_value()) << command.error().text;
  const auto& up = std::get<UpCommand>(*command);
  ASSERT_EQ(up.stack.devices.size(), 2U);
  const service::DeviceOptions& device = up.stack.devices[0];
  EXPECT_EQ(device.addresses.size(), 1U);
  EXPECT_EQ(device.mtu, 0U);
  ASSERT_EQ(device.vlans.size(), 2U);
  EXPECT_EQ(device.vlans[0].addresses[0], *Prefix::parse("10.10.0.2/24"));
  EXPECT_EQ(device.vlans[0].mtu, 1400U);
  EXPECT_EQ(device.vlans[1].tags.count, 2);
  EXPECT_TRUE(device.vlans[1].addresses.empty());
  EXPECT_EQ(up.stack.devices[1].mtu, 9000U);
  ASSERT_EQ(up.stack.joins.size(), 2U);
  EXPECT_EQ(up.stack.joins[1].interface, "tap");
}

TEST(CommandLine, AProxiedAddressIsOfWhatIsBeforeIt) {
  const auto command = parse(
      "up --device tap:a --proxy 10.1.0.9 --proxy fd01::9 --vlan 10 --proxy 10.2.0.9 "
      "--device tap:b");
  ASSERT_TRUE(command.has_value()) << command.error().text;
  const auto& devices = std::get<UpCommand>(*command).stack.devices;
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_EQ(devices[0].proxies,
            (std::vector{IpAddress::v4(10, 1, 0, 9), *IpAddress::parse("fd01::9")}));
  EXPECT_EQ(devices[0].vlans[0].proxies, std::vector{IpAddress::v4(10, 2, 0, 9)});
  EXPECT_TRUE(devices[1].proxies.empty());
  EXPECT_EQ(parse("up --proxy 10.1.0.9 --device tap:a").error().status, kUsage);
  EXPECT_EQ(parse("up --device tap:a --proxy 10.1.0.0/24").error().status, kUsage);
}

TEST(CommandLine, DhcpIsForWhatIsBeforeIt) {
  const auto command = parse(
      "up --device tap:a --vlan 10 --dhcp --lease-file /v --vlan 20 --device tap:b --dhcp "
      "--lease-file /b");
  ASSERT_TRUE(command.has_value()) << command.error().text;
  const auto& devices = std::get<UpCommand>(*command).stack.devices;
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_FALSE(devices[0].dhcp);
  ASSERT_EQ(devices[0].vlans.size(), 2U);
  EXPECT_TRUE(devices[0].vlans[0].dhcp);
  EXPECT_EQ(devices[0].vlans[0].lease_file, "/v");
  EXPECT_FALSE(devices[0].vlans[1].dhcp);
  EXPECT_TRUE(devices[1].dhcp);
  EXPECT_EQ(devices[1].lease_file, "/b");
}

TEST(CommandLine, ATierIsWhatWasAskedForOrLeftOpen) {
  const auto tier_of = [](const std::string& line) {
    const auto command = parse(line);
    EXPECT_TRUE(command.has_value()) << command.error().text;
    return std::get<RunCommand>(*command).tier;
  };
  EXPECT_EQ(tier_of("run -- prog"), std::nullopt);
  EXPECT_EQ(tier_of("run --tier trap -- prog --tier preload"), attach::Tier::kTrap);
  EXPECT_EQ(tier_of("run --tier preload -- prog"), attach::Tier::kPreload);
  EXPECT_EQ(parse("run --tier best -- prog").error().status, kUsage);
}

TEST(CommandLine, PingTakesWhatPingTakes) {
  const auto command =
      parse("ping -n -c 3 -i 0.2 -s 100 -t 5 -W 2 -w 9 -I 10.0.0.2 -q -4 10.0.0.1 --seed 9");
  ASSERT_TRUE(command.has_value()) << command.error().text;
  const auto& ping = std::get<PingCommand>(*command);
  EXPECT_EQ(ping.echo.destination, IpAddress::v4(10, 0, 0, 1));
  EXPECT_EQ(ping.echo.count, 3U);
  EXPECT_EQ(ping.echo.interval, std::chrono::milliseconds(200));
  EXPECT_EQ(ping.echo.size, 100U);
  EXPECT_EQ(ping.echo.hop_limit, 5);
  EXPECT_EQ(ping.echo.patience, std::chrono::seconds(2));
  EXPECT_EQ(ping.echo.deadline, std::chrono::seconds(9));
  EXPECT_EQ(ping.from, "10.0.0.2");
  EXPECT_EQ(ping.echo.name, "10.0.0.1");
  EXPECT_TRUE(ping.quiet);
  EXPECT_EQ(ping.stack.seed, 9U);
}

TEST(CommandLine, TracerouteTakesWhatTracerouteTakes) {
  const auto command = parse("traceroute -q 2 -m 5 -f 2 -w 1 -p 40000 -n fd77::1");
  ASSERT_TRUE(command.has_value()) << command.error().text;
  const auto& trace = std::get<TracerouteCommand>(*command);
  EXPECT_EQ(trace.trace.probes_each, 2U);
  EXPECT_EQ(trace.trace.hops_max, 5);
  EXPECT_EQ(trace.trace.first_hop, 2);
  EXPECT_EQ(trace.trace.base_port, 40'000);
  EXPECT_EQ(trace.trace.patience, std::chrono::seconds(1));
  EXPECT_TRUE(trace.numeric);
  using Probe = service::TraceOptions::Probe;
  EXPECT_EQ(trace.trace.probe, Probe::kUdp);
  EXPECT_EQ(std::get<TracerouteCommand>(*parse("traceroute --icmp 10.0.0.1")).trace.probe,
            Probe::kEcho);
  const auto syn = std::get<TracerouteCommand>(*parse("traceroute --tcp -p 443 10.0.0.1"));
  EXPECT_EQ(syn.trace.probe, Probe::kTcp);
  EXPECT_EQ(syn.trace.tcp_port, 443);
  EXPECT_FALSE(parse("traceroute --tcp --icmp 10.0.0.1").has_value());
  EXPECT_FALSE(parse("traceroute -6 10.0.0.1").has_value());
  EXPECT_EQ(std::get<TracerouteCommand>(*parse("traceroute -6 router.example")).target.family,
            Family::kIpv6);
}

TEST(CommandLine, WatchNeedsNoNumber) {
  EXPECT_FALSE(std::get<StatusCommand>(*parse("status")).watch.has_value());
  EXPECT_EQ(std::get<StatusCommand>(*parse("status --watch")).watch, std::chrono::seconds(1));
  EXPECT_EQ(std::get<StatusCommand>(*parse("status --watch 0.5")).watch,
            std::chrono::milliseconds(500));
}

TEST(CommandLine, DevicesOfARunningStack) {
  using service::ControlCommand;
  const auto request = [](const std::string& line) {
    const auto command = parse(line);
    EXPECT_TRUE(command.has_value()) << line;
    return command ? std::get<DeviceCommand>(*command).request : service::ControlRequest{};
  };
  EXPECT_EQ(request("device list").command, ControlCommand::kListDevices);
  const auto replace = request("device replace strata0 tap:x,offload=no --control /tmp/c");
  EXPECT_EQ(replace.command, ControlCommand::kReplaceDevice);
  EXPECT_EQ(replace.interface, "strata0");
  EXPECT_EQ(replace.device, "tap:x,offload=no");
  const auto add =
      request("device add tap:x --address 10.1.0.2/24 --address fd01::2/64 --mtu 1400");
  EXPECT_EQ(add.command, ControlCommand::kAddDevice);
  EXPECT_EQ(add.addresses.size(), 2U);
  EXPECT_EQ(add.mtu, 1400U);
  EXPECT_EQ(request("device remove x").command, ControlCommand::kRemoveDevice);
  for (const char* line : {"device", "device replace strata0", "device add", "device remove",
                           "device add tap:x --mtu 67", "device add tap:x --address 10.1.0.2/33",
                           "device replace strata0 nonsense:x", "device paint x"}) {
    const auto command = parse(line);
    ASSERT_FALSE(command.has_value()) << line;
    EXPECT_EQ(command.error().status, kUsage) << line;
  }
}

TEST(CommandLine, ASwitchJoinsTwoDevicesAtLeast) {
  const auto command =
      parse("switch tap:a tap:b --vlan a=10 --vlan b=1u,10-12 --age 60 --control /tmp/c --json");
  ASSERT_TRUE(command.has_value()) << command.error().text;
  const auto& options = std::get<SwitchCommand>(*command).options;
  EXPECT_EQ(options.devices, (std::vector<std::string>{"tap:a", "tap:b"}));
  ASSERT_EQ(options.vlans.size(), 2U);
  EXPECT_EQ(options.vlans[1].vlans.tagged.size(), 3U);
  EXPECT_EQ(options.age_max, std::chrono::seconds(60));
  for (const char* line :
       {"switch", "switch tap:a", "switch tap:a nonsense:b", "switch tap:a tap:b --vlan a",
        "switch tap:a tap:b --vlan a=4095", "switch tap:a tap:b --age 0"}) {
    const auto wrong = parse(line);
    ASSERT_FALSE(wrong.has_value()) << line;
    EXPECT_EQ(wrong.error().status, kUsage) << line;
  }
}

struct Case {
  const char* line;
  const char* says;
};

TEST(CommandLine, WhatMakesNoSenseIsAUsageErrorThatSaysWhy) {
  const Case cases[] = {
      {"", "a verb is required"},
      {"dance", "strata: 'dance' is not a verb"},
      {"dance --help", "strata: 'dance' is not a verb"},
      {"up --nonsense", "strata up: "},
      {"up --seed -1", "--seed: '-1' is not a number from 0 to 18446744073709551615"},
      {"up --seed 0x10", "--seed: '0x10' is not a number"},
      {"up --dns example.org", "--dns: 'example.org' is not the address of a DNS server"},
      {"up --publish 80", "--publish: '80' names one port of two"},
      {"run -p 80:80/sctp -- true", "'sctp' is neither tcp nor udp"},
      {"ping -p 80:80 10.0.0.1", "-p"},
      {"up --address 10.0.0.2/24", "--address 10.0.0.2/24: it stands before every --device"},
      {"up --vlan 10 --device tap:x", "--vlan 10: it stands before every --device"},
      {"up --device tap:x --vlan 4095", "--vlan: '4095' is not a VLAN from 1 to 4094"},
      {"up --join 10.0.0.1", "--join: '10.0.0.1' is not a multicast group"},
      {"ping --join 239.1.2.3 10.0.0.1", "--join"},
      {"up --mtu 9000 --device tap:x", "--mtu: it stands before every --device"},
      {"up --device tap:x --address 10.0.0.2", "not an address with its prefix length"},
      {"up --device tpa:x", "--device: device 'tpa:x': unknown kind 'tpa'"},
      {"up --mtu 10", "--mtu: '10' is not a number from 68 to 65535"},
      {"up --mtu abc", "--mtu: 'abc' is not a number from 68 to 65535"},
      {"sim lab.toml --seed abc", "--seed: 'abc' is not a number from 0 to 18446744073709551615"},
      {"sim lab.toml --seed -1", "--seed: '-1' is not a number"},
      {"--nonsense", "strata: '--nonsense' is no flag"},
      {"resolve a..b", "'a..b' is not a name"},
      {"resolve a..b TXT", "'a..b' is not a name"},
      {"device list --nonsense", "--nonsense"},
      {"up --device tap:x --lease-file /l", "--lease-file: there is no --dhcp where it belongs"},
      {"up --device tap:x --dhcp --vlan 5 --lease-file /l", "--lease-file: there is no --dhcp"},
      {"up --gateway x", "--gateway: 'x' is not the address of a router"},
      {"up --log loud", "--log: 'loud' is not one of"},
      {"up --policy lazy", "--policy: 'lazy' is not one of"},
      {"up --serve http", "which folder"},
      {"up --config /nonexistent.toml", "/nonexistent.toml: cannot be read"},
      {"ping", "host is required"},
      {"ping 10.77.0.300", "neither an IP address nor a name"},
      {"ping -4 fd77::1", "'fd77::1' is not an IPv4 address"},
      {"ping -6 10.0.0.1", "'10.0.0.1' is not an IPv6 address"},
      {"ping -4 -6 10.0.0.1", "excludes"},
      {"ping -c 0 10.0.0.1", "-c: '0' is not a number from 1 to 4294967295"},
      {"ping -i nan 10.0.0.1", "-i: 'nan' is not a number of seconds from 0.001 to 86400"},
      {"ping -W inf 10.0.0.1", "-W: 'inf' is not a number of seconds"},
      {"ping -W -1 10.0.0.1", "-W: '-1' is not a number of seconds"},
      {"traceroute -w NaN 10.0.0.1", "-w: 'NaN' is not a number of seconds"},
      {"ping -s 65508 10.0.0.1", "-s"},
      {"ping -f -i 1 10.0.0.1", "excludes"},
      {"ping 10.0.0.1%x", "only a link-local IPv6 address names its interface"},
      {"traceroute -f 5 -m 4 10.0.0.1", "-f: the first hop lies beyond the last"},
      {"traceroute -I -p 5 10.0.0.1", "excludes"},
      {"capture --device tap:x -r file", "excludes"},
      {"capture --json -w file", "excludes"},
      {"status --watch never", "--watch"},
      {"status --watch nan", "--watch: 'nan' is not a number of seconds from 0.1"},
      {"pktgen send", "--device is required"},
      {"pktgen both --device null:x", "direction"},
      {"pktgen send --device zoo:x", "'zoo'"},
      {"pktgen send --device null:x --size 59", "--size: '59' is not a number from 60 to 65535"},
      {"pktgen send --device null:x --to nobody", "--to nobody: not the address of a station"},
      {"run --tier best -- prog", "--tier: 'best' is neither trap nor preload"},
  };
  for (const Case& example : cases) {
    const auto command = parse(example.line);
    ASSERT_FALSE(command.has_value()) << example.line;
    EXPECT_EQ(command.error().status, kUsage) << example.line;
    EXPECT_NE(command.error().text.find(example.says), std::string::npos) << example.line << "\n"
                                                                          << command.error().text;
  }
}

TEST(CommandLine, AnEmptyValueIsNoValue) {
  const std::vector<std::string> lines[] = {
      {"up", "--config", ""},      {"up", "--control", ""},
      {"up", "--capture="},        {"up", "--hosts", ""},
      {"up", "--tcp-option", ""},  {"up", "--seed", ""},
      {"up", "--device", ""},      {"run", "--tier", "", "--", "true"},
      {"capture", "-r", ""},       {"capture", "-w", ""},
      {"status", "--control", ""}, {"ping", "-c", "", "10.0.0.1"},
      {"sim", "--plot", "", "x"}};
  for (const auto& words : lines) {
    const auto command = parse_command_line(words);
    ASSERT_FALSE(command.has_value()) << words[1];
    EXPECT_EQ(command.error().status, kUsage) << words[1];
    const std::string flag = words[1].substr(0, words[1].find('='));
    EXPECT_NE(command.error().text.find(flag), std::string::npos) << command.error().text;
  }
  const Case arguments[] = {
      {"resolve", "name: an empty value"},    {"ping", "host: an empty value"},
      {"traceroute", "host: an empty value"}, {"run", "program: an empty value"},
      {"script", "file: an empty value"},     {"sim", "lab: an empty value"},
      {"switch", "device: an empty value"}};
  for (const Case& example : arguments) {
    const auto command = parse_command_line(std::vector<std::string>{example.line, ""});
    ASSERT_FALSE(command.has_value()) << example.line;
    EXPECT_EQ(command.error().status, kUsage) << example.line;
    EXPECT_NE(command.error().text.find(example.says), std::string::npos) << command.error().text;
  }
  const std::vector<std::string> behind_device[] = {{"device", "add", ""},
                                                    {"device", "remove", ""},
                                                    {"device", "replace", "", "tap:x"},
                                                    {"device", "replace", "x", ""},
                                                    {"device", "list", "--control", ""}};
  for (const auto& words : behind_device) {
    const auto command = parse_command_line(words);
    ASSERT_FALSE(command.has_value()) << words[1];
    EXPECT_NE(command.error().text.find("an empty value"), std::string::npos) << words[1];
  }
  // An argument of the program that runs is its own business.
  const std::vector<std::string> run{"run", "--", "printf", ""};
  ASSERT_TRUE(parse_command_line(run).has_value());
}

TEST(CommandLine, ScriptsTakeWhatPacketdrillIsGiven) {
  const auto parsed =
      parse("script --send_omit_free --ip_version=ipv6 --mss=1000 -D FIRST=1 -DSECOND=two x.pkt");
  ASSERT_TRUE(parsed.has_value()) << parsed.error().text;
  const auto& command = std::get<ScriptCommand>(*parsed);
  EXPECT_EQ(command.options.definitions.at("FIRST"), "1");
  EXPECT_EQ(command.options.definitions.at("SECOND"), "two");
  EXPECT_EQ(command.options.inbound_mss, 1000);
  EXPECT_EQ(command.files, std::vector<std::string>{"x.pkt"});
}

TEST(CommandLine, APacketGeneratorIsToldWhatAndHowFast) {
  const auto parsed = parse(
      "pktgen send --device pipe{x} --rate 1000 --count 5 --seconds 0.5 --size 128 --flows 3 "
      "--to 02:00:00:00:00:07");
  ASSERT_TRUE(parsed.has_value()) << parsed.error().text;
  const auto& command = std::get<PktgenCommand>(*parsed);
  EXPECT_EQ(command.direction, PktgenCommand::Direction::kSend);
  EXPECT_EQ(command.device, "pipe{x}");
  EXPECT_EQ(command.rate, 1000U);
  EXPECT_EQ(command.count, 5U);
  EXPECT_EQ(command.duration, std::chrono::milliseconds(500));
  EXPECT_EQ(command.traffic.frame_bytes, 128U);
  EXPECT_EQ(command.traffic.flows, 3U);
  EXPECT_EQ(command.traffic.to, MacAddress::from_value(0x0200'0000'0007));
  const auto receiver = parse("pktgen receive --device null:x --json");
  ASSERT_TRUE(receiver.has_value());
  EXPECT_EQ(std::get<PktgenCommand>(*receiver).direction, PktgenCommand::Direction::kReceive);
}

TEST(CommandLine, ReadsWhatACaptureTakesAndKeeps) {
  const auto parsed = parse("capture -w x.pcapng -s 96 -C 10 -G 60 -W 3 tcp port 80");
  ASSERT_TRUE(parsed.has_value()) << parsed.error().text;
  const auto& command = std::get<CaptureCommand>(*parsed);
  EXPECT_EQ(command.filter(), "tcp port 80");
  EXPECT_EQ(command.snap_length, 96U);
  EXPECT_EQ(command.file_megabytes, 10U);
  EXPECT_EQ(command.file_seconds, 60U);
  EXPECT_EQ(command.files, 3U);
  for (const char* line :
       {"capture tcp prt 80", "capture host www.example.org", "capture -C 1", "capture -G 1",
        "capture -W 1", "capture -w x -W 1", "capture -s 0", "capture -w x -v"}) {
    const auto refused = parse(line);
    ASSERT_FALSE(refused.has_value()) << line;
    EXPECT_EQ(refused.error().status, kUsage) << line;
  }
  const auto up = parse("up --capture x.pcapng --capture-filter icmp");
  ASSERT_TRUE(up.has_value()) << up.error().text;
  EXPECT_EQ(std::get<UpCommand>(*up).stack.capture_filter, "icmp");
  EXPECT_FALSE(parse("up --capture-filter icmp").has_value());
  EXPECT_FALSE(parse("up --capture x.pcapng --capture-filter icmpp").has_value());
}

TEST(CommandLine, ListsOfTheStatusAreVerbs) {
  for (const char* verb : {"connections", "routes", "neighbors", "sockets", "drops"}) {
    const auto parsed = parse(std::string(verb) + " --json --watch 2");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().text;
    const auto& command = std::get<StatusCommand>(*parsed);
    EXPECT_EQ(command.part, verb);
    EXPECT_EQ(command.watch, std::chrono::seconds(2));
    EXPECT_TRUE(command.json);
  }
  const auto explain = parse("explain strata0 0800 45");
  ASSERT_TRUE(explain.has_value());
  EXPECT_EQ(std::get<ExplainCommand>(*explain).interface, "strata0");
  EXPECT_EQ(std::get<ExplainCommand>(*explain).packet.size(), 2U);
  EXPECT_FALSE(parse("explain strata0").has_value());
}

TEST(CommandLine, WhatRunsOnMayNameItsUserOrStayUnconfined) {
  const auto up = parse("up --user daemon");
  ASSERT_TRUE(up.has_value()) << up.error().text;
  EXPECT_EQ(std::get<UpCommand>(*up).confine.user, "daemon");
  EXPECT_TRUE(std::get<UpCommand>(*up).confine.is_wanted);
  for (const char* line :
       {"up", "ping 10.0.0.1", "traceroute 10.0.0.1", "resolve a.example", "capture",
        "pktgen send --device null:", "switch tap:a tap:b", "sim --realtime lab.toml"}) {
    EXPECT_TRUE(parse(line).has_value()) << line;
    EXPECT_TRUE(parse(std::string(line) + " --no-confine").has_value()) << line;
  }
  EXPECT_FALSE(parse("sim --no-confine lab.toml").has_value());
  EXPECT_FALSE(parse("run --no-confine -- prog").has_value());
}

TEST(CommandLine, NumbersAreDecimal) {
  EXPECT_EQ(std::get<PingCommand>(*parse("ping -c 010 10.0.0.1")).echo.count, 10U);
}

TEST(CommandLine, EveryVerbHasHelpWithAnExample) {
  for (const char* verb :
       {"up", "ping", "traceroute", "capture", "pktgen", "doctor", "status", "device", "switch",
        "connections", "routes", "neighbors", "sockets", "drops", "explain"}) {
    const auto help = parse(std::string(verb) + " --help");
    ASSERT_FALSE(help.has_value());
    EXPECT_EQ(help.error().status, kOk);
    EXPECT_NE(help.error().text.find("Example:\n  strata " + std::string(verb)), std::string::npos)
        << help.error().text;
  }
  const auto version = parse("--version");
  ASSERT_FALSE(version.has_value());
  EXPECT_EQ(version.error().status, kOk);
  EXPECT_TRUE(version.error().text.starts_with("strata "));
}

}  // namespace
}  // namespace strata::app::command_line_test
