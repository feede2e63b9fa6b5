// SPDX-License-Identifier: Apache-2.0
// A dumbbell of ns-3's, for comparison: the program is compiled as C++17 by bench/harness/ns3.py.
//
//   left1 ─┐ 1 ms                                 1 ms ┌─ right1
//   left2 ─┤────── r1 ── rate, delay, drop tail ── r2 ──┤─ right2
//   ...    ┘                                           └ ...
//
// Says, as one line of JSON, what each flow carried from `from` to `until`, how long the queue of
// the bottleneck was on average meanwhile, and how many packets and events there were in all.
#include <cstdio>
#include <string>
#include <vector>

#include <ns3/applications-module.h>
#include <ns3/core-module.h>
#include <ns3/internet-module.h>
#include <ns3/network-module.h>
#include <ns3/point-to-point-layout-module.h>
#include <ns3/point-to-point-module.h>
#include <ns3/traffic-control-module.h>

using namespace ns3;

namespace {

constexpr std::uint16_t kPort = 5001;
constexpr std::uint32_t kBuffer = 16U << 20U;

struct Wish {
  std::uint32_t flows = 2;
  std::string algorithm = "TcpCubic";
  std::string rate = "100Mbps", access = "1Gbps", delay = "10ms";
  std::uint32_t queue = 250;
  double spacing = 0.1, from = 10, until = 40;
  bool hystart = false;
};

// The mean of the bottleneck's queue over time.
class QueueMean {
 public:
  explicit QueueMean(double from) : from_(from) {}
  void OnLength(std::uint32_t, std::uint32_t now) {
    Add();
    length_ = now;
  }
  double Mean() {
    Add();
    return sum_ / (last_ - from_);
  }
  void OnLeave(Ptr<const Packet> packet) { packets_ += packet->GetSize() > 1000 ? 1 : 0; }
  std::uint64_t packets() const { return packets_; }

 private:
  void Add() {
    const double now = Simulator::Now().GetSeconds();
    if (now > from_) sum_ += length_ * (now - std::max(last_, from_));
    last_ = now;
  }
  double from_, last_ = 0, sum_ = 0;
  std::uint32_t length_ = 0;
  std::uint64_t packets_ = 0;
};

void Configure(const Wish& wish) {
  Config::SetDefault("ns3::TcpL4Protocol::SocketType",
                     TypeIdValue(TypeId::LookupByName("ns3::" + wish.algorithm)));
  Config::SetDefault("ns3::TcpSocket::InitialCwnd", UintegerValue(10));
  Config::SetDefault("ns3::TcpSocket::SegmentSize", UintegerValue(1448));
  Config::SetDefault("ns3::TcpSocket::SndBufSize", UintegerValue(kBuffer));
  Config::SetDefault("ns3::TcpSocket::RcvBufSize", UintegerValue(kBuffer));
  Config::SetDefault("ns3::TcpSocketBase::Sack", BooleanValue(true));
  Config::SetDefault("ns3::TcpSocketBase::Timestamp", BooleanValue(true));
  Config::SetDefault("ns3::TcpCubic::HyStart", BooleanValue(wish.hystart));
}

std::vector<Ptr<PacketSink>> AddFlows(PointToPointDumbbellHelper& shape, const Wish& wish) {
  std::vector<Ptr<PacketSink>> sinks;
  for (std::uint32_t i = 0; i < wish.flows; ++i) {
    PacketSinkHelper sink("ns3::TcpSocketFactory", InetSocketAddress(Ipv4Address::GetAny(), kPort));
    ApplicationContainer made = sink.Install(shape.GetRight(i));
    made.Start(Seconds(0));
    sinks.push_back(DynamicCast<PacketSink>(made.Get(0)));
    BulkSendHelper source("ns3::TcpSocketFactory",
                          InetSocketAddress(shape.GetRightIpv4Address(i), kPort));
    source.SetAttribute("SendSize", UintegerValue(14480));
    source.Install(shape.GetLeft(i)).Start(Seconds(wish.spacing * i));
  }
  return sinks;
}

}  // namespace

