// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "capi/machine.h"
#include "socket/posix/socket_address.h"

namespace {

using strata::AddressFamily;
using strata::Endpoint;
using strata::IpAddress;
using strata::posix::Answer;
using strata::posix::Operation;

// Whatever is thrown below ends here: C knows no exceptions.
template <typename Act>
auto guarded(strata_stack* stack, Act act) -> decltype(act(*stack)) {
  if (stack == nullptr) return -EINVAL;
  try {
    return act(*stack);
  } catch (const std::system_error& error) {
    return -error.code().value();
  } catch (...) {
    return -ENOMEM;
  }
}

// Sockets never block, so that every operation is done at once.
Answer result_of(const Operation& operation) {
  return operation.is_done() ? operation.answer() : -EAGAIN;
}
int as_int(Answer answer) { return static_cast<int>(answer); }

struct NativeAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

int make_address(strata_stack& stack, int socket, const char* text, std::uint16_t port,
                 NativeAddress& out) {
  const auto family = stack.families().find(socket);
  if (family == stack.families().end()) return -EBADF;
  const bool is_v4 = family->second == AddressFamily::kIpv4;
  Endpoint endpoint{is_v4 ? IpAddress::any_v4() : IpAddress::any_v6(), port};
  if (text != nullptr) {
    const auto parsed = stack.parse_address(text);
    if (!parsed) return -EINVAL;
    if (is_v4 && !parsed->address.is_v4()) return -EAFNOSUPPORT;
    endpoint.address = parsed->address;
    endpoint.zone = parsed->zone;
  }
  out.size =
      strata::posix::write_address(endpoint, family->second, &out.storage, sizeof(out.storage));
  return 0;
}

// Fills in what the caller's version of the structure has.
template <typename T>
int hand_out(const T& from, T* to) {
  const std::size_t size = to->size;
  if (size < sizeof(size)) return -EINVAL;
  std::memcpy(to, &from, std::min(size, sizeof(T)));
  to->size = size;
  return 0;
}

strata_address address_of(const Endpoint& endpoint) {
  strata_address told{};
  told.port = endpoint.port;
  told.zone = endpoint.zone;
  std::ranges::copy(strata::to_text(endpoint.address).view(), told.text);
  return told;
}

int tell_address(strata_stack& stack, int socket, const sockaddr_storage& storage, socklen_t size,
                 strata_address* out) {
  if (out == nullptr) return -EINVAL;
  const auto family = stack.families().find(socket);
  if (family == stack.families().end()) return -EBADF;
  const auto endpoint = strata::posix::read_address(reinterpret_cast<const sockaddr*>(&storage),
                                                    size, family->second);
  if (!endpoint) return as_int(endpoint.error());
  return hand_out(address_of(*endpoint), out);
}

// Which kind of socket(2) a kind of ours is.
struct SocketKind {
  int type;
  int protocol;
};
std::optional<SocketKind> kind_of(int kind, bool is_v4) {
  switch (kind) {
    case STRATA_TCP: return SocketKind{SOCK_STREAM, 0};
    case STRATA_UDP: return SocketKind{SOCK_DGRAM, 0};
    case STRATA_PING: return SocketKind{SOCK_DGRAM, is_v4 ? int{IPPROTO_ICMP} : IPPROTO_ICMPV6};
    default: return std::nullopt;
  }
}

// NULL stays null: an interface without an address.
std::string_view text_of(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

bool is_family(int family) { return family == STRATA_IPV4 || family == STRATA_IPV6; }

int remember(strata_stack& stack, Answer socket, AddressFamily family) {
  if (socket > 0) stack.families()[as_int(socket)] = family;
  return as_int(socket);
}

int open_socket(strata_stack& stack, int family, const SocketKind& kind) {
  const bool is_v4 = family == STRATA_IPV4;
  return remember(
      stack,
      stack.calls().socket(is_v4 ? AF_INET : AF_INET6, kind.type | SOCK_NONBLOCK, kind.protocol),
      is_v4 ? AddressFamily::kIpv4 : AddressFamily::kIpv6);
}

// A name that is not there is no descriptor, port or file.
int errno_of_name(strata::Error error) {
  return error == strata::Error::kNotFound ? ENOENT : strata::posix::errno_of(error);
}

}  // namespace

extern "C" {

uint32_t strata_api_version(void) { return STRATA_API_VERSION; }
const char* strata_version(void) { return STRATA_VERSION; }
const char* strata_error_text(int64_t result) {
  constexpr int64_t kLast = -4095;
  if (result >= 0) return "no error";
  const char* const text = result < kLast ? nullptr : ::strerrordesc_np(static_cast<int>(-result));
  return text == nullptr ? "unknown error" : text;
}

// ── Stacks ──────────────────────────────────────────────────────────────────────────────────────

int strata_stack_create(const strata_options* options, strata_stack** out) {
  if (out == nullptr) return -EINVAL;
  *out = nullptr;
  strata_options chosen{};
  if (options != nullptr) {
    if (options->size < sizeof(options->size)) return -EINVAL;
    std::memcpy(&chosen, options, std::min(options->size, sizeof(chosen)));
  }
  try {
    *out = std::make_unique<strata_stack>(chosen).release();
    return 0;
  } catch (const std::system_error& error) {
    return -error.code().value();
  } catch (...) {
    return -ENOMEM;
  }
}

void strata_stack_destroy(strata_stack* stack) { const std::unique_ptr<strata_stack> owned(stack); }

int strata_attach(strata_stack* stack, const char* device, const char* address) {
  if (device == nullptr) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) { return own.attach(device, text_of(address)); });
}

