// SPDX-License-Identifier: Apache-2.0
#include "attach/process/their_message.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "attach/process/program_address.h"

namespace strata::attach {

std::expected<TheirMessage, Answer> read_message(const ProgramMemory& memory, std::uint64_t at) {
  const auto header = memory.read<msghdr>(at);
  if (!header) return std::unexpected(header.error());
  auto parts =
      memory.read_parts(reinterpret_cast<std::uint64_t>(header->msg_iov), header->msg_iovlen);
  if (!parts) return std::unexpected(parts.error());
  if (static_cast<int>(header->msg_namelen) < 0) return std::unexpected(-EINVAL);
  return TheirMessage{.at = at,
                      .name = reinterpret_cast<std::uint64_t>(header->msg_name),
                      .name_room = header->msg_namelen,
                      .parts = *std::move(parts),
                      .control = reinterpret_cast<std::uint64_t>(header->msg_control),
                      .control_size = header->msg_controllen};
}

Answer tell_message(const ProgramMemory& memory, const TheirMessage& theirs, const msghdr& ours,
                    Bytes bytes) {
  if (const Answer done = memory.scatter(theirs.parts, bytes); done < 0) return done;
  if (theirs.at == 0) {
    if (theirs.name == 0) return 0;
    sockaddr_storage name{};
    std::copy_n(static_cast<const std::byte*>(ours.msg_name), sizeof(name),
                reinterpret_cast<std::byte*>(&name));
    return write_address(memory, name, ours.msg_namelen, theirs.name, theirs.name_size);
  }
  if (theirs.name != 0) {
    const auto count = std::min(theirs.name_room, ours.msg_namelen);
    const Bytes name(static_cast<const std::byte*>(ours.msg_name), count);
    if (const Answer done = memory.write(theirs.name, name); done < 0) return done;
  }
  const Bytes control(static_cast<const std::byte*>(ours.msg_control), ours.msg_controllen);
  if (const Answer done = memory.write(theirs.control, control); done < 0) return done;
  const socklen_t name_size = theirs.name != 0 ? ours.msg_namelen : 0;
  if (const Answer done = memory.write(theirs.at + offsetof(msghdr, msg_namelen), name_size);
      done < 0) {
    return done;
  }
  const Answer done =
      memory.write(theirs.at + offsetof(msghdr, msg_controllen), ours.msg_controllen);
  if (done < 0) return done;
  return memory.write(theirs.at + offsetof(msghdr, msg_flags), ours.msg_flags);
}

}  // namespace strata::attach
