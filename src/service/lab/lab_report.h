// SPDX-License-Identifier: Apache-2.0
// What a lab has shown: for people, for programs, and as a picture.
#pragma once

#include <string>
#include <string_view>

#include "service/lab/lab_run.h"

namespace strata::service {

[[nodiscard]] std::string lab_text(const LabResults& results);
// One JSON object, with all series.
[[nodiscard]] std::string lab_json(const LabResults& results);
// Series as a table: a line each LabFile::sample, a column each flow and link and what was looked
// at ("download.goodput_mbit_s"). What has no value is empty.
[[nodiscard]] std::string lab_csv(const LabResults& results);

// SVG: goodput, round trips, windows and queues over time, one below the other.
[[nodiscard]] std::string lab_picture(const LabResults& results);
// SVG: how long exchanges took, as distribution functions.
[[nodiscard]] std::string lab_cdf(const LabResults& results);
// SVG: sequence numbers over time, a diagram for each of LabResults::sequences.
[[nodiscard]] std::string lab_sequence_picture(const LabResults& results);

[[nodiscard]] std::string_view loss_cause_name(TcpLossCause cause);

// The value below which `share` (0 to 1) of the values lie; NaN for none.
[[nodiscard]] double quantile(std::vector<double> values, double share);

}  // namespace strata::service