int strata_join(strata_stack* a, const char* address_a, strata_stack* b, const char* address_b) {
  if (b == nullptr) return -EINVAL;
  return guarded(
      a, [&](strata_stack& own) { return own.join(*b, text_of(address_a), text_of(address_b)); });
}

const char* strata_failure(const strata_stack* stack) {
  return stack == nullptr ? "" : stack->failure().c_str();
}

int strata_add_address(strata_stack* stack, const char* interface, const char* address) {
  if (interface == nullptr || address == nullptr) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) { return own.add_address(interface, address); });
}

int strata_add_gateway(strata_stack* stack, const char* gateway) {
  if (gateway == nullptr) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) { return own.add_gateway(gateway); });
}

// ── Sockets ─────────────────────────────────────────────────────────────────────────────────────

int strata_socket(strata_stack* stack, int kind, int family) {
  const auto wanted = kind_of(kind, family == STRATA_IPV4);
  if (!wanted || !is_family(family)) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) { return open_socket(own, family, *wanted); });
}

int strata_raw_socket(strata_stack* stack, int family, int protocol) {
  if (!is_family(family) || protocol <= 0 || protocol > 255) return -EINVAL;
  return guarded(stack,
                 [&](strata_stack& own) { return open_socket(own, family, {SOCK_RAW, protocol}); });
}

int strata_close(strata_stack* stack, int socket) {
  return guarded(stack, [&](strata_stack& own) {
    (void)own.watch(socket, 0, 0);
    own.families().erase(socket);
    // The time of SO_LINGER is for whoever waits: what is left goes all the same.
    const Operation closing = own.calls().close(socket, own.now());
    return closing.is_done() ? as_int(closing.answer()) : 0;
  });
}

int strata_bind(strata_stack* stack, int socket, const char* address, uint16_t port) {
  return guarded(stack, [&](strata_stack& own) {
    NativeAddress local;
    if (const int bad = make_address(own, socket, address, port, local); bad != 0) return bad;
    return as_int(own.calls().bind(socket, local.get(), local.size, own.now()));
  });
}

int strata_listen(strata_stack* stack, int socket, int backlog) {
  return guarded(stack, [&](strata_stack& own) {
    own.touch(socket);
    return as_int(own.calls().listen(socket, backlog, own.now()));
  });
}

int strata_accept(strata_stack* stack, int socket) {
  return guarded(stack, [&](strata_stack& own) {
    const auto family = own.families().find(socket);
    if (family == own.families().end()) return -EBADF;
    const Answer accepted =
        result_of(own.calls().accept(socket, nullptr, nullptr, SOCK_NONBLOCK, own.now()));
    return remember(own, accepted, family->second);
  });
}

int strata_connect(strata_stack* stack, int socket, const char* address, uint16_t port) {
  if (address == nullptr) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) {
    NativeAddress remote;
    if (const int bad = make_address(own, socket, address, port, remote); bad != 0) return bad;
    own.touch(socket);
    return as_int(result_of(own.calls().connect(socket, remote.get(), remote.size, own.now())));
  });
}

