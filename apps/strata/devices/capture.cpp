// SPDX-License-Identifier: Apache-2.0
// strata capture: the frames of a running stack, of a device or of a file.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "service/control/client.h"
#include "service/json_text.h"
#include "service/packet_line.h"
#include "service/print.h"
#include "service/stack_options.h"
#include "strata/cli/commands.h"
#include "strata/cli/complain.h"
#include "strata/cli/value_checks.h"
#include "strata/cli/verbs.h"
#include "strata/devices.h"
#include "strata/loop.h"
#include "strata/memory.h"
#include "strata/packet_pool.h"
#include "strata/pcap.h"
#include "strata/real_clock.h"

namespace strata::app {
namespace {

using service::failed;
using service::Outcome;
using service::print;

struct Frame {
  WallTime at{};
  LinkType link_type = LinkType::kEthernet;
  std::string interface;
  std::size_t size = 0;  // on the wire
  Bytes bytes;
  PcapDirection direction = PcapDirection::kUnknown;
  std::string_view comment;
};

// Where frames go, wherever they come from. Opened after the source: a file that cannot be read
// must not cost the one that was to be written.
class Sink {
 public:
  [[nodiscard]] static Outcome<std::unique_ptr<Sink>> open(const CaptureCommand& command) {
    std::unique_ptr<Sink> sink(new Sink(command));
    if (command.write.empty()) return sink;
    auto writer = PcapWriter::create(command.write);
    if (!writer) return failed(std::move(writer).error());
    sink->writer_ = std::move(*writer);
    return sink;
  }

  // False: that was the last one.
  bool take(const Frame& frame) {
    ++count_;
    if (writer_ != nullptr) {
      writer_->write(
          number_of(frame), Time(frame.at.time_since_epoch()), frame.bytes,
          {.direction = frame.direction, .comment = frame.comment, .original_size = frame.size});
    } else {
      show(frame);
    }
    return count_ != command_.count && (writer_ == nullptr || writer_->is_ok());
  }

  // For now there is no more: whoever reads along gets what there is.
  bool pause() { return writer_ == nullptr || writer_->flush(); }

  // What went wrong with the source is told before what went wrong here.
  [[nodiscard]] Outcome<void> finish(Outcome<void> done) {
    std::fflush(stdout);
    const bool is_written = pause();
    if (!done || is_written) return done;
    return failed(writer_->failure());
  }

 private:
  explicit Sink(const CaptureCommand& command) : command_(command) {}

  void show(const Frame& frame) const {
    const auto payload = payload_of(frame.link_type, frame.bytes);
    const std::string line =
        payload ? service::packet_line(payload->medium, payload->bytes,
                                       frame.size - std::min(frame.size, payload->header_bytes))
                : fmt::format("[link type {}], length {}", static_cast<unsigned>(frame.link_type),
                              frame.size);
    if (command_.json) {
      print("{{\"time\":\"{}\",\"interface\":{},\"size\":{},\"packet\":{}}}\n",
            service::date_text(frame.at), service::json_string(frame.interface), frame.size,
            service::json_string(line));
    } else {
      print("{} {}\n", service::clock_text(frame.at), line);
    }
    std::fflush(stdout);
  }

  [[nodiscard]] std::uint32_t number_of(const Frame& frame) {
    const auto [known, is_new] = numbers_.try_emplace({frame.interface, frame.link_type}, 0U);
    if (is_new) {
      known->second = writer_->add_interface({.link_type = frame.link_type,
                                              .snap_length = 0,
                                              .name = frame.interface,
                                              .description = {}});
    }
    return known->second;
  }

