// SPDX-License-Identifier: Apache-2.0
// strata pktgen: sends numbered frames, or counts those that another one sends.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "ring/traffic.h"
#include "service/confine/confined.h"
#include "service/print.h"
#include "strata/cli/commands.h"
#include "strata/cli/complain.h"
#include "strata/cli/confine_flags.h"
#include "strata/cli/value_checks.h"
#include "strata/cli/verbs.h"
#include "strata/real_clock.h"
#include "strata/ring.h"

namespace strata::app {
namespace {

using service::failed;
using service::Outcome;
using service::print;

// What the line says, as it is written.
struct PktgenLine {
  PktgenCommand command;
  std::string direction;
  std::string to;
  double duration_s = 0;
};

constexpr std::size_t kBurst = 64;
constexpr Duration kSleep = std::chrono::milliseconds(20);
constexpr Duration kAhead = std::chrono::microseconds(100);
// For so long who finds nothing asks again before it sleeps.
constexpr int kAsksBeforeSleep = 2000;
// The end is told more than once: it may be lost as any other frame.
constexpr int kLastFrames = 3;

volatile std::sig_atomic_t stop_asked = 0;

void stop_on_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) { stop_asked = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

// How long it took, and when that is long enough: time begins with the first frame.
class Stopwatch {
 public:
  explicit Stopwatch(std::optional<Duration> limit) : limit_(limit) {}
  void note_work() {
    last_ = real_now();
    if (!has_begun_) begin_ = last_;
    has_begun_ = true;
  }
  [[nodiscard]] bool has_begun() const { return has_begun_; }
  [[nodiscard]] bool is_over() const {
    return limit_ && has_begun_ && real_now() - begin_ >= *limit_;
  }
  [[nodiscard]] Duration since_begin() const {
    return has_begun_ ? real_now() - begin_ : Duration{};
  }
  [[nodiscard]] double seconds() const {
    return has_begun_ ? std::chrono::duration<double>(last_ - begin_).count() : 0;
  }

 private:
  std::optional<Duration> limit_;
  Time begin_{};
  Time last_{};
  bool has_begun_ = false;
};

struct Totals {
  std::string_view direction;
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;
  double seconds = 0;
  std::uint64_t drops = 0;

  [[nodiscard]] double per_second(std::uint64_t count) const {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0;
  }
  [[nodiscard]] std::string json() const {
    return fmt::format(R"("direction":"{}","frames":{},"bytes":{},"seconds":{:.6f},"pps":{:.0f},)"
                       R"("bits_per_second":{:.0f},"drops":{})",
                       direction, frames, bytes, seconds, per_second(frames), per_second(bytes * 8),
                       drops);
  }
  [[nodiscard]] std::string text() const {
    return fmt::format("{} frames, {} bytes in {:.3f} s: {:.3f} Mpps, {:.3f} Gbit/s; {} dropped",
                       frames, bytes, seconds, per_second(frames) / 1e6,
                       per_second(bytes * 8) / 1e9, drops);
  }
};

// ---- sending ----

// Until the other end of a pipe is there, or the cable is in.
bool wait_for_link(ring::TxRing& tx) {
  while (stop_asked == 0) {
    if (tx.is_up()) return true;
    (void)tx.wait(kSleep);
  }
  return false;
}

class Sender {
 public:
  Sender(const PktgenCommand& command, ring::TxRing& tx)
      : command_(command), tx_(tx), source_(command.traffic), watch_(command.duration) {}

  Totals run() {
    while (stop_asked == 0 && !watch_.is_over() && left() != 0 && !is_link_lost_) {
      const std::uint64_t due = frames_due();
      if (due == 0) {
        sleep_until_due();
      } else if (send(std::min({due, left(), std::uint64_t{kBurst}})) == 0) {
        (void)tx_.wait(kSleep);
        is_link_lost_ = !tx_.is_up();
      }
    }
    watch_.note_work();
    finish();
    return {"send", sent_, sent_ * source_.frame_bytes(), watch_.seconds(), tx_.drops()};
  }
  [[nodiscard]] bool is_link_lost() const { return is_link_lost_; }

 private:
  [[nodiscard]] std::uint64_t left() const {
    return command_.count == 0 ? UINT64_MAX : command_.count - sent_;
  }
  [[nodiscard]] std::uint64_t frames_due() const {
    if (command_.rate == 0) return UINT64_MAX;
    const double elapsed = std::chrono::duration<double>(watch_.since_begin()).count();
    const auto due = static_cast<std::uint64_t>(elapsed * static_cast<double>(command_.rate)) + 1;
    return due > sent_ ? due - sent_ : 0;
  }
  void sleep_until_due() const {
    const double next = static_cast<double>(sent_) / static_cast<double>(command_.rate);
    const auto at = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(next));
    const Duration wait = at - watch_.since_begin();
    if (wait < kAhead) return;
    const timespec time{.tv_sec = 0, .tv_nsec = std::min(wait - kAhead / 2, kSleep).count()};
    (void)::nanosleep(&time, nullptr);
  }
  std::size_t send(std::uint64_t count) {
    const auto frames = tx_.reserve(static_cast<std::size_t>(count), source_.frame_bytes());
    if (frames.empty()) return 0;
    if (!watch_.has_begun()) watch_.note_work();
    for (ring::Frame& frame : frames) source_.write(frame.bytes());
    tx_.commit(frames.size());
    sent_ += frames.size();
    return frames.size();
  }
  void finish() {
    for (int i = 0; i < kLastFrames && tx_.is_up(); ++i) {
      auto frames = tx_.reserve(1, source_.frame_bytes());
      for (int wait = 0; frames.empty() && wait < 50 && tx_.is_up(); ++wait) {
        (void)tx_.wait(kSleep);
        frames = tx_.reserve(1, source_.frame_bytes());
      }
      if (frames.empty()) return;
      source_.write_last(sent_, frames.front().bytes());
      tx_.commit(1);
    }
    for (int wait = 0; !tx_.sync() && wait < 50; ++wait) (void)tx_.wait(kSleep);
  }

  const PktgenCommand& command_;
  ring::TxRing& tx_;
  ring::TrafficSource source_;
  Stopwatch watch_;
  std::uint64_t sent_ = 0;
  bool is_link_lost_ = false;
};

Outcome<void> send(const PktgenCommand& command, ring::TxRing& tx) {
  if (command.traffic.frame_bytes > tx.frame_bytes_max()) {
    return failed(fmt::format("--size {}: frames of this device have at most {} bytes",
                              command.traffic.frame_bytes, tx.frame_bytes_max()));
  }
  if (!wait_for_link(tx)) return failed("interrupted before the link was up");
  Sender sender(command, tx);
  const Totals totals = sender.run();
  if (command.json) {
    print("{{{}}}\n", totals.json());
  } else {
    print("sent {}\n", totals.text());
  }
  if (sender.is_link_lost()) return failed("the link went down: the other end has left");
  return {};
}

// ---- counting ----

Outcome<void> receive(const PktgenCommand& command, ring::RxRing& rx) {
  ring::TrafficSink sink;
  Stopwatch watch(command.duration);
  int empty = 0;
  while (stop_asked == 0 && !sink.is_complete() && !watch.is_over() &&
         (command.count == 0 || sink.received() < command.count)) {
    const auto frames = rx.batch(kBurst);
    if (frames.empty()) {
      if (++empty > kAsksBeforeSleep) (void)rx.wait(kSleep);
      continue;
    }
    empty = 0;
    const std::uint64_t before = sink.received();
    for (const ring::Frame& frame : frames) sink.count(frame.bytes());
    if (sink.received() != before) watch.note_work();
  }
  const Totals totals{"receive", sink.received(), sink.bytes(), watch.seconds(), rx.drops()};
  if (command.json) {
    print(R"({{{},"lost":{},"reordered":{},"duplicates":{},"foreign":{},"flows":{})"
          R"(,"complete":{}}})"
          "\n",
          totals.json(), sink.lost(), sink.reordered(), sink.duplicates(), sink.foreign(),
          sink.flows(), sink.is_complete());
  } else {
    print("received {}\n{} lost, {} reordered, {} duplicates, {} foreign; {} flows\n",
          totals.text(), sink.lost(), sink.reordered(), sink.duplicates(), sink.foreign(),
          sink.flows());
  }
  return {};
}

Outcome<void> run(const PktgenCommand& command) {
  stop_on_signals();
  const bool sends = command.direction == PktgenCommand::Direction::kSend;
  // Frames for us that nobody takes would fill a pipe; and who counts sends nothing.
  auto port = ring::Port::open(command.device).rx_rings(sends ? 0 : 1).tx_rings(sends).make();
  if (!port) return failed(std::move(port.error().text), std::move(port.error().hint));
  runtime::Needs needs;
  service::add_needs_of_device(command.device, needs);
  if (auto done = service::confine(needs, command.confine); !done) {
    return std::unexpected(std::move(done).error());
  }
  return sends ? send(command, port->tx()) : receive(command, port->rx());
}

}  // namespace

