// SPDX-License-Identifier: Apache-2.0
#include "strata/coro/tcp.h"

#include <utility>

namespace strata::coro {

// ── Streams ─────────────────────────────────────────────────────────────────────────────────────

bool TcpStream::Read::attempt() { return answer(stream_.native_.read(buffer_, now())); }

bool TcpStream::ReadAll::attempt() {
  while (!left_.empty()) {
    const auto count = stream_.native_.read(left_, now());
    if (!count) return answer(std::unexpected(count.error()));
    left_ = left_.subspan(*count);
  }
  return answer({});
}

bool TcpStream::WriteAll::attempt() {
  while (!left_.empty()) {
    const auto count = stream_.native_.write(left_, now());
    if (!count) return answer(std::unexpected(count.error()));
    left_ = left_.subspan(*count);
  }
  return answer({});
}

bool TcpStream::Connected::attempt() {
  const auto error = stream_.native_.take_error();
  if (!error) return answer(std::unexpected(error.error()));
  if (*error) return answer(std::unexpected(**error));
  const auto state = stream_.native_.state();
  if (!state) return answer(std::unexpected(state.error()));
  const bool is_opening = *state == TcpState::kSynSent || *state == TcpState::kSynReceived;
  return answer(is_opening ? Result<void>(std::unexpected(Error::kInProgress)) : Result<void>());
}

void TcpStream::close() {
  end_waits();
  native_.close(now());
}

void TcpStream::abort() {
  end_waits();
  native_.abort(now());
}

// ── Listeners ───────────────────────────────────────────────────────────────────────────────────

Result<TcpListener> TcpListener::listen(const Net& net, const Endpoint& local,
                                        const TcpListenOptions& options) {
  auto made = strata::TcpListener::listen(net.stack, local, options);
  if (!made) return std::unexpected(made.error());
  return TcpListener(*std::move(made), net.executor);
}

bool TcpListener::Accept::attempt() {
  auto accepted = listener_.native_.accept(now());
  if (!accepted) return answer(std::unexpected(accepted.error()));
  return answer(TcpStream(*std::move(accepted), executor()));
}

void TcpListener::close() {
  end_waits();
  native_.close(now());
}

}  // namespace strata::coro
