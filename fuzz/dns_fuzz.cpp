// SPDX-License-Identifier: Apache-2.0
// Any bytes as a DNS message: names, records and their data are read, and what was read is written
// again and reads the same.
#include <array>

#include "fuzz/law.h"
#include "strata/wire/dns_record.h"

using namespace strata;
using namespace strata::fuzz;
using namespace strata::wire;

namespace {

void touch_name(const DnsNameView& name) {
  std::size_t size = 1;
  for (const Bytes label : name) {
    touch(label);
    size += 1 + label.size();
  }
  require(size == name.size() && size <= kDnsNameMax);
  const DnsName copy(name);
  require(copy.is_identical(name) && copy.view() == name && copy.lower_case() == copy);
}

void touch_data(const DnsRecordView& record) {
  touch(record.data());
  if (const auto address = dns_address(record)) touch(address->bytes());
  if (const auto target = dns_target(record)) touch_name(*target);
  std::array<std::byte, DnsSoa::kSizeMax> out;
  if (const auto soa = DnsSoa::parse(record)) require(write_soa(*soa, out) != 0);
  if (const auto srv = DnsSrv::parse(record)) require(write_srv(*srv, out) != 0);
  if (auto text = DnsTextReader::parse(record)) {
    while (const auto next = text->next()) touch(*next);
  }
  if (const auto opt = DnsOpt::parse(record)) {
    const DnsRecord again = opt->record();
    require(static_cast<std::uint16_t>(again.klass) == opt->udp_payload_max);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto view = DnsView::parse(as_input(data, size));
  if (!view) return 0;
  DnsHeader bare = view->header();
  bare.question_count = 0;
  require_law<DnsLayout::kSize>(bare, [](Bytes bytes) { return DnsView::parse(bytes); });
  if (const auto question = view->question()) {
    touch_name(question->name);
    std::array<std::byte, 300> out;
    DnsWriter writer(view->header(), out);
    require(writer.add(question->values()));
    require(DnsView::parse(writer.bytes())->question()->values() == question->values());
  }
  auto records = view->records();
  while (const auto record = records.next()) {
    touch_name(record->name);
    touch_data(*record);
  }
  return 0;
}
