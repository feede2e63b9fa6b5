// SPDX-License-Identifier: Apache-2.0
// An interface of the host: its state, MTU and addresses, asked and set through the kernel.
#pragma once

#include <net/if.h>

#include <cstddef>
#include <expected>
#include <string>

#include "strata/address.h"

namespace strata::driver {

// Names one interface of the host. Each call answers 0 or an errno.
class HostLink {
 public:
  [[nodiscard]] static std::expected<HostLink, int> open(const std::string& name);
  // Of an interface that another process has opened: name(), socket() and index() of its link. The
  // socket becomes this one's.
  [[nodiscard]] static HostLink adopt(std::string name, int socket, unsigned index);
  ~HostLink();
  HostLink(HostLink&& other) noexcept;
  HostLink& operator=(HostLink&&) = delete;

  [[nodiscard]] bool is_there() const;
  [[nodiscard]] bool is_up() const;       // false as well when it is gone
  [[nodiscard]] bool is_running() const;  // up, and with somebody at the other end of the cable
  [[nodiscard]] std::size_t mtu() const;
  [[nodiscard]] bool has_address(const Prefix& prefix) const;
  [[nodiscard]] bool is_ethernet() const;
  [[nodiscard]] MacAddress mac() const;      // unspecified where it has none
  [[nodiscard]] std::string driver() const;  // "veth", "tun", "e1000e"; empty when unknown
  [[nodiscard]] unsigned index() const { return index_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] int socket() const { return socket_; }

  [[nodiscard]] int set_up() const;
  [[nodiscard]] int set_mtu(std::size_t mtu) const;
  // Adds it beside those that are there. An IPv6 address is usable at once: nobody else can hold
  // it on a link whose other end is ours.
  [[nodiscard]] int add_address(const Prefix& prefix) const;
  // EEXIST: there is a way to this network already.
  [[nodiscard]] int add_route(const Prefix& destination, const IpAddress& gateway) const;

 private:
  HostLink(std::string name, int socket, unsigned index);
  [[nodiscard]] ifreq request() const;
  [[nodiscard]] bool has_flags(int flags) const;
  void wait_for(const Prefix& prefix) const;
  [[nodiscard]] bool is_tentative(const Prefix& prefix) const;

  std::string name_;
  int socket_;
  unsigned index_;
};

// The interface behind an open /dev/net/tun; empty for every other descriptor.
[[nodiscard]] std::string interface_of_queue(int descriptor);

}  // namespace strata::driver
