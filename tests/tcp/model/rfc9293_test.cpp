// SPDX-License-Identifier: Apache-2.0
// Random segments and user calls for the transport and for the model of RFC 9293 beside it: the
// same states, the same answers, the same text. STRATA_SEEDS=FIRST-LAST runs others; STRATA_FULL
// runs twenty thousand. Where the transport does otherwise by right, the comments in draw()
// and may_acknowledge() say so, and docs/differences.md.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "strata/rng.h"
#include "tcp/model/rfc9293.h"
#include "tcp/support/peer.h"

namespace strata::tcp::rfc9293_test {
namespace {

using namespace std::chrono_literals;
using model::ModelReply;
using model::ModelSegment;
using testing::Peer;
using testing::PeerOptions;

PeerOptions plain() {
  PeerOptions options;
  TcpConfig& config = options.config;
  config.timestamps = config.window_scaling = config.sack = config.tail_probes = false;
  config.fast_open_client = config.fast_open_server = config.syn_cookies = false;
  config.ecn = TcpEcn::kOff;
  config.path_probing = TcpPathProbing::kOff;
  options.socket.no_delay = true;
  return options;
}

// What left in one step, apart from what is sent again.
struct Heard {
  std::size_t acks = 0;      // without text or FIN
  std::size_t carriers = 0;  // anything else with the right ACK
  std::vector<wire::TcpHeader> resets, syn_acks;
};

class Contest {
 public:
  explicit Contest(std::uint64_t seed) : rng_(seed), peer_(plain()) {
    peer_text_ = static_cast<std::uint32_t>(rng_.next());
    if (rng_.below(2) == 0) {
      peer_.listen();
      ref_.listen();
      has_listener_ = true;
    } else if (rng_.below(8) != 0) {
      peer_.connect();
      has_handle_ = true;
      ref_.connect(peer_.expected.value() - 1);
    }
  }

  void run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      step();
      if (::testing::Test::HasFailure()) ADD_FAILURE() << "after:\n" << log_.str();
    }
  }

 private:
  using State = TcpState;
  [[nodiscard]] bool is_synchronized() const {
    const State state = ref_.state();
    return state != State::kClosed && state != State::kListen && state != State::kSynSent;
  }

  void step() {
    const State before = ref_.state();
    log_ << to_text(before) << ": ";
    const std::uint64_t choice = rng_.below(100);
    if (choice < 8 && may_send()) return user_sends();
    if (choice < 14 && may_send()) return user_closes();
    // What has gone over to TIME-WAIT is no program's any more.
    if (choice < 16 && has_handle_ && before != State::kTimeWait) return user_aborts();
    say(draw());
  }

