// SPDX-License-Identifier: Apache-2.0
// Device: where frames come from and go to. Drivers implement it; a stack owns the interface.
#pragma once

#include <cstddef>
#include <cstdint>

#include "strata/address.h"
#include "strata/packet_batch.h"
#include "strata/packet_pool.h"

namespace strata {

enum class Medium : std::uint8_t {
  kEthernet,  // frames begin with an Ethernet header
  kIp,        // packets begin with an IP header (TUN)
};

// What a device does beyond carrying bytes. A device that offers nothing leaves the defaults.
struct DeviceCapabilities {
  Medium medium = Medium::kEthernet;
  std::size_t mtu = 1500;  // bytes of IP packet
  MacAddress mac{};        // kEthernet only
  // Transmit: ChecksumState::kPartial is completed by the device.
  bool completes_checksums = false;
  // Transmit: super-segments up to this many bytes of IP packet are cut by the device; 0: none.
  std::size_t tcp_segment_bytes_max = 0;
  std::size_t udp_segment_bytes_max = 0;
  // The link cannot corrupt bytes (shared memory): checksums need not be computed or verified.
  bool vouches_for_bytes = false;
};

// Devices speak in batches; virtual calls happen per batch, never per packet. A device belongs to
// the thread of the stack it is attached to.
class Device {
 public:
  virtual ~Device() = default;

  [[nodiscard]] virtual const DeviceCapabilities& capabilities() const = 0;

  // Adds what has arrived to `batch` until it is full, in packets of `pool`. Received
  // super-segments carry segment_kind and segment_size; checksums the device vouches for are
  // kVerified. When the pool is empty a device discards what arrives and counts it in
  // pool_empty_drops().
  virtual void receive(PacketPool& pool, PacketBatch& batch) = 0;

  // How many packets transmit() would take now.
  [[nodiscard]] virtual std::size_t room() const = 0;

  // Sends the batch in order and empties it of what was sent; what the device could not take for
  // want of room stays, in order. A packet that the device can never send is discarded and counted.
  virtual void transmit(PacketBatch& batch) = 0;

  // A kernel descriptor that is readable when receive() may find something, or transmit() room
  // again; -1 where there is none and the owner must ask.
  [[nodiscard]] virtual int descriptor() const { return -1; }
  // The owner is about to sleep on descriptor(): whoever brings work by memory alone must ring from
  // now on. False when some has come already.
  [[nodiscard]] virtual bool prepare_to_sleep() { return true; }

  [[nodiscard]] virtual bool is_up() const { return true; }

  struct Counters {
    std::uint64_t received_packets = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t sent_packets = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t pool_empty_drops = 0;
    std::uint64_t failed_sends = 0;
    std::uint64_t malformed = 0;  // what the kernel or a peer handed over made no sense
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 protected:
  Counters counters_;
};

}  // namespace strata
