// SPDX-License-Identifier: Apache-2.0
#include "service/web/face.h"

#include <nlohmann/json.hpp>

#include <algorithm>
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

FaceAnswer refusal(unsigned status, const char* why) {
  return {status, text_of({{"ok", false}, {"error", why}})};
}

}  // namespace

struct Face::Page {
  FaceQuery query;
  FaceTold told;
  std::vector<ConnectionRows> parts{};
  std::size_t cores_silent = 0;
  ConnectionRows found{};
  std::vector<Json> described{};
};

// From other cores, whose tasks may outlive the face, to the face.
struct Face::Home {
  Loop& front;
  std::shared_ptr<Face*> alive;  // looked into on the front core alone

  template <typename Task>
  void post(Task task) const {
    front.post_from_outside([known = alive, task = std::move(task)] {
      if (*known != nullptr) task(**known);
    });
  }
};

Face::Home Face::home() const { return {front(), alive_}; }

Face::Face(std::vector<HostedStack*> stacks, Cores* cores, std::string version)
    : stacks_(std::move(stacks)),
      cores_(cores),
      version_(std::move(version)),
      capture_(*stacks_.front(), cores_),
      alive_(std::make_shared<Face*>(this)) {}

Face::~Face() { *alive_ = nullptr; }

void Face::ask(Loop& asker, const FaceQuery& query, FaceTold told) {
  if (&asker == &front()) return answer(query, std::move(told));
  auto whole = std::make_shared<std::pair<FaceQuery, FaceTold>>(query, std::move(told));
  home().post([whole, &asker](Face& face) {
    // `whole` dies on the core it came from: what told() holds is that core's.
    face.answer(whole->first, [whole, &asker](FaceAnswer done) mutable {
      auto both = std::make_shared<FaceAnswer>(std::move(done));
      asker.post_from_outside(
          [asked = std::move(whole), both] { asked->second(std::move(*both)); });
    });
  });
}

void Face::answer(const FaceQuery& query, FaceTold told) {
  if (query.stack >= stacks_.size()) return told(refusal(404, "there is no such stack"));
  switch (query.kind) {
    case FaceQuery::Kind::kStatus: return told(status(query));
    case FaceQuery::Kind::kList: return told(list(query));
    case FaceQuery::Kind::kConnections: return find_page(query, std::move(told));
    case FaceQuery::Kind::kConnection: return find_connection(query, std::move(told));
    case FaceQuery::Kind::kMetrics:
      return told({200, metrics_text(stacks_json(stacks_, cores_, metrics_parts()), version_) +
                            (more_metrics_ ? more_metrics_() : std::string())});
    case FaceQuery::Kind::kCapture:
    case FaceQuery::Kind::kCaptureStart:
    case FaceQuery::Kind::kCaptureStop:
    case FaceQuery::Kind::kCaptureFile: return told(capture(query));
  }
}

FaceAnswer Face::status(const FaceQuery& query) {
  return {200, text_of({{"ok", true},
                        {"version", version_},
                        {"stacks", stacks_json(stacks_, cores_, query.parts)}})};
}

FaceAnswer Face::list(const FaceQuery& query) {
  SnapshotParts parts;
  parts.add(query.list);
  HostedStack* const wanted = stacks_[query.stack];
  Json all = stacks_json({&wanted, 1}, query.stack == 0 ? cores_ : nullptr, parts, query.window);
  const std::string name(to_text(query.list));
  Json& entries = all.front()[name];
  if (entries.is_null()) entries = Json::array();
  const std::size_t total = all.front().value(name + "_total", entries.size());
  return {200, text_of({{"total", total}, {name, std::move(entries)}})};
}

FaceAnswer Face::capture(const FaceQuery& query) {
  if (query.kind == FaceQuery::Kind::kCaptureFile) {
    auto file = capture_.file();
    if (!file) return refusal(404, file.error().text.c_str());
    return {.text = {}, .file = std::make_shared<HttpFile>(*std::move(file))};
  }
  if (query.kind == FaceQuery::Kind::kCaptureStart) {
    const auto started = capture_.start(query.filter, query.snap);
    if (!started) return refusal(400, started.error().text.c_str());
  }
  if (query.kind == FaceQuery::Kind::kCaptureStop) capture_.stop();
  const MemoryCapture::State state = capture_.state();
  return {200, text_of({{"active", state.is_active},
                        {"packets", state.packets},
                        {"bytes", state.bytes},
                        {"missed", state.missed},
                        {"filter", state.filter}})};
}

// ── Pages of connections ────────────────────────────────────────────────────────────────────

std::size_t Face::cores_of(std::size_t stack) const {
  return stack == 0 && cores_ != nullptr ? cores_->followers().size() + 1 : 1;
}

HostedStack& Face::hosted(std::size_t stack, std::size_t core) const {
  return core == 0 ? *stacks_[stack] : cores_->followers()[core - 1]->hosted();
}

