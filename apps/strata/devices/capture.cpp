// SPDX-License-Identifier: Apache-2.0
// strata capture: the frames of a running stack, of a device or of a file.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "service/capture/comment.h"
#include "service/capture/packet_filter.h"
#include "service/confine/confined.h"
#include "service/control/answers.h"
#include "service/control/client.h"
#include "service/print.h"
#include "service/stack_options.h"
#include "strata/cli/commands.h"
#include "strata/cli/complain.h"
#include "strata/cli/confine_flags.h"
#include "strata/cli/value_checks.h"
#include "strata/cli/verbs.h"
#include "strata/devices.h"
#include "strata/devices/capture_sink.h"
#include "strata/loop.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/pcap.h"
#include "strata/real_clock.h"

namespace strata::app {
namespace {

using service::failed;
using service::Outcome;
using service::PacketFilter;
using service::PacketFilters;
using service::print;

// Nobody's packets wait here, so that names of hosts may be looked up.
Outcome<std::unique_ptr<CaptureSink>> open_filtered(const CaptureCommand& command) {
  auto filters = PacketFilters::compile(command.filter(), PacketFilter::Names::kLookUp);
  if (!filters) return std::unexpected(std::move(filters).error());
  return CaptureSink::open(command, std::move(*filters));
}

// A row of files is opened one by one; everything else is open.
Outcome<void> confine(const CaptureCommand& command) {
  runtime::Needs needs;
  if (command.file_megabytes != 0 || command.file_seconds != 0) {
    needs.writes.push_back(service::folder_of(command.write));
  }
  service::add_needs_of_device(command.device, needs);
  auto done = service::confine(needs, command.confine);
  if (!done) return std::unexpected(std::move(done).error());
  return {};
}

// ---- from a device ----

// Listens and never sends: there is no stack.
class DeviceListener final : public Pollable {
 public:
  DeviceListener(Device& device, std::string name, CaptureSink& sink, Loop& loop)
      : device_(device), name_(std::move(name)), sink_(sink), loop_(loop), pool_(memory_, {}) {
    descriptor_ = device_.descriptor();
  }

  bool turn(Time now) override {
    now_ = now;
    PacketBatch batch;
    device_.receive(pool_, batch);
    for (const Packet* packet : batch.packets()) {
      if (packet == nullptr || loop_.is_stopped()) continue;
      bytes_.resize(packet->size());
      packet->copy_out(0, bytes_);
      const Time at = packet->notes().arrival == Time{} ? now : packet->notes().arrival;
      const SeenFrame frame{.at = WallTime((at + wall_clock_offset()).time_since_epoch()),
                            .link_type = link_type_of(device_.capabilities().medium),
                            .interface = name_,
                            .size = bytes_.size(),
                            .bytes = bytes_,
                            .direction = PcapDirection::kIn,
                            .comment = {}};
      if (!sink_.take(frame)) loop_.stop();
    }
    if (batch.empty() && !sink_.pause()) loop_.stop();
    return !batch.empty();
  }
  [[nodiscard]] std::optional<Time> next_deadline() const override {
    if (descriptor_ >= 0) return std::nullopt;
    return now_ + std::chrono::milliseconds(1);
  }
  [[nodiscard]] bool prepare_to_sleep() override { return device_.prepare_to_sleep(); }
  [[nodiscard]] std::span<const int> descriptors() const override { return {&descriptor_, 1}; }
  void on_descriptor_lost(int /*descriptor*/) override { loop_.stop(); }

