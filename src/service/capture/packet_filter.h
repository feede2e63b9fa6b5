// SPDX-License-Identifier: Apache-2.0
// PacketFilter: packets chosen in tcpdump's language (pcap-filter(7)); libpcap compiles it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "service/failure.h"
#include "strata/bytes.h"
#include "strata/device.h"

namespace strata::service {

class PacketFilter {
 public:
  // A word that names a host or a network has to be looked up, which takes as long as a server
  // wants: only programs that have nothing else to do may.
  enum class Names : std::uint8_t { kLookUp, kRefuse };
  static constexpr std::size_t kTextMax = 1024;

  // Matches everything, as an empty text does.
  PacketFilter() = default;
  [[nodiscard]] static Outcome<PacketFilter> compile(const std::string& text, Medium medium,
                                                     Names names = Names::kRefuse);
  // Reads the names of ports, which are in a file of this machine: for processes that will compile
  // when they may open none any more.
  static void learn_ports();

  // `size` is what the packet had on the wire; `bytes` may be fewer, and what a filter asks of the
  // others makes it not match.
  [[nodiscard]] bool matches(Bytes bytes, std::size_t size) const;
  [[nodiscard]] bool is_empty() const { return program_ == nullptr; }

 private:
  friend class PacketFilters;
  struct Program;
  explicit PacketFilter(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
  bool takes_nothing_ = false;
};

// One text for interfaces of every medium.
class PacketFilters {
 public:
  PacketFilters() = default;
  [[nodiscard]] static Outcome<PacketFilters> compile(
      const std::string& text, PacketFilter::Names names = PacketFilter::Names::kRefuse);

  [[nodiscard]] bool matches(Medium medium, Bytes bytes, std::size_t size) const {
    return (medium == Medium::kEthernet ? of_frames_ : of_packets_).matches(bytes, size);
  }

 private:
  PacketFilter of_frames_;
  PacketFilter of_packets_;
};

}  // namespace strata::service
