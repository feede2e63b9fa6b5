// SPDX-License-Identifier: Apache-2.0
// strata up: a stack that answers until somebody stops it.
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "service/group_members.h"
#include "service/json_text.h"
#include "service/node.h"
#include "service/print.h"
#include "service/serve/tcp_services.h"
#include "service/serve/udp_services.h"
#include "service/web/web_services.h"
#include "strata/cli/commands.h"
#include "strata/cli/complain.h"
#include "strata/cli/confine_flags.h"
#include "strata/cli/verbs.h"

namespace strata::app {
namespace {

using service::failed;
using service::json_string;
using service::Node;
using service::Outcome;
using service::print;

// What the line says, as it is written.
struct UpLine {
  UpCommand command;
  std::vector<std::string> serve;
  std::vector<std::string> joins;
  bool has_no_dashboard = false;
};

std::string text_of(const IpAddress& address) { return std::string(to_text(address).view()); }

// The addresses that others can use: neither loopback nor link-local.
std::vector<std::string> addresses_of(const Stack& stack) {
  std::vector<std::string> addresses;
  stack.for_each_address([&](const AddressEntry& entry) {
    const IpAddress& address = entry.prefix.address();
    if (address.is_loopback() || (address.is_v6() && address.is_link_local())) return;
    if (entry.state == AddressState::kDuplicate) return;
    addresses.push_back(text_of(address));
  });
  return addresses;
}

void print_published(const service::StackOptions& options) {
  for (const service::PublishOptions& port : options.publish) {
    print("  {} port {} of this host leads to port {}\n", port.is_udp ? "UDP" : "TCP",
          port.host_port, port.inside_port);
  }
}

std::string url_of(const service::WebServices::Place& place, const std::string& address) {
  const bool is_usual = place.port == (place.is_encrypted ? 443 : 80);
  return fmt::format("{}://{}{}{}", place.is_encrypted ? "https" : "http",
                     address.contains(':') ? "[" + address + "]" : address,
                     is_usual ? "" : ":" + std::to_string(place.port), place.path);
}

// Where a browser finds the page: at an address of the stack, or at a port of this host.
void print_dashboard(Node& node, const UpCommand& command, const service::WebServices& web) {
  const std::vector<std::string> addresses = addresses_of(node.stack());
  for (const service::WebServices::Place& place : web.dashboards()) {
    if (!node.is_rootless() && !addresses.empty()) {
      print("  {} shows it\n", url_of(place, addresses.front()));
      return;
    }
    for (const service::PublishOptions& port : command.stack.publish) {
      if (port.is_udp || port.inside_port != place.port) continue;
      print("  {} shows it\n",
            url_of({port.host_port, place.path, place.is_encrypted}, "localhost"));
      return;
    }
  }
  if (!web.absence().empty()) print("  no dashboard: {}\n", web.absence());
}

void print_hints(Node& node, const UpCommand& command, const service::WebServices& web) {
  const std::vector<std::string> addresses = addresses_of(node.stack());
  print("{} is up", node.main().name());
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    print("{}{}", i == 0 ? ": " : ", ", addresses[i]);
  }
  print("\n");
  if (!node.is_rootless()) {
    for (const std::string& address : addresses) print("  ping {}\n", address);
  }
  print_published(command.stack);
  print_dashboard(node, command, web);
  for (const service::ServeOptions& serve : command.stack.serve) {
    const bool is_http = serve.service == service::Service::kHttp;
    print("  {} on {} port {}\n", to_text(serve.service), is_http ? "TCP" : "UDP and TCP",
          serve.port);
  }
  if (!node.control_path().empty()) {
    print("  strata status --control {}\n", node.control_path());
    print("  strata capture --control {}\n", node.control_path());
  }
  if (node.control_failure()) {
    print("  no control socket: {}\n", node.control_failure()->text);
  }
  if (!command.stack.capture.empty()) print("  capturing to {}\n", command.stack.capture);
  print("Ctrl-C stops it.\n");
}

void print_json(Node& node) {
  std::string addresses;
  for (const std::string& address : addresses_of(node.stack())) {
    addresses += (addresses.empty() ? "" : ",") + json_string(address);
  }
  print("{{\"name\":{},\"addresses\":[{}],\"control\":{},\"rootless\":{}}}\n",
        json_string(node.main().name()), addresses,
        node.control_path().empty() ? "null" : json_string(node.control_path()),
        node.is_rootless());
}

// Says that the stack is up once its addresses have passed the check for duplicates.
class Announcement {
 public:
  Announcement(Node& node, const UpCommand& command, const service::WebServices& web)
      : node_(node), command_(command), web_(web) {
    look();
  }

