// SPDX-License-Identifier: Apache-2.0
#include "service/web/web_services.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "service/text_file.h"
#include "service/web/face.h"
#include "service/web/guard.h"
#include "service/web/http/file_services.h"
#include "service/web/http/http_server.h"
#include "service/web/web_site.h"

namespace strata::service {
namespace {

constexpr std::uint16_t kPlainPort = 80;
constexpr std::uint16_t kTlsPort = 443;

Outcome<std::string> read_token(const std::string& path) {
  auto text = read_text_file(path);
  if (!text) return text;
  const std::string_view space = " \t\r\n";
  text->erase(0, text->find_first_not_of(space));
  text->erase(text->find_last_not_of(space) + 1);
  if (text->size() < 16) {
    return failed(fmt::format("dashboard_token: {} has fewer than 16 characters", path),
                  "openssl rand -hex 16 makes one");
  }
  return text;
}

bool is_taken(const StackOptions& options, std::uint16_t port) {
  return std::ranges::any_of(options.serve, [&](const ServeOptions& serve) {
    return serve.port == port && serve.service != Service::kHttp;
  });
}

bool has_files(const StackOptions& options) {
  return std::ranges::any_of(
      options.serve, [](const ServeOptions& serve) { return serve.service == Service::kHttp; });
}

// A port, and what stands behind it.
struct Door {
  std::uint16_t port = 0;
  bool is_encrypted = false;
  std::string folder{};  // empty: the dashboard alone
};

bool is_same(const Door& a, const Door& b) {
  return a.port == b.port && a.is_encrypted == b.is_encrypted;
}

std::vector<Door> doors_of(const StackOptions& options, bool has_dashboard) {
  std::vector<Door> doors;
  for (const ServeOptions& serve : options.serve) {
    if (serve.service != Service::kHttp) continue;
    doors.push_back({.port = serve.port, .folder = serve.folder});
  }
  const bool has_any = has_dashboard || !doors.empty();
  const std::string folder = doors.empty() ? "" : doors.front().folder;
  if (doors.empty() && has_dashboard && !is_taken(options, kPlainPort)) {
    doors.push_back({.port = kPlainPort});
  }
  if (has_any && !options.tls.certificate.empty()) {
    doors.push_back({.port = kTlsPort, .is_encrypted = true, .folder = folder});
  }
  return doors;
}

}  // namespace

struct WebPlan {
  std::vector<Door> doors;
  GuardOptions guard;
  std::shared_ptr<TlsIdentity> identity;
};

// What all cores have in common.
struct WebServices::Shared {
  std::optional<HttpTroubles> troubles;
  std::optional<Face> face;
  std::optional<LiveHub> hub;
};

struct WebServices::OfCore {
  struct Open {
    Door door;
    std::shared_ptr<WebSite> site;
  };
  explicit OfCore(HostedStack& from) : host(from), guard(GuardOptions{}), server(from) {}
  HostedStack& host;
  Guard guard;
  std::vector<Open> open;
  HttpServer server;
};

WebServices::WebServices() : shared_(std::make_unique<Shared>()) {}
WebServices::~WebServices() = default;

Outcome<std::unique_ptr<WebServices>> WebServices::open(const WebSubjects& subjects,
                                                        const StackOptions& options) {
  std::unique_ptr<WebServices> made(new WebServices());
  if (auto started = made->start(subjects, options); !started) {
    return std::unexpected(std::move(started).error());
  }
  return made;
}

Outcome<void> WebServices::start(const WebSubjects& subjects, const StackOptions& options) {
  shared_->troubles.emplace(subjects.tell);
  if (options.dashboard) {
    shared_->hub.emplace(subjects.cores);
    shared_->face.emplace(subjects.watched, subjects.all_cores, subjects.version);
    shared_->face->add_metrics([troubles = &*shared_->troubles] { return troubles->metrics(); });
  }
  const auto planned = plan(options);
  if (!planned) return std::unexpected(planned.error());
  note_places(options);
  for (HostedStack* const host : subjects.cores) {
    cores_.push_back(std::make_unique<OfCore>(*host));
    cores_.back()->server.report_to(*shared_->troubles);
    const std::size_t core = cores_.size() - 1;
    if (auto opened = open_missing(core, **planned); !opened) return opened;
    settle(core, **planned);
  }
  return {};
}

void WebServices::note_places(const StackOptions& options) {
  if (!options.dashboard) return;
  if (!options.tls.certificate.empty()) {
    dashboards_.push_back({kTlsPort, has_files(options) ? "/_strata/" : "/", true});
  }
  for (const ServeOptions& serve : options.serve) {
    if (serve.service == Service::kHttp) dashboards_.push_back({serve.port, "/_strata/"});
  }
  if (has_files(options)) return;
  if (!is_taken(options, kPlainPort)) return dashboards_.push_back({kPlainPort, "/"});
  absence_ = fmt::format("TCP port {} serves something else", kPlainPort);
}

Outcome<WebServices::PlanPtr> WebServices::plan(const StackOptions& options) const {
  auto plan = std::make_shared<WebPlan>();
  plan->doors = doors_of(options, shared_->face.has_value());
  for (const Door& door : plan->doors) {
    if (door.folder.empty()) continue;
    if (auto usable = check_folder(door.folder); !usable) {
      return std::unexpected(std::move(usable).error());
    }
  }
  plan->guard = {.names = options.dashboard_names, .is_published = !options.publish.empty()};
  if (!options.host_name.empty()) plan->guard.names.push_back(options.host_name);
  if (shared_->face && !options.dashboard_token.empty()) {
    auto token = read_token(options.dashboard_token);
    if (!token) return std::unexpected(std::move(token).error());
    plan->guard.token = *std::move(token);
  }
  if (!options.tls.certificate.empty()) {
    auto identity = load_tls_identity(options.tls.certificate, options.tls.key);
    if (!identity) return std::unexpected(std::move(identity).error());
    plan->identity = *std::move(identity);
  }
  return plan;
}

void WebServices::close_others(std::size_t core, const WebPlan& plan) {
  OfCore& of = *cores_[core];
  std::erase_if(of.open, [&](const OfCore::Open& open) {
    const bool is_wanted =
        std::ranges::any_of(plan.doors, [&](const Door& door) { return is_same(door, open.door); });
    if (!is_wanted) of.server.close(open.door.port);
    return !is_wanted;
  });
}

Outcome<void> WebServices::open_missing(std::size_t core, const WebPlan& plan) {
  OfCore& of = *cores_[core];
  const std::size_t former = of.open.size();
  for (const Door& door : plan.doors) {
    const auto open = std::span(of.open).first(former);
    if (std::ranges::any_of(open, [&](const auto& each) { return is_same(each.door, door); })) {
      continue;
    }
    WebSiteParts parts{.folder = door.folder};
    if (shared_->face) {
      parts.face = &*shared_->face;
      parts.guard = &of.guard;
      parts.troubles = &*shared_->troubles;
      parts.hub = &*shared_->hub;
      parts.assets = dashboard_assets();
    }
    const auto site = std::make_shared<WebSite>(of.host, std::move(parts));
    const auto identity = door.is_encrypted ? plan.identity : nullptr;
    if (auto done = of.server.listen(door.port, site, identity); !done) return done;
    of.open.push_back({door, site});
  }
  return {};
}

void WebServices::settle(std::size_t core, const WebPlan& plan) {
  OfCore& of = *cores_[core];
  of.guard = Guard(plan.guard);
  for (OfCore::Open& open : of.open) {
    const auto door = std::ranges::find_if(
        plan.doors, [&](const Door& wanted) { return is_same(wanted, open.door); });
    if (door == plan.doors.end()) continue;
    open.site->serve_folder(door->folder);
    if (door->is_encrypted) of.server.set_identity(door->port, plan.identity);
  }
}

std::size_t WebServices::connections() const {
  std::size_t count = 0;
  for (const auto& core : cores_) count += core->server.connections();
  return count;
}

}  // namespace strata::service
