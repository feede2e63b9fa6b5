// SPDX-License-Identifier: Apache-2.0
// The keys of a [[middlebox]]. Costly to compile: for those who read lab files.
#pragma once

#include "service/config/table_reader.h"
#include "service/lab/lab_middlebox.h"

namespace strata::service {

// Those behind `name`. A box that does not say what it does is a failure of the reader.
[[nodiscard]] LabMiddlebox read_middlebox_keys(TableReader& reader, const toml::node& node);

}  // namespace strata::service
