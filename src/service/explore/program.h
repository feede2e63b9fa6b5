// SPDX-License-Identifier: Apache-2.0
// Program: one end of a conversation, which knows each byte it must get, with choices of a trial.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/explore/trial.h"
#include "strata/sim.h"
#include "strata/tcp_stream.h"

// It writes its bytes, ends its direction, reads to the other's end, and closes. Choices say how
// many bytes a call moves, when it waits, and whether it ends in another way.

namespace strata::service {

// The choices of some kinds, in the order of their places.
class TrialSteps {
 public:
  using Wanted = bool (*)(ItemKind);
  TrialSteps() = default;
  TrialSteps(const std::vector<TrialItem>& items, Wanted wanted);
  // The next one that stands at or before a place; each is taken once.
  [[nodiscard]] const TrialItem* take(std::uint64_t place);
  // How far it is to the next; UINT64_MAX: there is none.
  [[nodiscard]] std::uint64_t distance(std::uint64_t place) const;

 private:
  std::vector<TrialItem> steps_;
  std::size_t next_ = 0;
};

struct ProgramPlan {
  std::uint64_t to_write = 0;
  std::uint64_t pattern_out = 1;
  std::uint64_t pattern_in = 2;
  // Bytes go out in return for bytes: the first `first` freely, then `give` for each `take` that
  // have come. take = 0: all freely.
  std::uint64_t first = 0, give = 0, take = 0;
  bool is_keeping_alive = false;
  std::vector<TrialItem> choices{};
};

class Program {
 public:
  Program(sim::Host& host, TcpStream stream, const ProgramPlan& plan);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void work();

  [[nodiscard]] bool is_over() const { return !stream_.has_value(); }
  [[nodiscard]] bool saw_end() const { return saw_end_; }
  [[nodiscard]] bool has_broken_off() const { return has_broken_off_; }
  // Where a byte was not what was written there.
  [[nodiscard]] std::optional<std::uint64_t> wrong_at() const { return wrong_at_; }
  [[nodiscard]] std::optional<Error> failure() const { return failure_; }
  [[nodiscard]] std::uint64_t bytes_read() const { return read_; }
  [[nodiscard]] std::uint64_t bytes_written() const { return written_; }
  // For people: where it stands.
  [[nodiscard]] std::string state() const;

 private:
  [[nodiscard]] Time now() { return host_.executor().now(); }
  [[nodiscard]] std::uint64_t goal() const;
  [[nodiscard]] bool has_written_all() const;
  void write();
  [[nodiscard]] bool write_some(std::size_t count);
  void read();
  // False: the program is over, or waits.
  [[nodiscard]] bool step_before_read();
  void take_bytes(Bytes bytes);
  [[nodiscard]] Result<std::size_t> read_some(std::size_t count);
  void set_option(const TrialItem& step);
  void pause(std::uint64_t nanoseconds, bool& is_paused, TimerId& timer);
  void check(Error error);
  void finish();

  sim::Host& host_;
  ProgramPlan plan_;
  std::optional<TcpStream> stream_;
  TrialSteps read_sizes_, read_pauses_, write_sizes_, write_pauses_, packets_, options_, breaks_;
  std::vector<std::byte> buffer_;
  std::size_t read_size_ = SIZE_MAX, write_size_ = SIZE_MAX;
  std::uint64_t written_ = 0, read_ = 0;
  bool answers_last_ = false, hands_packets_ = false, takes_packets_ = false;
  bool is_read_paused_ = false, is_write_paused_ = false;
  bool has_ended_ = false, saw_end_ = false, has_broken_off_ = false;
  TimerId read_timer_{}, write_timer_{};
  std::optional<std::uint64_t> wrong_at_;
  std::optional<Error> failure_;
};

// The bytes from `offset` on of the stream that `pattern` names: any misplaced one is seen.
void fill_pattern(MutableBytes bytes, std::uint64_t pattern, std::uint64_t offset);
// Where in that stream the first of these bytes stands that is another; none: all are right.
[[nodiscard]] std::optional<std::uint64_t> first_wrong(Bytes bytes, std::uint64_t pattern,
                                                       std::uint64_t offset);
// So often that a trial does not wait for it in vain.
void keep_alive(TcpStream& stream, Time now);

}  // namespace strata::service
