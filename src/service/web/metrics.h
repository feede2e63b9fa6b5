// SPDX-License-Identifier: Apache-2.0
// Metrics: a snapshot in Prometheus' text format, version 0.0.4.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "service/snapshot.h"

// Names are those of the snapshot: strata_<counter>_total, labels stack, interface, reason, state.
// https://prometheus.io/docs/instrumenting/exposition_formats/

namespace strata::service {

// What metrics are made of.
[[nodiscard]] SnapshotParts metrics_parts();
// Of the stacks as stacks_json() answers them.
[[nodiscard]] std::string metrics_text(const nlohmann::json& stacks, const std::string& version);

}  // namespace strata::service
