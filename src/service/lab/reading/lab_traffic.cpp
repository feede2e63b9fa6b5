// SPDX-License-Identifier: Apache-2.0
#include "service/lab/quantity.h"
#include "service/lab/reading/lab_draft.h"
#include "service/tcp_settings.h"

namespace strata::service {
namespace {

using TrafficKind = LabTraffic::Kind;

constexpr std::array<LabWord<TrafficKind>, 9> kTrafficKinds{
    {{"bulk", TrafficKind::kBulk},
     {"on_off", TrafficKind::kOnOff},
     {"request", TrafficKind::kRequest},
     {"ramp", TrafficKind::kRamp},
     {"flows", TrafficKind::kFlows},
     {"page", TrafficKind::kPage},
     {"ping", TrafficKind::kPing},
     {"udp", TrafficKind::kUdp},
     {"syn_flood", TrafficKind::kSynFlood}}};

enum class Pairing : std::uint8_t { kOneToOne, kAllToAll };
constexpr std::array<LabWord<Pairing>, 2> kPairings{
    {{"one_to_one", Pairing::kOneToOne}, {"all_to_all", Pairing::kAllToAll}}};

Outcome<std::string> parse_congestion(std::string_view text) {
  TcpConfig config;
  if (auto known = apply_tcp_setting(config, "congestion", text); !known) {
    return std::unexpected(known.error());
  }
  return std::string(text);
}

// How often something happens, as a person would have it who says nothing.
Duration usual_interval(TrafficKind kind) {
  using std::chrono::milliseconds;
  switch (kind) {
    case TrafficKind::kPing: return milliseconds(200);
    case TrafficKind::kFlows:
    case TrafficKind::kRamp: return milliseconds(100);
    case TrafficKind::kPage: return milliseconds(1000);
    case TrafficKind::kSynFlood: return milliseconds(1);
    default: return milliseconds(20);
  }
}

void read_counts(TableReader& reader, LabTraffic& made) {
  constexpr std::int64_t kMost = 10'000;
  const auto count = [&](std::string_view key, std::uint32_t& place) {
    reader.number(key, number_between<std::uint32_t>(1, kMost), into(place));
  };
  if (made.kind == TrafficKind::kRequest || made.kind == TrafficKind::kRamp)
    count("writes", made.writes);
  if (made.kind == TrafficKind::kRamp) {
    made.over = std::chrono::seconds(10);
    count("clients", made.clients);
    reader.text("over", parse_duration, into(made.over));
  }
  if (made.kind == TrafficKind::kPage) {
    made.answer = 20'000;
    count("objects", made.objects);
    count("connections", made.connections);
  }
}

void read_pauses(TableReader& reader, const toml::node& node, LabTraffic& made) {
  made.on = made.off = std::chrono::seconds(1);
  reader.text("on", parse_duration, into(made.on));
  reader.text("off", parse_duration, into(made.off));
  reader.boolean("random", into(made.is_random));
  if (made.on == Duration::zero()) reader.fail("on", node, "expected a time longer than nothing");
}

// Keys that only some kinds have.
void read_manner(TableReader& reader, const toml::node& node, LabTraffic& made) {
  using enum LabTraffic::Kind;
  const bool is_stream = made.kind == kBulk || made.kind == kOnOff;
  const bool asks = made.is_tcp() && !is_stream;
  read_counts(reader, made);
  if (made.kind == kBulk) reader.text("bytes", parse_byte_count, into(made.bytes));
  if (made.kind == kOnOff) read_pauses(reader, node, made);
  if (!is_stream) {
    made.every = usual_interval(made.kind);
    reader.text("every", parse_duration, into(made.every));
  }
  if (!is_stream && made.kind != kSynFlood) reader.text("size", parse_byte_count, into(made.size));
  if (made.kind == kUdp) {
    reader.text("rate", parse_bit_rate, [&](std::uint64_t bits) {
      made.every = Duration(static_cast<std::int64_t>(static_cast<double>(made.size) * 8e9 /
                                                      static_cast<double>(bits)));
    });
  }
  if (asks) reader.text("answer", parse_byte_count, into(made.answer));
  if (made.is_tcp()) {
    reader.boolean("no_delay", into(made.no_delay));
    reader.text("congestion", parse_congestion, into(made.congestion));
  }
  constexpr std::uint64_t kDatagramMax = 65'000;
  if (!made.is_tcp() && made.size > kDatagramMax) {
    reader.fail("size", node, fmt::format("a packet holds at most {} bytes", kDatagramMax));
  }
  if (asks && (made.size < made.writes || made.size == 0 || made.answer == 0)) {
    reader.fail("size", node, "expected at least a byte for each write, and for the answer");
  }
  // A world in which something happens again and again at one instant gets no further.
  const bool is_paced =
      made.kind == kPing || made.kind == kUdp || made.kind == kSynFlood || made.kind == kFlows;
  if (is_paced && made.every == Duration::zero()) {
    reader.fail(made.kind == kUdp ? "rate" : "every", node,
                "expected a time longer than nothing between two");
  }
}

// Hosts and routers that are called so; with a '*' hosts alone.
std::vector<std::size_t> ends_called(const LabDraft& draft, const std::string& pattern) {
  std::vector<std::size_t> found = nodes_called(draft, pattern);
  std::erase_if(found, [&](std::size_t node) {
    const LabNode::Kind kind = draft.lab.nodes[node].kind;
    return pattern.ends_with('*') ? kind != LabNode::Kind::kHost : !is_machine(kind);
  });
  return found;
}

using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

// Nobody talks to himself. One to one: those of two patterns by their order, of one pattern each
// with the next; a single end pairs with all of the other side.
Pairs pairs_of(const std::vector<std::size_t>& from, const std::vector<std::size_t>& to,
               Pairing pairing) {
  Pairs pairs;
  const auto add = [&](std::size_t a, std::size_t b) {
    if (a != b) pairs.emplace_back(a, b);
  };
  if (pairing == Pairing::kAllToAll || from.size() == 1 || to.size() == 1) {
    for (const std::size_t a : from) {
      for (const std::size_t b : to) add(a, b);
    }
    return pairs;
  }
  const std::size_t shift = from == to ? 1 : 0;
  const std::size_t count = std::min(from.size(), to.size());
  for (std::size_t i = 0; i < count; ++i) add(from[i], to[(i + shift) % to.size()]);
  return pairs;
}

void add_flow(LabDraft& draft, TableReader& reader, const toml::node& node, LabTraffic made) {
  made.from = draft.lab.nodes[made.from_node].name;
  made.to = draft.lab.nodes[made.to_node].name;
  const std::size_t number = draft.lab.traffic.size();
  if (made.name.empty()) made.name = fmt::format("{}.{}", made.from, number + 1);
  if (!draft.traffic.emplace(made.name, number).second) {
    return reader.fail("name", node, fmt::format("two flows have the name '{}'", made.name));
  }
  draft.lab.traffic.push_back(std::move(made));
}

}  // namespace

void read_traffic(LabDraft& draft, const toml::table& table, const toml::node& node) {
  LabTraffic made;
  Pairing pairing = Pairing::kOneToOne;
  TableReader reader = draft.open(table, "traffic.");
  reader.text("kind", one_of(kTrafficKinds), into(made.kind));
  reader.text("name", parse_lab_name, into(made.name));
  reader.text("from", parse_name_or_beginning, into(made.from));
  reader.text("to", parse_name_or_beginning, into(made.to));
  reader.text("pairing", one_of(kPairings), into(pairing));
  reader.text("start", parse_duration, into(made.start));
  reader.text("stop", parse_duration, into(made.stop));
  read_manner(reader, node, made);
  reader.refuse_others();
  if (table.get("kind") == nullptr) reader.fail("kind", node, "missing");
  const std::vector<std::size_t> from = ends_called(draft, made.from);
  const std::vector<std::size_t> to = ends_called(draft, made.to);
  if (from.empty() || to.empty()) {
    const bool is_from = from.empty();
    return reader.fail(
        is_from ? "from" : "to", node,
        fmt::format("there is no host or router '{}'", is_from ? made.from : made.to));
  }
  const std::size_t most = from.size() * to.size();
  if (most > kLabFlowsMax && pairing == Pairing::kAllToAll) {
    return reader.fail(
        "pairing", node,
        fmt::format("that makes {} flows: a lab has at most {}", most, kLabFlowsMax));
  }
  const Pairs pairs = pairs_of(from, to, pairing);
  if (pairs.empty()) return reader.fail("to", node, "is where it comes from");
  if (draft.lab.traffic.size() + pairs.size() > kLabFlowsMax) {
    return reader.fail("from", node, fmt::format("a lab has at most {} flows", kLabFlowsMax));
  }
  for (std::size_t i = 0; i < pairs.size() && !draft.failure; ++i) {
    LabTraffic one = made;
    std::tie(one.from_node, one.to_node) = pairs[i];
    if (pairs.size() > 1 && !made.name.empty()) one.name = fmt::format("{}.{}", made.name, i + 1);
    add_flow(draft, reader, node, std::move(one));
  }
}

}  // namespace strata::service