 private:
  Device& device_;
  std::string name_;
  CaptureSink& sink_;
  Loop& loop_;
  HeapMemory memory_;
  PacketPool pool_;
  std::vector<std::byte> bytes_;
  int descriptor_ = -1;
  Time now_{};
};

Outcome<void> capture_device(const CaptureCommand& command) {
  auto loop = Loop::create();
  if (!loop) return failed(std::string(to_text(loop.error())));
  if (const auto caught = (*loop)->stop_on_signals({SIGINT, SIGTERM, SIGHUP}); !caught) {
    return failed(std::string(to_text(caught.error())));
  }
  auto device = open_device(command.device);
  if (!device) return failed(std::move(device.error().text), std::move(device.error().hint));
  auto sink = open_filtered(command);
  if (!sink) return std::unexpected(std::move(sink).error());
  if (auto done = confine(command); !done) return done;
  DeviceListener listener(**device, service::name_of_device(command.device), **sink, **loop);
  if (const auto added = (*loop)->add(listener); !added) {
    return failed(std::string(to_text(added.error())));
  }
  (*loop)->run();
  (*loop)->remove(listener);
  return (*sink)->finish({});
}

// ---- from a file ----

bool is_same_file(const std::string& one, const std::string& other) {
  std::error_code error;
  return std::filesystem::equivalent(one, other, error) && !error;
}

Outcome<void> copy_records(PcapReader& reader, CaptureSink& sink) {
  std::string comment;
  for (;;) {
    auto record = reader.next();
    if (!record) return failed(std::move(record).error());
    if (!*record) return {};
    const PcapInterface& interface = reader.interfaces()[(*record)->interface];
    comment = service::clean_comment((*record)->comment);
    const SeenFrame frame{.at = (*record)->at.value_or(WallTime{}),
                          .link_type = interface.link_type,
                          .interface = interface.name,
                          .size = (*record)->original_size,
                          .bytes = (*record)->bytes,
                          .direction = (*record)->direction,
                          .comment = comment};
    if (!sink.take(frame)) return {};
  }
}

Outcome<void> capture_file(const CaptureCommand& command) {
  auto reader = PcapReader::open(command.read);
  if (!reader) return failed(std::move(reader).error());
  if (is_same_file(command.read, command.write)) {
    return failed(fmt::format("{}: this file cannot be read and written at once", command.write));
  }
  auto sink = open_filtered(command);
  if (!sink) return std::unexpected(std::move(sink).error());
  if (auto done = confine(command); !done) return done;
  return (*sink)->finish(copy_records(**reader, **sink));
}

// ---- from a running stack ----

// While it lives, a signal ends the stream, whether somebody waits for it just then or not. The
// same signal again ends the program, for it may be writing to somebody who does not read.
class StreamEnd {
 public:
  explicit StreamEnd(const service::ControlClient& client) {
    client_ = &client;
    struct sigaction action{};
    action.sa_handler = [](int) {
      if (const auto* const read = client_.load()) read->end_reading();
    };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGHUP, &action, nullptr);
  }
  ~StreamEnd() { client_ = nullptr; }
  StreamEnd(const StreamEnd&) = delete;
  StreamEnd& operator=(const StreamEnd&) = delete;

 private:
  using Client = std::atomic<const service::ControlClient*>;
  static_assert(Client::is_always_lock_free);
  static inline Client client_ = nullptr;
};

Outcome<void> copy_stream(service::ControlClient& client, CaptureSink& sink) {
  std::uint64_t missed = 0;
  for (;;) {
    if (!client.has_line() && !sink.pause()) break;
    const auto line = client.next_line();
    if (!line) return std::unexpected(line.error());
    if (!*line) break;
    auto received = service::parse_captured_frame(**line);
    if (!received) return std::unexpected(std::move(received).error());
    missed = received->missed;
    const SeenFrame frame{
        .at = WallTime(std::chrono::nanoseconds(received->wall_ns)),
        .link_type = link_type_of(received->medium),
        .interface = received->interface,
        .size = received->size,
        .bytes = received->bytes,
        .direction = received->is_incoming ? PcapDirection::kIn : PcapDirection::kOut,
        .comment = received->comment};
    if (!sink.take(frame)) break;
  }
  if (missed != 0) print(stderr, "strata capture: {} frames were missed\n", missed);
  return {};
}

Outcome<void> capture_running(const CaptureCommand& command) {
  auto client = service::ControlClient::connect_to_running(command.control);
  if (!client) return std::unexpected(std::move(client).error());
  const auto reply = (*client)->ask({.command = service::ControlCommand::kCapture,
                                     .filter = command.filter(),
                                     .snap_length = command.snap_length});
  if (!reply) return std::unexpected(reply.error());
  if (auto agreed = service::parse_control_reply(*reply); !agreed) return agreed;
  auto sink = CaptureSink::open(command);
  if (!sink) return std::unexpected(std::move(sink).error());
  const StreamEnd end(**client);
  if (auto done = confine(command); !done) return done;
  return (*sink)->finish(copy_stream(**client, **sink));
}

}  // namespace