 private:
  void look() {
    if (node_.main().is_ready()) {
      command_.json ? print_json(node_) : print_hints(node_, command_, web_);
      std::fflush(stdout);
      return;
    }
    if (!std::exchange(has_said_wait_, true) && !command_.json) {
      print("{}\n", node_.main().has_leases()
                        ? "Checking that nobody else has these addresses (a few seconds) ..."
                        : "Asking the network for an address ...");
      std::fflush(stdout);
    }
    node_.loop().start_timer(node_.loop().now() + std::chrono::milliseconds(50),
                             [this] { look(); });
  }

  Node& node_;
  const UpCommand& command_;
  const service::WebServices& web_;
  bool has_said_wait_ = false;
};

// What one core serves.
struct Services {
  std::unique_ptr<service::UdpServices> udp;
  std::unique_ptr<service::TcpServices> tcp;
};

service::Outcome<Services> open_services(service::HostedStack& stack,
                                         const std::vector<service::ServeOptions>& options) {
  auto udp = service::UdpServices::open(stack.stack(), stack.loop(), options);
  if (!udp) return std::unexpected(std::move(udp).error());
  auto tcp = service::TcpServices::open(stack.stack(), stack.loop(), options);
  if (!tcp) return std::unexpected(std::move(tcp).error());
  return Services{*std::move(udp), *std::move(tcp)};
}

}  // namespace

void add_up(Verbs& verbs) {
  auto line = std::make_shared<UpLine>();
  Flags& verb = verbs.add("up", "Bring a stack up and keep it running until Ctrl-C.",
                          "strata up --serve echo,daytime        then, elsewhere: ping 10.77.0.2\n"
                          "  strata up --serve http=DIR -p 8080:80  without any privilege");
  StackFlags& flags = verbs.add_stack_flags(verb, "-p,--publish");
  verb.add_option("--serve", line->serve,
                  "services over UDP and TCP: echo, discard, chargen, daytime, http=DIR[:PORT]")
      ->delimiter(',')
      ->type_name("NAME[=DIR][:PORT],...");
  verb.add_flag("--no-dashboard", line->has_no_dashboard,
                "serve neither the page nor its API nor metrics");
  verb.add_option("--join", line->joins, "be a member of a multicast group")
      ->allow_extra_args(false)
      ->type_name("GROUP[%IF]");
  add_confine_flags(verb, line->command.confine);
  verb.add_flag("--json", line->command.json, "say in one line of JSON that the stack is up");
  verbs.finish(verb, [line, &verb, &flags]() -> Outcome<Command> {
    auto options = flags.read(verb);
    if (!options) return std::unexpected(std::move(options).error());
    line->command.stack = std::move(*options);
    if (!line->serve.empty()) line->command.stack.serve.clear();
    for (const std::string& text : line->serve) {
      auto serve = service::parse_serve(text);
      if (!serve) return failed("--serve: " + serve.error().text);
      line->command.stack.serve.push_back(*serve);
    }
    if (line->has_no_dashboard) line->command.stack.dashboard = false;
    if (!line->joins.empty()) line->command.stack.joins.clear();
    for (const std::string& text : line->joins) {
      auto join = service::parse_join(text);
      if (!join) return failed("--join: " + join.error().text);
      line->command.stack.joins.push_back(*std::move(join));
    }
    return line->command;
  });
}

int run_command(const UpCommand& command) {
  // A stack that nobody listens to any more is still a stack.
  std::signal(SIGPIPE, SIG_IGN);
  auto created =
      Node::create(command.stack, {.has_default_control = true, .serves_on_all_cores = true});
  if (!created) return complain("up", created.error());
  Node& node = **created;
  const std::vector<service::HostedStack*> stacks = node.stacks();
  std::vector<Services> services;
  services.reserve(stacks.size());
  for (service::HostedStack* const stack : stacks) {
    auto opened = open_services(*stack, command.stack.serve);
    if (!opened) return complain("up", opened.error());
    services.push_back(*std::move(opened));
  }
  auto web = service::WebServices::open(
      {.cores = stacks,
       .watched = node.watched(),
       .all_cores = node.cores(),
       .version = STRATA_VERSION,
       .tell = [&node](const service::Failure& trouble) { node.warn(trouble); }},
      command.stack);
  if (!web) return complain("up", web.error());
  // Groups are heard by the front core: who reports a membership hears what comes of it.
  const auto members = service::GroupMembers::join(node.main(), command.stack.joins);
  if (!members) return complain("up", members.error());
  if (node.fallback_reason() && !command.json) {
    print("{}", fallback_text(*node.fallback_reason()));
  }
  if (auto done = node.confine(command.stack, command.confine); !done) {
    return complain("up", done.error());
  }
  const Announcement announcement(node, command, **web);
  node.run();
  if (node.failure()) return complain("up", *node.failure());
  return kOk;
}

}  // namespace strata::app
