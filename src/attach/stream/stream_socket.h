// SPDX-License-Identifier: Apache-2.0
// StreamSocket: TCP for a program, over a stream pair that carries the very bytes.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "attach/lease/lease.h"
#include "attach/socket.h"

//   kFresh ── connect() ──> kConnecting ── established ──> kOpen ── both ends, or reset ──> kOver
//      │                        └ failed: kFresh again, or kBroken if nobody waits in connect()
//      └ listen() ──> kListening ── accept() ──> another one, kOpen from its birth
//
// Before it is open, the program's end is not writable: it is stuffed (pair.h). A listener's end
// has one byte to read for each connection that waits, a token, so poll() and epoll see what they
// would see of a kernel's listener; accept() takes the token away. The pair has room for a few
// hundred: while more connections wait than that, none is taken away.
//
// When the program has said that it will write no more (shutdown), one byte of ours stays unread
// behind its last one: a reset can still be told, for closing an end with bytes unread is one.
// Urgent bytes are urgent in the pair, too: POLLPRI, SIGURG, SIOCATMARK and recv(MSG_OOB) are the
// kernel's.
//
// SO_RCVLOWAT: no pair knows it for poll(), so fewer bytes than the mark stay with the stack as
// long as the pair is empty and nobody waits in a read; whoever does is the pair's, which knows it
// for read().
//
// What a program has written before it closed goes on its way, for as long as the peer takes some
// of it within a minute.
//
// While a lease is there (lease.h), bytes go by its rings; what comes by the pair is none of them.

namespace strata::attach {

class StreamSocket final : public Socket {
 public:
  // For socket(): stuffed. For accept(): open.
  StreamSocket(posix::FilePtr file, Pair& pair, ProgramDescriptors& descriptors, bool is_open);

  void pump(Time now) override;
  [[nodiscard]] bool is_stream() const override { return true; }
  [[nodiscard]] std::size_t bytes_inward() const override;
  [[nodiscard]] std::size_t bytes_outward() const override;

  [[nodiscard]] bool is_listening() const { return stage_ == Stage::kListening; }
  // Connections that nobody has accepted yet, and how many there may be.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::size_t backlog() const { return backlog_; }
  [[nodiscard]] bool is_open() const { return stage_ == Stage::kOpen; }
  // Nobody is at the other end, and no attempt is on its way.
  [[nodiscard]] bool is_alone() const {
    return stage_ == Stage::kFresh || stage_ == Stage::kListening;
  }
  // connect() failed, the program was told by poll(), and wants to try again on the same
  // descriptor: it needs a new pair.
  [[nodiscard]] bool is_broken() const { return stage_ == Stage::kBroken; }
  void renew(Pair& pair);

  // -EINPROGRESS: ask connect_answer() after each pump.
  [[nodiscard]] Answer connect(const sockaddr* address, socklen_t size, Time now);
  // Nothing while it is not known. Whoever was told of a failure has taken it.
  [[nodiscard]] std::optional<Answer> connect_answer() const;

  [[nodiscard]] Answer listen(int backlog, Time now);
  // Null and minus an errno, -EAGAIN when none waits. `theirs` is a copy of the program's end, or
  // negative when it cannot have a token.
  [[nodiscard]] posix::File::Accepted accept(int theirs, Time now);
  // accept() has not reached the program: the next one shall have it.
  void put_back(posix::FilePtr connection);

  [[nodiscard]] Answer shut_down(int how, int theirs, Time now);
  // For what the pair cannot carry (urgent bytes, bytes with the SYN): past it, to the stack.
  [[nodiscard]] Answer send_beside_pair(const msghdr& message, int flags, Time now);
  // Takes bytes for nobody, as many as lie in the pair, or with MSG_PEEK counts them. `theirs` is a
  // copy of the program's end, or negative: then it is looked for.
  [[nodiscard]] Answer discard(int theirs, std::size_t size, int flags);
  // An urgent byte that the pair could not carry.
  [[nodiscard]] std::optional<std::byte> take_urgent();
  // The low-water mark has become the file's: the pair has it too, and what lies there unread is
  // taken back if it may be too little. -ENOPROTOOPT beside a lease.
  [[nodiscard]] Answer follow_low_water(int theirs, Time now);
  // The next `size` bytes from the program are sent with MSG_MORE.
  void expect_more(std::size_t size);

