// SPDX-License-Identifier: Apache-2.0
#include "service/web/web_site.h"

#include <algorithm>
#include <utility>

#include "service/web/api.h"
#include "service/web/decode_answer.h"

namespace strata::service {
namespace {

constexpr std::string_view kRoot = "/";
constexpr std::string_view kBesideFolder = "/_strata/";
constexpr std::string_view kApi = "api/";
constexpr std::string_view kMetrics = "/metrics";

// The page asks nobody else, runs nothing that stands in it, and stands in no other page.
constexpr std::string_view kPageFields =
    "Content-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cache-Control: no-cache\r\n";
// It has no window in common with one that opens it. Over plain HTTP browsers only complain of
// this.
constexpr std::string_view kOpenerField = "Cross-Origin-Opener-Policy: same-origin\r\n";
constexpr std::string_view kDataFields =
    "X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\n";

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find_first_of("?#"));
}

bool is_read(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

HttpAnswer with(HttpAnswer answer, std::string_view fields) {
  answer.fields += fields;
  return answer;
}

// A service worker answers for all pages below its script: one at the root for the dashboard, too,
// and would outlive the file that it came from.
bool is_worker_of_all(const HttpRequest& request) {
  const std::string_view path = path_of(request.target);
  return request.is_service_worker && path.rfind('/') == 0;
}

HttpAnswer capture_answer(HttpFile file) {
  HttpAnswer answer{.fields =
                        "Content-Type: application/x-pcapng\r\nCache-Control: no-store\r\n"
                        "Content-Disposition: attachment; filename=\"strata.pcapng\"\r\n"};
  answer.fields += kDataFields;
  const std::uint64_t size = file.size();
  answer.part.emplace(std::make_shared<const HttpFile>(std::move(file)), 0, size);
  return answer;
}

}  // namespace

WebSite::WebSite(HostedStack& host, WebSiteParts parts) : host_(host), parts_(std::move(parts)) {
  serve_folder(std::exchange(parts_.folder, {}));
  if (parts_.hub != nullptr) sockets_.emplace(host);
}

void WebSite::serve_folder(std::string folder) {
  prefix_ = folder.empty() ? kRoot : kBesideFolder;
  folder_.reset();
  if (!folder.empty()) folder_.emplace(host_.loop(), std::move(folder));
}

std::optional<HttpAnswer> WebSite::answer(const HttpRequest& request, const HttpPeer& peer,
                                          const HttpLater& later) {
  if (parts_.face != nullptr) {
    const std::string_view path = path_of(request.target);
    if (path == kMetrics || path.starts_with(prefix_)) {
      return answer_own(request, path, peer, later);
    }
    if (path == prefix_.substr(0, prefix_.size() - 1)) {
      return status_answer(301, "Location: " + std::string(prefix_) + "\r\n");
    }
    if (is_worker_of_all(request)) {
      return refusal_answer(403, "a service worker for all pages would answer for the dashboard");
    }
  }
  if (!folder_) return status_answer(request.target.starts_with('/') ? 404 : 400);
  return file_answer(request, *folder_);
}

std::optional<HttpAnswer> WebSite::answer_own(const HttpRequest& request, std::string_view path,
                                              const HttpPeer& peer, const HttpLater& later) {
  if (!parts_.guard->knows_host(request.host, host_.stack())) {
    note_stranger(peer);
    return with(refusal_answer(421,
                               "Host names nobody here: use an address of this stack, or "
                               "give the name as dashboard_names"),
                kDataFields);
  }
  if (!parts_.guard->is_same_origin(request, peer.is_encrypted)) {
    note_stranger(peer);
    return with(refusal_answer(403, "another page may not ask this one"), kDataFields);
  }
  if (path == kMetrics) {
    if (!is_read(request)) return status_answer(405, "Allow: GET, HEAD\r\n");
    return ask({.kind = FaceQuery::Kind::kMetrics}, peer, later);
  }
  path.remove_prefix(prefix_.size());
  if (path.starts_with(kApi)) {
    constexpr unsigned kNoToken = 401;
    auto answer = answer_api(request, path.substr(kApi.size()), peer, later);
    if (answer && answer->status == kNoToken) note_stranger(peer);
    return answer;
  }
  auto answer = answer_asset(request, path);
  return peer.is_encrypted ? with(std::move(answer), kOpenerField) : std::move(answer);
}

