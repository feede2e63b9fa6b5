// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/http_connection.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace strata::service {
namespace {

constexpr std::size_t kChunkMin = 16U << 10U;
constexpr int kStepsPerTurn = 32;
// RFC 9112 9.3: a client of HTTP/1.0 takes the connection for kept only when it is told so.
constexpr std::string_view kKept = "Connection: keep-alive\r\n";
constexpr std::string_view kClosed = "Connection: close\r\n";

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

void HttpLater::reply(HttpAnswer answer) const {
  if (const auto connection = connection_.lock()) connection->reply(std::move(answer));
}

void HttpLater::end() const {
  if (const auto connection = connection_.lock()) connection->end();
}

HttpConnection::HttpConnection(HttpOwner& owner, HttpSite& site,
                               std::unique_ptr<Transport> transport, bool is_encrypted)
    : owner_(owner),
      site_(site),
      transport_(std::move(transport)),
      peer_{transport_->local(), transport_->remote(), is_encrypted},
      file_chunk_(kChunkMin) {
  last_news_ = now();
}

HttpConnection::~HttpConnection() {
  forget_answer();
  if (timer_) owner_.executor().cancel_timer(*timer_);
}

void HttpConnection::start() {
  transport_->on_news([this] { run(); });
  // Whoever connects and says nothing is slow, too.
  if (peer_.is_encrypted) request_began_ = now();
  watch_time();
  run();
}

void HttpConnection::run() {
  if (is_over_ || guest_ != nullptr || is_running_) return;
  last_news_ = now();
  is_running_ = true;
  const bool goes_on = work();
  is_running_ = false;
  if (!goes_on) end();
}

bool HttpConnection::work() {
  for (int steps = 0; steps < kStepsPerTurn; ++steps) {
    if (guest_ != nullptr) return true;
    if (has_ended_) return wait_for_end();
    Progress progress = is_writing() ? write_answer() : Progress::kMore;
    if (progress == Progress::kMore && !has_ended_) progress = read_request();
    if (progress == Progress::kBroken) return false;
    if (progress == Progress::kWaits) return true;
  }
  go_on_later();
  return true;
}

// kMore: all of it is written, and there may be another request.
HttpConnection::Progress HttpConnection::write_answer() {
  const std::string_view body = is_head_only_           ? std::string_view()
                                : !answer_.text.empty() ? std::string_view(answer_.text)
                                                        : answer_.lasting;
  const bool has_file = !is_head_only_ && answer_.part && answer_.part->left != 0;
  while (sent_ < head_.size() + body.size()) {
    const std::size_t of_head = std::min(sent_, head_.size());
    const std::array<Bytes, 2> parts{bytes_of(head_).subspan(of_head),
                                     bytes_of(body).subspan(sent_ - of_head)};
    const bool has_head = of_head < head_.size();
    const std::span<const Bytes> wanted =
        has_head ? std::span<const Bytes>(parts).first(body.empty() ? 1 : 2)
                 : std::span<const Bytes>(parts).last(1);
    const auto count = transport_->write(wanted, has_file);
    if (!count) return count.error() == Error::kWouldBlock ? Progress::kWaits : Progress::kBroken;
    sent_ += *count;
  }
  if (has_file) {
    if (const Progress progress = write_file(); progress != Progress::kMore) return progress;
  }
  forget_answer();
  if (!closes_) return Progress::kMore;
  has_ended_ = true;
  ended_ = now();
  if (!transport_->end_writing()) return Progress::kBroken;
  return wait_for_end() ? Progress::kWaits : Progress::kBroken;
}

HttpConnection::Progress HttpConnection::write_file() {
  HttpAnswer::FilePart& part = *answer_.part;
  while (part.left != 0) {
    const MutableBytes scratch = owner_.scratch();
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>({part.left, scratch.size(), file_chunk_}));
    const std::size_t there = part.file->read(part.at, scratch.first(wanted));
    // The file has become shorter than was promised: only the connection's end can tell.
    if (there == 0) return Progress::kBroken;
    const Bytes chunk = scratch.first(there);
    const auto count = transport_->write({&chunk, 1}, part.left > there);
    if (!count) return count.error() == Error::kWouldBlock ? Progress::kWaits : Progress::kBroken;
    part.at += *count;
    part.left -= *count;
    // What a peer takes at once tells how much is worth reading the next time.
    file_chunk_ = std::clamp(*count * 2, kChunkMin, scratch.size());
  }
  return Progress::kMore;
}