  [[nodiscard]] bool has_lease() const { return lease_ != nullptr; }
  // The number of its slot. -EAGAIN: not now; other errors: never.
  [[nodiscard]] Answer begin_lease(const std::shared_ptr<SharedRoom>& room, int theirs);
  void end_lease(int theirs);
  // Of bytes in the ring, by a token.
  void remind_program() {
    if (lease_ != nullptr) lease_->remind(end_.get());
  }

 private:
  enum class Stage : std::uint8_t { kFresh, kListening, kConnecting, kOpen, kBroken, kOver };

  void follow_connecting(Time now);
  void take_connections(Time now);
  // Those of connections that wait no more.
  void take_tokens(int theirs);
  // False: there is nothing to move, or no room, now.
  [[nodiscard]] bool move_inward(Time now);
  [[nodiscard]] bool move_outward(Time now);
  [[nodiscard]] Answer learn_low_water(int theirs);
  [[nodiscard]] bool holds_back(Time now);
  [[nodiscard]] bool send_rest();
  [[nodiscard]] Answer read_stack(MutableBytes to, int flags, Time now);
  [[nodiscard]] Answer write_stack(Bytes from, int flags, Time now);
  [[nodiscard]] ssize_t read_pair();
  void move_urgent(Time now);
  void save_inward(Time now);
  // Bytes moved, or what the stack answered; -ENOBUFS: the ring is full.
  [[nodiscard]] Answer fill_ring(Time now);
  [[nodiscard]] bool move_inward_by_ring(Time now);
  [[nodiscard]] bool move_outward_by_ring(Time now);
  void look_at_leased_pair();
  void end_inward();
  void heed_failure(Time now);
  void end_outward(Time now);
  void watch_progress(Time now);
  void fail(Answer error, Time now);
  void drop_waiting(Time now);
  void take_end_mark(Time now);
  void finish(Time now);
  static void reset_on_close(posix::File& file, Time now);
  void take_stuffing();

  Stage stage_;
  std::size_t stuffing_ = 0;
  std::vector<std::byte> to_program_;  // read from the stack, and the pair was full
  std::vector<std::byte> to_stack_;    // read from the pair, and the stack was full
  std::uint64_t bytes_read_ = 0;       // from the pair
  std::uint64_t more_until_ = 0;
  std::size_t low_water_ = 1;  // the file's SO_RCVLOWAT
  Time next_look_{};           // for somebody who waits in a read
  bool peer_has_ended_ = false;
  bool end_is_told_ = false;  // to the program
  bool program_has_ended_ = false;
  bool is_end_marked_ = false;  // only our own byte is behind the program's last
  std::optional<std::byte> urgent_;
  bool was_urgent_ = false;     // something, once
  bool was_shut_down_ = false;  // by shutdown(): our end may hang up with the program's still open
  Answer connect_answer_ = 0;
  bool success_is_untold_ = false;  // Linux: the next connect() answers 0, those after it EISCONN
  std::size_t backlog_ = 0;
  std::deque<posix::FilePtr> waiting_;
  std::size_t tokens_ = 0;  // in the pair; no more than wait, except when they could not be taken
  std::optional<std::size_t> left_behind_;  // by a program that has closed its end
  Time progress_at_{};
  Time next_watch_{};
  std::unique_ptr<Lease> lease_;
  bool pair_has_ended_ = false;  // seen while there is a lease, whose ring comes first
};

}  // namespace strata::attach
