// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "service/lab/addressing.h"
#include "service/lab/lab.h"
#include "service/lab/lab_middlebox_keys.h"
#include "service/lab/quantity.h"
#include "service/lab/reading/lab_draft.h"
#include "service/stack_options.h"
#include "service/tcp_settings.h"
#include "service/text_file.h"

namespace strata::service {
namespace {

using TroubleOf = std::optional<Failure>;

Outcome<std::uint64_t> parse_lab_seed(std::int64_t seed) {
  if (seed < 0) return failed(fmt::format("{} is not a number from 0", seed));
  return static_cast<std::uint64_t>(seed);
}

// As Linux has them (dev_valid_name).
Outcome<std::string> parse_interface_name(std::string_view text) {
  constexpr std::size_t kNameMax = 15;
  if (text.empty() || text.size() > kNameMax || text == "." || text == ".." ||
      text.find_first_of("/: \t\r\n%") != std::string_view::npos) {
    return failed(fmt::format("'{}' cannot be the name of an interface", text));
  }
  return std::string(text);
}

class LabReader {
 public:
  LabReader(const std::string& path, TroubleOf& failure) : draft_{path, failure} {}

  LabFile read(const toml::table& table) {
    TableReader reader = draft_.open(table, "");
    LabFile& lab = draft_.lab;
    reader.text("title", parse_any_text, into(lab.title));
    reader.number("seed", parse_lab_seed, into(lab.seed));
    reader.text("until", parse_duration, into(lab.until));
    reader.text("sample", parse_duration, into(lab.sample));
    reader.number("packets", number_between<std::uint32_t>(1024, 1 << 22), into(lab.packets));
    read_nodes(reader, "host", LabNode::Kind::kHost);
    read_nodes(reader, "router", LabNode::Kind::kRouter);
    read_nodes(reader, "switch", LabNode::Kind::kSwitch);
    read_nodes(reader, "middlebox", LabNode::Kind::kMiddlebox);
    read_nodes(reader, "device", LabNode::Kind::kDevice);
    reader.tables("topology", [&](const toml::table& topology, const toml::node& node) {
      if (!draft_.failure) read_topology(draft_, topology, node);
    });
    reader.tables("link",
                  [&](const toml::table& link, const toml::node& node) { read_link(link, node); });
    check_links();
    reader.tables("traffic", [&](const toml::table& traffic, const toml::node& node) {
      if (!draft_.failure) read_traffic(draft_, traffic, node);
    });
    reader.tables("event", [&](const toml::table& event, const toml::node& node) {
      if (!draft_.failure) read_event(draft_, event, node);
    });
    if (!draft_.failure) read_link_changes(draft_);
    reader.refuse_others();
    if (lab.sample <= Duration::zero()) reader.fail("sample", *table.get("sample"), "is no time");
    if (lab.nodes.empty()) reader.fail("host", table, "missing: a lab needs nodes");
    if (!draft_.failure) check_addresses();
    return std::move(lab);
  }

 private:
  void read_nodes(TableReader& reader, std::string_view key, LabNode::Kind kind) {
    reader.tables(key, [&](const toml::table& table, const toml::node& node) {
      LabNode made{.kind = kind, .name = {}, .line = node.source().begin.line};
      TableReader own = draft_.open(table, std::string(key) + ".");
      own.text("name", parse_lab_name, into(made.name));
      if (kind == LabNode::Kind::kMiddlebox) {
        made.middlebox = read_middlebox_keys(own, node);
      } else if (kind == LabNode::Kind::kDevice) {
        read_device_keys(own, made);
      } else if (kind != LabNode::Kind::kSwitch) {
        own.texts("address", parse_interface_address,
                  [&](const Prefix& prefix) { made.addresses.push_back(prefix); });
        own.texts("serve", parse_serve, [&](ServeOptions options) {
          // A folder lies beside the lab, as its other files do.
          if (!options.folder.empty()) {
            options.folder = std::filesystem::path(draft_.path).parent_path() / options.folder;
          }
          made.serves.push_back(std::move(options));
        });
        own.settings("tcp", [&](std::string_view setting, std::string_view value) {
          return apply_tcp_setting(made.tcp, setting, value);
        });
      }
      own.refuse_others();
      if (made.name.empty()) own.fail("name", node, "missing");
      if (made.device.is_bare && !made.addresses.empty()) {
        own.fail("address", node, "a bare device is given none");
      }
      if (kind == LabNode::Kind::kDevice && made.device.interface.empty()) {
        own.fail("tap", node, "missing: the name of the interface");
      }
      if (draft_.lab.nodes.size() >= sim::kTopologyNodesMax) {
        own.fail("name", node, fmt::format("a lab has at most {} nodes", sim::kTopologyNodesMax));
      }
      if (!draft_.add_node(std::move(made))) own.fail("name", node, "two nodes have this name");
    });
  }

