// SPDX-License-Identifier: Apache-2.0
// Subjects: the sockets and connections that packets of a script belong to.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "script/language/ast.h"
#include "script/run/flow.h"
#include "script/run/live_packet.h"

namespace strata::script {

struct Subject {
  enum class Kind : std::uint8_t {
    kListening,
    kConnecting,  // connect() was called, its SYN not seen yet
    kConnection,
    kDatagrams,
  };
  Kind kind = Kind::kConnection;
  int descriptor = -1;  // as the calls know it
  Flow flow;
};

// Scripts rarely name ports: a packet belongs to the subject that was spoken of last, unless it
// says otherwise.
//
//   listen() ──> the next segment in makes a connection, with a port of its own
//   connect() ─> the next SYN out tells its port
//   ports given in a script are those on the wire; a SYN with new ones opens a new connection
class Subjects {
 public:
  explicit Subjects(const Options& options) : options_(options) {}

  void on_listen(int descriptor, const Endpoint& local);
  void on_connect(int descriptor, const Endpoint& remote);
  void on_datagrams(int descriptor, const Endpoint& local, std::optional<Endpoint> remote);
  void on_accept(int descriptor, const Endpoint& remote);
  void on_close(int descriptor);

  // Whom a packet of the script belongs to; null when there is nobody.
  [[nodiscard]] Subject* find_for(const PacketSpec& packet);
  // Whether a packet that left the stack is this subject's; learns what a SYN tells.
  [[nodiscard]] bool belongs(const LivePacket& live, const PacketSpec& expected, Subject& subject);
  // The initial sequence numbers of a SYN that was expected and came.
  static void learn_numbers(const LivePacket& live, const TcpSpec& expected, Flow& flow);
  // A SYN on its way in.
  static void note_inbound(const TcpSpec& tcp, Flow& flow);

  [[nodiscard]] Subject* current() { return current_; }

 private:
  Subject& add(Subject::Kind kind, int descriptor);
  Subject& add_child(const PacketSpec& packet);
  [[nodiscard]] Subject* find_by_ports(std::uint16_t local, std::uint16_t remote);
  [[nodiscard]] Subject* find_kind(Subject::Kind kind);
  [[nodiscard]] Subject* find_for_tcp(const PacketSpec& packet, const TcpSpec& tcp);

  const Options& options_;
  std::deque<Subject> subjects_;  // they do not move
  Subject* current_ = nullptr;
  std::uint16_t next_port_ = 40'001;
};

}  // namespace strata::script
