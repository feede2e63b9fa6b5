// SPDX-License-Identifier: Apache-2.0
// strata run: a program, unchanged, on a stack of its own. Its exit status is ours.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attach/launch.h"
#include "attach/server.h"
#include "attach/tier.h"
#include "runtime/companion.h"
#include "service/names/dns_forwarder.h"
#include "service/node.h"
#include "service/print.h"
#include "strata/cli/commands.h"
#include "strata/cli/complain.h"
#include "strata/cli/verbs.h"

namespace strata::app {
namespace {

using attach::Descriptor;
using attach::Launch;
using service::failed;
using service::Node;
using service::Outcome;
using service::print;

// What the line says, as it is written.
struct RunLine {
  RunCommand command;
  std::string tier;
};

constexpr int kCannotRun = 126;  // what shells answer
constexpr int kNotFound = 127;
constexpr int kSignalBase = 128;

// Every socket of a program costs one descriptor of ours. What the limit was: the program's.
std::optional<rlimit> raise_descriptor_limit() {
  rlimit former{};
  if (::getrlimit(RLIMIT_NOFILE, &former) != 0) return std::nullopt;
  const rlimit raised{former.rlim_max, former.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &raised);
  return former;
}

int exit_status_of(int status) {
  return WIFSIGNALED(status) ? kSignalBase + WTERMSIG(status) : WEXITSTATUS(status);
}

// What programs wrote before they ended is still to be sent, and the end behind it.
bool has_to_send(const Stack& stack) {
  bool has = false;
  stack.for_each_socket([&](const SocketEntry& entry) {
    const TcpState state = entry.state;
    has |= entry.kind == SocketEntry::Kind::kTcp &&
           (state == TcpState::kEstablished || state == TcpState::kCloseWait ||
            state == TcpState::kFinWait1 || state == TcpState::kClosing ||
            state == TcpState::kLastAck);
  });
  return has;
}

// Waits for the program and all that it leaves behind, and passes signals on to it. When the last
// of them has ended, what they wrote still goes, as the kernel would see to, within a limit.
class Household {
 public:
  Household(Loop& loop, pid_t program, InlineFunction<bool()> is_settled)
      : loop_(loop), program_(program), is_settled_(std::move(is_settled)) {}
  ~Household() { loop_.unwatch(signals_.get()); }
  Household(const Household&) = delete;
  Household& operator=(const Household&) = delete;

  // Blocks the signals; before the program starts, or one could be missed.
  [[nodiscard]] bool open() {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD}) {
      ::sigaddset(&wanted, signal);
    }
    ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
    signals_ = Descriptor(::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
    return signals_ &&
           loop_.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) { read(); }).has_value();
  }
  [[nodiscard]] int exit_status() const { return exit_status_; }

 private:
  void read() {
    signalfd_siginfo told{};
    while (::read(signals_.get(), &told, sizeof(told)) == sizeof(told)) {
      const auto signal = static_cast<int>(told.ssi_signo);
      if (signal == SIGCHLD) continue;
      // Those of a terminal's keys have reached the program already.
      if (leaves_until_) loop_.stop();  // somebody does not want to wait for it
      const bool is_from_terminal = told.ssi_code == SI_KERNEL && signal != SIGHUP;
      if (!is_from_terminal || has_ended_) pass_on(signal);
    }
    reap();
  }

  // Once the program has gone, what it left behind is told instead.
  void pass_on(int signal) {
    if (!has_ended_) {
      ::kill(program_, signal);
      return;
    }
    std::ifstream children(fmt::format("/proc/self/task/{}/children", ::getpid()));
    for (pid_t child = 0; children >> child;) ::kill(child, signal);
  }

  void reap() {
    int status = 0;
    pid_t ended = 0;
    while ((ended = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (ended != program_) continue;
      has_ended_ = true;
      exit_status_ = exit_status_of(status);
    }
    if (ended < 0 && errno == ECHILD) leave();
  }

  void leave() {
    if (!leaves_until_) leaves_until_ = loop_.now() + std::chrono::seconds(10);
    if (is_settled_() || loop_.now() >= *leaves_until_) {
      loop_.stop();
    } else {
      loop_.start_timer(loop_.now() + std::chrono::milliseconds(5), [this] { leave(); });
    }
  }

  Loop& loop_;
  pid_t program_;
  InlineFunction<bool()> is_settled_;
  Descriptor signals_;
  std::optional<Time> leaves_until_;
  bool has_ended_ = false;
  int exit_status_ = kFailed;
};

