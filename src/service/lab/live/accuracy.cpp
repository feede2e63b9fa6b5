// SPDX-License-Identifier: Apache-2.0
#include "service/lab/live/accuracy.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "service/json_text.h"

namespace strata::service {
namespace {

using Out = std::back_insert_iterator<std::string>;

std::string lateness_json(const LabLateness& late) {
  return fmt::format(R"({{"count":{},"median_us":{:.3f},"p99_us":{:.3f},"max_us":{:.3f}}})",
                     late.count, late.median_us, late.p99_us, late.most_us);
}

void put_lateness(std::string& text, std::string_view what, const LabLateness& late) {
  fmt::format_to(Out(text), "{:<32} {:>12} {:>10.1f} {:>10.1f} {:>10.1f}\n", what, late.count,
                 late.median_us, late.p99_us, late.most_us);
}

void put_rates(std::string& text, const std::vector<LabRate>& rates) {
  if (rates.empty()) return;
  fmt::format_to(Out(text), "\n{:<20} {:>14} {:>14} {:>10} {:>12}\n", "rate while busy",
                 "asked, Mbit/s", "achieved", "error", "frames");
  for (const LabRate& rate : rates) {
    const double error = rate.achieved_bits_per_second / rate.asked_bits_per_second - 1;
    fmt::format_to(Out(text), "{:<20} {:>14.4f} {:>14.4f} {:>+9.3f}% {:>12}\n", rate.name,
                   rate.asked_bits_per_second / 1e6, rate.achieved_bits_per_second / 1e6,
                   error * 100, rate.frames);
  }
}

void put_devices(std::string& text, const std::vector<LabDeviceResult>& devices) {
  if (devices.empty()) return;
  fmt::format_to(Out(text), "\n{:<20} {:<16} {:>12} {:>12} {:>9} {:>11}\n", "device", "interface",
                 "into the lab", "out of it", "refused", "no buffer");
  for (const LabDeviceResult& device : devices) {
    fmt::format_to(Out(text), "{:<20} {:<16} {:>12} {:>12} {:>9} {:>11}\n", device.name,
                   device.interface, device.frames_in, device.frames_out, device.refused,
                   device.without_buffer);
    if (device.vanished_at) {
      fmt::format_to(Out(text), "{:<20}   its interface was deleted at {:.3f} s\n", "",
                     *device.vanished_at);
    }
  }
}

}  // namespace

std::string accuracy_text(const LabAccuracy& accuracy) {
  std::string text = fmt::format("\n{:<32} {:>12} {:>10} {:>10} {:>10}\n", "late, in microseconds",
                                 "count", "median", "99 %", "most");
  put_lateness(text, "what was due", accuracy.events);
  put_lateness(text, "frames to devices", accuracy.frames_out);
  if (accuracy.rests != 0) {
    fmt::format_to(Out(text),
                   "The machine was too slow: the lab's clock stood still {} times, for {:.3f} s "
                   "in all.\n",
                   accuracy.rests, accuracy.rest_seconds);
  }
  put_rates(text, accuracy.rates);
  put_devices(text, accuracy.devices);
  return text;
}

std::string accuracy_json(const LabAccuracy& accuracy) {
  std::string text = fmt::format(
      R"({{"late_events":{},"late_frames_out":{},"rests":{},"rest_seconds":{:.6f},"rates":[)",
      lateness_json(accuracy.events), lateness_json(accuracy.frames_out), accuracy.rests,
      accuracy.rest_seconds);
  std::string comma;
  for (const LabRate& rate : accuracy.rates) {
    fmt::format_to(Out(text),
                   R"({}{{"name":{},"asked_bits_per_second":{:.1f},)"
                   R"("achieved_bits_per_second":{:.1f},"frames":{}}})",
                   std::exchange(comma, ","), json_string(rate.name), rate.asked_bits_per_second,
                   rate.achieved_bits_per_second, rate.frames);
  }
  text += "],\"devices\":[";
  comma.clear();
  for (const LabDeviceResult& device : accuracy.devices) {
    fmt::format_to(
        Out(text),
        R"({}{{"name":{},"interface":{},"frames_in":{},"frames_out":{},"refused":{},)"
        R"("without_buffer":{},"vanished_at":{}}})",
        std::exchange(comma, ","), json_string(device.name), json_string(device.interface),
        device.frames_in, device.frames_out, device.refused, device.without_buffer,
        device.vanished_at ? fmt::format("{:.6f}", *device.vanished_at) : std::string("null"));
  }
  return text + "]}";
}

}  // namespace strata::service
