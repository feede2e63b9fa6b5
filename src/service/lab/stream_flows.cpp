// SPDX-License-Identifier: Apache-2.0
#include "service/lab/stream_flows.h"

#include <algorithm>
#include <utility>

#include "service/tcp_settings.h"
#include "sim/draws.h"
#include "strata/packet_pool.h"

namespace strata::service {
namespace {

constexpr std::size_t kStreamChunk = 65'536;

}  // namespace

TcpSocketOptions tcp_options_of(const LabTraffic& traffic, sim::Host& host) {
  TcpSocketOptions options;
  options.no_delay = traffic.no_delay;
  options.congestion = host.stack().tcp_config().congestion;
  if (!traffic.congestion.empty()) {
    TcpConfig config;
    if (apply_tcp_setting(config, "congestion", traffic.congestion)) {
      options.congestion = config.congestion;
    }
  }
  return options;
}

// ── The receiving end ──────────────────────────────────────────────────────────────────────────

StreamFlow::StreamFlow(const LabTraffic& traffic, const FlowEnds& ends)
    : traffic_(traffic), ends_(ends), text_(kStreamChunk, std::byte{'s'}) {
  listen();
}

void StreamFlow::listen() {
  auto listener = TcpListener::listen(ends_.to.stack(), ends_.any(), {});
  if (!listener) return fail("listen", listener.error());
  listener_.emplace(std::move(*listener));
  if (const auto told = listener_->on_ready([this](Readiness) { accept(); }); !told) {
    fail("listen", told.error());
  }
}

void StreamFlow::accept() {
  while (auto stream = listener_->accept(ends_.to.executor().now())) {
    server_.emplace(std::move(*stream));
    if (const auto told = server_->on_ready([this](Readiness) { on_server(); }); !told) {
      fail("accept", told.error());
    }
  }
}

void StreamFlow::on_server() {
  const Time now = ends_.to.executor().now();
  while (const auto count = server_->read(buffer_, now)) {
    counts_.add_bytes(*count, ends_.world.now());
  }
  if (const auto state = server_->state(); state && *state == TcpState::kCloseWait) {
    server_->close(now);
  }
}

// ── The sending end ────────────────────────────────────────────────────────────────────────────

void StreamFlow::start() {
  is_running_ = true;
  connect();
}

void StreamFlow::connect() {
  is_retrying_ = false;
  if (!is_running_ || client_ || !ends_.from.is_running()) return;
  auto stream = TcpStream::connect(ends_.from.stack(), ends_.remote(),
                                   {.options = tcp_options_of(traffic_, ends_.from)},
                                   ends_.from.executor().now());
  if (!stream) {
    fail("connect", stream.error());
    return retry_later();
  }
  client_.emplace(std::move(*stream));
  if (const auto told = client_->on_ready([this](Readiness news) { on_client(news); }); !told) {
    fail("connect", told.error());
  }
}

void StreamFlow::on_client(Readiness news) {
  if (!news.error) return write();
  if (const auto why = client_->take_error(); why && *why) fail("connection", **why);
  ++counts_.failed;
  retry_later();
}

void StreamFlow::retry_later() {
  if (std::exchange(is_retrying_, true)) return;
  Executor& executor = ends_.from.executor();
  executor.start_timer(executor.now() + kRetryAfter, [this] {
    if (!is_retrying_) return;
    if (ends_.from.is_running()) give_up_client();
    connect();
  });
}

void StreamFlow::write() {
  if (!client_) return;
  const Time now = ends_.from.executor().now();
  const std::uint64_t all = traffic_.bytes == 0 ? UINT64_MAX : traffic_.bytes;
  while (may_write() && written_ < all) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(kStreamChunk, all - written_));
    PacketPtr shared = wanted == kStreamChunk ? share_text() : nullptr;
    if (shared != nullptr && client_->write_packet(shared, now)) {
      written_ += kStreamChunk;
      continue;
    }
    // Where less than a chunk has room, that is copied.
    const auto count = client_->write(Bytes(text_).first(wanted), now);
    if (!count) return;
    written_ += *count;
  }
  if (written_ >= all) static_cast<void>(client_->shut_down(TcpShutdown::kWrite, now));
}

// What a send queue holds would otherwise lie in as much memory as it has bytes, all the same.
PacketPtr StreamFlow::share_text() {
  if (shared_text_ == nullptr) {
    shared_text_ = ends_.from.stack().pool().allocate(BufferClass::kLarge, 0);
    if (shared_text_ == nullptr) return nullptr;
    copy_bytes(text_, shared_text_->append(text_.size()));
  }
  return shared_text_->share(0, shared_text_->size());
}

void StreamFlow::give_up_client() {
  if (!client_) return;
  if (const auto last = client_->info(ends_.from.executor().now())) counts_.add_retransmits(*last);
  client_.reset();
  shared_text_.reset();
}

void StreamFlow::stop() {
  is_running_ = false;
  if (!client_) return;
  counts_ = counts();  // a closed end tells nothing any more
  client_->close(ends_.from.executor().now());
  shared_text_.reset();
}

// ── What befalls its hosts ─────────────────────────────────────────────────────────────────────

void StreamFlow::on_crash(const sim::Host& host) {
  if (&host == &ends_.from) give_up_client();
  if (&host != &ends_.to) return;
  server_.reset();
  listener_.reset();
}

void StreamFlow::on_restart(const sim::Host& host) {
  if (&host == &ends_.to) listen();
  if (&host == &ends_.from) connect();
}

std::optional<TcpInfo> StreamFlow::info() const {
  if (!client_) return std::nullopt;
  const auto info = client_->info(ends_.from.executor().now());
  return info ? std::optional(*info) : std::nullopt;
}

FlowCounts StreamFlow::counts() const {
  FlowCounts counts = counts_;
  if (const auto told = info()) counts.add_retransmits(*told);
  return counts;
}

// ── With pauses ────────────────────────────────────────────────────────────────────────────────

void OnOffFlow::start() {
  StreamFlow::start();
  turn_on(true);
}

void OnOffFlow::turn_on(bool on) {
  if (!is_running()) return;
  is_on_ = on;
  if (on) write();
  const Duration mean = on ? traffic_.on : traffic_.off;
  const Duration lasts = traffic_.is_random ? sim::draw_exponential(rng_, mean) : mean;
  Executor& executor = ends_.from.executor();
  executor.start_timer(executor.now() + std::max(lasts, Duration(1)), [this, on] { turn_on(!on); });
}

}  // namespace strata::service