  static void read_device_keys(TableReader& own, LabNode& made) {
    own.text("tap", parse_interface_name, into(made.device.interface));
    own.text("netns", parse_any_text, into(made.device.network_namespace));
    own.boolean("bare", into(made.device.is_bare));
    own.texts("address", parse_interface_address,
              [&](const Prefix& prefix) { made.addresses.push_back(prefix); });
  }

  // A box has an inside and an outside, or is in the middle of nothing; a device is one cable.
  void check_links() {
    for (std::size_t i = 0; i < draft_.lab.nodes.size(); ++i) {
      const LabNode& node = draft_.lab.nodes[i];
      const bool is_box = node.kind == LabNode::Kind::kMiddlebox;
      if ((!is_box && node.kind != LabNode::Kind::kDevice) || draft_.failure) continue;
      const auto links = std::ranges::count_if(draft_.lab.links, [&](const LabLink& link) {
        return link.from_node == i || link.to_node == i;
      });
      if (links == (is_box ? 2 : 1)) continue;
      draft_.failure = Failure{fmt::format("{}:{}: {}: {}: expected {}", draft_.path, node.line,
                                           is_box ? "middlebox" : "device", node.name,
                                           is_box ? "two links, inside first" : "one link")};
    }
  }

  void read_link(const toml::table& table, const toml::node& node) {
    LabLink link;
    std::vector<std::string> ends;
    TableReader reader = draft_.open(table, "link.");
    reader.texts("between", parse_lab_name,
                 [&](std::string name) { ends.push_back(std::move(name)); });
    read_link_keys(draft_, reader, node, link);
    reader.refuse_others();
    if (ends.size() != 2) return reader.fail("between", node, "expected the names of two nodes");
    for (const std::string& end : ends) {
      if (!draft_.find_node(end)) {
        return reader.fail("between", node, fmt::format("there is no node '{}'", end));
      }
    }
    link.from_node = *draft_.find_node(ends[0]);
    link.to_node = *draft_.find_node(ends[1]);
    if (link.from_node == link.to_node) {
      return reader.fail("between", node, "a node is not linked to itself");
    }
    if (!draft_.add_link(std::move(link))) {
      reader.fail("between", node, "these two are linked already");
    }
  }

  // Whether every node finds its addresses and networks, before anything runs.
  void check_addresses() {
    const auto plan = sim::plan_addresses(topology_of(draft_.lab));
    if (plan) return;
    const LabNode& node = draft_.lab.nodes[plan.error().node];
    draft_.failure = Failure{fmt::format("{}:{}: address: {}: {}", draft_.path, node.line,
                                         node.name, plan.error().text)};
  }

  LabDraft draft_;
};

}  // namespace

Outcome<LabFile> read_lab_text(std::string_view text, const std::string& path) {
  return read_toml(text, path, [&](const toml::table& table, TroubleOf& failure) {
    return LabReader(path, failure).read(table);
  });
}

Outcome<LabFile> read_lab_file(const std::string& path) {
  auto text = read_text_file(path);
  if (!text) return std::unexpected(std::move(text).error());
  return read_lab_text(*text, path);
}

}  // namespace strata::service