  // ── The user ────────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] bool may_send() const {
    const bool is_open = ref_.state() == State::kEstablished || ref_.state() == State::kCloseWait;
    return has_handle_ && is_open && ref_.send_limit() - ref_.snd_una() < 3000;
  }
  void user_sends() {
    const auto bytes = static_cast<std::uint32_t>(1 + rng_.below(1000));
    log_ << "SEND " << bytes << '\n';
    const auto taken = peer_.write(std::string(bytes, 'x'));
    ASSERT_TRUE(taken.has_value());
    ASSERT_EQ(*taken, bytes);
    ref_.send(bytes);
    compare({}, true);
  }
  void user_closes() {
    log_ << "CLOSE\n";
    ASSERT_TRUE(peer_.transport.shut_down(peer_.handle, Transport::Direction::kWrite, peer_.now));
    ref_.close();
    compare({}, true);
  }
  void user_aborts() {
    log_ << "ABORT\n";
    const bool tells = ref_.abort();
    const std::uint32_t nxt = ref_.snd_nxt();
    peer_.transport.abort(peer_.handle, peer_.now);
    has_handle_ = false;
    const Heard heard = hear(5ms);
    if (tells) {
      ASSERT_EQ(heard.resets.size(), 1U);
      EXPECT_EQ(heard.resets[0].sequence_number, nxt);
    }
    EXPECT_EQ(state(), ref_.state());
  }

  // ── The peer ────────────────────────────────────────────────────────────────────────────────
  ModelSegment draw() {
    ModelSegment segment;
    const std::uint64_t kind = rng_.below(100);
    segment.is_ack = kind < 82 || kind >= 95;
    segment.is_syn = (kind >= 78 && kind < 90) || (!is_synchronized() && rng_.below(2) == 0);
    segment.is_rst = !segment.is_syn && kind >= 92 && kind < 97;
    segment.is_fin = !segment.is_syn && !segment.is_rst && rng_.below(8) == 0;
    // Connections must come about, too.
    if (!is_synchronized() && rng_.below(3) == 0) {
      segment.is_syn = true;
      segment.is_rst = segment.is_fin = false;
      segment.is_ack = ref_.state() == State::kSynSent && rng_.below(2) == 0;
    }
    // RFC 6191 says what a SYN does in TIME-WAIT, RFC 1337 what a RST does not; both have tests.
    if (ref_.state() == State::kTimeWait) {
      segment.is_ack = true;
      segment.is_rst = false;
    }
    segment.seq = draw_seq();
    segment.ack = segment.is_ack ? draw_ack() : 0;
    if (!segment.is_syn && !segment.is_rst && rng_.below(3) == 0) {
      const std::uint64_t size = 1 + rng_.below(700);
      for (std::uint64_t i = 0; i < size; ++i) {
        // The byte of a number is always the same.
        const std::uint32_t at = segment.seq + static_cast<std::uint32_t>(i) - peer_text_;
        segment.text += static_cast<char>('a' + at % 26);
      }
    }
    make_one_end(segment);
    return segment;
  }

  // A peer's stream has one end, and no text behind it: what is to be made of two the RFC leaves
  // open.
  void make_one_end(ModelSegment& segment) {
    constexpr std::int32_t kFar = 100'000;
    if (!is_synchronized()) {
      peer_fin_.reset();
      peer_end_ = 0;
      return;
    }
    // It may begin before the SYN and still reach into the window.
    const auto begin = static_cast<std::int32_t>(segment.seq - ref_.irs());
    if (begin > kFar || begin < -kFar) return;
    auto end = begin + static_cast<std::int32_t>(segment.text.size());
    if (peer_fin_ && end > *peer_fin_) {
      end = std::max(begin, *peer_fin_);
      segment.text.resize(static_cast<std::size_t>(end - begin));
    }
    if (segment.is_fin && !peer_fin_ && end >= peer_end_) peer_fin_ = end;
    segment.is_fin = segment.is_fin && end == peer_fin_;
    peer_end_ = std::max(peer_end_, end);
  }

  std::uint32_t draw_seq() {
    const std::uint32_t base = is_synchronized() ? ref_.rcv_nxt() : peer_text_;
    const auto little = static_cast<std::uint32_t>(rng_.below(1500));
    switch (rng_.below(16)) {
      case 0: return base - 1;
      case 1: return base - little;
      case 2:
      case 3: return base + little;
      case 4: return base + 200'000;
      case 5: return base - 200'000;
      case 6: return is_synchronized() ? ref_.irs() : base;
      default: return base;
    }
  }

  std::uint32_t draw_ack() {
    const bool has_numbers = is_synchronized() || ref_.state() == State::kSynSent;
    if (!has_numbers) return static_cast<std::uint32_t>(rng_.next());
    const std::uint32_t una = ref_.snd_una(), nxt = ref_.snd_nxt();
    const auto little = static_cast<std::uint32_t>(1 + rng_.below(1000));
    switch (rng_.below(16)) {
      case 0: return una;
      case 1: return una + static_cast<std::uint32_t>(rng_.below(nxt - una + 1));
      case 2: return nxt + 1;
      case 3: return nxt + little;
      case 4: return una - little;
      case 5: return una - 200'000;
      default: return nxt;
    }
  }

  void say(const ModelSegment& said) {
    log_ << "SEQ=" << said.seq - ref_.irs() << " ACK=" << said.ack - ref_.iss()
         << " LEN=" << said.text.size() << (said.is_syn ? " SYN" : "")
         << (said.is_ack ? " ACK" : "") << (said.is_fin ? " FIN" : "")
         << (said.is_rst ? " RST" : "") << '\n';
    const State before = ref_.state();
    const ModelReply expected = ref_.on_segment(said);
    if (before == State::kListen && ref_.state() == State::kSynReceived) awaits_iss_ = true;
    deliver(said);
    compare(expected, may_acknowledge(before, said, expected));
  }

  void deliver(const ModelSegment& said) {
    Segment segment;
    segment.flow = peer_.flow();
    segment.hop_limit = 64;
    segment.seq = SequenceNumber(said.seq);
    segment.ack = SequenceNumber(said.ack);
    segment.window = 65535;
    if (said.is_syn) {
      segment.flags |= wire::kTcpSyn;
      segment.options.maximum_segment_size = 1460;
    }
    if (said.is_ack) segment.flags |= wire::kTcpAck;
    if (said.is_fin) segment.flags |= wire::kTcpFin;
    if (said.is_rst) segment.flags |= wire::kTcpRst;
    segment.payload_bytes = static_cast<std::uint32_t>(said.text.size());
    if (!said.text.empty()) {
      segment.payload = peer_.pool.allocate_for(said.text.size(), 0);
      ASSERT_NE(segment.payload, nullptr);
      copy_bytes(std::as_bytes(std::span(said.text)), segment.payload->append(said.text.size()));
    }
    static_cast<void>(peer_.transport.on_segment(std::move(segment), peer_.now));
  }

  // An ACK may be there, or not, where the text does not say or another RFC does.
  [[nodiscard]] static bool may_acknowledge(State before, const ModelSegment& said,
                                            const ModelReply& expected) {
    if (before == State::kTimeWait) return expected.kind != ModelReply::Kind::kReset;
    // A FIN behind the FIN: no peer sends it, and nothing says what it gets.
    const bool has_ended =
        before == State::kCloseWait || before == State::kClosing || before == State::kLastAck;
    if (has_ended && (said.is_fin || !said.text.empty())) return true;
    // The SYN of a half-open connection again: the SYN,ACK goes again, which is an acknowledgment.
    return before == State::kSynReceived && said.is_syn;
  }

  // ── Both ────────────────────────────────────────────────────────────────────────────────────
  [[nodiscard]] State state() {
    State found = has_listener_ ? State::kListen : State::kClosed;
    peer_.transport.for_each_row(
        [](void* context, const SocketRow& row) {
          const bool is_it = row.remote.port == Peer::kTheirPort;
          if (is_it && row.state != State::kClosed) *static_cast<State*>(context) = row.state;
        },
        &found);
    return found;
  }

  Heard hear(Duration duration) {
    Heard heard;
    for (const Outgoing& out : peer_.wait(duration)) {
      const wire::TcpHeader& header = out.header;
      if (header.flags.rst()) {
        heard.resets.push_back(header);
        continue;
      }
      if (header.flags.syn() && header.flags.ack()) {
        heard.syn_acks.push_back(header);
        if (awaits_iss_) ref_.set_iss(header.sequence_number);
        awaits_iss_ = false;
      }
      const std::size_t text = out.payload == nullptr ? 0 : out.payload->size();
      const std::uint32_t end = header.sequence_number + static_cast<std::uint32_t>(text) +
                                (header.flags.fin() ? 1U : 0U) + (header.flags.syn() ? 1U : 0U);
      if (is_synchronized()) {
        EXPECT_EQ(header.acknowledgment_number, ref_.rcv_nxt()) << "ACK of what did not come";
        if (static_cast<std::int32_t>(end - ref_.snd_nxt()) > 0) ref_.set_snd_nxt(end);
        EXPECT_LE(static_cast<std::int32_t>(end - ref_.send_limit()), 0) << "sent what is not";
      }
      const bool is_pure = end == header.sequence_number;
      if (is_pure) {
        EXPECT_EQ(header.sequence_number, ref_.snd_nxt()) << "an ACK of another number";
      }
      ++(is_pure ? heard.acks : heard.carriers);
    }
    return heard;
  }

  void compare(const ModelReply& expected, bool may_tell) {
    constexpr Duration kPrompt = 45ms;  // ACKs are delayed by 40 ms at most
    constexpr Duration kPause = 555ms;  // in which nothing but timers makes anything go
    const Heard prompt = hear(kPrompt);
    switch (expected.kind) {
      case ModelReply::Kind::kReset: {
        ASSERT_EQ(prompt.resets.size(), 1U);
        EXPECT_EQ(prompt.resets[0].sequence_number, expected.seq);
        EXPECT_EQ(prompt.resets[0].flags.ack(), expected.has_ack);
        if (expected.has_ack) {
          EXPECT_EQ(prompt.resets[0].acknowledgment_number, expected.ack);
        }
        break;
      }
      case ModelReply::Kind::kSynAck:
        ASSERT_GE(prompt.syn_acks.size(), 1U);
        EXPECT_EQ(prompt.syn_acks[0].sequence_number, ref_.iss());
        break;
      case ModelReply::Kind::kAck:
        EXPECT_TRUE(may_tell || prompt.acks + prompt.carriers != 0) << "no ACK";
        break;
      case ModelReply::Kind::kNothing:
        EXPECT_TRUE(may_tell || prompt.acks == 0) << "an ACK that nothing asks for";
        break;
    }
    if (expected.kind != ModelReply::Kind::kReset) {
      EXPECT_TRUE(prompt.resets.empty());
    }
    EXPECT_EQ(to_text(state()), to_text(ref_.state()));
    accept();
    EXPECT_EQ(read(), ref_.take_delivered());
    const Heard late = hear(kPause);
    EXPECT_EQ(late.acks, 0U) << "an ACK too late";
    EXPECT_TRUE(late.resets.empty());
    // What was reset or has ended is let go, so that the next one is alone.
    const bool is_over = ref_.state() == State::kClosed || ref_.state() == State::kListen;
    if (is_over && has_handle_) {
      peer_.transport.close(peer_.handle, peer_.now);
      has_handle_ = false;
    }
  }

  void accept() {
    if (!has_listener_ || has_handle_) return;
    const auto accepted = peer_.transport.accept(peer_.listener, peer_.now);
    if (!accepted) return;
    peer_.handle = *accepted;
    has_handle_ = true;
  }

  [[nodiscard]] std::string read() {
    std::string all;
    if (!has_handle_) return all;
    for (std::string some = peer_.read(); !some.empty(); some = peer_.read()) all += some;
    return all;
  }

  Rng rng_;
  Peer peer_;
  model::Rfc9293 ref_;
  std::uint32_t peer_text_ = 0;
  std::optional<std::int32_t> peer_fin_;  // where its stream ends, counted from its SYN
  std::int32_t peer_end_ = 0;             // of what it has sent of that
  bool has_listener_ = false, has_handle_ = false, awaits_iss_ = false;
  std::ostringstream log_;
};

struct Seeds {
  std::uint64_t first = 1, last = 300;
};

Seeds seeds_to_run() {
  Seeds seeds;
  if (std::getenv("STRATA_FULL") != nullptr) seeds.last = 20'000;
  if (const char* text = std::getenv("STRATA_SEEDS")) {
    unsigned long long first = 0, last = 0;
    if (std::sscanf(text, "%llu-%llu", &first, &last) == 2) seeds = {first, last};
  }
  return seeds;
}

TEST(Rfc9293, TheTransportDoesWhatTheTextSays) {
  const Seeds seeds = seeds_to_run();
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    SCOPED_TRACE("STRATA_SEEDS=" + std::to_string(seed) + "-" + std::to_string(seed));
    Contest(seed).run(60);
    if (::testing::Test::HasFailure()) break;
  }
}

}  // namespace
}  // namespace strata::tcp::rfc9293_test
