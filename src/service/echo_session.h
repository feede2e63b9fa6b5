// SPDX-License-Identifier: Apache-2.0
// EchoSession: what ping does, on any stack and any executor, without a word of output.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/failure.h"
#include "strata/bytes.h"
#include "strata/executor.h"
#include "strata/icmp_socket.h"
#include "strata/inline_function.h"
#include "strata/stack.h"

//   start() ──> send ──(interval; flood: every reply, or 10 ms)──> send ... the last one
//                                                                      │
//   on_done <──(all answered, or nothing came for `patience`)─────────┘
//
// 1. Sequence numbers are those of the wire, modulo 2^16; the last kRemembered requests are known.
// 2. A reply that comes a second time is a duplicate: it counts for nothing but `duplicates`.
// 3. No callback is called after on_done or after the session has ended.
// 4. With a deadline `count` is the number of answers: sending goes on until they have come, an
//    error is told, or the time is up, as with ping -w.

namespace strata::service {

struct EchoOptions {
  IpAddress destination;
  std::string name = {};                 // as the destination was called; empty: its address
  InterfaceId interface = kNoInterface;  // to leave by; link-local destinations need one
  std::optional<IpAddress> source = std::nullopt;
  std::string from = {};    // source and interface in words, where somebody chose
  std::uint64_t count = 0;  // 0: until stop()
  Duration interval = std::chrono::seconds(1);
  std::size_t size = 56;
  std::optional<std::uint8_t> hop_limit = std::nullopt;
  std::optional<Duration> patience =
      std::nullopt;  // after the last request; none: twice the longest round trip
  std::optional<Duration> deadline = std::nullopt;  // of the whole session
  bool flood = false;
};

// The first byte of an answer that is not the one that was sent.
struct WrongByte {
  std::size_t at = 0;
  std::byte sent{};
};

struct EchoAnswer {
  std::uint16_t sequence_number = 0;
  std::size_t size = 0;  // of the ICMP message
  IpAddress source;
  std::uint8_t hop_limit = 0;
  Duration round_trip{};
  bool is_duplicate = false;  // never when a group was asked
  bool is_truncated = false;  // the payload is shorter than what was sent
  std::optional<WrongByte> wrong_byte = std::nullopt;
  Bytes payload{};  // as it came, until on_answer returns
};

struct EchoStatistics {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t errors = 0;
  Duration elapsed{};  // from the first request to the last event
  Duration shortest{}, longest{}, mean{}, deviation{};
  Duration smoothed{};     // exponentially weighted, as ping does: 7/8 of what was, 1/8 of the new
  std::uint32_t pipe = 0;  // the most requests that were under way at once
};

struct EchoEvents {
  InlineFunction<void(std::uint16_t)> on_sent = nullptr;
  InlineFunction<void(const EchoAnswer&)> on_answer = nullptr;
  InlineFunction<void(const SocketError&)> on_error = nullptr;  // destination.port: the sequence
  InlineFunction<void()> on_done = nullptr;
};

class EchoSession {
 public:
  // The session must stay where it is once it has started.
  EchoSession(Stack& stack, Executor& executor, const EchoOptions& options, EchoEvents events);
  ~EchoSession();
  EchoSession(const EchoSession&) = delete;
  EchoSession& operator=(const EchoSession&) = delete;

  // The failure of the first request is told here; of later ones through on_error.
  [[nodiscard]] Outcome<void> start();
  void stop();  // no further request; ends at once
  [[nodiscard]] bool is_done() const { return is_done_; }
  [[nodiscard]] EchoStatistics statistics() const;
  [[nodiscard]] std::uint16_t identifier() const { return identifier_; }
  // Why a request could not leave, when that was so.
  [[nodiscard]] const std::optional<Error>& send_error() const { return send_error_; }

 private:
  static constexpr std::size_t kRemembered = 4096;
  struct Request {
    Time sent{};
    std::uint16_t sequence_number = 0;
    bool is_pending = false;
    bool is_known = false;
  };

  [[nodiscard]] Result<void> send();
  void send_next();
  void arm(Duration wait);
  void arm_patience();
  void receive();
  void take_reply(const EchoReply& reply);
  void take_error(const SocketError& error);
  void on_settled();
  void note_under_way(std::uint16_t sequence_number);
  void finish();
  [[nodiscard]] bool has_more_to_send() const {
    return options_.count == 0 || (options_.deadline ? received_ : sent_) < options_.count;
  }
  [[nodiscard]] Request& request(std::uint16_t sequence_number) {
    return requests_[sequence_number % kRemembered];
  }

  Stack& stack_;
  Executor& executor_;
  EchoOptions options_;
  EchoEvents events_;
  std::optional<IcmpSocket> socket_;
  std::uint16_t identifier_ = 0;
  std::vector<Request> requests_;
  std::vector<std::byte> payload_;
  std::vector<std::byte> buffer_;
  std::optional<TimerId> timer_;
  std::optional<TimerId> deadline_timer_;
  bool is_done_ = false;
  std::optional<Error> send_error_;
  Time first_sent_{};
  Time last_event_{};
  std::uint64_t sent_ = 0, received_ = 0, duplicates_ = 0, errors_ = 0, settled_ = 0;
  Duration shortest_ = Duration::max(), longest_{}, total_{};
  Duration smoothed_{};
  std::uint32_t pipe_ = 0;
  double squares_ = 0;  // of microseconds
};

}  // namespace strata::service
