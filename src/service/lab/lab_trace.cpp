// SPDX-License-Identifier: Apache-2.0
#include "service/lab/lab_trace.h"

#include <errno.h>
#include <fmt/format.h>

#include <cstring>
#include <optional>

#include "service/packet_line.h"
#include "strata/wire/ethernet.h"
#include "strata/wire/ip_protocol.h"
#include "strata/wire/ipv4.h"
#include "strata/wire/ipv6.h"
#include "strata/wire/tcp.h"

namespace strata::service {
namespace {

constexpr std::size_t kPointsMax = 1'000'000;

double seconds_of(Time at) { return static_cast<double>(at.time_since_epoch().count()) / 1e9; }

std::string stamp(Time at) {
  constexpr std::int64_t kBillion = 1'000'000'000;
  const std::int64_t count = at.time_since_epoch().count();
  return fmt::format("{}.{:09}", count / kBillion, count % kBillion);
}

std::string moment_of(const sim::Sighting& sighting) {
  switch (sighting.moment) {
    case sim::Sighting::Moment::kSent: return "sent";
    case sim::Sighting::Moment::kDelivered: return "delivered";
    case sim::Sighting::Moment::kDropped: break;
  }
  return fmt::format("dropped ({})", sim::to_text(sighting.drop));
}

// Slice after slice: what a sender still holds is a chain.
std::vector<std::byte> frame_bytes(const Packet& packet) {
  std::vector<std::byte> all;
  all.reserve(packet.size());
  for (const Packet* slice = &packet; slice != nullptr; slice = slice->next_slice()) {
    all.insert(all.end(), slice->bytes().begin(), slice->bytes().end());
  }
  return all;
}

struct TcpPacket {
  IpAddress source, destination;
  wire::TcpView tcp;
};

std::optional<TcpPacket> tcp_in(Bytes frame) {
  const auto ethernet = wire::EthernetView::parse(frame);
  if (!ethernet) return std::nullopt;  // nor is what is no IP
  IpAddress source, destination;
  Bytes text;
  if (const auto v4 = wire::Ipv4View::parse(ethernet->payload())) {
    if (v4->protocol() != wire::kIpProtocolTcp) return std::nullopt;
    source = v4->source();
    destination = v4->destination();
    text = v4->payload();
  } else if (const auto v6 = wire::Ipv6View::parse(ethernet->payload())) {
    if (v6->next_header() != wire::kIpProtocolTcp) return std::nullopt;
    source = v6->source();
    destination = v6->destination();
    text = v6->payload();
  }
  const auto tcp = wire::TcpView::parse(text);
  if (!tcp) return std::nullopt;
  return TcpPacket{source, destination, *tcp};
}

}  // namespace

// ── Lines ──────────────────────────────────────────────────────────────────────────────────────

Outcome<std::unique_ptr<LabTrace>> LabTrace::create(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) {
    return failed(fmt::format("{}: it cannot be written: {}", path, std::strerror(errno)));
  }
  return std::unique_ptr<LabTrace>(new LabTrace(file, path));
}

void LabTrace::put_line(const std::string& line) {
  if (has_failed_) return;
  has_failed_ = std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size();
}

void LabTrace::on_frame(const sim::Sighting& sighting) {
  const std::vector<std::byte> bytes = frame_bytes(sighting.packet);
  put_line(fmt::format("{} {}-{} {} {}\n", stamp(sighting.at),
                       sighting.link.node(sighting.direction).name(),
                       sighting.link.node(opposite(sighting.direction)).name(), moment_of(sighting),
                       packet_line(Medium::kEthernet, bytes, bytes.size())));
}

void LabTrace::on_event(Time at, const std::string& what) {
  put_line(fmt::format("{} event {}\n", stamp(at), what));
}

Outcome<void> LabTrace::finish() {
  has_failed_ = std::fflush(file_.get()) != 0 || has_failed_;
  if (has_failed_) return failed(fmt::format("{}: it cannot be written whole", path_));
  return {};
}

// ── Sequence numbers ───────────────────────────────────────────────────────────────────────────

void LabSequences::add_flow(const std::string& name, const Endpoint& receiver) {
  places_.emplace(std::pair(receiver.address, receiver.port), Place{.index = sequences_.size()});
  sequences_.push_back({.name = name, .points = {}});
}

void LabSequences::on_frame(const sim::Sighting& sighting) {
  if (sighting.moment == sim::Sighting::Moment::kDropped) return;
  const std::vector<std::byte> bytes = frame_bytes(sighting.packet);
  const auto packet = tcp_in(bytes);
  if (!packet) return;
  const bool is_text = sighting.moment == sim::Sighting::Moment::kSent;
  const auto found =
      places_.find(is_text ? std::pair(packet->destination, packet->tcp.destination_port())
                           : std::pair(packet->source, packet->tcp.source_port()));
  if (found == places_.end()) return;
  Place& place = found->second;
  const wire::TcpView& tcp = packet->tcp;
  if (is_text && tcp.flags().contains(wire::kTcpSyn)) {
    place.first = tcp.sequence_number();
    place.has_begun = true;
  }
  LabSequence& sequence = sequences_[place.index];
  if (!place.has_begun || sequence.points.size() >= kPointsMax) return;
  const double now = seconds_of(sighting.at);
  const std::uint32_t from = tcp.sequence_number() - place.first;
  const auto length = static_cast<std::uint32_t>(tcp.payload().size());
  if (is_text && length != 0) {
    sequence.points.push_back({now, from, std::uint64_t{from} + length});
  } else if (!is_text && tcp.flags().ack()) {
    const std::uint32_t acknowledged = tcp.acknowledgment_number() - place.first;
    sequence.points.push_back({now, acknowledged, acknowledged});
  }
}

}  // namespace strata::service
