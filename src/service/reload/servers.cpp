// SPDX-License-Identifier: Apache-2.0
#include "service/reload/servers.h"

#include <string>
#include <utility>

#include "service/print.h"
#include "service/reload/reload_report.h"

namespace strata::service {

struct Servers::OfCore {
  HostedStack& host;
  std::unique_ptr<UdpServices> udp;
  std::unique_ptr<TcpServices> tcp;
};

Servers::Servers() = default;
Servers::~Servers() = default;

Outcome<std::unique_ptr<Servers>> Servers::open(const WebSubjects& subjects,
                                                const StackOptions& options) {
  std::unique_ptr<Servers> made(new Servers());
  if (auto started = made->start(subjects, options); !started) {
    return std::unexpected(std::move(started).error());
  }
  return made;
}

Outcome<void> Servers::start(const WebSubjects& subjects, const StackOptions& options) {
  for (HostedStack* const host : subjects.cores) {
    auto udp = UdpServices::open(host->stack(), host->loop(), options.serve);
    if (!udp) return std::unexpected(std::move(udp).error());
    auto tcp = TcpServices::open(host->stack(), host->loop(), options.serve);
    if (!tcp) return std::unexpected(std::move(tcp).error());
    cores_.push_back(std::make_unique<OfCore>(*host, *std::move(udp), *std::move(tcp)));
  }
  auto web = WebServices::open(subjects, options);
  if (!web) return std::unexpected(std::move(web).error());
  web_ = *std::move(web);
  auto plan = web_->plan(options);
  if (!plan) return std::unexpected(std::move(plan).error());
  plan_ = *std::move(plan);
  return {};
}

// What closes first: a port may be another's from now on.
Outcome<void> Servers::become(std::size_t core, const std::vector<ServeOptions>& services,
                              const WebPlan& plan) {
  OfCore& of = *cores_[core];
  of.udp->close_all_but(services);
  of.tcp->close_all_but(services);
  web_->close_others(core, plan);
  if (auto opened = of.udp->open_missing(services); !opened) return opened;
  if (auto opened = of.tcp->open_missing(services); !opened) return opened;
  if (auto opened = web_->open_missing(core, plan); !opened) return opened;
  web_->settle(core, plan);
  return {};
}

Outcome<void> Servers::change(const StackOptions& from, const StackOptions& to) {
  auto planned = web_->plan(to);
  if (!planned) return std::unexpected(std::move(planned).error());
  if (auto done = become(0, to.serve, **planned); !done) {
    // These ports were ours a moment ago, and nobody had a turn since.
    const auto back = become(0, from.serve, *plan_);
    if (!back) done.error().hint = std::string(kNotTakenBack) + back.error().text;
    return done;
  }
  plan_ = *planned;
  for (std::size_t core = 1; core < cores_.size(); ++core) {
    const auto services = std::make_shared<const std::vector<ServeOptions>>(to.serve);
    cores_[core]->host.loop().post_from_outside([this, core, services, plan = plan_] {
      const auto done = become(core, *services, *plan);
      if (!done) print(stderr, "strata: error: core {}: {}\n", core, done.error().text);
    });
  }
  return {};
}

}  // namespace strata::service
