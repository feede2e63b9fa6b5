// SPDX-License-Identifier: Apache-2.0
#include "service/web/face.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <utility>

#include "service/cores/merged_snapshot.h"
#include "service/web/metrics.h"
#include "stack/core.h"

namespace strata::service {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

FaceAnswer face_refusal(unsigned status, const char* why) {
  return {status, text_of({{"ok", false}, {"error", why}})};
}

Face::Face(std::vector<HostedStack*> stacks, Cores* cores, std::string version)
    : cores_(std::move(stacks), cores),
      version_(std::move(version)),
      capture_(*cores_.stacks().front(), cores),
      queue_(front(), [this](const FaceQuery& query) { return make(query); }),
      pages_(cores_),
      alive_(std::make_shared<Face*>(this)) {}

Face::~Face() { *alive_ = nullptr; }

void Face::ask(Loop& asker, const FaceQuery& query, FaceTold told) {
  if (&asker == &front()) return answer(query, std::move(told));
  auto whole = std::make_shared<std::pair<FaceQuery, FaceTold>>(query, std::move(told));
  home().post([whole = std::move(whole), &asker](Face& face) mutable {
    // `whole` dies on the core it came from: what told() holds is that core's.
    const FaceQuery question = whole->first;
    face.answer(question, [whole = std::move(whole), &asker](FaceAnswer done) mutable {
      auto both = std::make_shared<FaceAnswer>(std::move(done));
      asker.post_from_outside(
          [asked = std::move(whole), both] { asked->second(std::move(*both)); });
    });
  });
}

void Face::answer(const FaceQuery& query, FaceTold told) {
  if (query.stack >= cores_.stacks().size()) {
    return told(face_refusal(404, "there is no such stack"));
  }
  switch (query.kind) {
    case FaceQuery::Kind::kStatus:
    case FaceQuery::Kind::kMetrics: return queue_.ask(query, std::move(told));
    case FaceQuery::Kind::kList:
      if (query.list == SnapshotPart::kSockets) return tell_page(query, std::move(told));
      return queue_.ask(query, std::move(told));
    case FaceQuery::Kind::kConnections: return tell_page(query, std::move(told));
    case FaceQuery::Kind::kConnection: return find_connection(query, std::move(told));
    case FaceQuery::Kind::kCapture:
    case FaceQuery::Kind::kCaptureStart:
    case FaceQuery::Kind::kCaptureStop:
    case FaceQuery::Kind::kCaptureFile: return told(capture(query));
  }
}

FaceAnswer Face::make(const FaceQuery& query) const {
  if (query.kind == FaceQuery::Kind::kStatus) return status(query);
  return query.kind == FaceQuery::Kind::kList ? list(query) : metrics();
}

FaceAnswer Face::status(const FaceQuery& query) const {
  return {
      200,
      text_of({{"ok", true},
               {"version", version_},
               {"stacks", stacks_json(cores_.stacks(), cores_.cores_of_front(), query.parts,
                                      {.limit = kStatusListed, .interfaces_min = kListedMax})}})};
}

FaceAnswer Face::metrics() const {
  const Json stacks = stacks_json(cores_.stacks(), cores_.cores_of_front(), metrics_parts());
  return {200, metrics_text(stacks, version_) + (more_metrics_ ? more_metrics_() : std::string())};
}

FaceAnswer Face::list(const FaceQuery& query) const {
  SnapshotParts parts;
  parts.add(query.list);
  HostedStack* const wanted = cores_.stacks()[query.stack];
  Cores* const cores = query.stack == 0 ? cores_.cores_of_front() : nullptr;
  Json all = stacks_json({&wanted, 1}, cores, parts, query.window);
  const std::string name(to_text(query.list));
  Json& entries = all.front()[name];
  if (entries.is_null()) entries = Json::array();
  const std::size_t total = all.front().value(name + "_total", entries.size());
  return {200, text_of({{"total", total}, {name, std::move(entries)}})};
}

FaceAnswer Face::capture(const FaceQuery& query) {
  if (query.kind == FaceQuery::Kind::kCaptureFile) {
    auto file = capture_.file();
    if (!file) return face_refusal(404, file.error().text.c_str());
    return {.text = {}, .file = std::make_shared<HttpFile>(*std::move(file))};
  }
  if (query.kind == FaceQuery::Kind::kCaptureStart) {
    const auto started = capture_.start(query.filter, query.snap);
    if (!started) return face_refusal(400, started.error().text.c_str());
  }
  if (query.kind == FaceQuery::Kind::kCaptureStop) capture_.stop();
  const MemoryCapture::State state = capture_.state();
  return {200, text_of({{"active", state.is_active},
                        {"packets", state.packets},
                        {"bytes", state.bytes},
                        {"missed", state.missed},
                        {"filter", state.filter}})};
}

void Face::tell_page(const FaceQuery& query, FaceTold told) {
  const bool is_of_sockets = query.kind == FaceQuery::Kind::kList;
  const PageQuery wanted{
      .kind = is_of_sockets ? PageQuery::Kind::kSockets : PageQuery::Kind::kConnections,
      .stack = query.stack,
      .connections = query.connections,
      .window = query.window};
  pages_.ask(wanted, [is_of_sockets, told = std::move(told)](const std::optional<Page>& page) {
    if (!page) return told(face_refusal(503, "too many ask for connections or sockets at once"));
    const std::string list = entries_text(*page);
    if (is_of_sockets) {
      return told({200, fmt::format("{{\"sockets\":[{}],\"total\":{}}}\n", list, page->total)});
    }
    told({200, fmt::format("{{\"connections\":[{}],\"matched\":{},\"total\":{}}}\n", list,
                           page->matched, page->total)});
  });
}

void Face::find_connection(const FaceQuery& query, FaceTold told) {
  const std::size_t core = query.id.core;
  if (core >= cores_.count(query.stack)) {
    return told(face_refusal(404, "there is no such core"));
  }
  auto held = std::make_shared<FaceTold>(std::move(told));
  cores_.run_on(query.stack, core, [home = home(), held, id = query.id](HostedStack& host) {
    const auto* const tcp = host.stack().core().tcp;
    const Json json = tcp == nullptr ? Json() : connection_details(*tcp, id, host.loop().now());
    auto answer = std::make_shared<FaceAnswer>(
        json.is_null() ? face_refusal(404, "there is no such connection, or no longer")
                       : FaceAnswer{200, text_of(json)});
    home.tell(id.core, [held, answer](Face&) { (*held)(std::move(*answer)); });
  });
}

}  // namespace strata::service
