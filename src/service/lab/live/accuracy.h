// SPDX-License-Identifier: Apache-2.0
// LabAccuracy: how close a lab in real time came to what its file says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace strata::service {

struct LabLateness {
  std::uint64_t count = 0;
  double median_us = 0, p99_us = 0, most_us = 0;
};

struct LabRate {
  std::string name;  // "a-b" is a to b
  double asked_bits_per_second = 0;
  double achieved_bits_per_second = 0;
  std::uint64_t frames = 0;  // that were sent back to back
};

struct LabDeviceResult {
  std::string name, interface;
  std::uint64_t frames_in = 0, frames_out = 0;  // into the lab, and out of it
  std::uint64_t refused = 0;                    // by the interface
  std::uint64_t without_buffer = 0;             // lost on their way in
  std::optional<double> vanished_at{};          // seconds
};

struct LabAccuracy {
  LabLateness events;      // after the instant at which they were due
  LabLateness frames_out;  // handed to devices after the instant at which they arrived
  std::uint64_t rests = 0;
  double rest_seconds = 0;  // in which the lab's clock stood still, for the machine was too slow
  std::vector<LabRate> rates;
  std::vector<LabDeviceResult> devices;
};

// Lines for people, and the value of a key of the lab's JSON.
[[nodiscard]] std::string accuracy_text(const LabAccuracy& accuracy);
[[nodiscard]] std::string accuracy_json(const LabAccuracy& accuracy);

}  // namespace strata::service
