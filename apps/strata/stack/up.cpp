// SPDX-License-Identifier: Apache-2.0
// strata up: a stack that answers until somebody stops it.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "service/config/config_file.h"
#include "service/confine/confined.h"
#include "service/group_members.h"
#include "service/json_text.h"
#include "service/node.h"
#include "service/print.h"
#include "service/reload/reloader.h"
#include "service/reload/servers.h"
#include "strata/cli/command_line.h"
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
  // The loop may turn on after this.
  ~Announcement() {
    if (timer_) node_.loop().cancel_timer(*timer_);
  }
  Announcement(const Announcement&) = delete;
  Announcement& operator=(const Announcement&) = delete;

 private:
  void look() {
    timer_.reset();
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
    timer_ = node_.loop().start_timer(node_.loop().now() + std::chrono::milliseconds(50),
                                      [this] { look(); });
  }

  Node& node_;
  const UpCommand& command_;
  const service::WebServices& web_;
  std::optional<TimerId> timer_;
  bool has_said_wait_ = false;
};

// The terminal that this process was started from. Kept open: a confined stack opens no file.
class Terminal {
 public:
  Terminal() : descriptor_(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)) {}
  ~Terminal() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // There was one, and it has hung up.
  [[nodiscard]] bool has_gone() const {
    pollfd asked{descriptor_, 0, 0};
    return descriptor_ >= 0 && ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLHUP) != 0;
  }

 private:
  int descriptor_;
};

// The file and the line, as they are read at the start.
service::ReloadReport read_again(const UpCommand& command, service::Reloader& reloader) {
  service::ReloadReport report;
  const service::ConfigReading reading = service::check_config_file(command.config);
  for (const service::ConfigFault& fault : reading.faults) {
    report.errors.push_back(to_text(fault, command.config));
  }
  if (!report.errors.empty()) return report;
  const auto again = parse_command_line(command.words);
  if (again) return reloader.reload(std::get<UpCommand>(*again).stack);
  const std::string& text = again.error().text;
  report.errors.push_back(text.substr(0, text.find_last_not_of('\n') + 1));
  return report;
}

void tell(Node& node, const service::ReloadReport& report) {
  const auto level = [&] {
    if (!report.errors.empty()) return LogLevel::kError;
    return report.needs_restart.empty() ? LogLevel::kInfo : LogLevel::kWarning;
  }();
  node.tell(level, "configuration read again");
  std::istringstream lines(to_text(report));
  for (std::string line; std::getline(lines, line);) node.tell(level, line);
}

// Reads the configuration again when the control socket asks for it or SIGHUP comes, which means
// what it always meant once the terminal is gone. For as long as this lives.
class ReloadOffer {
 public:
  ReloadOffer(const UpCommand& command, Node& node, service::Reloader& reloader)
      : command_(command), node_(node), reloader_(reloader) {
    if (command_.config.empty()) return;
    node_.on_reload([this] { return reload(); });
    // Where signals could not be caught, there is no node.
    static_cast<void>(node_.loop().run_on_signal(SIGHUP, [this] { hang_up(); }));
  }
  ~ReloadOffer() {
    node_.on_reload(nullptr);
    if (!command_.config.empty()) static_cast<void>(node_.loop().run_on_signal(SIGHUP, [] {}));
  }
  ReloadOffer(const ReloadOffer&) = delete;
  ReloadOffer& operator=(const ReloadOffer&) = delete;

 private:
  service::ReloadReport reload() {
    auto report = read_again(command_, reloader_);
    if (!report.errors.empty()) {
      const auto trouble = service::trouble_of_reload(node_.confined());
      if (trouble) report.errors.insert(report.errors.end(), {trouble->text, trouble->hint});
    }
    tell(node_, report);
    return report;
  }
  void hang_up() {
    if (terminal_.has_gone()) return node_.loop().stop();
    static_cast<void>(reload());
  }

  const UpCommand& command_;
  Node& node_;
  service::Reloader& reloader_;
  Terminal terminal_;
};

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
    line->command.config = flags.config();
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
  const auto warn = [&node](const service::Failure& trouble) {
    node.loop().post_from_outside(
        [&node, told = std::make_shared<const service::Failure>(trouble)] { node.warn(*told); });
  };
  const auto servers = service::Servers::open({.cores = stacks,
                                               .watched = node.watched(),
                                               .all_cores = node.cores(),
                                               .version = STRATA_VERSION,
                                               .tell = warn},
                                              command.stack);
  if (!servers) return complain("up", servers.error());
  // Groups are heard by the front core: who reports a membership hears what comes of it.
  auto members = service::GroupMembers::join(node.main(), command.stack.joins);
  if (!members) return complain("up", members.error());
  service::Reloader reloader(node, **servers, *members, command.stack);
  const ReloadOffer offer(command, node, reloader);
  if (node.fallback_reason() && !command.json) {
    print("{}", fallback_text(*node.fallback_reason()));
  }
  if (auto done = node.confine(command.stack, command.confine, command.config); !done) {
    return complain("up", done.error());
  }
  if (const auto trouble = service::trouble_of_reload(node.confined())) node.warn(*trouble);
  Announcement announcement(node, command, (*servers)->web());
  node.run();
  if (node.failure()) return complain("up", *node.failure());
  return kOk;
}

}  // namespace strata::app