int strata_take_error(strata_stack* stack, int socket) {
  return guarded(stack, [&](strata_stack& own) {
    int error = 0;
    socklen_t size = sizeof(error);
    const Answer asked =
        own.calls().getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size, own.now());
    return asked < 0 ? as_int(asked) : -error;
  });
}

int64_t strata_read(strata_stack* stack, int socket, void* buffer, size_t size) {
  if (buffer == nullptr && size != 0) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) -> int64_t {
    own.touch(socket);
    return result_of(own.calls().recv(socket, buffer, size, 0, own.now()));
  });
}

int64_t strata_write(strata_stack* stack, int socket, const void* bytes, size_t size) {
  if (bytes == nullptr && size != 0) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) -> int64_t {
    own.touch(socket);
    return result_of(own.calls().send(socket, bytes, size, MSG_NOSIGNAL, own.now()));
  });
}

int64_t strata_receive_from(strata_stack* stack, int socket, void* buffer, size_t size,
                            strata_address* source) {
  if (buffer == nullptr && size != 0) return -EINVAL;
  // Refused later, it would have cost a datagram.
  if (source != nullptr && source->size < sizeof(source->size)) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) -> int64_t {
    own.touch(socket);
    sockaddr_storage from{};
    socklen_t from_size = sizeof(from);
    const Answer count = result_of(own.calls().recvfrom(
        socket, buffer, size, 0, reinterpret_cast<sockaddr*>(&from), &from_size, own.now()));
    if (count < 0 || source == nullptr) return count;
    // A stream's bytes name nobody.
    const int told = from_size == 0 ? hand_out(strata_address{}, source)
                                    : tell_address(own, socket, from, from_size, source);
    return told < 0 ? told : count;
  });
}

int64_t strata_send_to(strata_stack* stack, int socket, const void* bytes, size_t size,
                       const char* address, uint16_t port) {
  if (address == nullptr || (bytes == nullptr && size != 0)) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) -> int64_t {
    NativeAddress to;
    if (const int bad = make_address(own, socket, address, port, to); bad != 0) return bad;
    own.touch(socket);
    return result_of(
        own.calls().sendto(socket, bytes, size, MSG_NOSIGNAL, to.get(), to.size, own.now()));
  });
}

int strata_shutdown(strata_stack* stack, int socket, int how) {
  return guarded(stack, [&](strata_stack& own) {
    own.touch(socket);
    return as_int(own.calls().shutdown(socket, how, own.now()));
  });
}

int strata_local_address(strata_stack* stack, int socket, strata_address* out) {
  return guarded(stack, [&](strata_stack& own) {
    sockaddr_storage name{};
    socklen_t size = sizeof(name);
    const Answer asked = own.calls().getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size);
    return asked < 0 ? as_int(asked) : tell_address(own, socket, name, size, out);
  });
}

int strata_remote_address(strata_stack* stack, int socket, strata_address* out) {
  return guarded(stack, [&](strata_stack& own) {
    sockaddr_storage name{};
    socklen_t size = sizeof(name);
    const Answer asked = own.calls().getpeername(socket, reinterpret_cast<sockaddr*>(&name), &size);
    return asked < 0 ? as_int(asked) : tell_address(own, socket, name, size, out);
  });
}

int strata_set_option(strata_stack* stack, int socket, int level, int name, const void* value,
                      size_t size) {
  if (value == nullptr) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) {
    own.touch(socket);
    return as_int(own.calls().setsockopt(socket, level, name, value,
                                         static_cast<socklen_t>(std::min<size_t>(size, 4096)),
                                         own.now()));
  });
}

int64_t strata_get_option(strata_stack* stack, int socket, int level, int name, void* value,
                          size_t size) {
  if (value == nullptr) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) -> int64_t {
    auto length = static_cast<socklen_t>(std::min<size_t>(size, 4096));
    const Answer asked = own.calls().getsockopt(socket, level, name, value, &length, own.now());
    return asked < 0 ? asked : static_cast<int64_t>(length);
  });
}

// ── Readiness and timers ────────────────────────────────────────────────────────────────────────

