// SPDX-License-Identifier: Apache-2.0
#include "service/serve/http_session.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "service/serve/texts.h"
#include "strata/real_clock.h"

namespace strata::service {
namespace {

constexpr std::size_t kChunk = 256U << 10U;
constexpr int kStepsPerTurn = 32;

std::string_view reason_of(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 416: return "Range Not Satisfiable";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 505: return "HTTP Version Not Supported";
    default: return "Internal Server Error";
  }
}

std::string wall_clock_date(Time now) {
  const auto wall = std::chrono::floor<std::chrono::seconds>(now + wall_clock_offset());
  return http_date(wall.time_since_epoch().count());
}

// RFC 9110 13.1.2: a list of tags, or "*"; weak comparison is enough.
bool lists_tag(std::string_view field, std::string_view tag) {
  return field == "*" || field.contains(tag);
}

bool is_unchanged(const HttpRequest& request, const HttpFile& file) {
  if (!request.if_none_match.empty()) return lists_tag(request.if_none_match, file.entity_tag());
  // RFC 9110 13.1.3: what is no date is as if it were not there.
  const auto since = parse_http_date(request.if_modified_since);
  return since && file.modified_seconds() <= *since;
}

// RFC 9110 14.2: ranges are for GET. 13.1.5: a part is of use only if the rest has not changed
// since.
bool may_be_part(const HttpRequest& request, const HttpFile& file) {
  if (request.method != "GET") return false;
  return request.if_range.empty() || request.if_range == file.entity_tag() ||
         parse_http_date(request.if_range) == file.modified_seconds();
}

}  // namespace

Outcome<void> check_folder(const std::string& folder) {
  struct stat state{};
  if (::stat(folder.c_str(), &state) != 0) {
    return failed(fmt::format("http={}: {}", folder, std::strerror(errno)));
  }
  if (!S_ISDIR(state.st_mode)) return failed(fmt::format("http={}: not a folder", folder));
  if (::access(folder.c_str(), R_OK | X_OK) != 0) {
    return failed(fmt::format("http={}: {}", folder, std::strerror(errno)));
  }
  return {};
}

bool HttpSession::work() {
  for (int steps = 0; steps < kStepsPerTurn; ++steps) {
    if (has_ended_) return wait_for_end();
    Progress progress = write_answer();
    if (progress == Progress::kMore) progress = read_request();
    if (progress == Progress::kBroken) return false;
    if (progress == Progress::kWaits) return true;
  }
  go_on_later();
  return true;
}

// kMore: all of it is written, and there may be another request.
HttpSession::Progress HttpSession::write_answer() {
  while (!head_.empty()) {
    const bool more = body_.has_value();
    const auto count = stream().write(std::as_bytes(std::span(head_)), now(), more);
    if (!count) {
      return count.error() == Error::kWouldBlock ? Progress::kWaits : Progress::kBroken;
    }
    head_.erase(0, *count);
  }
  while (body_ || chunk_sent_ < chunk_.size()) {
    if (const Progress progress = write_chunk(); progress != Progress::kMore) return progress;
  }
  if (!closes_) return Progress::kMore;
  has_ended_ = true;
  if (!stream().shut_down(TcpShutdown::kWrite, now())) return Progress::kBroken;
  return wait_for_end() ? Progress::kWaits : Progress::kBroken;
}

HttpSession::Progress HttpSession::write_chunk() {
  if (chunk_sent_ == chunk_.size()) {
    chunk_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, body_->left)));
    chunk_sent_ = 0;
    const std::size_t count = body_->file.read(body_->at, chunk_);
    chunk_.resize(count);
    // The file has become shorter than was promised: only the connection's end can tell.
    if (count == 0 && body_->left != 0) return Progress::kBroken;
    body_->at += count;
    body_->left -= count;
    if (body_->left == 0) body_.reset();
    if (count == 0) return Progress::kMore;
  }
  const auto count =
      stream().write(std::span(chunk_).subspan(chunk_sent_), now(), body_.has_value());
  if (!count) return count.error() == Error::kWouldBlock ? Progress::kWaits : Progress::kBroken;
  chunk_sent_ += *count;
  return Progress::kMore;
}

