// SPDX-License-Identifier: Apache-2.0
// What the shim of the preload tier asks us: whether we are there, for memory, for leases, for
// files.
#include "attach/client/room.h"
#include "attach/handlers.h"

namespace strata::attach {
namespace {

Answer open_file(Request& request) {
  const std::uint64_t which = request.argument(2) & (client::kClosesOnExec - 1);
  if (which >= client::kNetFileNames.size()) return -EINVAL;
  const bool closes_on_exec = (request.argument(2) & client::kClosesOnExec) != 0;
  return open_net_file(request, static_cast<client::NetFile>(which), closes_on_exec);
}

}  // namespace

Operation handle_shim_request(Request& request) {
  Server& server = request.server;
  if (!server.gives_leases()) return -EPERM;
  if (request.argument(1) == client::kGreet) {
    if (request.argument(2) != client::kVersion) return -EPROTO;
    if (!server.notifications().is_waiting(request.call)) return -ESRCH;
    // Whatever this process had before its exec is nobody's now.
    server.rooms().end_rooms_of(request.call.thread);
    return 0;
  }
  if (request.argument(1) == client::kOpenFile) return open_file(request);
  auto file = server.rooms().make(process_number(request.call.thread));
  if (!file) return file.error();
  const Answer number =
      server.notifications().answer_with(request.call, file->get(), {.closes_on_exec = true});
  return number < 0 ? number : kAnswered;
}

Operation handle_lease_request(Request& request) {
  StreamSocket* stream = request.stream();
  if (stream == nullptr || !request.server.gives_leases()) return -EOPNOTSUPP;
  switch (request.argument(1)) {
    case client::kLease: {
      const auto room = request.server.rooms().find(request.argument(2));
      return room == nullptr ? -ENOENT : stream->begin_lease(room, request.theirs.get());
    }
    case client::kGiveBack:
      if (!stream->has_lease()) return -EINVAL;
      stream->end_lease(request.theirs.get());
      return 0;
    case client::kRing: return 0;  // it has been pumped
    case client::kTell: stream->remind_program(); return 0;
    case client::kHasPeer: return stream->is_alone() ? -ENOTCONN : 0;
    default: return -ENOTTY;
  }
}

}  // namespace strata::attach
