// SPDX-License-Identifier: Apache-2.0
// A whole stack, fed frames, calls and time. The input is a program for it:
//
//   opcode (1 byte), operands, opcode, operands, ...
//
// Frames come with valid headers where the opcode says so, for a mutated byte string would hardly
// ever pass a checksum. Whatever happens, every packet goes back to its pool and every byte of
// memory to where it came from.
#include <chrono>
#include <optional>

#include "fuzz/input.h"
#include "fuzz/law.h"
#include "stack/core.h"
#include "stack/out/send_udp.h"
#include "strata/stack.h"
#include "strata/wire/icmpv6.h"
#include "strata/wire/ip_protocol.h"
#include "support/frames.h"
#include "support/tcp_frames.h"
#include "support/test_device.h"

using namespace strata;
using namespace strata::support;
using strata::fuzz::require;

namespace {

const MacAddress kOwnMac = MacAddress::from_value(0x0200'0000'0001);
const MacAddress kPeerMac = MacAddress::from_value(0x0200'0000'0002);

class Script : public fuzz::Input {
 public:
  using fuzz::Input::Input;
  Frame bytes(std::size_t count) { return Frame(fuzz::Input::bytes(count)); }
  template <typename T, std::size_t kCount>
  const T& one_of(const std::array<T, kCount>& choices) {
    return choices[byte() % kCount];
  }
};

const std::array kAddresses4 = {
    IpAddress::v4(10, 0, 0, 1),  IpAddress::v4(10, 0, 0, 2),   IpAddress::v4(10, 0, 0, 255),
    IpAddress::v4(10, 1, 0, 1),  IpAddress::v4(10, 1, 0, 9),   IpAddress::limited_broadcast(),
    IpAddress::v4(224, 0, 0, 1), IpAddress::v4(239, 1, 1, 1),  IpAddress::any_v4(),
    IpAddress::loopback_v4(),    IpAddress::v4(192, 0, 2, 77), IpAddress::v4(169, 254, 3, 4)};
const std::array kAddresses6 = {IpAddress::v6(0xfd00'0000'0000'0000, 1),
                                IpAddress::v6(0xfd00'0000'0000'0000, 2),
                                IpAddress::v6(0xfe80'0000'0000'0000, 1),
                                IpAddress::v6(0xfe80'0000'0000'0000, 2),
                                IpAddress::all_nodes_v6(),
                                IpAddress::v6(0xff02'0000'0000'0000, 0x1ff00'0001),
                                IpAddress::v6(0xff0e'0000'0000'0000, 1),
                                IpAddress::any_v6(),
                                IpAddress::loopback_v6(),
                                IpAddress::v6(0x2001'0db8'0000'0000, 77)};
const std::array<std::uint8_t, 8> kProtocols = {
    wire::kIpProtocolUdp,     wire::kIpProtocolIcmpv4,   wire::kIpProtocolIcmpv6,
    wire::kIpProtocolIgmp,    wire::kIpProtocolHopByHop, wire::kIpProtocolFragment,
    wire::kIpProtocolRouting, std::uint8_t{200}};

class World {
 public:
  explicit World(Script script)
      : pool_(pool_memory_, {.small_buffers = 96,
                             .large_buffers = 4,
                             .external_buffers = 0,
                             .extra_descriptors = 96}),
        second_({.mtu = 1300, .mac = MacAddress::from_value(0x0200'0000'0003)}),
        script_(script) {}

  void run() {
    StackConfig config;
    config.memory = &memory_;
    config.pool = &pool_;
    config.seed = script_.byte();
    const unsigned flags = script_.byte();
    config.forward_ipv4 = config.forward_ipv6 = (flags & 1U) != 0;
    config.transmit_queue_max = (flags & 2U) != 0 ? 8 : 1024;
    config.neighbors_max = (flags & 4U) != 0 ? 2 : 1024;
    config.reassembly_datagrams_max = (flags & 8U) != 0 ? 2 : 256;
    auto stack = Stack::create(config);
    require(stack.has_value());
    stack_ = &*stack;
    set_up((flags & 16U) != 0);
    for (int steps = 0; !script_.empty() && steps < 400; ++steps) step();
    for (int i = 0; i < 3; ++i) turn(std::chrono::seconds(100));
    finish();
  }

 private:
  void set_up(bool detects_duplicates) {
    InterfaceConfig interface;
    interface.detect_duplicates = detects_duplicates;
    for (TestDevice* device : {&first_, &second_}) {
      device->keeps = false;
      require(stack_->add_interface(*device, interface, now_).has_value());
    }
    (void)stack_->add_address(2, Prefix(kAddresses4[0], 24), now_);
    (void)stack_->add_address(2, Prefix(kAddresses6[0], 64), now_);
    (void)stack_->add_address(2, Prefix(kAddresses6[2], 64), now_);
    (void)stack_->add_address(3, Prefix(kAddresses4[3], 24), now_);
    (void)stack_->add_neighbor(2, kAddresses4[1], kPeerMac, now_);
    (void)stack_->add_neighbor(2, kAddresses6[1], kPeerMac, now_);
    socket_ = *core().udp.open(AddressFamily::kIpv6);
    (void)core().udp.bind(socket(), {IpAddress::any_v6(), 7});
    listener_ =
        core().ensure_tcp()->listen({.local = {IpAddress::any_v6(), 7}, .backlog = 4}).value();
    turn(std::chrono::seconds(1));
  }

  void finish() {
    core().ready.remove(socket().ready);
    core().udp.close(socket_);
    core().tcp->close_listener(listener_, now_);
    *stack_ = std::move(*Stack::create({.memory = &memory_, .pool = &pool_}));
    require(pool_.descriptors_in_use() == 0);
    require(pool_.small_free() == 96 && pool_.large_free() == 4);
    {
      const Stack gone(std::move(*stack_));
    }
    require(memory_.bytes_used() == 0);
  }

  stack::Core& core() { return stack_->core(); }
  udp::Socket& socket() { return *core().udp.find(socket_); }

  void turn(Duration later) {
    now_ += later;
    for (int i = 0; i < 8 && stack_->poll(now_); ++i) {
    }
    stack_->flush(now_);
    while (PacketPtr packet = socket().queue.pop()) {
    }
  }

  void step() {
    switch (script_.byte() % 18) {
      case 0: return arrive(script_.bytes(script_.byte() * 6));
      case 1: return arrive_ip(kAddresses4, 0);
      case 2: return arrive_ip(kAddresses6, 0);
      case 3: return arrive_arp();
      case 4: return arrive_icmp6();
      case 5: return arrive_fragment();
      case 6: return turn(std::chrono::milliseconds(script_.word()));
      case 7: return turn(std::chrono::seconds(script_.byte()));
      case 8: return send();
      case 9: return change_address();
      case 10: return change_device();
      case 11: return change_group();
      case 12: return change_route();
      case 13: return connect();
      case 14: return arrive_udp();
      case 15: return arrive_tcp();
      case 16: return arrive_halves();
      default: return change_options();
    }
  }

  TestDevice& device() { return script_.byte() % 4 == 0 ? second_ : first_; }
  void arrive(Frame frame) { device().push(std::move(frame)); }
  void arrive_on_link(const IpAddress& destination, const Frame& packet) {
    const MacAddress mac = destination.is_multicast() ? MacAddress::for_multicast(destination)
                           : script_.byte() % 8 == 0  ? MacAddress::broadcast()
                                                      : kOwnMac;
    arrive(ip_frame(mac, kPeerMac, packet));
  }

  template <typename Addresses>
  void arrive_ip(const Addresses& addresses, int) {
    const IpAddress source = script_.one_of(addresses);
    const IpAddress destination = script_.one_of(addresses);
    const std::uint8_t protocol = script_.one_of(kProtocols);
    const auto hops = static_cast<std::uint8_t>(script_.byte());
    arrive_on_link(destination,
                   ip_packet(source, destination, protocol, script_.bytes(script_.byte()), hops));
  }
  void arrive_arp() {
    const wire::ArpHeader header{wire::ArpOperation{static_cast<std::uint16_t>(script_.byte() % 3)},
                                 kPeerMac, script_.one_of(kAddresses4), kOwnMac,
                                 script_.one_of(kAddresses4)};
    arrive(ethernet(kOwnMac, kPeerMac, wire::kEtherTypeArp, arp_packet(header)));
  }
  void arrive_icmp6() {
    const IpAddress source = script_.one_of(kAddresses6);
    const IpAddress destination = script_.one_of(kAddresses6);
    const auto type = static_cast<std::uint8_t>(script_.byte());
    const std::uint8_t hops = script_.byte() % 4 == 0 ? 1 : 255;
    arrive_on_link(destination,
                   icmp_packet(source, destination, type, 0, script_.bytes(script_.byte()), hops));
  }
  void arrive_udp() {
    const bool is_v4 = script_.byte() % 2 == 0;
    const IpAddress source = is_v4 ? script_.one_of(kAddresses4) : script_.one_of(kAddresses6);
    const IpAddress destination = is_v4 ? script_.one_of(kAddresses4) : script_.one_of(kAddresses6);
    arrive_on_link(destination,
                   udp_packet({source, 9}, {destination, 7}, script_.bytes(script_.byte())));
  }
  void arrive_tcp() {
    const bool is_v4 = script_.byte() % 2 == 0;
    const IpAddress source = is_v4 ? script_.one_of(kAddresses4) : script_.one_of(kAddresses6);
    const IpAddress destination = is_v4 ? script_.one_of(kAddresses4) : script_.one_of(kAddresses6);
    const auto port = static_cast<std::uint16_t>(9 + script_.byte() % 8);
    const wire::TcpHeader header{
        .sequence_number = script_.number(),
        .acknowledgment_number = script_.number(),
        .flags = wire::TcpFlags{static_cast<std::uint16_t>(script_.byte())},
        .window = script_.word()};
    const Frame options = script_.bytes(script_.byte() % 11U * 4U);
    const Frame padded(options.size() % 4 == 0 ? options.all() : Bytes{});
    arrive_on_link(destination, tcp_packet({source, port}, {destination, 7}, header,
                                           script_.bytes(script_.byte()), padded));
  }
  // A datagram in two fragments that fit: by chance no two ever do.
  void arrive_halves() {
    const Frame whole = udp_packet({kAddresses4[1], 9}, {kAddresses4[0], 7}, pattern(80));
    const Bytes body = whole.all().subspan(wire::Ipv4Layout::kSize);
    const std::uint16_t identification = script_.word();
    const std::size_t cut = 8 + script_.byte() % 8U * 8U;
    for (const bool more : {true, false}) {
      arrive(ip_frame(kOwnMac, kPeerMac,
                      ipv4_packet({.identification = identification,
                                   .more_fragments = more,
                                   .fragment_offset = static_cast<std::uint16_t>(more ? 0 : cut),
                                   .protocol = wire::kIpProtocolUdp,
                                   .source = kAddresses4[1],
                                   .destination = kAddresses4[0]},
                                  Frame(more ? body.first(cut) : body.subspan(cut)))));
    }
  }
  void arrive_fragment() {
    const unsigned flags = script_.byte();
    const auto identification = static_cast<std::uint16_t>(script_.byte() % 4);
    const auto offset = static_cast<std::uint16_t>(script_.word() & 0xfff8U);
    const Frame part = script_.bytes((flags & 4U) != 0 ? (flags & 0xf8U) : flags);
    if ((flags & 1U) != 0) {
      return arrive_on_link(kAddresses4[0], ipv4_packet({.identification = identification,
                                                         .more_fragments = (flags & 2U) != 0,
                                                         .fragment_offset = offset,
                                                         .protocol = wire::kIpProtocolUdp,
                                                         .source = kAddresses4[1],
                                                         .destination = kAddresses4[0]},
                                                        part));
    }
    Frame header(wire::Ipv6FragmentLayout::kSize);
    write(wire::Ipv6FragmentHeader{.next_header = wire::kIpProtocolUdp,
                                   .fragment_offset = offset,
                                   .more_fragments = (flags & 2U) != 0,
                                   .identification = identification},
          header.writable().first<wire::Ipv6FragmentLayout::kSize>());
    arrive_on_link(kAddresses6[0], ipv6_packet({.next_header = wire::kIpProtocolFragment,
                                                .source = kAddresses6[1],
                                                .destination = kAddresses6[0]},
                                               header + part));
  }

  void send() {
    const bool is_v4 = script_.byte() % 2 == 0;
    const Endpoint to{is_v4 ? script_.one_of(kAddresses4) : script_.one_of(kAddresses6), 7};
    const Frame payload = pattern(script_.word());
    const Bytes part = payload.all();
    SendChoices choices;
    choices.destination = to;
    choices.segment_size = script_.byte() % 4 == 0 ? 500 : 0;
    (void)stack::send_udp(core(), socket(), {&part, 1}, choices, now_);
  }
  void connect() {
    const Endpoint to{
        script_.byte() % 2 == 0 ? script_.one_of(kAddresses4) : script_.one_of(kAddresses6), 9};
    if (script_.byte() % 2 == 0) return void(core().udp.disconnect(socket()));
    if (const auto source = stack::source_towards(core(), to, kNoInterface)) {
      (void)core().udp.connect(socket(), to, *source);
    }
  }
  void change_options() {
    SocketOptions& options = socket().options;
    const unsigned flags = script_.byte();
    options.broadcast = (flags & 1U) != 0;
    options.multicast_loop = (flags & 2U) != 0;
    options.receive_errors = (flags & 4U) != 0;
    options.fragment_policy = FragmentPolicy{static_cast<std::uint8_t>((flags >> 3U) % 3)};
    options.multicast_interface = static_cast<InterfaceId>(script_.byte() % 5);
    options.bound_interface = static_cast<InterfaceId>((flags & 64U) != 0 ? 2 : 0);
  }
  void change_address() {
    const bool is_v4 = script_.byte() % 2 == 0;
    const IpAddress address = is_v4 ? script_.one_of(kAddresses4) : script_.one_of(kAddresses6);
    const auto interface = static_cast<InterfaceId>(1 + script_.byte() % 5);
    const unsigned length = script_.byte() % (is_v4 ? 33U : 129U);
    if (script_.byte() % 3 == 0) {
      (void)stack_->remove_address(interface, address, now_);
    } else {
      (void)stack_->add_address(interface, Prefix(address, length), now_);
    }
  }
  void change_device() {
    const auto interface = static_cast<InterfaceId>(2 + script_.byte() % 4);
    switch (script_.byte() % 8) {
      case 0: return void(stack_->set_interface_up(interface, false, now_));
      case 1: return void(stack_->set_interface_up(interface, true, now_));
      case 2: first_.room_left = script_.byte() % 16; return;
      case 3: first_.room_left = second_.room_left = SIZE_MAX; return;
      case 4: first_.takes_at_once = script_.byte() % 8; return;
      case 5: first_.is_plugged = script_.byte() % 2 == 0; return;
      case 6:
        return void(stack_->add_vlan(interface, {.tags = {{{.id = 5}}}, .count = 1}, {}, now_));
      default: return void(stack_->remove_interface(interface, now_));
    }
  }
  void change_group() {
    const IpAddress group = script_.byte() % 2 == 0 ? kAddresses4[7] : kAddresses6[6];
    const IpAddress source = group.is_v4() ? kAddresses4[1] : kAddresses6[1];
    stack::Interface* interface =
        core().interface(static_cast<InterfaceId>(2 + script_.byte() % 2));
    if (interface == nullptr) return;
    const auto key = stack::udp_socket_key(socket_);
    switch (script_.byte() % 5) {
      case 0: return void(interface->groups.tell().join(key, group, now_));
      case 1: return void(interface->groups.tell().leave(key, group, now_));
      case 2: return void(interface->groups.tell().add_source(key, group, source, now_));
      case 3: return void(interface->groups.tell().block_source(key, group, source, now_));
      default: return interface->groups.tell().leave_all(key, now_);
    }
  }
  void change_route() {
    const bool is_v4 = script_.byte() % 2 == 0;
    const RouteEntry route{
        .destination = Prefix(is_v4 ? script_.one_of(kAddresses4) : script_.one_of(kAddresses6),
                              script_.byte() % (is_v4 ? 33U : 129U)),
        .gateway = is_v4 ? script_.one_of(kAddresses4) : script_.one_of(kAddresses6),
        .interface = static_cast<InterfaceId>(script_.byte() % 5)};
    if (script_.byte() % 3 == 0) {
      (void)stack_->remove_route(route);
    } else {
      (void)stack_->add_route(route);
    }
  }

  HeapMemory pool_memory_;
  HeapMemory memory_;
  PacketPool pool_;
  TestDevice first_;
  TestDevice second_;
  Script script_;
  Time now_ = Time{} + std::chrono::seconds(1000);
  Stack* stack_ = nullptr;
  Handle socket_;
  Handle listener_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  World(Script(strata::fuzz::as_input(data, size))).run();
  return 0;
}
