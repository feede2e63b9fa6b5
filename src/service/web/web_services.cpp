// SPDX-License-Identifier: Apache-2.0
#include "service/web/web_services.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
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

}  // namespace

// What all cores have in common.
struct WebServices::Shared {
  std::optional<HttpTroubles> troubles;
  std::optional<Face> face;
  std::optional<Guard> guard;
  std::optional<LiveHub> hub;
  std::shared_ptr<TlsIdentity> identity;
};

struct WebServices::OfCore {
  explicit OfCore(HostedStack& from) : host(from), server(from) {}
  HostedStack& host;
  std::vector<std::unique_ptr<WebSite>> sites;
  HttpServer server;  // ends before its sites
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
    GuardOptions guard{.names = options.dashboard_names, .is_published = !options.publish.empty()};
    if (!options.host_name.empty()) guard.names.push_back(options.host_name);
    if (!options.dashboard_token.empty()) {
      auto token = read_token(options.dashboard_token);
      if (!token) return std::unexpected(std::move(token).error());
      guard.token = *std::move(token);
    }
    shared_->guard.emplace(std::move(guard));
    shared_->hub.emplace(subjects.cores);
    shared_->face.emplace(subjects.watched, subjects.all_cores, subjects.version);
    shared_->face->add_metrics([troubles = &*shared_->troubles] { return troubles->metrics(); });
  }
  if (!options.tls.certificate.empty()) {
    auto identity = load_tls_identity(options.tls.certificate, options.tls.key);
    if (!identity) return std::unexpected(std::move(identity).error());
    shared_->identity = *std::move(identity);
  }
  note_places(options);
  for (HostedStack* const host : subjects.cores) {
    cores_.push_back(std::make_unique<OfCore>(*host));
    cores_.back()->server.report_to(*shared_->troubles);
    if (auto listening = listen(*cores_.back(), options); !listening) return listening;
  }
  return {};
}

void WebServices::note_places(const StackOptions& options) {
  if (!options.dashboard) return;
  if (shared_->identity != nullptr) {
    dashboards_.push_back({kTlsPort, has_files(options) ? "/_strata/" : "/", true});
  }
  for (const ServeOptions& serve : options.serve) {
    if (serve.service == Service::kHttp) dashboards_.push_back({serve.port, "/_strata/"});
  }
  if (has_files(options)) return;
  if (!is_taken(options, kPlainPort)) return dashboards_.push_back({kPlainPort, "/"});
  absence_ = fmt::format("TCP port {} serves something else", kPlainPort);
}

Outcome<void> WebServices::listen(OfCore& core, const StackOptions& options) {
  const auto add = [&](const std::string& folder) -> WebSite& {
    WebSiteParts parts{.folder = folder};
    if (shared_->face) {
      parts.face = &*shared_->face;
      parts.guard = &*shared_->guard;
      parts.troubles = &*shared_->troubles;
      parts.hub = &*shared_->hub;
      parts.assets = dashboard_assets();
    }
    return *core.sites.emplace_back(std::make_unique<WebSite>(core.host, std::move(parts)));
  };
  WebSite* first = nullptr;
  for (const ServeOptions& serve : options.serve) {
    if (serve.service != Service::kHttp) continue;
    if (auto usable = check_folder(serve.folder); !usable) return usable;
    WebSite& site = add(serve.folder);
    if (first == nullptr) first = &site;
    if (auto done = core.server.listen(serve.port, site); !done) return done;
  }
  if (first == nullptr && options.dashboard) {
    first = &add({});
    if (absence_.empty()) {
      if (auto done = core.server.listen(kPlainPort, *first); !done) return done;
    }
  }
  if (first == nullptr || shared_->identity == nullptr) return {};
  return core.server.listen(kTlsPort, *first, shared_->identity);
}

std::size_t WebServices::connections() const {
  std::size_t count = 0;
  for (const auto& core : cores_) count += core->server.connections();
  return count;
}

}  // namespace strata::service
