// SPDX-License-Identifier: Apache-2.0
#include "strata/devices/capture_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "service/decode/decode_json.h"
#include "service/decode/decode_text.h"
#include "service/json_text.h"
#include "service/packet_line.h"
#include "service/print.h"

namespace strata::app {
namespace {

using service::failed;
using service::Outcome;
using service::print;

std::string line_of(const SeenFrame& frame, const std::optional<LinkPayload>& payload) {
  if (!payload) {
    return fmt::format("[link type {}], length {}", static_cast<unsigned>(frame.link_type),
                       frame.size);
  }
  return service::packet_line(payload->medium, payload->bytes,
                              frame.size - std::min(frame.size, payload->header_bytes));
}

std::string hex_digits(Bytes bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<std::size_t>(byte >> 4U)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

}  // namespace

Outcome<std::unique_ptr<CaptureSink>> CaptureSink::open(const CaptureCommand& command) {
  std::unique_ptr<CaptureSink> sink(new CaptureSink(command));
  if (command.write.empty()) return sink;
  auto writer = PcapWriter::create(command.write);
  if (!writer) return failed(std::move(writer).error());
  sink->writer_ = std::move(*writer);
  return sink;
}

bool CaptureSink::take(const SeenFrame& frame) {
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

Outcome<void> CaptureSink::finish(Outcome<void> done) {
  std::fflush(stdout);
  const bool is_written = pause();
  if (!done || is_written) return done;
  return failed(writer_->failure());
}

void CaptureSink::show(const SeenFrame& frame) const {
  const auto payload = payload_of(frame.link_type, frame.bytes);
  const std::string line = line_of(frame, payload);
  if (command_.json) {
    std::string more;
    if (command_.verbose && payload) {
      more += ",\"layers\":" + service::decode_json_text(payload->medium, payload->bytes);
    }
    if (command_.hex) more += fmt::format(",\"bytes\":\"{}\"", hex_digits(frame.bytes));
    print("{{\"time\":\"{}\",\"interface\":{},\"size\":{},\"packet\":{}{}}}\n",
          service::date_text(frame.at), service::json_string(frame.interface), frame.size,
          service::json_string(line), more);
  } else {
    print("{} {}\n", service::clock_text(frame.at), line);
    if (!frame.comment.empty() && command_.verbose) {
      print("    {}\n", service::json_string(frame.comment));
    }
    if (command_.verbose && payload) {
      print("{}", service::decode_text(payload->medium, payload->bytes));
    }
    if (command_.hex) print("{}", service::hex_dump(frame.bytes));
  }
  std::fflush(stdout);
}

std::uint32_t CaptureSink::number_of(const SeenFrame& frame) {
  const auto [known, is_new] = numbers_.try_emplace({frame.interface, frame.link_type}, 0U);
  if (is_new) {
    known->second = writer_->add_interface({.link_type = frame.link_type,
                                            .snap_length = 0,
                                            .name = frame.interface,
                                            .description = {}});
  }
  return known->second;
}

}  // namespace strata::app
