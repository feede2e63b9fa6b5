// SPDX-License-Identifier: Apache-2.0
#include "ip/options.h"

#include "strata/wire/ipv4.h"
#include "strata/wire/ipv4_options.h"

namespace strata::ip {
namespace {

using wire::Ipv4Layout;
using wire::Ipv4Option;
using wire::Ipv4OptionUpdate;

class Processing {
 public:
  Processing(MutableBytes header, const Ipv4OptionsQuery& query)
      : header_(header), options_(header.subspan(Ipv4Layout::kSize)), query_(query) {}

  [[nodiscard]] Ipv4OptionsOutcome run() {
    wire::Ipv4OptionReader reader(options_);
    while (const auto option = reader.next()) {
      if (!on_option(*option)) return outcome_;
    }
    // RFC 1122 3.2.2.5: the pointer names the option that cannot be read.
    if (const auto at = reader.malformed_at()) (void)refuse_at(*at);
    if (outcome_.drop == DropReason::kNone && outcome_.changed) wire::set_ipv4_checksum(header_);
    return outcome_;
  }

 private:
  // False when the packet is refused.
  [[nodiscard]] bool on_option(const Ipv4Option& option) {
    switch (option.type) {
      case wire::kIpv4OptionLooseSourceRoute:
      case wire::kIpv4OptionStrictSourceRoute: return on_source_route(option);
      case wire::kIpv4OptionRecordRoute: return on_record_route(option);
      case wire::kIpv4OptionTimestamp: return on_timestamp(option);
      case wire::kIpv4OptionRouterAlert:
        if (!wire::parse_ipv4_router_alert(option)) return refuse_at(option.offset + 1);
        outcome_.router_alert = true;
        return true;
      default: return true;  // RFC 1122 3.2.1.8: what we do not know is skipped.
    }
  }

  [[nodiscard]] bool on_source_route(const Ipv4Option& option) {
    const auto route = wire::Ipv4RouteOptionView::parse(option);
    if (!route) return refuse_at(option.offset + 2);
    // RFC 1122 3.2.1.8 c: at most one source route.
    if (has_source_route_) return refuse_at(option.offset);
    has_source_route_ = true;
    const bool is_at_its_end = route->is_complete();
    const bool passes =
        query_.role == OptionRole::kForwarder && option.type == wire::kIpv4OptionLooseSourceRoute;
    if (query_.accepts_source_routes && (is_at_its_end || passes)) return true;
    // RFC 1122 3.3.5, RFC 1812 5.3.13.4: say so when we were asked to pass it on.
    outcome_.source_route_failed = !is_at_its_end;
    outcome_.drop = DropReason::kIpv4SourceRouteRefused;
    return false;
  }

  [[nodiscard]] bool on_record_route(const Ipv4Option& option) {
    if (!wire::Ipv4RouteOptionView::parse(option)) return refuse_at(option.offset + 2);
    const Ipv4OptionUpdate update = wire::record_address(options_, option, query_.own_address);
    outcome_.changed |= update == Ipv4OptionUpdate::kRecorded;
    return true;
  }

  [[nodiscard]] bool on_timestamp(const Ipv4Option& option) {
    if (!wire::Ipv4TimestampOptionView::parse(option)) return refuse_at(option.offset + 2);
    // RFC 791 3.1: a time that is not milliseconds since midnight UT has its high bit set.
    constexpr std::uint32_t kNotStandard = 0x8000'0000U;
    const std::uint32_t time = query_.has_wall_clock ? query_.milliseconds_today
                                                     : query_.milliseconds_today | kNotStandard;
    switch (wire::record_time(options_, option, query_.own_address, time)) {
      case Ipv4OptionUpdate::kRecorded: outcome_.changed = true; return true;
      case Ipv4OptionUpdate::kUnchanged: return true;
      // RFC 791 3.1: an overflow count that overflows is an error.
      case Ipv4OptionUpdate::kOverflow: return refuse_at(option.offset + 3);
    }
    return true;
  }

  bool refuse_at(std::size_t offset) {
    outcome_.drop = DropReason::kIpv4BadOption;
    outcome_.problem = ParameterProblem{0, static_cast<std::uint32_t>(Ipv4Layout::kSize + offset)};
    return false;
  }

  MutableBytes header_;
  MutableBytes options_;
  const Ipv4OptionsQuery& query_;
  Ipv4OptionsOutcome outcome_;
  bool has_source_route_ = false;
};

}  // namespace

Ipv4OptionsOutcome process_ipv4_options(MutableBytes header, const Ipv4OptionsQuery& query) {
  if (header.size() <= Ipv4Layout::kSize) return {};
  return Processing(header, query).run();
}

}  // namespace strata::ip
