// SPDX-License-Identifier: Apache-2.0
#include "service/connections/pages.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "service/connections/connection_lines.h"

namespace strata::service {

struct Pages::Asked {
  PageQuery query;
  PageTold told;
  std::size_t cores_silent = 0;
  std::vector<ConnectionRows> parts{};  // one of each core, the last of them going into the first
  Page page{};
  std::uint16_t core = 0;  // whose sockets are looked at
};

std::string entries_text(const Page& page) {
  std::string list;
  for (const std::string& entry : page.entries) {
    if (!list.empty()) list += ',';
    list += entry;
  }
  return list;
}

Pages::Pages(const StackCores& cores) : cores_(cores), alive_(std::make_shared<Pages*>(this)) {}

Pages::~Pages() { *alive_ = nullptr; }

void Pages::ask(const PageQuery& query, PageTold told) {
  if (waiting_.size() >= kWaitingMax) return told(std::nullopt);
  waiting_.push_back(std::make_shared<Asked>(query, std::move(told)));
  if (waiting_.size() == 1) start();
}

void Pages::start() {
  const AskedPtr asked = waiting_.front();
  if (asked->query.kind == PageQuery::Kind::kConnections) return find_rows(asked);
  find_sockets(asked);
}

void Pages::finish(const AskedPtr& asked) {
  const PageTold told = std::move(asked->told);
  told(std::move(asked->page));
  waiting_.pop_front();
  if (waiting_.empty()) return;
  cores_.front().post([alive = alive_] {
    if (*alive != nullptr) (*alive)->start();
  });
}

// ── Connections ─────────────────────────────────────────────────────────────────────────────

void Pages::find_rows(const AskedPtr& asked) {
  const std::size_t stack = asked->query.stack;
  asked->cores_silent = cores_.count(stack);
  for (std::size_t core = cores_.count(stack); core-- > 0;) {
    cores_.run_on(stack, core, [home = home(), asked, core](HostedStack& host) {
      const auto number = static_cast<std::uint16_t>(core);
      ConnectionWalk::start(
          host, number, asked->query.connections, [home, asked, core](ConnectionRows rows) {
            auto found = std::make_shared<ConnectionRows>(std::move(rows));
            home.tell(core,
                      [asked, found](Pages& pages) { pages.on_rows(asked, std::move(*found)); });
          });
    });
  }
}

void Pages::on_rows(const AskedPtr& asked, ConnectionRows rows) {
  asked->page.total += rows.total;
  asked->page.matched += rows.matched;
  asked->parts.push_back(std::move(rows));
  if (--asked->cores_silent == 0) merge(asked);
}

void Pages::merge(const AskedPtr& asked) {
  auto& parts = asked->parts;
  if (parts.size() == 1) return describe(asked);
  const bool has_more =
      parts.front().rows.absorb(parts.back().rows, ConnectionWalk::kSliceConnections);
  if (!has_more) parts.pop_back();
  cores_.front().post([alive = alive_, asked] {
    if (*alive != nullptr) (*alive)->merge(asked);
  });
}

// Each core tells of its own connections.
void Pages::describe(const AskedPtr& asked) {
  const std::size_t stack = asked->query.stack;
  const auto rows = std::move(asked->parts.front().rows).page();
  asked->parts.clear();
  asked->page.entries.resize(rows.size());
  const std::size_t count = cores_.count(stack);
  asked->cores_silent = count;
  for (std::size_t core = count; core-- > 0;) {
    cores_.run_on(stack, core, [home = home(), asked, count, core, rows](HostedStack& host) {
      ConnectionLines::start(
          host, static_cast<std::uint16_t>(core), count > 1, rows,
          [home, asked, core](std::vector<std::string> lines) {
            auto told = std::make_shared<std::vector<std::string>>(std::move(lines));
            home.tell(core,
                      [asked, told](Pages& pages) { pages.on_lines(asked, std::move(*told)); });
          });
    });
  }
}

void Pages::on_lines(const AskedPtr& asked, std::vector<std::string> lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].empty()) asked->page.entries[i] = std::move(lines[i]);
  }
  if (--asked->cores_silent != 0) return;
  // An empty line is that of a connection which has ended meanwhile.
  std::erase_if(asked->page.entries, [](const std::string& line) { return line.empty(); });
  finish(asked);
}

// ── Sockets ─────────────────────────────────────────────────────────────────────────────────

// Those of several cores stand one core behind the other.
void Pages::find_sockets(const AskedPtr& asked) {
  const std::size_t stack = asked->query.stack;
  const std::uint16_t core = asked->core;
  const ListWindow& all = asked->query.window;
  const ListWindow window{.offset = all.offset - std::min(all.offset, asked->page.total),
                          .limit = all.limit - asked->page.entries.size()};
  const auto named = cores_.count(stack) > 1 ? std::optional(core) : std::nullopt;
  cores_.run_on(stack, core, [home = home(), asked, core, named, window](HostedStack& host) {
    SocketWalk::start(host, named, window, [home, asked, core](SocketPage found) {
      auto told = std::make_shared<SocketPage>(std::move(found));
      home.tell(core, [asked, told](Pages& pages) { pages.on_sockets(asked, std::move(*told)); });
    });
  });
}

void Pages::on_sockets(const AskedPtr& asked, SocketPage found) {
  asked->page.total += found.total;
  std::ranges::move(found.entries, std::back_inserter(asked->page.entries));
  if (++asked->core < cores_.count(asked->query.stack)) return find_sockets(asked);
  finish(asked);
}

}  // namespace strata::service
