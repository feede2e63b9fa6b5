// SPDX-License-Identifier: Apache-2.0
// Lab files: any text is read to its end or to its first error, which names the file. What can be
// read is a network with addresses, whose links are possible and whose flows have ends. Half of the
// inputs are texts, the other half choices of a grammar that knows the keys. Nothing is run, no
// file is opened, and networks stay small.
#include <array>
#include <string>
#include <string_view>

#include "fuzz/input.h"
#include "fuzz/law.h"
#include "service/lab/addressing.h"

namespace {

using namespace strata;
using namespace strata::service;

constexpr std::array kTables{"host",     "router", "switch",  "device", "middlebox",
                             "topology", "link",   "traffic", "event"};
constexpr std::array kKeys{
    "name",       "address",     "tcp",           "serve",        "tap",        "netns",
    "bare",       "does",        "idle",          "forgets",      "resets",     "outside",
    "options",    "on",          "every",         "behind",       "wait",       "part",
    "kind",       "routers",     "hosts",         "depth",        "fanout",     "k",
    "access",     "trunk",       "between",       "back",         "rate",       "rates",
    "delay",      "jitter",      "jitter_tail",   "jitter_shape", "mtu",        "loss",
    "burst_loss", "lost_frames", "duplication",   "corruption",   "reordering", "reorder_delay",
    "queue",      "queue_marks", "queue_packets", "queue_bytes",  "flaps",      "from",
    "to",         "pairing",     "start",         "stop",         "bytes",      "size",
    "writes",     "answer",      "clients",       "over",         "objects",    "connections",
    "off",        "random",      "no_delay",      "congestion",   "at",         "link",
    "is",         "change",      "node",          "for",          "partition",  "clock_drift_ppm",
    "title",      "until",       "seed",          "sample"};
constexpr std::array kValues{"\"a\"",
                             "\"b\"",
                             "\"s\"",
                             "\"a*\"",
                             "\"a-b\"",
                             "[\"a\", \"b\"]",
                             "[\"a\", \"s\"]",
                             "[\"b\", \"s\"]",
                             "\"10ms\"",
                             "\"0s\"",
                             "\"10Mbit/s\"",
                             "\"1%\"",
                             "\"100%\"",
                             "\"10.0.0.1/24\"",
                             "\"fd00::1/64\"",
                             "\"bulk\"",
                             "\"ping\"",
                             "\"page\"",
                             "\"udp\"",
                             "\"flows\"",
                             "\"ramp\"",
                             "\"dumbbell\"",
                             "\"fat_tree\"",
                             "\"ring\"",
                             "\"up\"",
                             "\"down\"",
                             "\"crashed\"",
                             "\"codel\"",
                             "\"fq_codel\"",
                             "\"filter\"",
                             "\"nat\"",
                             "\"corrupt\"",
                             "\"normal\"",
                             "\"pareto\"",
                             "true",
                             "false",
                             "0",
                             "1",
                             "2",
                             "-1",
                             "40",
                             "9223372036854775807",
                             "{}",
                             "{ delay = \"1ms\" }",
                             "{ enter = \"1%\", leave = \"50%\" }",
                             "{ first = \"1s\", down = \"1s\", up = \"1s\" }",
                             "[{ at = \"1s\", rate = \"5Mbit/s\" }]",
                             "[0, 7]",
                             "[]",
                             "\"\"",
                             "1.5",
                             "1979-05-27"};

template <std::size_t kCount>
std::string one_of(fuzz::Input& input, const std::array<const char*, kCount>& words) {
  return words[input.byte() % kCount];
}

// Tables and keys as the bytes choose them, behind two nodes that everything may speak of.
std::string text_of(fuzz::Input& input) {
  std::string text = "[[host]]\nname = \"a\"\n[[host]]\nname = \"b\"\n[[switch]]\nname = \"s\"\n";
  while (!input.empty()) {
    const auto choice = input.byte();
    if (choice < 64) text += "[[" + one_of(input, kTables) + "]]\n";
    text += one_of(input, kKeys) + " = " + one_of(input, kValues) + "\n";
  }
  return text;
}

// Names of files, and networks that take seconds to plan.
bool is_left_out(std::string_view text) {
  std::size_t digits = 0;
  const bool has_shape = text.find("topology") != std::string_view::npos;
  for (const char c : text) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    if (has_shape && digits > 2) return true;
  }
  return text.find("_file") != std::string_view::npos ||
         text.find("_trace") != std::string_view::npos;
}

void check(const LabFile& lab) {
  fuzz::require(!lab.nodes.empty() && lab.traffic.size() <= kLabFlowsMax);
  fuzz::require(sim::plan_addresses(topology_of(lab)).has_value());
  for (const LabLink& link : lab.links) {
    fuzz::require(link.from_node < lab.nodes.size() && link.to_node < lab.nodes.size());
    fuzz::require(link.from_node != link.to_node);
    fuzz::require(sim::validate(link.there).has_value() && sim::validate(link.back).has_value());
  }
  for (const LabTraffic& flow : lab.traffic) {
    fuzz::require(is_machine(lab.nodes[flow.from_node].kind));
    fuzz::require(is_machine(lab.nodes[flow.to_node].kind));
  }
  for (const LabEvent& event : lab.events) {
    fuzz::require(event.kind != LabEvent::Kind::kLink || event.link < lab.links.size());
    for (const std::size_t node : event.nodes) fuzz::require(node < lab.nodes.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kBytesMax = 4096;
  if (size == 0 || size > kBytesMax) return 0;
  fuzz::Input input(fuzz::as_input(data, size));
  const bool is_grammar = input.byte() == 0;
  const Bytes rest = fuzz::as_input(data, size);
  const std::string text =
      is_grammar ? text_of(input) : std::string(reinterpret_cast<const char*>(rest.data()), size);
  if (is_left_out(text)) return 0;
  const auto lab = read_lab_text(text, "fuzz.toml");
  if (lab) {
    check(*lab);
  } else {
    fuzz::require(lab.error().text.starts_with("fuzz.toml"));
  }
  return 0;
}