void Face::on_core(std::size_t core, std::function<void(HostedStack&)> task) {
  Follower& follower = *cores_->followers()[core - 1];
  follower.loop().post_from_outside(
      [&follower, task = std::make_shared<std::function<void(HostedStack&)>>(std::move(task))] {
        (*task)(follower.hosted());
      });
}

void Face::find_page(const FaceQuery& query, FaceTold told) {
  if (waiting_.size() >= kWalksWaitingMax) {
    return told(refusal(503, "too many ask for connections at once"));
  }
  waiting_.push_back(std::make_shared<Page>(query, std::move(told)));
  if (waiting_.size() == 1) start_page();
}

void Face::start_page() {
  const PagePtr page = waiting_.front();
  const std::size_t stack = page->query.stack;
  page->cores_silent = cores_of(stack);
  for (std::size_t core = 1; core < cores_of(stack); ++core) {
    on_core(core, [home = home(), page, core](HostedStack& follower) {
      const auto number = static_cast<std::uint16_t>(core);
      ConnectionWalk::start(
          follower, number, page->query.connections, [home, page](ConnectionRows rows) {
            auto found = std::make_shared<ConnectionRows>(std::move(rows));
            home.post([page, found](Face& face) { face.on_rows(page, std::move(*found)); });
          });
    });
  }
  ConnectionWalk::start(*stacks_[stack], 0, page->query.connections,
                        [this, alive = alive_, page](ConnectionRows rows) {
                          if (*alive != nullptr) on_rows(page, std::move(rows));
                        });
}

void Face::on_rows(const PagePtr& page, ConnectionRows rows) {
  page->parts.push_back(std::move(rows));
  if (--page->cores_silent != 0) return;
  page->found = merged(std::exchange(page->parts, {}), page->query.connections);
  auto& found = page->found.rows;
  const std::size_t before = std::min(page->query.connections.offset, found.size());
  found.erase(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(before));
  describe(page);
}

// Each core tells of its own connections.
void Face::describe(const PagePtr& page) {
  page->described.resize(page->found.rows.size());
  page->cores_silent = cores_of(page->query.stack);
  const auto tell = [page](HostedStack& host, std::size_t core) {
    std::vector<Json> told(page->found.rows.size());
    const auto* const tcp = host.stack().core().tcp;
    for (std::size_t i = 0; tcp != nullptr && i < told.size(); ++i) {
      const ConnectionId& id = page->found.rows[i].id;
      if (id.core == core) told[i] = connection_json(*tcp, id, host.loop().now());
    }
    return told;
  };
  for (std::size_t core = 1; core < cores_of(page->query.stack); ++core) {
    on_core(core, [home = home(), page, core, tell](HostedStack& follower) {
      auto told = std::make_shared<std::vector<Json>>(tell(follower, core));
      home.post([page, told](Face& face) { face.on_described(page, std::move(*told)); });
    });
  }
  on_described(page, tell(*stacks_[page->query.stack], 0));
}

void Face::on_described(const PagePtr& page, std::vector<Json> described) {
  for (std::size_t i = 0; i < described.size(); ++i) {
    if (!described[i].is_null()) page->described[i] = std::move(described[i]);
  }
  if (--page->cores_silent == 0) finish(page);
}

void Face::finish(const PagePtr& page) {
  Json list = Json::array();
  for (Json& one : page->described) {
    if (!one.is_null()) list.push_back(std::move(one));  // one that has ended meanwhile
  }
  const FaceTold told = std::move(page->told);
  told({200, text_of({{"total", page->found.total},
                      {"matched", page->found.matched},
                      {"connections", std::move(list)}})});
  waiting_.pop_front();
  if (waiting_.empty()) return;
  front().post([alive = alive_] {
    if (*alive != nullptr) (*alive)->start_page();
  });
}

void Face::find_connection(const FaceQuery& query, FaceTold told) {
  const auto look = [](HostedStack& host, const ConnectionId& id) -> FaceAnswer {
    const auto* const tcp = host.stack().core().tcp;
    const Json json = tcp == nullptr ? Json() : connection_details(*tcp, id, host.loop().now());
    if (json.is_null()) return refusal(404, "there is no such connection, or no longer");
    return {200, text_of(json)};
  };
  const std::size_t core = query.id.core;
  if (core >= cores_of(query.stack)) return told(refusal(404, "there is no such core"));
  if (core == 0) return told(look(*stacks_[query.stack], query.id));
  auto held = std::make_shared<FaceTold>(std::move(told));
  on_core(core, [home = home(), look, held, id = query.id](HostedStack& follower) {
    auto answer = std::make_shared<FaceAnswer>(look(follower, id));
    home.post([held, answer](Face&) { (*held)(std::move(*answer)); });
  });
}

}  // namespace strata::service
