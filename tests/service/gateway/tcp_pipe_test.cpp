// SPDX-License-Identifier: Apache-2.0
#include "service/gateway/tcp_pipe.h"

#include <poll.h>

#include <cerrno>
#include <vector>

#include "service/gateway/gateway_bench.h"
#include "strata/rng.h"

namespace strata::service::tcp_pipe_test {
namespace {

std::string text_of(std::uint64_t seed, std::size_t bytes) {
  Rng rng(seed);
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(rng.next());
  return text;
}

// Writes what the kernel takes of it; false once the other end is gone.
bool write_some(const HostEnd& host, const std::string& text, std::size_t& written) {
  const ssize_t count =
      ::send(host.get(), text.data() + written, text.size() - written, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count > 0) written += static_cast<std::size_t>(count);
  return count >= 0 || errno == EAGAIN;
}

// Both directions at once, each end reading and writing in pieces of any size, and stopping for a
// while: every byte arrives, in order, and each end of a direction is seen once.
TEST_F(GatewayTest, EveryByteArrivesHoweverBothEndsStall) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Rng rng(seed);
    std::optional<TcpStream> stream;
    HostEnd host(nullptr);
    ASSERT_NO_FATAL_FAILURE(join(stream, host));
    const std::string out = text_of(seed, 200'000 + rng.below(800'000));
    const std::string in = text_of(seed + 100, 200'000 + rng.below(800'000));
    std::string got_out, got_in;
    std::size_t put_out = 0, put_in = 0;
    bool is_out_shut = false, is_in_shut = false, is_out_over = false, is_in_over = false;
    std::vector<std::byte> buffer(65'536);
    EXPECT_TRUE(eventually([&] {
      if (rng.below(3) != 0 && put_out < out.size()) {
        const std::size_t piece = 1 + rng.below(100'000);
        const Bytes rest = bytes_of(out).subspan(put_out);
        put_out += stream->write(rest.first(std::min(piece, rest.size())), now()).value_or(0);
      } else if (put_out == out.size() && !is_out_shut) {
        is_out_shut = stream->shut_down(TcpShutdown::kWrite, now()).has_value();
      }
      if (rng.below(3) != 0 && put_in < in.size()) {
        EXPECT_TRUE(write_some(host, in, put_in));
      } else if (put_in == in.size() && !is_in_shut) {
        is_in_shut = ::shutdown(host.get(), SHUT_WR) == 0;
      }
      if (rng.below(2) != 0) {
        for (auto text = host.read(); text != ""; text = host.read()) {
          if (!text) {
            is_out_over = true;
            break;
          }
          got_out += *text;
        }
      }
      if (rng.below(2) != 0) {
        const auto count = stream->read(MutableBytes(buffer).first(1 + rng.below(65'536)), now());
        if (count) {
          got_in.append(reinterpret_cast<const char*>(buffer.data()), *count);
        } else {
          is_in_over |= count.error() == Error::kClosed;
        }
      }
      return is_out_over && is_in_over;
    })) << "seed "
        << seed;
    EXPECT_TRUE(got_out == out) << "seed " << seed;
    EXPECT_TRUE(got_in == in) << "seed " << seed;
  }
}

TEST_F(GatewayTest, AHostThatDoesNotReadHoldsTheSenderUpAndNobodyElse) {
  std::optional<TcpStream> stalled, other;
  HostEnd deaf(nullptr), host(nullptr);
  ASSERT_NO_FATAL_FAILURE(join(stalled, deaf));
  ASSERT_NO_FATAL_FAILURE(join(other, host));
  const std::string chunk(65'536, 'x');
  std::size_t written = 0;
  int refusals = 0;
  // Full is what takes nothing for a while.
  EXPECT_TRUE(eventually([&] {
    const auto count = stalled->write(bytes_of(chunk), now());
    refusals = count ? 0 : refusals + 1;
    written += count.value_or(0);
    return refusals == 50 || written > (std::size_t{256} << 20U);
  }));
  EXPECT_LE(written, std::size_t{256} << 20U) << "what nobody reads must not pile up";
  ASSERT_TRUE(other->write(bytes_of("hello"), now()).has_value());
  EXPECT_TRUE(eventually([&] { return host.read() == "hello"; }));
  std::size_t arrived = 0;
  EXPECT_TRUE(eventually([&] {
    for (auto text = deaf.read(); text && !text->empty(); text = deaf.read()) {
      arrived += text->size();
    }
    return arrived == written;
  })) << arrived
      << " of " << written;
}

TEST_F(GatewayTest, AResetIsPassedOnToAHostThatDoesNotRead) {
  std::optional<TcpStream> stream;
  HostEnd deaf(nullptr);
  ASSERT_NO_FATAL_FAILURE(join(stream, deaf));
  const std::string chunk(65'536, 'x');
  int refusals = 0;
  ASSERT_TRUE(eventually([&] {
    refusals = stream->write(bytes_of(chunk), now()) ? 0 : refusals + 1;
    return refusals == 50;
  }));
  stream->abort(now());
  EXPECT_TRUE(eventually([&] {
    pollfd ended{deaf.get(), 0, 0};
    return ::poll(&ended, 1, 0) == 1 && (ended.revents & (POLLERR | POLLHUP)) != 0;
  }));
  EXPECT_TRUE(eventually([&] { return gateway_->flows().connections == 0; }));
}

}  // namespace
}  // namespace strata::service::tcp_pipe_test