// A program that starts before its stack has an address would be told that there is no network.
// False when something ended it all meanwhile; without an answer from a DHCP server it starts late.
bool wait_for_addresses(Node& node) {
  constexpr Duration kPatience = std::chrono::seconds(30);
  Loop& loop = node.loop();
  const Time latest = loop.now() + kPatience;
  while (!loop.is_stopped() && !node.main().is_ready() && loop.now() < latest) {
    static_cast<void>(loop.run_once(std::chrono::milliseconds(50)));
  }
  return !loop.is_stopped();
}

// Where programs look for a resolver on this host: what /etc/resolv.conf names on 127/8 and ::1,
// and where systemd and containers have theirs.
std::vector<IpAddress> resolver_addresses() {
  std::vector<IpAddress> addresses{IpAddress::v4(127, 0, 0, 53), IpAddress::v4(127, 0, 0, 11)};
  std::ifstream file("/etc/resolv.conf");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string keyword;
    std::string text;
    if (!(words >> keyword >> text) || keyword != "nameserver") continue;
    const auto address = IpAddress::parse(text);
    const bool is_new = address && address->is_loopback() &&
                        std::ranges::find(addresses, *address) == addresses.end();
    if (is_new) addresses.push_back(*address);
  }
  return addresses;
}

int refuse(const RunCommand& command, const attach::LaunchFailure& failure) {
  print(stderr, "strata run: {}: {}\n", command.words.front(), failure.text);
  return failure.is_not_found ? kNotFound : kCannotRun;
}

struct TierChoice {
  attach::Tier tier = attach::Tier::kTrap;
  std::string shim;
  std::string why_not;  // preload
};

TierChoice choose_tier(const RunCommand& command) {
  if (command.tier == attach::Tier::kTrap) return {};
  const auto possible = attach::can_preload(command.words.front());
  if (!possible) return {.shim = {}, .why_not = possible.error()};
  std::string shim = runtime::find_companion("libstrata_preload.so", STRATA_MODULE_FOLDER);
  if (shim.empty()) return {.shim = {}, .why_not = "libstrata_preload.so is not installed"};
  return {.tier = attach::Tier::kPreload, .shim = std::move(shim), .why_not = {}};
}

void say_tier(const RunCommand& command, const TierChoice& choice, std::string_view device) {
  if (::isatty(STDERR_FILENO) == 0) return;
  const bool is_preload = choice.tier == attach::Tier::kPreload;
  print(stderr, "strata run: {}: tier {}{}, on {}\n", command.words.front(),
        is_preload ? "preload" : "trap", choice.why_not.empty() ? "" : " (" + choice.why_not + ")",
        device);
}

// The shim was chosen, and something else of the program called first.
class ShimWatch {
 public:
  ShimWatch(const RunCommand& command, pid_t process) : command_(command), process_(process) {}

  void on_missing() {
    is_missing_ = true;
    print(stderr, "strata run: {}: the shim is not in charge{}\n", command_.words.front(),
          is_fatal() ? "" : ": tier trap");
    if (is_fatal()) ::kill(process_, SIGKILL);
  }
  [[nodiscard]] bool has_failed() const { return is_missing_ && is_fatal(); }

 private:
  [[nodiscard]] bool is_fatal() const { return command_.tier == attach::Tier::kPreload; }

  const RunCommand& command_;
  pid_t process_;
  bool is_missing_ = false;
};

}  // namespace

