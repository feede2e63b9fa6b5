// SPDX-License-Identifier: Apache-2.0
// A transport of one's own beside TCP and UDP: numbered messages, each acknowledged, sent again
// until it is. IP protocol 253 is for experiments (RFC 3692). Two hosts, a line that loses a third.
#include <cstdio>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "strata/packet_pool.h"
#include "strata/sim.h"
#include "strata/wire/field.h"

using namespace strata;
using namespace std::chrono_literals;

constexpr std::uint8_t kProtocol = 253;

//   0               16              32
//   |     number    | 0 text, 1 ack |
struct NoteLayout {
  using Number = wire::Field<std::uint16_t, 0>;
  using Kind = wire::Field<std::uint16_t, Number::kEnd>;
  static constexpr std::size_t kSize = Kind::kEnd;
};
enum : std::uint16_t { kText, kAcknowledgement };

class Notes final : public ProtocolHandler {
 public:
  Notes(sim::Host& host, IpAddress peer) : host_(host), peer_(peer) {
    (void)host.stack().set_protocol_handler(kProtocol, this);
  }
  ~Notes() override { (void)host_.stack().set_protocol_handler(kProtocol, nullptr); }
  Notes(const Notes&) = delete;
  Notes& operator=(const Notes&) = delete;

  void send(std::string text) { send_until_acknowledged(next_++, std::move(text)); }

  std::map<std::uint16_t, std::string> received;
  int sent = 0;

  // The packet begins with its IP header.
  void on_packet(PacketPtr packet, const IpAddress& /*source*/, const IpAddress& /*destination*/,
                 Time /*now*/) override {
    const Bytes note = packet->bytes().subspan(packet->notes().transport_offset);
    if (note.size() < NoteLayout::kSize) return;
    const std::uint16_t number = NoteLayout::Number::get(note);
    if (NoteLayout::Kind::get(note) == kAcknowledgement) {
      waiting_.erase(number);
      return;
    }
    const Bytes text = note.subspan(NoteLayout::kSize);
    received.emplace(number, std::string(reinterpret_cast<const char*>(text.data()), text.size()));
    transmit(number, kAcknowledgement, {});
  }

 private:
  void send_until_acknowledged(std::uint16_t number, std::string text) {
    transmit(number, kText, text);
    waiting_[number] = std::move(text);
    host_.executor().start_timer(host_.executor().now() + 200ms, [this, number] {
      const auto found = waiting_.find(number);
      if (found != waiting_.end()) send_until_acknowledged(number, found->second);
    });
  }
  void transmit(std::uint16_t number, std::uint16_t kind, std::string_view text) {
    PacketPtr packet = host_.stack().pool().allocate();
    if (packet == nullptr) return;  // as if it had been lost
    const MutableBytes note = packet->append(NoteLayout::kSize + text.size());
    NoteLayout::Number::set(note, number);
    NoteLayout::Kind::set(note, kind);
    copy_bytes(std::as_bytes(std::span(text)), note.subspan(NoteLayout::kSize));
    ++sent;
    (void)host_.stack().send_ip({}, peer_, kProtocol, std::move(packet), host_.executor().now());
    host_.wake();
  }

  sim::Host& host_;
  IpAddress peer_;
  std::uint16_t next_ = 0;
  std::map<std::uint16_t, std::string> waiting_;
};

int main() {
  sim::World world(1);
  sim::Host& alice = world.add_host("alice");
  sim::Host& bob = world.add_host("bob");
  world.connect(alice, bob, {.delay = 20ms, .loss = {1, 3}});
  alice.add_address("10.0.0.1/24");
  bob.add_address("10.0.0.2/24");
  world.run_for(10s);  // by then nobody has claimed the addresses

  Notes from_alice(alice, IpAddress::v4(10, 0, 0, 2));
  const Notes at_bob(bob, IpAddress::v4(10, 0, 0, 1));
  for (int i = 0; i < 20; ++i) from_alice.send("note " + std::to_string(i));
  world.run_for(30s);
  std::printf("%zu notes arrived of 20, in %d packets\n", at_bob.received.size(), from_alice.sent);
  return at_bob.received.size() == 20 && at_bob.received.at(7) == "note 7" ? 0 : 1;
}
