// SPDX-License-Identifier: Apache-2.0
#include "dns/reply.h"

#include <algorithm>
#include <optional>

namespace strata::dns {
namespace {

using wire::DnsName;
using wire::DnsRecordView;
using wire::DnsSection;
using wire::DnsType;
using wire::DnsView;

// RFC 2181 8: a value with its top bit set counts as zero.
std::uint32_t lifetime_of(const DnsRecordView& record) {
  return record.time_to_live_s > 0x7fff'ffffU ? 0 : record.time_to_live_s;
}

// What the answer section says about one name.
struct Step {
  AddressSet addresses{};
  std::optional<DnsName> alias = std::nullopt;
  std::uint32_t lifetime_s = 0x7fff'ffff;
  bool is_malformed = false;
};

void take_record(const DnsRecordView& record, DnsType type, Step& step) {
  if (record.type == type) {
    const auto address = wire::dns_address(record);
    if (!address) {
      step.is_malformed = true;
    } else if (address->is_v4() == (type == DnsType::kA)) {
      // A v4-mapped AAAA is no address one could send to.
      step.addresses.add(*address);
      step.lifetime_s = std::min(step.lifetime_s, lifetime_of(record));
    }
  } else if (record.type == DnsType::kCname && !step.alias) {
    const auto target = wire::dns_target(record);
    if (!target) {
      step.is_malformed = true;
      return;
    }
    step.alias = DnsName(*target);
    if (step.addresses.count == 0) {
      step.lifetime_s = std::min(step.lifetime_s, lifetime_of(record));
    }
  }
}

Step look_for(const DnsView& message, const DnsName& name, DnsType type) {
  Step step;
  auto reader = message.records();
  while (const auto record = reader.next()) {
    if (record->section != DnsSection::kAnswer) break;
    if (record->klass != wire::DnsClass::kInternet || record->name != name.view()) continue;
    take_record(*record, type, step);
  }
  step.is_malformed = step.is_malformed || reader.is_malformed();
  return step;
}

struct Authority {
  std::optional<std::uint32_t> negative_s = std::nullopt;
  bool is_referral = false;
};

// RFC 2308 2.2: an SOA says that there is nothing, NS records alone that somebody else knows.
Authority look_at_authority(const DnsView& message, const DnsName& name) {
  Authority authority;
  auto reader = message.records();
  while (const auto record = reader.next()) {
    if (record->section != DnsSection::kAuthority) continue;
    if (record->type == DnsType::kNs) authority.is_referral = true;
    if (record->type != DnsType::kSoa || !name.is_within(DnsName(record->name))) continue;
    const auto soa = wire::DnsSoa::parse(*record);
    // RFC 2308 5: the lesser of the two says how long.
    if (soa) authority.negative_s = std::min(lifetime_of(*record), soa->minimum_s);
  }
  return authority;
}

}  // namespace

void AddressSet::add(const IpAddress& address) {
  if (count == values.size() || std::ranges::count(span(), address) != 0) return;
  values[count++] = address;
}

std::uint16_t response_code(const DnsView& message) {
  std::uint16_t code = message.header().response_code;
  auto reader = message.records();
  while (const auto record = reader.next()) {
    if (record->section != DnsSection::kAdditional) continue;
    const auto opt = wire::DnsOpt::parse(*record);
    if (!opt) continue;
    code = static_cast<std::uint16_t>((unsigned{opt->extended_code} << 4U) | code);
    break;
  }
  return code;
}

Reply read_reply(const DnsView& message, const DnsName& name, DnsType type) {
  Reply reply;
  DnsName current = name;
  std::uint32_t lifetime_s = 0x7fff'ffff;
  for (unsigned aliases = 0;; ++aliases) {
    const Step step = look_for(message, current, type);
    // RFC 1034 3.6.2: loops of aliases are an error to be told.
    if (step.is_malformed || aliases > kAliasesMax) return reply;
    lifetime_s = std::min(lifetime_s, step.lifetime_s);
    if (step.addresses.count != 0) {
      reply.kind = Reply::Kind::kAddresses;
      reply.addresses = step.addresses;
      reply.lifetime_s = lifetime_s;
      return reply;
    }
    if (!step.alias) break;
    current = *step.alias;
  }
  const Authority authority = look_at_authority(message, current);
  const bool is_no_name = message.header().response_code ==
                          static_cast<std::uint8_t>(wire::DnsResponseCode::kNameError);
  if (is_no_name || authority.negative_s) {
    reply.kind = is_no_name ? Reply::Kind::kNoName : Reply::Kind::kNoData;
    // RFC 2308 5: without an SOA it is not kept.
    reply.lifetime_s = std::min(lifetime_s, authority.negative_s.value_or(0));
  } else if (current != name) {
    reply.kind = Reply::Kind::kAlias;
    reply.target = current;
    reply.lifetime_s = lifetime_s;
  } else if (!authority.is_referral) {
    reply.kind = Reply::Kind::kNoData;
  }
  return reply;
}

}  // namespace strata::dns
