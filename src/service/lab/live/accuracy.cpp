// SPDX-License-Identifier: Apache-2.0
#include "service/lab/live/accuracy.h"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <string_view>
#include <utility>

#include "service/json_text.h"

namespace strata::service {
namespace {

using Out = std::back_insert_iterator<std::string>;

double in_seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e9; }
double in_microseconds(Duration duration) { return static_cast<double>(duration.count()) / 1e3; }

std::string lateness_json(const sim::Lateness& late) {
  return fmt::format(R"({{"count":{},"median_us":{:.3f},"p99_us":{:.3f},"max_us":{:.3f}}})",
                     late.count, in_microseconds(late.median), in_microseconds(late.p99),
                     in_microseconds(late.most));
}

void put_lateness(std::string& text, std::string_view what, const sim::Lateness& late) {
  fmt::format_to(Out(text), "{:<32} {:>12} {:>10.1f} {:>10.1f} {:>10.1f}\n", what, late.count,
                 in_microseconds(late.median), in_microseconds(late.p99),
                 in_microseconds(late.most));
}

void put_rates(std::string& text, const std::vector<sim::AchievedRate>& rates) {
  if (rates.empty()) return;
  fmt::format_to(Out(text), "\n{:<20} {:>14} {:>14} {:>10} {:>12}\n", "rate while busy",
                 "asked, Mbit/s", "achieved", "error", "frames");
  for (const sim::AchievedRate& rate : rates) {
    const double error = rate.achieved_bits_per_second / rate.asked_bits_per_second - 1;
    fmt::format_to(Out(text), "{:<20} {:>14.4f} {:>14.4f} {:>+9.3f}% {:>12}\n", rate.name,
                   rate.asked_bits_per_second / 1e6, rate.achieved_bits_per_second / 1e6,
                   error * 100, rate.frames);
  }
}

void put_devices(std::string& text, const LabAccuracy& accuracy) {
  if (accuracy.world.devices.empty()) return;
  fmt::format_to(Out(text), "\n{:<20} {:<16} {:>12} {:>12} {:>9} {:>11}\n", "device", "interface",
                 "into the lab", "out of it", "refused", "no buffer");
  for (std::size_t i = 0; i < accuracy.world.devices.size(); ++i) {
    const sim::JoinedDevice& device = accuracy.world.devices[i];
    fmt::format_to(Out(text), "{:<20} {:<16} {:>12} {:>12} {:>9} {:>11}\n", device.name,
                   accuracy.interfaces[i], device.frames_in, device.frames_out, device.refused,
                   device.without_buffer);
    if (device.vanished_at) {
      fmt::format_to(Out(text), "{:<20}   its interface was deleted at {:.3f} s\n", "",
                     in_seconds(*device.vanished_at - Time{}));
    }
  }
}

}  // namespace

std::string accuracy_text(const LabAccuracy& accuracy) {
  const sim::Accuracy& world = accuracy.world;
  std::string text = fmt::format("\n{:<32} {:>12} {:>10} {:>10} {:>10}\n", "late, in microseconds",
                                 "count", "median", "99 %", "most");
  put_lateness(text, "what was due", world.events);
  put_lateness(text, "frames to devices", world.frames_out);
  if (world.rests != 0) {
    fmt::format_to(Out(text),
                   "The machine was too slow: the lab's clock stood still {} times, for {:.3f} s "
                   "in all.\n",
                   world.rests, in_seconds(world.rested));
  }
  put_rates(text, world.rates);
  put_devices(text, accuracy);
  return text;
}

std::string accuracy_json(const LabAccuracy& accuracy) {
  const sim::Accuracy& world = accuracy.world;
  std::string text = fmt::format(
      R"({{"late_events":{},"late_frames_out":{},"rests":{},"rest_seconds":{:.6f},"rates":[)",
      lateness_json(world.events), lateness_json(world.frames_out), world.rests,
      in_seconds(world.rested));
  std::string comma;
  for (const sim::AchievedRate& rate : world.rates) {
    fmt::format_to(Out(text),
                   R"({}{{"name":{},"asked_bits_per_second":{:.1f},)"
                   R"("achieved_bits_per_second":{:.1f},"frames":{}}})",
                   std::exchange(comma, ","), json_string(rate.name), rate.asked_bits_per_second,
                   rate.achieved_bits_per_second, rate.frames);
  }
  text += "],\"devices\":[";
  comma.clear();
  for (std::size_t i = 0; i < world.devices.size(); ++i) {
    const sim::JoinedDevice& device = world.devices[i];
    const auto vanished = [](Time at) { return fmt::format("{:.6f}", in_seconds(at - Time{})); };
    fmt::format_to(Out(text),
                   R"({}{{"name":{},"interface":{},"frames_in":{},"frames_out":{},"refused":{},)"
                   R"("without_buffer":{},"vanished_at":{}}})",
                   std::exchange(comma, ","), json_string(device.name),
                   json_string(accuracy.interfaces[i]), device.frames_in, device.frames_out,
                   device.refused, device.without_buffer,
                   device.vanished_at ? vanished(*device.vanished_at) : std::string("null"));
  }
  return text + "]}";
}

}  // namespace strata::service
