// SPDX-License-Identifier: Apache-2.0
// What a membership engine asks to be sent, as values.
#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "strata/address.h"
#include "strata/wire/group_records.h"
#include "strata/wire/igmp.h"
#include "strata/wire/mld.h"

namespace strata::multicast {

struct Record {
  wire::GroupRecordType type = wire::GroupRecordType::kModeIsInclude;
  IpAddress group;
  std::span<const IpAddress> sources;
};

// IGMPv1 and IGMPv2: reports and leaves. TTL 1, with the router alert option from version 2 on.
struct SendIgmp {
  wire::IgmpHeader header;
  IpAddress destination;
};

// MLDv1: reports and dones. Hop limit 1, router alert, link-local source or ::.
struct SendMld {
  wire::MldHeader header;
  IpAddress destination;
};

// IGMPv3 and MLDv2; all groups are of the destination's family. What `records` shows is valid until
// the engine is called again.
struct SendReport {
  IpAddress destination;  // 224.0.0.22 or ff02::16
  std::span<const Record> records;
};

using Output = std::variant<SendIgmp, SendMld, SendReport>;

}  // namespace strata::multicast