void add_pktgen(Verbs& verbs) {
  auto line = std::make_shared<PktgenLine>();
  Flags& verb = verbs.add("pktgen", "Send numbered frames as fast as they go, or count them.",
                          "strata pktgen receive --device pipe:link1\n"
                          "  strata pktgen send --device pipe:link1 --count 10000000   elsewhere");
  verb.add_option("direction", line->direction, "send or receive")
      ->required()
      ->check(one_of({"send", "receive"}))
      ->type_name("send|receive");
  verb.add_option("--device", line->command.device, "what the frames go through; IF^: to this host")
      ->required()
      ->type_name("KIND:NAME[,key=value...]");
  verb.add_option("--rate", line->command.rate, "frames a second, without it as many as fit")
      ->check(whole_number(1, UINT32_MAX))
      ->type_name("FRAMES");
  verb.add_option("--count", line->command.count, "stop after so many frames")
      ->check(whole_number(1, UINT64_MAX))
      ->type_name("COUNT");
  verb.add_option("--seconds", line->duration_s, "stop so long after the first frame")
      ->check(seconds_from(0.001))
      ->type_name("SECONDS");
  verb.add_option("--size", line->command.traffic.frame_bytes, "bytes of a frame (default 64)")
      ->check(whole_number(ring::TrafficOptions::kFrameBytesMin, 65'535))
      ->type_name("BYTES");
  verb.add_option("--flows", line->command.traffic.flows, "take turns among so many UDP ports")
      ->check(whole_number(1, ring::TrafficOptions::kFlowsMax))
      ->type_name("COUNT");
  verb.add_option("--to", line->to, "the station that frames are sent to")->type_name("MAC");
  add_confine_flags(verb, line->command.confine);
  verb.add_flag("--json", line->command.json, "one JSON object");
  verbs.finish(verb, [line]() -> Outcome<Command> {
    if (line->direction == "receive") line->command.direction = PktgenCommand::Direction::kReceive;
    if (line->duration_s > 0) line->command.duration = duration_of(line->duration_s);
    auto checked = ring::Port::open(line->command.device).check();
    if (!checked) return failed(checked.error().text, checked.error().hint);
    if (!line->to.empty()) {
      const auto mac = MacAddress::parse(line->to);
      if (!mac) return failed(fmt::format("--to {}: not the address of a station", line->to));
      line->command.traffic.to = *mac;
    }
    return line->command;
  });
}

int run_command(const PktgenCommand& command) {
  const Outcome<void> done = run(command);
  return done ? kOk : complain("pktgen", done.error());
}

}  // namespace strata::app
