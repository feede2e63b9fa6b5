// SPDX-License-Identifier: Apache-2.0
#include "driver/xdp/attachment.h"

#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace strata::driver::xdp {

std::expected<Attachment, Attachment::Failure> Attachment::make(const Steering& steering,
                                                                std::uint32_t queues,
                                                                bool knows_fragments) {
  auto sockets = make_socket_map(queues);
  if (!sockets) return std::unexpected(Failure{"make a map of sockets", sockets.error()});
  auto program = load_program(make_program(steering, *sockets), knows_fragments);
  if (!program) return std::unexpected(Failure{"load the program", program.error()});
  return Attachment(*std::move(sockets), *std::move(program));
}

int Attachment::add(std::uint32_t queue, int socket) const {
  return put_socket(sockets_, queue, socket);
}

int Attachment::attach(unsigned interface) {
  auto link = attach_program(program_, interface, XDP_FLAGS_DRV_MODE);
  is_native_ = link.has_value();
  // EBUSY is about the interface, and the generic path would not change it.
  if (!link && link.error().error != EBUSY) {
    link = attach_program(program_, interface, XDP_FLAGS_SKB_MODE);
  }
  if (!link) return link.error().error;
  link_ = *std::move(link);
  return 0;
}

// A packet socket without a protocol hears nothing itself, but its wishes are the interface's.
int Attachment::hear(unsigned interface, Hearing hearing) {
  hearing_ = Descriptor(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!hearing_) return errno;
  packet_mreq membership{};
  membership.mr_ifindex = static_cast<int>(interface);
  membership.mr_type = hearing == Hearing::kAll ? PACKET_MR_PROMISC : PACKET_MR_ALLMULTI;
  const int result = ::setsockopt(hearing_.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership,
                                  sizeof(membership));
  return result == 0 ? 0 : errno;
}

}  // namespace strata::driver::xdp
