// SPDX-License-Identifier: Apache-2.0
// Any bytes as an IGMP message, seen by every view.
#include "fuzz/rewrite.h"
#include "strata/wire/igmp.h"

using namespace strata::fuzz;
using namespace strata::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const strata::Bytes bytes = as_input(data, size);
  rewrite<IgmpView, 8>(bytes, [](const auto&) {});
  rewrite<IgmpQueryView, 12>(bytes, [](const IgmpQueryView& view) {
    require(view.version() >= 1 && view.version() <= 3);
    require(view.max_response_ms() <= FloatCode8::kMax * 100);
    require(view.version() == 3 || view.sources().empty());
    for (const auto& source : view.sources()) require(source.is_v4());
  });
  rewrite<IgmpV3ReportView, 8>(bytes, [](const IgmpV3ReportView& view) {
    std::size_t walked = 0;
    for (const auto record : view.records()) {
      for (const auto& source : record.sources()) require(source.is_v4());
      touch(record.auxiliary_data());
      require(record.header().source_count == record.sources().size());
      walked += record.bytes().size();
    }
    require(walked == view.records().bytes().size());
  });
  return 0;
}