HttpSession::Progress HttpSession::read_request() {
  auto request = reader_.next();
  if (!request) {
    closes_ = true;
    says_keep_alive_ = false;
    answer_with_status(request.error(), {});
    return Progress::kMore;
  }
  if (*request) {
    answer(**request);
    return Progress::kMore;
  }
  if (reader_.take_expectation()) {
    head_ = "HTTP/1.1 100 Continue\r\n\r\n";
    return Progress::kMore;
  }
  if (peer_ended_) return Progress::kBroken;
  std::array<std::byte, 8192> buffer;
  const auto count = stream().read(buffer, now());
  if (count) {
    reader_.add(Bytes(buffer).first(*count));
    return Progress::kMore;
  }
  if (count.error() == Error::kWouldBlock) return Progress::kWaits;
  if (count.error() != Error::kClosed) return Progress::kBroken;
  peer_ended_ = true;
  return Progress::kBroken;
}

bool HttpSession::wait_for_end() {
  while (true) {
    const auto packet = stream().read_packet(kChunk, now());
    if (!packet) return packet.error() == Error::kWouldBlock;
  }
}

void HttpSession::answer(const HttpRequest& request) {
  closes_ = !request.keeps_alive;
  says_keep_alive_ = request.expects_keep_alive;
  if (request.method != "GET" && request.method != "HEAD") {
    return answer_with_status(405, request, "Allow: GET, HEAD\r\n");
  }
  const auto path = path_of_target(request.target);
  if (!path) return answer_with_status(400, request);
  auto file = HttpFile::open(folder_, *path);
  if (file) return answer_with_file(request, std::move(*file));
  if (file.error() == 301) {
    std::string_view target(request.target);
    target = target.substr(0, target.find_first_of("?#"));
    // RFC 3986 4.2: two slashes would begin the name of another host.
    while (target.starts_with("//")) target.remove_prefix(1);
    const std::string_view location = target;
    return answer_with_status(301, request, fmt::format("Location: {}/\r\n", location));
  }
  answer_with_status(file.error(), request);
}

void HttpSession::answer_with_file(const HttpRequest& request, HttpFile file) {
  std::string fields =
      fmt::format("Content-Type: {}\r\nLast-Modified: {}\r\nETag: {}\r\nAccept-Ranges: bytes\r\n",
                  file.content_type(), http_date(file.modified_seconds()), file.entity_tag());
  if (is_unchanged(request, file)) {
    head_ = head(304, fields);
    return;
  }
  const RangeAnswer part =
      may_be_part(request, file) ? read_range(request.range, file.size()) : RangeAnswer{};
  if (part.verdict == RangeVerdict::kUnsatisfiable) {
    return answer_with_status(416, request,
                              fmt::format("Content-Range: bytes */{}\r\n", file.size()));
  }
  const bool is_part = part.verdict == RangeVerdict::kPart;
  const std::uint64_t first = is_part ? part.range.first : 0;
  const std::uint64_t count = is_part ? part.range.last - first + 1 : file.size();
  if (is_part) {
    fields += fmt::format("Content-Range: bytes {}-{}/{}\r\n", first, part.range.last, file.size());
  }
  fields += fmt::format("Content-Length: {}\r\n", count);
  head_ = head(is_part ? 206 : 200, fields);
  if (request.method == "GET" && count != 0) body_.emplace(std::move(file), first, count);
}

void HttpSession::answer_with_status(unsigned status, const HttpRequest& request,
                                     const std::string& more_fields) {
  const std::string text = fmt::format("{} {}\n", status, reason_of(status));
  head_ = head(status, more_fields + fmt::format("Content-Type: text/plain; charset=utf-8\r\n"
                                                 "Content-Length: {}\r\n",
                                                 text.size()));
  if (request.method != "HEAD") head_ += text;
}

std::string HttpSession::head(unsigned status, const std::string& fields) const {
  std::string_view connection;
  // RFC 9112 9.3: a client of HTTP/1.0 takes the connection for kept only when it is told so.
  if (says_keep_alive_) connection = "Connection: keep-alive\r\n";
  if (closes_) connection = "Connection: close\r\n";
  return fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\nServer: strata\r\n{}{}\r\n", status,
                     reason_of(status), wall_clock_date(now()), fields, connection);
}

}  // namespace strata::service