int main(int argc, char** argv) {
  Wish wish;
  CommandLine line;
  line.AddValue("flows", "connections, a pair of hosts each", wish.flows);
  line.AddValue("algorithm", "TcpCubic or TcpLinuxReno", wish.algorithm);
  line.AddValue("rate", "of the bottleneck", wish.rate);
  line.AddValue("access", "rate of the other links", wish.access);
  line.AddValue("delay", "of the bottleneck", wish.delay);
  line.AddValue("queue", "packets that the bottleneck holds", wish.queue);
  line.AddValue("spacing", "seconds between the beginnings of flows", wish.spacing);
  line.AddValue("hystart", "CUBIC leaves slow start by HyStart", wish.hystart);
  line.AddValue("from", "seconds that are not looked at", wish.from);
  line.AddValue("until", "seconds", wish.until);
  line.Parse(argc, argv);
  Configure(wish);

  PointToPointHelper access, bottleneck;
  access.SetDeviceAttribute("DataRate", StringValue(wish.access));
  access.SetChannelAttribute("Delay", StringValue("1ms"));
  access.SetQueue("ns3::DropTailQueue", "MaxSize", StringValue("10000p"));
  bottleneck.SetDeviceAttribute("DataRate", StringValue(wish.rate));
  bottleneck.SetChannelAttribute("Delay", StringValue(wish.delay));
  bottleneck.SetQueue("ns3::DropTailQueue", "MaxSize",
                      StringValue(std::to_string(wish.queue) + "p"));
  PointToPointDumbbellHelper shape(wish.flows, access, wish.flows, access, bottleneck);
  InternetStackHelper internet;
  shape.InstallStack(internet);
  shape.AssignIpv4Addresses(Ipv4AddressHelper("10.1.0.0", "255.255.255.0"),
                            Ipv4AddressHelper("10.2.0.0", "255.255.255.0"),
                            Ipv4AddressHelper("10.3.0.0", "255.255.255.0"));
  // Only the queues of devices: the discipline that comes with addresses would be a second one.
  for (std::uint32_t node = 0; node < NodeList::GetNNodes(); ++node) {
    const Ptr<Node> one = NodeList::GetNode(node);
    TrafficControlHelper control;
    for (std::uint32_t i = 0; i < one->GetNDevices(); ++i) {
      if (DynamicCast<PointToPointNetDevice>(one->GetDevice(i)))
        control.Uninstall(one->GetDevice(i));
    }
  }
  Ipv4GlobalRoutingHelper::PopulateRoutingTables();

  QueueMean mean(wish.from);
  const auto slow = DynamicCast<PointToPointNetDevice>(shape.GetLeft()->GetDevice(0));
  slow->GetQueue()->TraceConnectWithoutContext("PacketsInQueue",
                                               MakeCallback(&QueueMean::OnLength, &mean));
  slow->TraceConnectWithoutContext("PhyTxEnd", MakeCallback(&QueueMean::OnLeave, &mean));
  const auto sinks = AddFlows(shape, wish);
  std::vector<std::uint64_t> before(wish.flows);
  Simulator::Schedule(Seconds(wish.from), [&] {
    for (std::uint32_t i = 0; i < wish.flows; ++i) before[i] = sinks[i]->GetTotalRx();
  });
  Simulator::Stop(Seconds(wish.until));
  Simulator::Run();
  std::printf("{\"queue_mean\":%.3f,\"packets\":%llu,\"events\":%llu,\"goodput_mbit_s\":[",
              mean.Mean(), static_cast<unsigned long long>(mean.packets()),
              static_cast<unsigned long long>(Simulator::GetEventCount()));
  for (std::uint32_t i = 0; i < wish.flows; ++i) {
    std::printf(
        "%s%.4f", i == 0 ? "" : ",",
        static_cast<double>(sinks[i]->GetTotalRx() - before[i]) * 8e-6 / (wish.until - wish.from));
  }
  std::printf("]}\n");
  Simulator::Destroy();
  return 0;
}
