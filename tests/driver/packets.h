// SPDX-License-Identifier: Apache-2.0
// Packets and frames as the tests of devices need them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "strata/memory.h"
#include "strata/packet_batch.h"
#include "strata/packet_pool.h"
#include "strata/rng.h"

namespace strata::driver {

struct TestPool {
  explicit TestPool(const PacketPoolConfig& config = {}) : pool(memory, config) {}
  HeapMemory memory;
  PacketPool pool;
};

inline std::vector<std::byte> random_frame(Rng& rng, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(rng.next());
  // An ethertype that is no VLAN tag, so that the size alone says whether it fits.
  if (size >= 14) {
    bytes[12] = std::byte{0x08};
    bytes[13] = std::byte{0x00};
  }
  return bytes;
}

inline PacketPtr packet_of(PacketPool& pool, Bytes bytes) {
  PacketPtr packet = pool.allocate_for(bytes.size());
  copy_bytes(bytes, packet->append(bytes.size()));
  return packet;
}

// The same bytes in slices of at most `slice_bytes`.
inline PacketPtr chain_of(PacketPool& pool, Bytes bytes, std::size_t slice_bytes) {
  PacketPtr head;
  for (std::size_t offset = 0; offset < bytes.size(); offset += slice_bytes) {
    const std::size_t here = std::min(slice_bytes, bytes.size() - offset);
    PacketPtr part = packet_of(pool, bytes.subspan(offset, here));
    if (head == nullptr) {
      head = std::move(part);
    } else {
      head->append_chain(std::move(part));
    }
  }
  return head;
}

inline std::vector<std::byte> bytes_of(const Packet& packet) {
  std::vector<std::byte> bytes(packet.size());
  packet.copy_out(0, bytes);
  return bytes;
}

// A directory of its own that goes with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = "/tmp/strata-test-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

[[nodiscard]] std::vector<std::byte> read_file(const std::string& path);
void write_file(const std::string& path, Bytes bytes);

}  // namespace strata::driver