void add_run(Verbs& verbs) {
  auto line = std::make_shared<RunLine>();
  Flags& verb = verbs.add("run", "Run an unmodified program on a stack of its own.",
                          "strata run -- curl -s http://10.77.0.1/\n"
                          "  strata run -p 8080:80 -- nginx     without any privilege");
  verb.add_option("--tier", line->tier, "trap or preload; without it preload where it is possible")
      ->type_name("TIER");
  verb.add_option("program", line->command.words, "the program and its arguments, behind --")
      ->required()
      ->type_name("PROGRAM ARGS...");
  StackFlags& flags = verbs.add_stack_flags(verb, "-p,--publish");
  verbs.finish(verb, [line, &verb, &flags]() -> Outcome<Command> {
    auto options = flags.read_without_servers(verb);
    if (!options) return std::unexpected(std::move(options).error());
    if (line->tier == "trap") line->command.tier = attach::Tier::kTrap;
    if (line->tier == "preload") line->command.tier = attach::Tier::kPreload;
    if (!line->tier.empty() && !line->command.tier) {
      return failed(fmt::format("--tier: '{}' is neither trap nor preload", line->tier));
    }
    line->command.stack = std::move(*options);
    return line->command;
  });
}

int run_command(const RunCommand& command) {
  const std::optional<rlimit> descriptors = raise_descriptor_limit();
  auto created = Node::create(command.stack, {.detects_duplicates = false});
  if (!created) return complain("run", created.error());
  Node& node = **created;
  if (node.fallback_reason()) {
    print(stderr, "strata run: {}", fallback_text(*node.fallback_reason()));
  }
  // Signals are the program's: it decides whether they end anything.
  if (const auto left = node.loop().stop_on_signals({}); !left) {
    return complain("run", {"signals cannot be left to the program"});
  }
  // Daemons stay our children, and so within reach.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const TierChoice choice = choose_tier(command);
  if (command.tier == attach::Tier::kPreload && choice.tier != attach::Tier::kPreload) {
    return refuse(command, {"it cannot have the tier preload: " + choice.why_not});
  }
  auto launch = Launch::prepare(command.words, choice.shim, descriptors);
  if (!launch) return refuse(command, launch.error());
  const auto server = attach::Server::create(node.stack(), node.loop(), launch->take_listener());
  Household household(node.loop(), launch->process(), [&node, &server] {
    return !server->has_open_sockets() && !has_to_send(node.stack());
  });
  if (server == nullptr || !household.open()) {
    return complain("run", {"no descriptors are left"});
  }
  service::DnsForwarder forwarder(node.stack(), node.loop(), node.main().resolver());
  for (const IpAddress& address : resolver_addresses()) {
    if (const auto opened = forwarder.open(address); !opened) {
      return complain("run", {fmt::format("port 53 of {}: {}", to_text(address).view(),
                                          to_text(opened.error()))});
    }
  }
  server->on_port_taken(
      [&forwarder](std::uint16_t port) { return port == 53 && forwarder.close(); });
  server->on_untraceable([&command](pid_t thread) {
    print(stderr, "strata run: {}: process {} may not be traced: it cannot have our sockets\n",
          command.words.front(), attach::process_number(thread));
  });
  server->on_refused([&command](pid_t thread, std::string_view kind) {
    print(stderr, "strata run: {}: process {} asked for {}, which no stack of ours has\n",
          command.words.front(), attach::process_number(thread), kind);
  });
  say_tier(command, choice, node.main().name());
  ShimWatch shim(command, launch->process());
  if (choice.tier == attach::Tier::kPreload) {
    server->give_leases(launch->process(), [&shim] { shim.on_missing(); });
  }
  if (!wait_for_addresses(node)) {
    return node.failure() ? complain("run", *node.failure()) : household.exit_status();
  }
  if (const auto started = launch->release(); !started) return refuse(command, started.error());
  node.run();
  if (node.failure()) return complain("run", *node.failure());
  if (server->awaits_shim()) shim.on_missing();
  return shim.has_failed() ? kCannotRun : household.exit_status();
}

}  // namespace strata::app