int strata_watch(strata_stack* stack, int socket, uint32_t what, uint64_t data) {
  constexpr uint32_t kKnown = STRATA_READABLE | STRATA_WRITABLE | STRATA_FAILED | STRATA_ENDED;
  if ((what & ~kKnown) != 0) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) { return own.watch(socket, what, data); });
}

int strata_wait(strata_stack* stack, strata_event* events, int count, int timeout_ms) {
  if (events == nullptr || count <= 0) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) {
    return own.wait({events, static_cast<std::size_t>(count)}, timeout_ms);
  });
}

int strata_descriptor(strata_stack* stack) {
  return guarded(stack, [](const strata_stack& own) { return own.descriptor(); });
}

int strata_timeout_ms(strata_stack* stack) {
  return guarded(stack, [](strata_stack& own) { return own.timeout_ms(); });
}

int64_t strata_start_timer(strata_stack* stack, uint64_t after_ns, uint64_t data) {
  return guarded(stack, [&](strata_stack& own) {
    const auto after = std::min<uint64_t>(after_ns, INT64_MAX);
    return own.start_timer(strata::Duration(static_cast<int64_t>(after)), data);
  });
}

int strata_cancel_timer(strata_stack* stack, int64_t timer) {
  return guarded(stack, [&](strata_stack& own) { return own.cancel_timer(timer) ? 0 : -ENOENT; });
}

uint64_t strata_now(strata_stack* stack) {
  if (stack == nullptr) return 0;
  return static_cast<uint64_t>(stack->now().time_since_epoch().count());
}

// ── Names ───────────────────────────────────────────────────────────────────────────────────────

int strata_set_names(strata_stack* stack, const char* resolv_conf, const char* hosts) {
  return guarded(stack, [&](strata_stack& own) {
    own.set_names(resolv_conf == nullptr ? "" : resolv_conf, hosts == nullptr ? "" : hosts);
    return 0;
  });
}

int64_t strata_resolve(strata_stack* stack, const char* name, int family, uint64_t data) {
  if (name == nullptr || (family != 0 && !is_family(family))) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) { return own.resolve(name, family, data); });
}

int strata_addresses(strata_stack* stack, int64_t question, strata_address* addresses, int count) {
  if (count < 0 || (addresses == nullptr && count != 0)) return -EINVAL;
  return guarded(stack, [&](const strata_stack& own) {
    const auto* const asked = own.find_question(question);
    if (asked == nullptr) return -EBADF;
    if (!asked->answer) return -EINPROGRESS;
    if (!*asked->answer) return -errno_of_name(asked->answer->error());
    const auto& found = **asked->answer;
    const std::size_t size = count == 0 ? 0 : addresses->size;
    if (size % alignof(strata_address) != 0) return -EINVAL;
    for (std::size_t i = 0; i < std::min(found.size(), static_cast<std::size_t>(count)); ++i) {
      auto* const place =
          reinterpret_cast<strata_address*>(reinterpret_cast<std::byte*>(addresses) + i * size);
      place->size = size;
      if (const int bad = hand_out(address_of({found[i]}), place); bad != 0) return bad;
    }
    return static_cast<int>(found.size());
  });
}

int strata_end_question(strata_stack* stack, int64_t question) {
  return guarded(stack, [&](strata_stack& own) { return own.end_question(question) ? 0 : -EBADF; });
}

// ── DHCP ────────────────────────────────────────────────────────────────────────────────────────

int strata_start_dhcp(strata_stack* stack, const char* interface, uint64_t data) {
  if (interface == nullptr) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) { return own.start_dhcp(interface, data); });
}

int strata_leased_address(strata_stack* stack, const char* interface, strata_address* out) {
  if (interface == nullptr || out == nullptr) return -EINVAL;
  return guarded(stack, [&](const strata_stack& own) {
    const auto leased = own.leased_address(interface);
    return leased ? hand_out(address_of({*leased}), out) : leased.error();
  });
}

int strata_stop_dhcp(strata_stack* stack, const char* interface) {
  if (interface == nullptr) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) { return own.stop_dhcp(interface); });
}

// ── Statistics ──────────────────────────────────────────────────────────────────────────────────

int strata_read_counters(strata_stack* stack, strata_counters* out) {
  if (out == nullptr) return -EINVAL;
  return guarded(stack, [&](strata_stack& own) { return hand_out(own.count(), out); });
}
}
