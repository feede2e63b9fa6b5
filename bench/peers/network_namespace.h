// SPDX-License-Identifier: Apache-2.0
// Network namespaces of the kernel, for peers that are the kernel itself.
#pragma once

#include <expected>
#include <string>

namespace strata::bench {

// Has no name, so it needs no cleaning up: it ends, with all its devices, when this object and the
// last socket and device in it do, even if the program is killed.
class NetworkNamespace {
 public:
  // Fails without CAP_SYS_ADMIN. Its loopback device is up.
  [[nodiscard]] static std::expected<NetworkNamespace, std::string> make();
  NetworkNamespace(NetworkNamespace&& other) noexcept;
  NetworkNamespace& operator=(NetworkNamespace&& other) noexcept;
  ~NetworkNamespace();

  // Sockets and devices that the calling thread makes while this lives belong to the namespace.
  class Visit {
   public:
    explicit Visit(const NetworkNamespace& visited);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    int home_;
  };

  // Runs a shell command inside; its output is thrown away.
  [[nodiscard]] bool run(const std::string& command) const;
  // Where `ip link set DEVICE netns PATH` finds it, while this object lives.
  [[nodiscard]] std::string path() const;

 private:
  explicit NetworkNamespace(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// Two namespaces joined by a veth pair: 10.79.0.1/24 in the first, 10.79.0.2/24 in the second.
struct VethPair {
  NetworkNamespace first, second;
  [[nodiscard]] static std::expected<VethPair, std::string> make();
};

}  // namespace strata::bench
