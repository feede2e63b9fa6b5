// SPDX-License-Identifier: Apache-2.0
// strata resolve: a name looked up by a stack of its own.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "service/json_text.h"
#include "service/names/record_text.h"
#include "service/node.h"
#include "service/print.h"
#include "strata/cli/commands.h"
#include "strata/cli/complain.h"
#include "strata/cli/confine_flags.h"
#include "strata/cli/verbs.h"
#include "strata/stack/target.h"

namespace strata::app {
namespace {

using service::failed;
using service::json_string;
using service::Node;
using service::Outcome;
using service::print;

// What the line says, as it is written.
struct ResolveLine {
  ResolveCommand command;
  FamilyFlags family;
  std::string type;
};

struct Found {
  bool is_done = false;
  dns::Failure failure = dns::Failure::kNone;
  std::vector<std::string> lines;
};

std::vector<std::string> lines_of(Bytes message) {
  std::vector<std::string> lines;
  const auto view = wire::DnsView::parse(message);
  if (!view) return lines;
  auto records = view->records();
  while (const auto record = records.next()) {
    if (record->section != wire::DnsSection::kAnswer) break;
    lines.push_back(fmt::format("{} {} IN {} {}", service::to_text(record->name),
                                record->time_to_live_s, service::to_text(record->type),
                                service::data_text(*record)));
  }
  return lines;
}

void ask(const ResolveCommand& command, service::DnsResolver& resolver, Found& found) {
  if (command.type) {
    resolver.question(*wire::DnsName::parse(command.name), *command.type,
                      [&found](dns::Failure failure, Bytes message) {
                        found = {true, failure, lines_of(message)};
                      });
    return;
  }
  const dns::Family family = command.family == Family::kIpv4   ? dns::Family::kIpv4
                             : command.family == Family::kIpv6 ? dns::Family::kIpv6
                                                               : dns::Family::kBoth;
  resolver.lookup(command.name, family,
                  [&found](dns::Failure failure, std::span<const IpAddress> addresses) {
                    found = {true, failure, {}};
                    for (const IpAddress& address : addresses) {
                      found.lines.emplace_back(to_text(address).view());
                    }
                  });
}

void show(const ResolveCommand& command, const Found& found) {
  if (!command.json) {
    for (const std::string& line : found.lines) print("{}\n", line);
    return;
  }
  std::string list;
  for (const std::string& line : found.lines) list += (list.empty() ? "" : ",") + json_string(line);
  print("{{\"name\":{},\"{}\":[{}],\"result\":{}}}\n", json_string(command.name),
        command.type ? "records" : "addresses", list,
        json_string(std::string(service::to_text(found.failure))));
}

}  // namespace

void add_resolve(Verbs& verbs) {
  auto line = std::make_shared<ResolveLine>();
  Flags& verb = verbs.add("resolve", "Look a name up with a stack of its own.",
                          "strata resolve --dns 10.77.0.1 www.example.org");
  verb.add_option("name", line->command.name, "a name")->required()->type_name("NAME");
  Flag type =
      verb.add_option("type", line->type, "records of one type instead of addresses: A, TXT, ...")
          ->type_name("TYPE");
  Flag v4 = verb.add_flag("-4", line->family.only_ipv4, "IPv4 addresses only")->excludes(type);
  verb.add_flag("-6", line->family.only_ipv6, "IPv6 addresses only")->excludes(v4)->excludes(type);
  verb.add_flag("--json", line->command.json, "one JSON object");
  add_confine_flags(verb, line->command.confine);
  StackFlags& flags = verbs.add_stack_flags(verb);
  verbs.finish(verb, [line, &verb, &flags]() -> Outcome<Command> {
    line->command.family = line->family.chosen();
    if (!line->type.empty()) {
      line->command.type = service::parse_dns_type(line->type);
      if (!line->command.type) {
        return failed(
            fmt::format("'{}' is not a type of records, as in A, AAAA, TXT or TYPE65", line->type));
      }
    }
    if (!wire::DnsName::parse(line->command.name)) {
      return failed(fmt::format("'{}' is not a name", line->command.name));
    }
    auto options = flags.read_without_servers(verb);
    if (!options) return std::unexpected(std::move(options).error());
    line->command.stack = std::move(*options);
    return line->command;
  });
}

int run_command(const ResolveCommand& command) {
  auto node = Node::create(command.stack, {.detects_duplicates = false});
  if (!node) return complain("resolve", node.error());
  if (auto done = (*node)->confine(command.stack, command.confine); !done) {
    return complain("resolve", done.error());
  }
  if (auto waited = (*node)->wait_for_leases(); !waited) return complain("resolve", waited.error());
  Loop& loop = (*node)->loop();
  Found found;
  ask(command, (*node)->main().resolver(), found);
  while (!found.is_done && !loop.is_stopped()) loop.run_once(std::chrono::milliseconds(100));
  if (!found.is_done) return kFailed;
  show(command, found);
  if (found.failure == dns::Failure::kNone) return kOk;
  const bool lacks_server = found.failure == dns::Failure::kNoServers;
  return complain("resolve",
                  {fmt::format("'{}': {}", command.name, service::to_text(found.failure)),
                   lacks_server ? "say which with --dns IP" : ""});
}

}  // namespace strata::app
