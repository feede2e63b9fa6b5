// SPDX-License-Identifier: Apache-2.0
#include "service/control/server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "service/control/long_list.h"
#include "service/control/messages.h"
#include "service/control/socket.h"

namespace strata::service {
namespace {

// As many bytes of a frame as a line carries.
constexpr std::size_t kCapturedBytes = 65'535;

}  // namespace

ControlServer::ControlServer(Loop& loop, std::string path, std::vector<HostedStack*> stacks,
                             const ControlSubjects& others)
    : loop_(loop),
      path_(std::move(path)),
      stacks_(std::move(stacks)),
      others_(others),
      cores_(stacks_, others.cores),
      owner_(::geteuid()) {}

Outcome<std::unique_ptr<ControlServer>> ControlServer::open(Loop& loop, const std::string& path,
                                                            std::vector<HostedStack*> stacks,
                                                            const ControlSubjects& others) {
  std::unique_ptr<ControlServer> server(new ControlServer(loop, path, std::move(stacks), others));
  if (auto listening = server->listen(); !listening) {
    return std::unexpected(std::move(listening).error());
  }
  return server;
}

ControlServer::~ControlServer() {
  watch_.reset();
  for (const auto& client : clients_) {
    loop_.unwatch(client->descriptor);
    ::close(client->descriptor);
  }
  if (alive_ != nullptr) *alive_ = nullptr;
  if (listener_ < 0) return;
  loop_.unwatch(listener_);
  ::close(listener_);
  if (remove_) {
    remove_();
  } else {
    ::unlink(path_.c_str());
  }
}

void ControlServer::on_confined(const runtime::Confinement& state, std::function<void()> remove) {
  confinement_ = &state;
  remove_ = std::move(remove);
}

bool ControlServer::is_trusted(int descriptor) const {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == owner_;
}

Outcome<void> ControlServer::listen() {
  alive_ = std::make_shared<ControlServer*>(this);
  auto listener = listen_on_unix_socket(path_);
  if (!listener) return std::unexpected(std::move(listener).error());
  listener_ = *listener;
  const auto watched = watch_listener();
  if (!watched) return failed(fmt::format("{}: {}", path_, to_text(watched.error())));
  return {};
}

Result<void> ControlServer::watch_listener() {
  return loop_.watch(listener_, EPOLLIN, [this](std::uint32_t) { accept(); });
}

// Who cannot be let in for want of a descriptor keeps the listener readable: without a pause the
// loop would turn as fast as it can.
void ControlServer::accept_later() {
  constexpr Duration kPause = std::chrono::milliseconds(100);
  loop_.unwatch(listener_);
  loop_.start_timer(loop_.now() + kPause, [alive = alive_] {
    if (*alive == nullptr) return;
    if (!(*alive)->watch_listener()) (*alive)->accept_later();
  });
}

void ControlServer::accept() {
  const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0) {
    const bool is_poor = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (is_poor) accept_later();
    return;
  }
  const char* refusal = nullptr;
  if (!is_trusted(descriptor)) refusal = "only root and the user who runs this stack may ask";
  if (clients_.size() >= kClientsMax) refusal = "too many clients";
  if (refusal != nullptr) {
    const std::string line = control_refusal(refusal);
    // The buffer of a new socket has room; somebody who does not read loses nothing of worth.
    static_cast<void>(::send(descriptor, line.data(), line.size(), MSG_NOSIGNAL));
    ::close(descriptor);
    return;
  }
  clients_.push_back(std::make_unique<Client>());
  clients_.back()->number = ++last_client_;
  clients_.back()->descriptor = descriptor;
  watch(*clients_.back());
}

// Asks the loop for what the client's buffers have use for.
void ControlServer::watch(Client& client) {
  std::uint32_t events = 0;
  const bool hears = client.out.size() < kAnswersWaitingMax && !client.leaves && !client.waits;
  if (hears) events |= EPOLLIN;
  if (!client.out.empty()) events |= EPOLLOUT;
  // Whoever hangs up while an answer is on its way gives up the seat at once.
  if (client.waits) events |= EPOLLHUP;
  if (events == client.events) return;
  if (client.events != 0) loop_.unwatch(client.descriptor);
  client.events = 0;
  if (events == 0) return;
  const int descriptor = client.descriptor;
  const auto watched = loop_.watch(
      descriptor, events, [this, descriptor](std::uint32_t got) { on_event(descriptor, got); });
  if (watched) client.events = events;
  client.leaves = client.leaves || !watched;
}

void ControlServer::on_event(int descriptor, std::uint32_t events) {
  const auto found = std::ranges::find(clients_, descriptor,
                                       [](const auto& client) { return client->descriptor; });
  if (found == clients_.end()) return;
  Client& client = **found;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    client.leaves = true;
    client.out.clear();
  }
  if ((events & EPOLLIN) != 0) read(client);
  write(client);
  remove_gone();
}

