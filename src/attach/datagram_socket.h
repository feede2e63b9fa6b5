// SPDX-License-Identifier: Apache-2.0
// DatagramSocket: UDP for a program, over a pair that carries the very datagrams.
#pragma once

#include <netinet/in.h>
#include <sys/un.h>

#include <deque>
#include <vector>

#include "attach/socket.h"
#include "socket/posix/message_file.h"

// Datagrams lie in the pair in the order in which they came, and here, beside them, what the pair
// cannot carry: where each is from, its control messages, how long it was. A program that reads
// without asking for these takes datagrams away unseen; how many are left tells the kernel's count
// of what our end has in flight, since each datagram's share of it is known.
//
// An error that a connected socket is told (ECONNREFUSED) goes in as an empty datagram, so that
// poll() wakes: recvfrom() with an address and recvmsg() answer the error, read() answers 0.
//
// Who asks for all errors (IP_RECVERR) polls for POLLERR. A pair of packets has it only when it is
// over, but one of datagrams can have it and live: when our end leaves its peer with datagrams
// unread, Linux sets the peer's error (unix(7)), and then our end comes back by the peer's name.
// Such a pair does not tell that the program has closed its end: that must be asked now and then.
// Its error is ECONNRESET, whatever happened, and send() without an address would answer that: it
// is set when the program has sent nothing for a moment, as those who then wait in poll().

namespace strata::attach {

class DatagramSocket final : public Socket {
 public:
  // What lies beside a datagram's bytes.
  struct Entry {
    int charge = 0;  // what the kernel counts for it
    sockaddr_storage source{};
    socklen_t source_size = 0;
    std::vector<std::byte> control;
    std::size_t size = 0;
    Answer error = 0;
  };
  struct Datagram {
    std::vector<std::byte> bytes;
    Entry entry;
  };

  DatagramSocket(posix::FilePtr file, Pair& pair, ProgramDescriptors& descriptors)
      : Socket(std::move(file), pair, descriptors) {}

  void pump(Time now) override;
  [[nodiscard]] std::size_t bytes_inward() const override;
  [[nodiscard]] std::size_t bytes_outward() const override { return to_stack_.size(); }

  // One datagram for a program that wants to know all about it. `message` has our own memory in
  // it; `theirs` is a copy of the program's end, or negative when the pair is known to be empty.
  [[nodiscard]] Answer receive(msghdr& message, int flags, int theirs, Time now);
  // The newest error that lies in the pair: SO_ERROR tells it, and it is gone. 0: none.
  [[nodiscard]] Answer take_error_out(int theirs);
  // Those that did not reach the program come before all others again.
  void give_back(std::vector<Datagram> datagrams);
  [[nodiscard]] Answer send(const msghdr& message, int flags, Time now);
  [[nodiscard]] Answer shut_down(int how, int theirs, Time now);

  // Shall poll() tell of errors? Then it needs a pair of datagrams, and adopts it:
  [[nodiscard]] bool needs_signals() const;
  // One whose program end has a name, by which ours comes back.
  [[nodiscard]] static Answer name(const Pair& pair);
  void adopt_signalling(Pair& pair);
  // With such a pair: has the program closed its end? Then the next pump ends it.
  void ask_whether_held();
  // The program has asked about errors: poll() shall tell of those that are left. `theirs` is a
  // copy of its end.
  void follow_errors(int theirs, Time now);

 private:
  [[nodiscard]] int in_flight() const;
  // How many of the entries programs have taken.
  [[nodiscard]] std::size_t taken() const;
  void forget_taken();
  [[nodiscard]] bool move_inward(Time now);
  [[nodiscard]] bool move_outward(Time now);
  // False: there is no room for it now. Any other failure is the datagram's: sending one is never a
  // promise.
  [[nodiscard]] bool give_to_stack(Bytes datagram, Time now);
  [[nodiscard]] bool put_in(Bytes datagram, Entry entry);
  [[nodiscard]] bool put_back_in();
  [[nodiscard]] Answer take_out(msghdr& message, int flags, int theirs);
  [[nodiscard]] Answer take_given_back(msghdr& message, int flags);
  void finish(Time now);
  void tell_errors(Time now);
  void raise_error();
  [[nodiscard]] Answer receive_inward(msghdr& message, Time now);

  std::deque<Entry> entries_;
  std::deque<Datagram> given_back_;
  posix::MessageFile* messages_ = nullptr;  // the file, when the pair can signal errors
  sockaddr_un their_name_{};
  socklen_t their_name_size_ = 0;
  std::uint64_t errors_signalled_ = 0;
  bool has_to_tell_ = false;
  Time last_sent_{};
  std::vector<std::byte> to_stack_;  // a datagram for which the stack had no room
  bool has_to_stack_ = false;
  bool is_read_shut_ = false;
  bool is_write_shut_ = false;
};

}  // namespace strata::attach