namespace {

void add_files(Flags& verb, CaptureCommand& line, Flag write) {
  verb.add_option("-s", line.snap_length, "keep so many bytes of each frame")
      ->check(whole_number(1, kCapturedBytesMax))
      ->type_name("BYTES");
  verb.add_option("-C", line.file_megabytes, "begin a new file after so many million bytes")
      ->check(whole_number(1, 1'000'000))
      ->type_name("MEGABYTES")
      ->needs(write);
  verb.add_option("-G", line.file_seconds, "begin a new file after so many seconds")
      ->check(whole_number(1, 31'536'000))
      ->type_name("SECONDS")
      ->needs(write);
  verb.add_option("-W", line.files, "keep the newest files of -C or -G")
      ->check(whole_number(1, 100'000))
      ->type_name("COUNT")
      ->needs(write);
}

// What does not compile is seen before anything is opened.
Outcome<void> check_filter(const CaptureCommand& line) {
  const bool is_running = line.device.empty() && line.read.empty();
  const auto names = is_running ? PacketFilter::Names::kRefuse : PacketFilter::Names::kLookUp;
  auto filters = PacketFilters::compile(line.filter(), names);
  if (!filters) return std::unexpected(std::move(filters).error());
  if (line.files != 0 && line.file_megabytes == 0 && line.file_seconds == 0) {
    return failed("-W: there is one file only", "-C MEGABYTES or -G SECONDS begin new ones");
  }
  return {};
}

}  // namespace

void add_capture(Verbs& verbs) {
  auto line = std::make_shared<CaptureCommand>();
  Flags& verb =
      verbs.add("capture", "Show frames with their local time, or write them to a pcapng file.",
                "strata capture -c 10 tcp port 80        (of the running stack)");
  Flag device =
      verb.add_option("--device", line->device, "listen on a device of our own, without a stack");
  device->type_name("KIND:NAME[,key=value...]");
  Flag read = verb.add_option("-r", line->read, "read a pcap or pcapng file");
  read->type_name("FILE")->excludes(device);
  verb.add_option("--control", line->control, "control socket of a running stack")
      ->type_name("PATH")
      ->excludes(device)
      ->excludes(read);
  Flag write = verb.add_option("-w", line->write, "write a pcapng file instead of lines")
                   ->type_name("FILE.pcapng");
  verb.add_option("-c", line->count, "stop after so many frames")
      ->check(whole_number(1, UINT32_MAX))
      ->type_name("COUNT");
  add_files(verb, *line, write);
  verb.add_flag("-v", line->verbose, "below each line, every layer and field of the packet")
      ->excludes("-w");
  verb.add_flag("-x", line->hex, "below each line, the bytes of the packet")->excludes("-w");
  verb.add_flag("--json", line->json, "a JSON object for each frame, its time in UTC")
      ->excludes("-w");
  add_confine_flags(verb, line->confine);
  verb.add_option("expression", line->expression, "which frames, in tcpdump's language")
      ->type_name("EXPRESSION...");
  verbs.finish(verb, [line]() -> Outcome<Command> {
    if (auto checked = check_filter(*line); !checked) {
      return std::unexpected(std::move(checked).error());
    }
    if (!line->device.empty()) {
      auto checked = service::check_device_spec(line->device);
      if (!checked) return std::unexpected(std::move(checked).error());
    }
    return *line;
  });
}

int run_command(const CaptureCommand& command) {
  const Outcome<void> done = !command.device.empty() ? capture_device(command)
                             : !command.read.empty() ? capture_file(command)
                                                     : capture_running(command);
  return done ? kOk : complain("capture", done.error());
}

}  // namespace strata::app
