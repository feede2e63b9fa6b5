// SPDX-License-Identifier: Apache-2.0
// Any bytes as an MLD message, seen by every view.
#include "fuzz/rewrite.h"
#include "strata/wire/mld.h"

using namespace strata::fuzz;
using namespace strata::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const strata::Bytes bytes = as_input(data, size);
  rewrite<MldView, 24>(bytes, [](const MldView& view) { require(view.group().is_v6()); });
  rewrite<MldQueryView, 28>(bytes, [](const MldQueryView& view) {
    require(view.max_response_ms() <= FloatCode16::kMax);
    require(view.version() == 2 || view.sources().empty());
    for (const auto& source : view.sources()) touch(source.bytes());
  });
  rewrite<MldV2ReportView, 8>(bytes, [](const MldV2ReportView& view) {
    std::size_t walked = 0;
    for (const auto record : view.records()) {
      for (const auto& source : record.sources()) touch(source.bytes());
      touch(record.auxiliary_data());
      require(record.header().source_count == record.sources().size());
      walked += record.bytes().size();
    }
    require(walked == view.records().bytes().size());
  });
  return 0;
}
