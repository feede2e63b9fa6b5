// SPDX-License-Identifier: Apache-2.0
#include "service/web/face_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "service/connections/connection_lines.h"

namespace strata::service {
namespace {

// An empty line is that of a connection which has ended meanwhile.
std::string list_of(const std::vector<std::string>& lines) {
  std::string list;
  for (const std::string& line : lines) {
    if (line.empty()) continue;
    if (!list.empty()) list += ',';
    list += line;
  }
  return list;
}

}  // namespace

struct FacePages::Page {
  FaceQuery query;
  FaceTold told;
  std::size_t cores_silent = 0;
  std::vector<ConnectionRows> parts{};  // one of each core, the last of them going into the first
  std::size_t total = 0;
  std::size_t matched = 0;
  std::vector<std::string> lines{};
  std::uint16_t core = 0;  // whose sockets are looked at
};

FacePages::FacePages(const StackCores& cores)
    : cores_(cores), alive_(std::make_shared<FacePages*>(this)) {}

FacePages::~FacePages() { *alive_ = nullptr; }

void FacePages::ask(const FaceQuery& query, FaceTold told) {
  if (waiting_.size() >= kWaitingMax) {
    return told(face_refusal(503, "too many ask for connections or sockets at once"));
  }
  waiting_.push_back(std::make_shared<Page>(query, std::move(told)));
  if (waiting_.size() == 1) start();
}

void FacePages::start() {
  const PagePtr page = waiting_.front();
  if (page->query.kind == FaceQuery::Kind::kConnections) return find_rows(page);
  find_sockets(page);
}

void FacePages::finish(const PagePtr& page, std::string text) {
  const FaceTold told = std::move(page->told);
  told({200, std::move(text)});
  waiting_.pop_front();
  if (waiting_.empty()) return;
  cores_.front().post([alive = alive_] {
    if (*alive != nullptr) (*alive)->start();
  });
}

// ── Connections ─────────────────────────────────────────────────────────────────────────────

void FacePages::find_rows(const PagePtr& page) {
  const std::size_t stack = page->query.stack;
  page->cores_silent = cores_.count(stack);
  for (std::size_t core = cores_.count(stack); core-- > 0;) {
    cores_.run_on(stack, core, [home = home(), page, core](HostedStack& host) {
      const auto number = static_cast<std::uint16_t>(core);
      ConnectionWalk::start(
          host, number, page->query.connections, [home, page, core](ConnectionRows rows) {
            auto found = std::make_shared<ConnectionRows>(std::move(rows));
            home.tell(core,
                      [page, found](FacePages& pages) { pages.on_rows(page, std::move(*found)); });
          });
    });
  }
}

void FacePages::on_rows(const PagePtr& page, ConnectionRows rows) {
  page->total += rows.total;
  page->matched += rows.matched;
  page->parts.push_back(std::move(rows));
  if (--page->cores_silent == 0) merge(page);
}

void FacePages::merge(const PagePtr& page) {
  auto& parts = page->parts;
  if (parts.size() == 1) return describe(page);
  const bool has_more =
      parts.front().rows.absorb(parts.back().rows, ConnectionWalk::kSliceConnections);
  if (!has_more) parts.pop_back();
  cores_.front().post([alive = alive_, page] {
    if (*alive != nullptr) (*alive)->merge(page);
  });
}

// Each core tells of its own connections.
void FacePages::describe(const PagePtr& page) {
  const std::size_t stack = page->query.stack;
  const auto rows = std::move(page->parts.front().rows).page();
  page->parts.clear();
  page->lines.resize(rows.size());
  page->cores_silent = cores_.count(stack);
  for (std::size_t core = cores_.count(stack); core-- > 0;) {
    cores_.run_on(stack, core, [home = home(), page, core, rows](HostedStack& host) {
      ConnectionLines::start(
          host, static_cast<std::uint16_t>(core), rows,
          [home, page, core](std::vector<std::string> lines) {
            auto told = std::make_shared<std::vector<std::string>>(std::move(lines));
            home.tell(core,
                      [page, told](FacePages& pages) { pages.on_lines(page, std::move(*told)); });
          });
    });
  }
}

void FacePages::on_lines(const PagePtr& page, std::vector<std::string> lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].empty()) page->lines[i] = std::move(lines[i]);
  }
  if (--page->cores_silent != 0) return;
  finish(page, fmt::format("{{\"connections\":[{}],\"matched\":{},\"total\":{}}}\n",
                           list_of(page->lines), page->matched, page->total));
}

// ── Sockets ─────────────────────────────────────────────────────────────────────────────────

// Those of several cores stand one core behind the other.
void FacePages::find_sockets(const PagePtr& page) {
  const std::size_t stack = page->query.stack;
  const std::uint16_t core = page->core;
  const ListWindow& all = page->query.window;
  const ListWindow window{.offset = all.offset - std::min(all.offset, page->total),
                          .limit = all.limit - page->lines.size()};
  const auto named = cores_.count(stack) > 1 ? std::optional(core) : std::nullopt;
  cores_.run_on(stack, core, [home = home(), page, core, named, window](HostedStack& host) {
    SocketWalk::start(host, named, window, [home, page, core](SocketPage found) {
      auto told = std::make_shared<SocketPage>(std::move(found));
      home.tell(core, [page, told](FacePages& pages) { pages.on_sockets(page, std::move(*told)); });
    });
  });
}

void FacePages::on_sockets(const PagePtr& page, SocketPage found) {
  page->total += found.total;
  std::ranges::move(found.entries, std::back_inserter(page->lines));
  if (++page->core < cores_.count(page->query.stack)) return find_sockets(page);
  finish(page,
         fmt::format("{{\"sockets\":[{}],\"total\":{}}}\n", list_of(page->lines), page->total));
}

}  // namespace strata::service
