// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/gateway.h"

#include <sys/resource.h>

#include <utility>

namespace strata::service {
namespace {

// As large as IPv4 allows: no datagram of IPv4 needs fragments.
constexpr std::size_t kLinkMtu = 65'535;

MemoryLinkOptions link_options() {
  return {.medium = Medium::kIp, .mtu = kLinkMtu, .ring_packets = 1024};
}

std::optional<IpAddress> first_of(std::span<const Prefix> prefixes, bool is_v4) {
  for (const Prefix& prefix : prefixes) {
    if (prefix.address().is_v4() == is_v4) return prefix.address();
  }
  return std::nullopt;
}

// Each flow costs a descriptor.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Gateway::Gateway(const GatewayOptions& options)
    : resolver_(options.resolver_file),
      places_{.resolver = resolver_.address(),
              .reaches_loopback = options.reaches_loopback,
              .inside4 = first_of(options.inside, true),
              .inside6 = first_of(options.inside, false)},
      troubles_(options.tell),
      link_(link_options()) {}

Gateway::~Gateway() {
  if (stack_ != nullptr && intake_) {
    stack_->stack().remove_hook(HookPoint::kIpIn, *intake_);
    stack_->stack().remove_hook(HookPoint::kIpOut, *intake_);
  }
  // What is under way lies in the pools of stacks that end before the link.
  link_.clear();
}

Outcome<std::unique_ptr<Gateway>> Gateway::create(Loop& loop, const GatewayOptions& options) {
  raise_descriptor_limit();
  std::unique_ptr<Gateway> made(new Gateway(options));
  if (auto started = made->start(loop, options); !started) {
    return std::unexpected(std::move(started).error());
  }
  return made;
}

Outcome<void> Gateway::start(Loop& loop, const GatewayOptions& options) {
  const Port port{.name = "inside",
                  .device = &link_.end(1),
                  .feeding = Feeding::kSameLoop,
                  .addresses = {Prefix(kGateway4, 24), Prefix(kGatewayDns4, 24),
                                Prefix(kGateway6, 64), Prefix(kGatewayDns6, 64)},
                  .detect_duplicates = false};
  auto stack = HostedStack::create(
      loop, {.name = "gateway", .seed = options.seed + 1, .secret = options.secret}, {&port, 1});
  if (!stack) return std::unexpected(std::move(stack).error());
  stack_ = *std::move(stack);
  const SipKey key{hash_words({options.secret[0], options.secret[1]}, {3}),
                   hash_words({options.secret[0], options.secret[1]}, {4})};
  tcp_.emplace(*stack_, link_.end(0), places_, troubles_, key);
  datagrams_.emplace(*stack_, places_, troubles_, key);
  published_datagrams_.emplace(*stack_, places_, key);
  published_.emplace(loop, places_, *tcp_, *published_datagrams_, troubles_);
  echo_.emplace(*stack_, places_, troubles_, key);
  fragments_.emplace(*stack_, link_.end(0));
  intake_.emplace(Relays{*tcp_, *datagrams_, *echo_, *published_datagrams_, *fragments_},
                  [this](Time now) {
                    resolver_.look(now);
                    places_.resolver = resolver_.address();
                  });
  for (const HookPoint point : {HookPoint::kIpIn, HookPoint::kIpOut}) {
    if (const auto added = stack_->stack().add_hook(point, *intake_); !added) {
      return failed("the gateway's hooks found no place");
    }
  }
  return {};
}

std::vector<IpAddress> Gateway::dns(const Stack& inside) const {
  if (!places_.resolver) return {};
  bool has_v4 = false, has_v6 = false;
  inside.for_each_address([&](const AddressEntry& entry) {
    const IpAddress& address = entry.prefix.address();
    has_v4 |= address.is_v4() && !address.is_loopback();
    has_v6 |= address.is_v6() && !address.is_loopback() && !address.is_link_local();
  });
  if (has_v4) return {kGatewayDns4};
  return has_v6 ? std::vector{kGatewayDns6} : std::vector<IpAddress>{};
}

}  // namespace strata::service