void ControlServer::read(Client& client) {
  std::array<char, kRequestBytesMax> buffer;
  const ssize_t count = ::recv(client.descriptor, buffer.data(), buffer.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    client.leaves = true;
    client.captures = false;
    return;
  }
  client.in.append(buffer.data(), static_cast<std::size_t>(count));
  answer_requests(client);
}

void ControlServer::answer_requests(Client& client) {
  while (client.out.size() < kAnswersWaitingMax && !client.waits) {
    const std::size_t end = client.in.find('\n');
    if (end == std::string::npos) break;
    const std::string request = client.in.substr(0, end);
    client.in.erase(0, end + 1);
    client.out += reply_to(client, request);
  }
  if (client.in.size() <= kRequestBytesMax || client.in.find('\n') < kRequestBytesMax) return;
  client.out += control_refusal("a request has at most 4096 bytes");
  client.leaves = true;
}

std::string ControlServer::reply_to(Client& client, std::string_view line) {
  const auto request = parse_control_request(line);
  if (!request) return control_refusal(request.error().text);
  switch (request->command) {
    case ControlCommand::kStatus:
      if (is_long_list(request->parts) && !stacks_.empty()) {
        ask_for_list(client, *request);
        return {};
      }
      return control_status(stacks_, others_.cores, others_.bridge, confinement_, request->parts,
                            request->window);
    case ControlCommand::kCapture:
      if (stacks_.empty()) return control_refusal("there is no stack here to capture from");
      return start_capture(client, *request);
    case ControlCommand::kExplain: return explain_packet(*request);
    case ControlCommand::kReload:
      if (others_.reload == nullptr || !*others_.reload) {
        return control_refusal("what runs here reads no configuration again",
                               "strata up --config FILE does");
      }
      return control_reloaded((*others_.reload)());
    case ControlCommand::kListDevices:
    case ControlCommand::kReplaceDevice:
    case ControlCommand::kAddDevice:
    case ControlCommand::kRemoveDevice: return change_devices(*request);
  }
  return control_refusal("unknown command");
}

void ControlServer::ask_for_list(Client& client, const ControlRequest& request) {
  client.waits = true;
  // In a turn of its own, whenever it is told: those who ask are being looked at now.
  const auto told = [alive = alive_, &loop = loop_, number = client.number](std::string line) {
    loop.post([alive, number, line = std::make_shared<const std::string>(std::move(line))] {
      if (*alive != nullptr) (*alive)->finish_answer(number, *line);
    });
  };
  tell_long_list(cores_, pages_, request.parts, request.window, told);
}

void ControlServer::finish_answer(std::uint64_t client, const std::string& line) {
  const auto found =
      std::ranges::find(clients_, client, [](const auto& each) { return each->number; });
  if (found == clients_.end()) return;
  (*found)->waits = false;
  (*found)->out += line;
  write(**found);
  remove_gone();
}

std::string ControlServer::explain_packet(const ControlRequest& request) {
  if (stacks_.empty()) return control_refusal("there is no stack here to ask");
  const auto explained =
      explain(stacks_.front()->stack(), request.interface, request.packet, loop_.now());
  return explained ? control_explanation(*explained)
                   : control_refusal(explained.error().text, explained.error().hint);
}

// Requests are read between the turns of the stack, so that its devices may change here.
std::string ControlServer::change_devices(const ControlRequest& request) {
  const auto answer = [](const Outcome<void>& done) {
    return done ? control_agreement() : control_refusal(done.error().text, done.error().hint);
  };
  if (others_.devices == nullptr) {
    return control_refusal("the devices of what runs here cannot be exchanged");
  }
  DeviceRack& devices = *others_.devices;
  HostedStack& stack = *stacks_.front();
  switch (request.command) {
    case ControlCommand::kReplaceDevice:
      return answer(devices.replace(stack, request.interface, request.device));
    case ControlCommand::kRemoveDevice: return answer(devices.remove(stack, request.interface));
    case ControlCommand::kAddDevice: {
      const auto added = devices.add(
          stack, {.spec = request.device, .addresses = request.addresses, .mtu = request.mtu});
      return added ? control_added(*added)
                   : control_refusal(added.error().text, added.error().hint);
    }
    default: return control_devices(devices.slots());
  }
}

// A second request of the same client changes what it gets.
std::string ControlServer::start_capture(Client& client, const ControlRequest& request) {
  auto filter = PacketFilters::compile(request.filter);
  if (!filter) return control_refusal(filter.error().text, filter.error().hint);
  if (!watch_) {
    watch_.emplace(*stacks_.front(), others_.cores,
                   [this](const WatchedFrame& frame) { on_frame(frame); });
  }
  if (!client.captures) client.missed_before = watch_->missed();
  client.filter = std::move(*filter);
  client.snap_length = request.snap_length == 0 ? kCapturedBytes : request.snap_length;
  client.captures = true;
  if (auto started = watch_->start(kCapturedBytes, wanted()); !started) {
    client.captures = false;
    client.leaves = true;
    return control_refusal(started.error().text);
  }
  watched_for_ = captures();
  return control_agreement();
}

