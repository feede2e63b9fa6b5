// SPDX-License-Identifier: Apache-2.0
// LabServices: what the hosts of a lab answer with, to whoever asks (service/serve,
// service/web/http).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "service/failure.h"
#include "service/lab/lab.h"
#include "service/serve/tcp_services.h"
#include "service/serve/udp_services.h"
#include "service/web/http/file_services.h"
#include "strata/sim.h"

namespace strata::service {

class LabServices {
 public:
  // On the hosts that serve. `hosts` by node, null for those that are none.
  [[nodiscard]] Outcome<void> open(const LabFile& lab, const std::vector<sim::Host*>& hosts);
  // Its stack is about to be gone.
  void on_crash(const sim::Host& host);
  // It has a new one.
  void on_restart(const sim::Host& host);

 private:
  struct Server {
    sim::Host& host;
    const std::vector<ServeOptions>& wanted;
    std::unique_ptr<UdpServices> udp{};
    std::unique_ptr<TcpServices> tcp{};
    std::unique_ptr<FileServices> files{};
  };
  [[nodiscard]] static Outcome<void> start(Server& server);

  std::vector<Server> servers_;
};

}  // namespace strata::service