  const CaptureCommand& command_;
  std::unique_ptr<PcapWriter> writer_;
  std::map<std::pair<std::string, LinkType>, std::uint32_t> numbers_;
  std::uint64_t count_ = 0;
};

// ---- from a device ----

// Listens and never sends: there is no stack.
class DeviceListener final : public Pollable {
 public:
  DeviceListener(Device& device, std::string name, Sink& sink, Loop& loop)
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
      const Frame frame{.at = WallTime((at + wall_clock_offset()).time_since_epoch()),
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
  Sink& sink_;
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
  auto sink = Sink::open(command);
  if (!sink) return std::unexpected(std::move(sink).error());
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

Outcome<void> copy_records(PcapReader& reader, Sink& sink) {
  for (;;) {
    auto record = reader.next();
    if (!record) return failed(std::move(record).error());
    if (!*record) return {};
    const PcapInterface& interface = reader.interfaces()[(*record)->interface];
    const Frame frame{.at = (*record)->at.value_or(WallTime{}),
                      .link_type = interface.link_type,
                      .interface = interface.name,
                      .size = (*record)->original_size,
                      .bytes = (*record)->bytes,
                      .direction = (*record)->direction,
                      .comment = (*record)->comment};
    if (!sink.take(frame)) return {};
  }
}

Outcome<void> capture_file(const CaptureCommand& command) {
  auto reader = PcapReader::open(command.read);
  if (!reader) return failed(std::move(reader).error());
  if (is_same_file(command.read, command.write)) {
    return failed(fmt::format("{}: this file cannot be read and written at once", command.write));
  }
  auto sink = Sink::open(command);
  if (!sink) return std::unexpected(std::move(sink).error());
  return (*sink)->finish(copy_records(**reader, **sink));
}

// ---- from a running stack ----

// Waiting for the next line ends with a signal.
void end_waiting_on_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) {};
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGHUP, &action, nullptr);
}

Outcome<void> copy_stream(service::ControlClient& client, Sink& sink) {
  std::uint64_t missed = 0;
  for (;;) {
    if (!client.has_line() && !sink.pause()) break;
    const auto line = client.next_line();
    if (!line) return std::unexpected(line.error());
    if (!*line) break;
    auto received = service::parse_captured_frame(**line);
    if (!received) return std::unexpected(std::move(received).error());
    missed = received->missed;
    const Frame frame{.at = WallTime(std::chrono::nanoseconds(received->wall_ns)),
                      .link_type = link_type_of(received->medium),
                      .interface = received->interface,
                      .size = received->size,
                      .bytes = received->bytes,
                      .direction = received->is_incoming ? PcapDirection::kIn : PcapDirection::kOut,
                      .comment = {}};
    if (!sink.take(frame)) break;
  }
  if (missed != 0) print(stderr, "strata capture: {} frames were missed\n", missed);
  return {};
}

Outcome<void> capture_running(const CaptureCommand& command) {
  auto client = service::ControlClient::connect_to_running(command.control);
  if (!client) return std::unexpected(std::move(client).error());
  const auto reply = (*client)->ask({.command = service::ControlCommand::kCapture});
  if (!reply) return std::unexpected(reply.error());
  if (auto agreed = service::parse_control_reply(*reply); !agreed) return agreed;
  auto sink = Sink::open(command);
  if (!sink) return std::unexpected(std::move(sink).error());
  end_waiting_on_signals();
  return (*sink)->finish(copy_stream(**client, **sink));
}

}  // namespace

void add_capture(Verbs& verbs) {
  auto line = std::make_shared<CaptureCommand>();
  Flags& verb =
      verbs.add("capture", "Show frames with their local time, or write them to a pcapng file.",
                "strata capture -c 10        (of the running stack)");
  Flag device =
      verb.add_option("--device", line->device, "listen on a device of our own, without a stack");
  device->type_name("KIND:NAME[,key=value...]");
  Flag read = verb.add_option("-r", line->read, "read a pcap or pcapng file");
  read->type_name("FILE")->excludes(device);
  verb.add_option("--control", line->control, "control socket of a running stack")
      ->type_name("PATH")
      ->excludes(device)
      ->excludes(read);
  verb.add_option("-w", line->write, "write a pcapng file instead of lines")
      ->type_name("FILE.pcapng");
  verb.add_option("-c", line->count, "stop after so many frames")
      ->check(whole_number(1, UINT32_MAX))
      ->type_name("COUNT");
  verb.add_flag("--json", line->json, "a JSON object for each frame, its time in UTC")
      ->excludes("-w");
  verbs.finish(verb, [line]() -> Outcome<Command> {
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