std::size_t ControlServer::captures() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(clients_, [](const auto& client) { return client->captures; }));
}

// What any client wants: other frames cross no core.
FrameWatch::Wanted ControlServer::wanted() const {
  std::vector<PacketFilters> filters;
  for (const auto& client : clients_) {
    if (client->captures) filters.push_back(client->filter);
  }
  return [filters = std::move(filters)](Medium medium, Bytes bytes, std::size_t size) {
    return std::ranges::any_of(
        filters, [&](const PacketFilters& filter) { return filter.matches(medium, bytes, size); });
  };
}

// Somebody may have gone: the watch looks for what the others want, and ends with the last.
void ControlServer::adapt_watch() {
  const std::size_t wanting = captures();
  if (!watch_ || wanting == watched_for_) return;
  watched_for_ = wanting;
  if (wanting == 0) return watch_->stop();
  // It runs, so that it has its hooks.
  static_cast<void>(watch_->start(kCapturedBytes, wanted()));
}

void ControlServer::on_frame(const WatchedFrame& frame) {
  show({.time = frame.time,
        .is_incoming = frame.is_incoming,
        .interface = frame.named,
        .size = frame.size,
        .bytes = frame.bytes,
        .comment = frame.comment});
  if (is_write_posted_) return;
  is_write_posted_ = true;
  loop_.post([alive = alive_] {
    if (*alive != nullptr) (*alive)->write_all();
  });
}

// Clients that want as much of a frame share its line.
void ControlServer::show(const CapturedFrame& frame) {
  std::string head;
  std::size_t head_bytes = SIZE_MAX;
  const std::uint64_t missed_by_watch = watch_->missed();
  for (const auto& client : clients_) {
    if (!client->captures || client->leaves) continue;
    if (!client->filter.matches(frame.interface.medium, frame.bytes, frame.size)) continue;
    if (client->out.size() >= kWaitingBytesMax) {
      ++client->missed;
      continue;
    }
    const std::size_t wanted = std::min(client->snap_length, frame.bytes.size());
    if (wanted != head_bytes) {
      CapturedFrame cut = frame;
      cut.bytes = frame.bytes.first(wanted);
      head = captured_frame_head(cut);
      head_bytes = wanted;
    }
    client->out += fmt::format("{},\"missed\":{}}}\n", head,
                               client->missed + missed_by_watch - client->missed_before);
  }
}

void ControlServer::write_all() {
  is_write_posted_ = false;
  for (const auto& client : clients_) write(*client);
  remove_gone();
}

void ControlServer::write(Client& client) {
  std::size_t done = 0;
  while (done < client.out.size()) {
    const ssize_t count = ::send(client.descriptor, client.out.data() + done,
                                 client.out.size() - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) {
      client.leaves = true;
      done = client.out.size();
      break;
    }
    done += static_cast<std::size_t>(count);
  }
  client.out.erase(0, done);
  if (client.out.empty()) client.out.shrink_to_fit();
  if (done != 0) client.moved = loop_.now();
  if (!client.out.empty()) watch_for_stalls();
  // Requests that waited for room.
  if (done != 0 && !client.leaves) answer_requests(client);
  watch(client);
}

void ControlServer::watch_for_stalls() {
  if (std::exchange(is_stall_watched_, true)) return;
  loop_.start_timer(loop_.now() + kStallMax / 2, [alive = alive_] {
    if (*alive == nullptr) return;
    ControlServer& self = **alive;
    self.is_stall_watched_ = false;
    bool is_anybody_waiting = false;
    for (const auto& client : self.clients_) {
      if (client->out.empty()) continue;
      if (self.loop_.now() - client->moved >= kStallMax) self.end_stall(*client);
      is_anybody_waiting = is_anybody_waiting || !client->out.empty();
    }
    self.remove_gone();
    if (is_anybody_waiting) self.watch_for_stalls();
  });
}

// A line that has begun must end before the next can.
void ControlServer::end_stall(Client& client) {
  const std::size_t line = client.captures ? client.out.find('\n') + 1 : 0;
  const std::string_view lost = std::string_view(client.out).substr(line);
  if (client.captures) client.missed += static_cast<std::uint64_t>(std::ranges::count(lost, '\n'));
  client.out.resize(line);
  client.out.shrink_to_fit();
  client.leaves = client.leaves || !client.captures;
  watch(client);
}

void ControlServer::remove_gone() {
  std::erase_if(clients_, [this](const std::unique_ptr<Client>& client) {
    if (!client->leaves || !client->out.empty()) return false;
    if (client->events != 0) loop_.unwatch(client->descriptor);
    ::close(client->descriptor);
    return true;
  });
  adapt_watch();
}

}  // namespace strata::service
