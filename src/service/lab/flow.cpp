// SPDX-License-Identifier: Apache-2.0
#include "service/lab/flow.h"

#include <fmt/format.h>

#include "service/lab/asking_flows.h"
#include "service/lab/datagram_flows.h"
#include "service/lab/stream_flows.h"

namespace strata::service {

void Flow::fail(std::string_view what, Error error) {
  if (trouble_.empty()) trouble_ = fmt::format("{}: {}", what, to_text(error));
}

std::unique_ptr<Flow> make_flow(const LabTraffic& traffic, const FlowEnds& ends) {
  switch (traffic.kind) {
    case LabTraffic::Kind::kBulk: return std::make_unique<StreamFlow>(traffic, ends);
    case LabTraffic::Kind::kOnOff: return std::make_unique<OnOffFlow>(traffic, ends);
    case LabTraffic::Kind::kRequest:
    case LabTraffic::Kind::kRamp: return std::make_unique<RequestFlow>(traffic, ends);
    case LabTraffic::Kind::kFlows: return std::make_unique<ShortFlows>(traffic, ends);
    case LabTraffic::Kind::kPage: return std::make_unique<PageFlow>(traffic, ends);
    case LabTraffic::Kind::kPing: return std::make_unique<PingFlow>(traffic, ends);
    case LabTraffic::Kind::kUdp: return std::make_unique<UdpFlow>(traffic, ends);
    case LabTraffic::Kind::kSynFlood: return std::make_unique<SynFlood>(traffic, ends);
  }
  return nullptr;
}

}  // namespace strata::service
