// SPDX-License-Identifier: Apache-2.0
// Frames of one's own beside IP: hosts tell each other their temperature by broadcast. Ethertype
// 0x88b5 is for local experiments (IEEE 802). Three hosts at a switch.
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "strata/packet_pool.h"
#include "strata/sim.h"
#include "strata/wire/field.h"

using namespace strata;
using namespace std::chrono_literals;

constexpr std::uint16_t kEthertype = 0x88b5;

struct ReportLayout {
  using CentiDegrees = wire::Field<std::uint16_t, 0>;
  static constexpr std::size_t kSize = CentiDegrees::kEnd;
};

class Thermometer final : public EthertypeHandler {
 public:
  Thermometer(sim::Host& host, std::uint16_t centi_degrees)
      : host_(host), centi_degrees_(centi_degrees) {
    (void)host.stack().set_ethertype_handler(kEthertype, this);
    tell();
  }
  ~Thermometer() override { (void)host_.stack().set_ethertype_handler(kEthertype, nullptr); }
  Thermometer(const Thermometer&) = delete;
  Thermometer& operator=(const Thermometer&) = delete;

  // The packet begins behind the link header.
  void on_frame(PacketPtr packet, const MacAddress& source, const MacAddress& /*destination*/,
                Time /*now*/) override {
    if (packet->bytes().size() < ReportLayout::kSize) return;
    others_[source] = ReportLayout::CentiDegrees::get(packet->bytes());
  }
  std::size_t known() const { return others_.size(); }
  int warmest() const {
    int most = centi_degrees_;
    for (const auto& [mac, centi_degrees] : others_) most = std::max(most, int{centi_degrees});
    return most;
  }

 private:
  void tell() {
    if (PacketPtr packet = host_.stack().pool().allocate()) {
      ReportLayout::CentiDegrees::set(packet->append(ReportLayout::kSize), centi_degrees_);
      (void)host_.stack().send_frame(host_.interface(), MacAddress::broadcast(), kEthertype,
                                     std::move(packet));
      host_.wake();
    }
    host_.executor().start_timer(host_.executor().now() + 1s, [this] { tell(); });
  }

  sim::Host& host_;
  std::uint16_t centi_degrees_;
  std::map<MacAddress, std::uint16_t> others_;
};

int main() {
  sim::World world(1);
  sim::Switch& hub = world.add_switch("hub");
  std::vector<std::unique_ptr<Thermometer>> all;
  for (const std::uint16_t centi_degrees :
       {std::uint16_t{2150}, std::uint16_t{1875}, std::uint16_t{2390}}) {
    sim::Host& host = world.add_host("host" + std::to_string(all.size()));
    world.connect(host, hub);
    all.push_back(std::make_unique<Thermometer>(host, centi_degrees));
  }
  world.run_for(3s);
  bool is_right = true;
  for (const auto& one : all) {
    std::printf("knows %zu others; the warmest has %d.%02d degrees\n", one->known(),
                one->warmest() / 100, one->warmest() % 100);
    is_right = is_right && one->known() == 2 && one->warmest() == 2390;
  }
  world.run_for(0s);
  return is_right ? 0 : 1;
}