HttpConnection::Progress HttpConnection::read_request() {
  if (is_asking_) return Progress::kWaits;
  auto request = reader_.next();
  if (!request) return refuse(request.error());
  if (*request) {
    request_began_ = kNever;
    return hear(**request);
  }
  if (reader_.take_expectation()) {
    head_ = "HTTP/1.1 100 Continue\r\n\r\n";
    is_answering_ = true;
    sent_ = 0;
    closes_ = false;
    return Progress::kMore;
  }
  const MutableBytes buffer = owner_.scratch().first(HttpRequestReader::kHeadBytesMax);
  const auto count = transport_->read(buffer);
  if (count) {
    if (request_began_ == kNever) request_began_ = now();
    reader_.add(buffer.first(*count));
    return Progress::kMore;
  }
  if (!reader_.is_inside() && !peer_.is_encrypted) request_began_ = kNever;
  if (count.error() == Error::kWouldBlock) return Progress::kWaits;
  const bool is_tls = peer_.is_encrypted && count.error() == Error::kConnectionAborted;
  if (is_tls) note_trouble(HttpTrouble::kTls);
  return Progress::kBroken;
}

HttpConnection::Progress HttpConnection::refuse(unsigned status) {
  constexpr unsigned kTooSlow = 408;
  note_trouble(status == kTooSlow ? HttpTrouble::kSlow : HttpTrouble::kMalformed);
  closes_ = true;
  says_keep_alive_ = false;
  is_head_only_ = false;
  take(status_answer(status));
  return Progress::kMore;
}

HttpConnection::Progress HttpConnection::hear(const HttpRequest& request) {
  closes_ = !request.keeps_alive;
  says_keep_alive_ = request.expects_keep_alive;
  is_head_only_ = request.method == "HEAD";
  is_asking_ = true;
  auto answer = site_.answer(request, peer_, HttpLater(weak_from_this()));
  if (!answer) return is_asking_ ? Progress::kWaits : Progress::kMore;
  is_asking_ = false;
  if (answer->status != HttpSite::kUpgrade) {
    take(*std::move(answer));
    return Progress::kMore;
  }
  transport_->on_news(nullptr);
  guest_ = site_.welcome(request, std::move(transport_), reader_.take_rest(),
                         HttpLater(weak_from_this()));
  return guest_ != nullptr ? Progress::kWaits : Progress::kBroken;
}

void HttpConnection::reply(HttpAnswer answer) {
  if (is_over_ || !std::exchange(is_asking_, false)) return;
  take(std::move(answer));
  run();
}

void HttpConnection::take(HttpAnswer answer) {
  forget_answer();
  if (!answer.text.empty() && !owner_.may_hold(answer.text.size())) {
    note_trouble(HttpTrouble::kMemory);
    answer = status_answer(503);
  } else {
    held_ = answer.text.size();
  }
  answer_ = std::move(answer);
  head_ = http_head(answer_,
                    closes_            ? kClosed
                    : says_keep_alive_ ? kKept
                                       : std::string_view(),
                    now());
  sent_ = 0;
  is_answering_ = true;
}

void HttpConnection::forget_answer() {
  if (held_ != 0) owner_.let_go(std::exchange(held_, 0));
  is_answering_ = false;
  answer_ = {};
  head_.clear();
}

// What still comes is thrown away, a bounded amount of it a turn.
bool HttpConnection::wait_for_end() {
  for (int reads = 0; reads < kStepsPerTurn; ++reads) {
    const auto count = transport_->read(owner_.scratch());
    if (!count) return count.error() == Error::kWouldBlock;
  }
  go_on_later();
  return true;
}

void HttpConnection::go_on_later() {
  if (std::exchange(goes_on_, true)) return;
  owner_.executor().post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->goes_on_ = false;
    self->run();
  });
}

void HttpConnection::end() {
  if (std::exchange(is_over_, true)) return;
  if (transport_ != nullptr) transport_->close();
  owner_.on_connection_over(*this);
}

Time HttpConnection::time_limit() const {
  const Time idle = last_news_ + kIdleMax;
  if (has_ended_) return std::min(idle, ended_ + kLingerMax);
  const bool is_reading = request_began_ != kNever && !is_answering_ && !is_asking_;
  return is_reading ? std::min(idle, request_began_ + kRequestMax) : idle;
}

void HttpConnection::watch_time() {
  // A request may begin right after the timer was set: looked at often enough to be told in time.
  const Time next = std::min(time_limit(), now() + kRequestMax);
  timer_ = owner_.executor().start_timer(next, [this] {
    timer_.reset();
    if (is_over_ || guest_ != nullptr) return;
    now() < time_limit() ? watch_time() : on_time_over();
  });
}

void HttpConnection::on_time_over() {
  const bool was_slow = request_began_ != kNever && !is_answering_ && !has_ended_ && !is_asking_ &&
                        now() < last_news_ + kIdleMax;
  if (!was_slow) return end();
  if (!transport_->is_open()) {
    note_trouble(HttpTrouble::kSlow);
    return end();
  }
  (void)refuse(408);
  watch_time();
  run();
}

}  // namespace strata::service
