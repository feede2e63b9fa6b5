// SPDX-License-Identifier: Apache-2.0
#include "service/web/api.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "service/web/query.h"

namespace strata::service {
namespace {

using Question = std::expected<FaceQuery, HttpAnswer>;

constexpr std::size_t kPage = 100;
constexpr std::size_t kPageMax = ConnectionQuery::kLimitMax;

std::unexpected<HttpAnswer> refused(unsigned status, std::string_view why) {
  return std::unexpected(refusal_answer(status, why));
}

std::optional<SnapshotPart> list_of(std::string_view path) {
  static constexpr std::array kLists{SnapshotPart::kInterfaces, SnapshotPart::kRoutes,
                                     SnapshotPart::kNeighbors,  SnapshotPart::kSockets,
                                     SnapshotPart::kDrops,      SnapshotPart::kAddresses};
  for (const SnapshotPart part : kLists) {
    if (to_text(part) == path) return part;
  }
  return std::nullopt;
}

// What all of them may have.
std::optional<std::string> read_common(const Query& query, FaceQuery& into) {
  const auto stack = query.number("stack", 0);
  const auto offset = query.number("offset", 0);
  const auto limit = query.number("limit", kPage);
  if (!stack || !offset || !limit) return "stack, offset and limit are numbers";
  if (*limit == 0 || *limit > kPageMax) return fmt::format("limit is from 1 to {}", kPageMax);
  // A page far behind all there may be is as empty as one just behind.
  into.stack = *stack;
  into.window = {.offset = std::min<std::size_t>(*offset, UINT32_MAX), .limit = *limit};
  into.connections.offset = into.window.offset;
  into.connections.limit = *limit;
  return std::nullopt;
}

Question status_question(const Query& query, FaceQuery asked) {
  asked.kind = FaceQuery::Kind::kStatus;
  if (query.text("parts").empty()) return asked;
  const auto parts = SnapshotParts::parse(query.text("parts"));
  if (!parts) return refused(400, "parts: a name in it is none of a part's");
  asked.parts = *parts;
  return asked;
}

Question connections_question(const Query& query, FaceQuery asked) {
  asked.kind = FaceQuery::Kind::kConnections;
  asked.connections.filter = query.text("filter");
  const std::string_view sort = query.text("sort");
  if (!sort.empty() && !parse_connection_order(sort, asked.connections)) {
    return refused(400, "sort: connections have no such order");
  }
  return asked;
}

Question connection_question(std::string_view name, FaceQuery asked) {
  const auto id = parse_connection_id(name);
  if (!id) return refused(404, "there is no such connection, or no longer");
  asked.kind = FaceQuery::Kind::kConnection;
  asked.id = *id;
  return asked;
}

Question check_names(const Query& query, std::initializer_list<std::string_view> known,
                     Question asked) {
  const std::string_view stranger = query.stranger(known);
  if (stranger.empty()) return asked;
  return refused(400, fmt::format("there is no use for \"{}\"", stranger));
}

}  // namespace

Question api_question(std::string_view path, std::string_view target) {
  constexpr std::string_view kConnection = "connections/";
  const auto query = Query::of_target(target);
  if (!query) return refused(400, "the part behind the question mark cannot be read");
  FaceQuery asked;
  if (const auto wrong = read_common(*query, asked)) return refused(400, *wrong);
  if (path == "status") {
    return check_names(*query, {"parts"}, status_question(*query, std::move(asked)));
  }
  if (path == "connections") {
    return check_names(*query, {"stack", "offset", "limit", "sort", "filter"},
                       connections_question(*query, std::move(asked)));
  }
  if (path.starts_with(kConnection)) {
    return check_names(*query, {"stack"},
                       connection_question(path.substr(kConnection.size()), std::move(asked)));
  }
  if (path == "capture" || path == "capture/file") {
    asked.kind = path == "capture" ? FaceQuery::Kind::kCapture : FaceQuery::Kind::kCaptureFile;
    return check_names(*query, {}, std::move(asked));
  }
  if (const auto list = list_of(path)) {
    asked.kind = FaceQuery::Kind::kList;
    asked.list = *list;
    return check_names(*query, {"stack", "offset", "limit"}, std::move(asked));
  }
  return refused(404, "the API has no such path");
}

}  // namespace strata::service
