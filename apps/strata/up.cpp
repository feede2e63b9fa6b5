// SPDX-License-Identifier: Apache-2.0
// strata up: a stack that answers until somebody stops it.
#include <fmt/format.h>

#include <memory>

#include "service/node.h"
#include "service/udp_services.h"
#include "strata/commands.h"
#include "strata/complain.h"

namespace strata::app {
namespace {

using service::Node;

int run_node(Node& node, const UpCommand& command) {
  auto services = service::UdpServices::open(node.main(), command.stack.serve);
  if (!services) return complain("up", services.error());
  fmt::print("up\n");
  std::fflush(stdout);
  node.run();
  if (node.failure()) return complain("up", *node.failure());
  return kOk;
}

}  // namespace

int run_command(const UpCommand& command) {
  auto node = Node::create(command.stack, {.has_default_control = true});
  if (!node) return complain("up", node.error());
  return run_node(**node, command);
}

}  // namespace strata::app
