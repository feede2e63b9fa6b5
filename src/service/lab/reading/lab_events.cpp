// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "service/lab/quantity.h"
#include "service/lab/reading/lab_draft.h"
#include "service/stack_options.h"

namespace strata::service {
namespace {

using EventKind = LabEvent::Kind;

constexpr std::int64_t kDriftMax = 100'000;  // a tenth

struct EventState {
  EventKind kind;
  bool is_up;
};
constexpr std::array<LabWord<EventState>, 2> kLinkStates{
    {{"up", {EventKind::kLink, true}}, {"down", {EventKind::kLink, false}}}};
constexpr std::array<LabWord<EventState>, 3> kNodeStates{
    {{"crashed", {EventKind::kCrash, false}},
     {"restarted", {EventKind::kRestart, true}},
     {"out_of_buffers", {EventKind::kBuffers, false}}}};

// One event while it is read. It is about a link, about a node, or about a partition.
class EventReader {
 public:
  EventReader(LabDraft& draft, const toml::table& table, const toml::node& node)
      : draft_(draft), table_(table), node_(node), reader_(draft.open(table, "event.")) {}

  LabEvent read() {
    reader_.text("at", parse_duration, into(event_.at));
    reader_.text("link", parse_any_text, into(link_));
    reader_.text("node", parse_lab_name, into(name_));
    reader_.texts("partition", parse_name_or_beginning,
                  [&](const std::string& pattern) { add_cut_off(pattern); });
    if (table_.get("at") == nullptr) reader_.fail("at", node_, "missing");
    const int subjects = count({"link", "node", "partition"});
    if (subjects != 1) {
      reader_.fail("link", node_, "missing: an event is about a link, a node or a partition");
    } else if (!link_.empty()) {
      read_link();
    } else if (!name_.empty()) {
      read_node();
    } else {
      read_partition();
    }
    reader_.refuse_others();
    return std::move(event_);
  }

 private:
  [[nodiscard]] int count(std::initializer_list<const char*> keys) const {
    int found = 0;
    for (const char* key : keys) found += table_.get(key) != nullptr ? 1 : 0;
    return found;
  }
  // Exactly one of them says what happens.
  void expect_one_of(std::initializer_list<const char*> keys) {
    if (count(keys) == 1) return;
    std::string all;
    for (const char* key : keys) all += fmt::format("{}{}", all.empty() ? "" : " or ", key);
    reader_.fail(*keys.begin(), node_,
                 count(keys) == 0 ? fmt::format("missing: expected {}", all)
                                  : fmt::format("one event is one of {}", all));
  }
  void take(const EventState& state) {
    event_.kind = state.kind;
    event_.is_up = state.is_up;
  }
  void add_cut_off(const std::string& pattern) {
    const std::vector<std::size_t> found = nodes_called(draft_, pattern);
    if (found.empty()) {
      reader_.fail("partition", node_, fmt::format("there is no node '{}'", pattern));
    }
    event_.nodes.insert(event_.nodes.end(), found.begin(), found.end());
  }

  void read_link() {
    expect_one_of({"is", "change"});
    const auto found = draft_.links.find(link_);
    if (found == draft_.links.end()) {
      return reader_.fail("link", node_,
                          fmt::format("there is no link '{}' (they are called FROM-TO)", link_));
    }
    event_.link = found->second;
    reader_.text("is", one_of(kLinkStates), [&](const EventState& state) { take(state); });
    reader_.table("change", [&](const toml::table& change) {
      event_.kind = EventKind::kChange;
      draft_.changes.push_back({draft_.lab.events.size(), &change, &node_});
    });
  }

  void read_node() {
    expect_one_of({"is", "address", "clock_drift_ppm"});
    const auto found = draft_.find_node(name_);
    if (!found || !is_machine(draft_.lab.nodes[*found].kind)) {
      return reader_.fail("node", node_, fmt::format("there is no host or router '{}'", name_));
    }
    event_.nodes = {*found};
    reader_.text("is", one_of(kNodeStates), [&](const EventState& state) { take(state); });
    reader_.text("address", parse_interface_address, [&](const Prefix& prefix) {
      event_.kind = EventKind::kAddress;
      event_.address = prefix;
    });
    reader_.number("clock_drift_ppm", number_between<std::int64_t>(-kDriftMax, kDriftMax),
                   [&](std::int64_t ppm) {
                     event_.kind = EventKind::kDrift;
                     event_.drift_ppm = ppm;
                   });
    const bool lasts = event_.kind == EventKind::kCrash || event_.kind == EventKind::kBuffers;
    if (lasts) reader_.text("for", parse_duration, into(event_.lasts));
  }

  void read_partition() {
    event_.kind = EventKind::kPartition;
    reader_.text("for", parse_duration, into(event_.lasts));
    if (event_.nodes.empty()) reader_.fail("partition", node_, "expected names of nodes");
  }

  LabDraft& draft_;
  const toml::table& table_;
  const toml::node& node_;
  TableReader reader_;
  LabEvent event_{};
  std::string link_, name_;
};

}  // namespace

std::vector<std::size_t> nodes_called(const LabDraft& draft, const std::string& pattern) {
  std::vector<std::size_t> found;
  if (!pattern.ends_with('*')) {
    if (const auto node = draft.find_node(pattern)) found.push_back(*node);
    return found;
  }
  const std::string_view front = std::string_view(pattern).substr(0, pattern.size() - 1);
  for (std::size_t i = 0; i < draft.lab.nodes.size(); ++i) {
    if (draft.lab.nodes[i].name.starts_with(front)) found.push_back(i);
  }
  return found;
}

Outcome<std::string> parse_name_or_beginning(std::string_view text) {
  if (!text.ends_with('*')) return parse_lab_name(text);
  const std::string_view front = text.substr(0, text.size() - 1);
  if (!front.empty()) {
    if (auto name = parse_lab_name(front); !name) return name;
  }
  return std::string(text);
}

void read_event(LabDraft& draft, const toml::table& table, const toml::node& node) {
  LabEvent event = EventReader(draft, table, node).read();
  if (!draft.failure) draft.lab.events.push_back(std::move(event));
}

void read_link_changes(LabDraft& draft) {
  std::vector<LabEvent>& events = draft.lab.events;
  std::ranges::sort(draft.changes, {}, [&](const LabDraft::Change& change) {
    return std::pair(events[change.event].at, change.event);
  });
  std::map<std::size_t, LabLink> links;  // as the last change left them
  for (const LabDraft::Change& change : draft.changes) {
    LabEvent& event = events[change.event];
    LabLink& link = links.try_emplace(event.link, draft.lab.links[event.link]).first->second;
    event.change = link;
    read_link_change(draft, *change.table, *change.node, event);
    link = event.change;
  }
}

}  // namespace strata::service