void WebSite::note_stranger(const HttpPeer& peer) {
  if (parts_.troubles != nullptr) parts_.troubles->add(HttpTrouble::kStranger, peer.remote);
}

std::optional<HttpAnswer> WebSite::answer_api(const HttpRequest& request, std::string_view path,
                                              const HttpPeer& peer, const HttpLater& later) {
  if (request.method == "POST") return answer_change(request, path, peer, later);
  if (!is_read(request)) {
    return with(refusal_answer(405, "GET, HEAD or POST"), "Allow: GET, HEAD, POST\r\n");
  }
  if (path == "live") return answer_live(request, peer);
  if (path == "decode") return with(decode_answer(request.target), kDataFields);
  auto question = api_question(path, request.target);
  if (!question) return with(std::move(question).error(), kDataFields);
  return ask(*question, peer, later);
}

std::optional<HttpAnswer> WebSite::ask(const FaceQuery& query, const HttpPeer& peer,
                                       const HttpLater& later) {
  auto seat = questions_.try_take(peer.remote.address);
  if (seat == nullptr) {
    return with(refusal_answer(503, "too many ask at once, or too many of this address"),
                kDataFields);
  }
  const bool is_metrics = query.kind == FaceQuery::Kind::kMetrics;
  parts_.face->ask(
      host_.loop(), query, [later, is_metrics, seat = std::move(seat)](FaceAnswer told) mutable {
        seat.reset();  // here, on its own core: what is left of this may die on the front one
        HttpAnswer answer = with(json_answer(std::move(told.text), told.status), kDataFields);
        if (told.file != nullptr) answer = capture_answer(std::move(*told.file));
        if (is_metrics) {
          answer.fields = "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n";
          answer.fields += kDataFields;
        }
        later.reply(std::move(answer));
      });
  return std::nullopt;
}

HttpAnswer WebSite::answer_asset(const HttpRequest& request, std::string_view path) const {
  if (!is_read(request)) return status_answer(405, "Allow: GET, HEAD\r\n");
  if (path.empty()) path = "index.html";
  const auto found = std::ranges::find(parts_.assets, path, &Asset::path);
  if (found == parts_.assets.end()) return with(status_answer(404), kPageFields);
  return lasting_answer(request, found->bytes, found->content_type, found->entity_tag, kPageFields);
}

std::optional<HttpAnswer> WebSite::answer_change(const HttpRequest& request, std::string_view path,
                                                 const HttpPeer& peer, const HttpLater& later) {
  if (!parts_.guard->has_token()) {
    return with(refusal_answer(403,
                               "nothing can be changed here: the configuration names no "
                               "dashboard_token"),
                kDataFields);
  }
  if (!parts_.guard->may_change(request)) {
    return with(refusal_answer(401, "this needs the token of the stack"),
                "WWW-Authenticate: Bearer\r\n");
  }
  auto change = api_change(path, request.body);
  if (!change) return with(std::move(change).error(), kDataFields);
  return ask(*change, peer, later);
}

HttpAnswer WebSite::answer_live(const HttpRequest& request, const HttpPeer& peer) const {
  if (!request.is_websocket || parts_.hub == nullptr) {
    return with(refusal_answer(426, "this is a websocket of version 13"),
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
  }
  if (!seats_.has_room_for(peer.remote.address)) {
    return with(refusal_answer(503, "too many watch already, or too many of this address"),
                kDataFields);
  }
  return {.status = kUpgrade};
}

std::unique_ptr<HttpGuest> WebSite::welcome(const HttpRequest& request,
                                            std::unique_ptr<Transport> transport, std::string early,
                                            const HttpLater& later) {
  auto seat = seats_.try_take(transport->remote().address);
  if (seat == nullptr) return nullptr;
  const LiveHome home{
      .host = host_, .face = *parts_.face, .hub = *parts_.hub, .sockets = *sockets_};
  return std::make_unique<LiveSession>(home, std::move(seat), request, std::move(transport),
                                       std::move(early), later);
}

}  // namespace strata::service
