// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/http_answer.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "service/json_text.h"
#include "service/web/http/http_date.h"
#include "strata/real_clock.h"

namespace strata::service {
namespace {

// RFC 9110 13.1.2: a list of tags, or "*"; weak comparison is enough.
bool lists_tag(std::string_view field, std::string_view tag) {
  return field == "*" || field.contains(tag);
}

bool is_unchanged(const HttpRequest& request, const HttpFile& file) {
  if (!request.if_none_match.empty()) return lists_tag(request.if_none_match, file.entity_tag());
  if (request.if_modified_since.empty()) return false;
  // RFC 9110 13.1.3: what is no date is as if it were not there.
  const auto since = parse_http_date(request.if_modified_since);
  return since && file.modified_seconds() <= *since;
}

// RFC 9110 14.2: ranges are for GET. 13.1.5: a part is of use only if the rest has not changed
// since.
bool may_be_part(const HttpRequest& request, const HttpFile& file) {
  if (request.range.empty() || request.method != "GET") return false;
  return request.if_range.empty() || request.if_range == file.entity_tag() ||
         parse_http_date(request.if_range) == file.modified_seconds();
}

HttpAnswer found_answer(const HttpRequest& request, std::shared_ptr<const HttpFile> found) {
  const HttpFile& file = *found;
  HttpAnswer answer;
  answer.fields =
      fmt::format("Content-Type: {}\r\nLast-Modified: {}\r\nETag: {}\r\nAccept-Ranges: bytes\r\n",
                  file.content_type(), http_date(file.modified_seconds()), file.entity_tag());
  if (is_unchanged(request, file)) {
    answer.status = 304;
    answer.has_no_body = true;
    return answer;
  }
  const RangeAnswer part =
      may_be_part(request, file) ? read_range(request.range, file.size()) : RangeAnswer{};
  if (part.verdict == RangeVerdict::kUnsatisfiable) {
    return status_answer(416, fmt::format("Content-Range: bytes */{}\r\n", file.size()));
  }
  std::uint64_t first = 0;
  std::uint64_t count = file.size();
  if (part.verdict == RangeVerdict::kPart) {
    first = part.range.first;
    count = part.range.last - first + 1;
    answer.status = 206;
    answer.fields +=
        fmt::format("Content-Range: bytes {}-{}/{}\r\n", first, part.range.last, file.size());
  }
  if (file.bytes().empty()) {
    answer.part.emplace(std::move(found), first, count);
  } else {
    answer.lasting =
        file.bytes().substr(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    answer.small = std::move(found);
  }
  return answer;
}

HttpAnswer slash_answer(std::string_view target) {
  target = target.substr(0, target.find_first_of("?#"));
  // RFC 3986 4.2: two slashes would begin the name of another host.
  while (target.starts_with("//")) target.remove_prefix(1);
  return status_answer(301, fmt::format("Location: {}/\r\n", target));
}

}  // namespace

std::string_view reason_of(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 416: return "Range Not Satisfiable";
    case 421: return "Misdirected Request";
    case 426: return "Upgrade Required";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Internal Server Error";
  }
}

HttpAnswer status_answer(unsigned status, std::string fields) {
  fields += "Content-Type: text/plain; charset=utf-8\r\n";
  return {.status = status,
          .fields = std::move(fields),
          .text = fmt::format("{} {}\n", status, reason_of(status))};
}

HttpAnswer json_answer(std::string text, unsigned status) {
  return {.status = status,
          .fields = "Content-Type: application/json\r\nCache-Control: no-store\r\n",
          .text = std::move(text)};
}

HttpAnswer refusal_answer(unsigned status, std::string_view why) {
  return json_answer(fmt::format("{{\"ok\":false,\"error\":{}}}\n", json_string(std::string(why))),
                     status);
}

HttpAnswer file_answer(const HttpRequest& request, HttpFolder& folder) {
  if (request.method != "GET" && request.method != "HEAD") {
    return status_answer(405, "Allow: GET, HEAD\r\n");
  }
  const auto path = path_of_target(request.target);
  if (!path) return status_answer(400);
  auto file = folder.open(*path);
  if (file) return found_answer(request, std::move(*file));
  return file.error() == 301 ? slash_answer(request.target) : status_answer(file.error());
}

HttpAnswer lasting_answer(const HttpRequest& request, std::string_view bytes,
                          std::string_view content_type, std::string_view tag,
                          std::string_view more_fields) {
  HttpAnswer answer;
  answer.fields = fmt::format("Content-Type: {}\r\nETag: {}\r\n{}", content_type, tag, more_fields);
  if (!request.if_none_match.empty() && lists_tag(request.if_none_match, tag)) {
    answer.status = 304;
    answer.has_no_body = true;
    return answer;
  }
  answer.lasting = bytes;
  return answer;
}

std::string_view http_date_now(Time now) {
  // A thread of its own for each core, and one text a second for all its requests.
  thread_local std::int64_t second = INT64_MIN;
  thread_local std::string text;
  const auto wall = std::chrono::floor<std::chrono::seconds>(now + wall_clock_offset());
  if (std::exchange(second, wall.time_since_epoch().count()) != wall.time_since_epoch().count()) {
    text = http_date(second);
  }
  return text;
}

std::string http_head(const HttpAnswer& answer, std::string_view connection, Time now) {
  std::string head;
  head.reserve(384);
  const auto into = std::back_inserter(head);
  fmt::format_to(into, "HTTP/1.1 {} {}\r\nDate: {}\r\nServer: strata\r\n", answer.status,
                 reason_of(answer.status), http_date_now(now));
  head += answer.fields;
  if (!answer.has_no_body) {
    const std::uint64_t length =
        answer.part ? answer.part->left : answer.text.size() + answer.lasting.size();
    fmt::format_to(into, "Content-Length: {}\r\n", length);
  }
  head += connection;
  head += "\r\n";
  return head;
}

}  // namespace strata::service
