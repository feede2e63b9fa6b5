// SPDX-License-Identifier: Apache-2.0
#include "strata/devices/capture_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
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

std::string CaptureCommand::filter() const {
  std::string text;
  for (const std::string& word : expression) text += (text.empty() ? "" : " ") + word;
  return text;
}

Outcome<std::unique_ptr<CaptureSink>> CaptureSink::open(const CaptureCommand& command,
                                                        service::PacketFilters filters) {
  std::unique_ptr<CaptureSink> sink(new CaptureSink(command, std::move(filters)));
  if (command.write.empty()) return sink;
  auto files =
      service::CaptureFiles::create({.path = command.write,
                                     .file_bytes = command.file_megabytes * 1'000'000,
                                     .file_time = std::chrono::seconds(command.file_seconds),
                                     .files = command.files,
                                     .snap_length = command.snap_length,
                                     .wall_offset = {}});
  if (!files) return std::unexpected(std::move(files).error());
  sink->files_ = std::move(*files);
  return sink;
}

// Of a link type that is not read, only those who want everything want something.
bool CaptureSink::is_wanted(const SeenFrame& frame) const {
  const auto payload = payload_of(frame.link_type, frame.bytes);
  if (!payload) return command_.expression.empty();
  const std::size_t size = frame.size - std::min(frame.size, payload->header_bytes);
  return filters_.matches(payload->medium, payload->bytes, size);
}

bool CaptureSink::take(const SeenFrame& frame) {
  if (!is_wanted(frame)) return true;
  ++count_;
  if (files_ != nullptr) return write(frame) && count_ != command_.count;
  SeenFrame shown = frame;
  const std::size_t snap = command_.snap_length == 0 ? SIZE_MAX : command_.snap_length;
  shown.bytes = frame.bytes.first(std::min(frame.bytes.size(), snap));
  show(shown);
  return count_ != command_.count;
}

bool CaptureSink::write(const SeenFrame& frame) {
  return files_->write(
      {.link_type = frame.link_type, .snap_length = 0, .name = frame.interface, .description = {}},
      Time(frame.at.time_since_epoch()), frame.bytes,
      {.direction = frame.direction, .comment = frame.comment, .original_size = frame.size});
}

Outcome<void> CaptureSink::finish(Outcome<void> done) {
  std::fflush(stdout);
  const bool is_written = pause();
  if (!done || is_written) return done;
  return failed(files_->failure());
}

void CaptureSink::show(const SeenFrame& frame) const {
  const auto payload = payload_of(frame.link_type, frame.bytes);
  const std::string line = line_of(frame, payload);
  if (command_.json) {
    std::string more;
    if (!frame.comment.empty()) {
      more += fmt::format(",\"comment\":{}", service::json_string(frame.comment));
    }
    if (command_.verbose && payload) {
      more += ",\"layers\":" + service::decode_json_text(payload->medium, payload->bytes);
    }
    if (command_.hex) more += fmt::format(",\"bytes\":\"{}\"", hex_digits(frame.bytes));
    print("{{\"time\":\"{}\",\"interface\":{},\"size\":{},\"packet\":{}{}}}\n",
          service::date_text(frame.at), service::json_string(frame.interface), frame.size,
          service::json_string(line), more);
  } else {
    print("{} {}{}{}\n", service::clock_text(frame.at), line, frame.comment.empty() ? "" : "  # ",
          frame.comment);
    if (command_.verbose && payload) {
      print("{}", service::decode_text(payload->medium, payload->bytes));
    }
    if (command_.hex) print("{}", service::hex_dump(frame.bytes));
  }
  std::fflush(stdout);
}

}  // namespace strata::app
