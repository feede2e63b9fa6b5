// SPDX-License-Identifier: Apache-2.0
// Client: a DHCPv4 client (RFC 2131 4.4) for one interface.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "dhcp/config.h"
#include "dhcp/lease.h"
#include "strata/bytes.h"

//                     on_start
//             none │            │ a lease of before
//                  v            v
//   ┌────────> kInit       kRebooting ── NAK, or no answer and no time left ──> kInit
//   │ NAK,         │ offer      │ ACK, or no answer: use what is left
//   │ conflict,    v            │
//   │ no answer kSelecting      │
//   │              │ request    │
//   ├──────────kRequesting      │
//   │              │ ACK        │
//   │              v            │
//   ├────────── kChecking <─────┘      the owner looks for others with this address (RFC 5227)
//   │              │ on_address_checked
//   │              v        T1              T2
//   │           kBound ──────────> kRenewing ──────────> kRebinding
//   │              ^   ACK             │   ACK                │
//   │              └───────────────────┴──────────────────────┤
//   └─────────────────────── NAK, or the lease has expired ───┘
//
// 1. A reply is heard when it has our transaction id and hardware address and fits the state;
//    everything else is counted and changes nothing.
// 2. After Unbind the address must not be used; after Bind it may be, once it has been checked.
// 3. What is sent between has one deadline at any time.

namespace strata::dhcp {

enum class State : std::uint8_t {
  kStopped,
  kInit,
  kSelecting,
  kRequesting,
  kRebooting,
  kChecking,
  kBound,
  kRenewing,
  kRebinding,
};

// From port 68 to port 67. The bytes hold until the next call.
struct SendMessage {
  IpAddress source;       // unspecified: we have none
  IpAddress destination;  // the limited broadcast address, or the server
  Bytes message;
};
// The lease is ours; `is_new` when the address was not before. To be kept for the next start.
struct Bind {
  Lease lease;
  bool is_new;
};
// It is not ours any more.
struct Unbind {
  Lease lease;
};

using Output = std::variant<SendMessage, Bind, Unbind>;

struct Counters {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;  // that fitted
  std::uint64_t ignored = 0;
  std::uint64_t naks = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t renewals = 0;
};

class Client {
 public:
  explicit Client(const Config& config) : config_(config) {}

  // ── Events ────────────────────────────────────────────────────────────────────────────────
  // With what was granted before, if anything: its time still counts.
  void on_start(const std::optional<Lease>& former, Time now);
  // A UDP payload that came to port 68.
  void on_message(Bytes message, Time now);
  // Nobody else has the address.
  void on_address_checked(Time now);
  // Somebody has, whether before or after it was checked.
  void on_conflict(Time now);
  // The address was taken away, and not by anybody who uses it himself.
  void on_address_removed(Time now);
  // The link came back: it may be another network (RFC 2131 3.7).
  void on_link_up(Time now);
  // Gives the address back (RFC 2131 4.4.6), if there is one.
  void on_stop(Time now);

  // ── Outputs and time ──────────────────────────────────────────────────────────────────────
  [[nodiscard]] std::optional<Output> next_output(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;
  void on_deadline(Time now);

  // ── Observation ───────────────────────────────────────────────────────────────────────────
  [[nodiscard]] State state() const { return state_; }
  // What is bound; nothing before and after.
  [[nodiscard]] const std::optional<Lease>& lease() const { return bound_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] Time renews_at() const { return renew_at_; }
  [[nodiscard]] Time rebinds_at() const { return rebind_at_; }

 private:
  void begin(Time at);
  void start_exchange(State state, Time now);
  void schedule_retry(Time now);
  void schedule_renewal(Time limit, Time now);
  void send(wire::DhcpMessageType type) { owed_ = type; }
  [[nodiscard]] bool is_for_us(const wire::DhcpView& message,
                               const wire::DhcpOptions& options) const;
  void on_offer(const wire::DhcpView& message, const wire::DhcpOptions& options, Time now);
  void on_ack(const wire::DhcpView& message, const wire::DhcpOptions& options, Time now);
  void on_nak(const wire::DhcpOptions& options, Time now);
  void bind(const Lease& lease, Time now);
  void unbind();
  void enter_bound(Time now);
  void try_again(Time now);
  [[nodiscard]] SendMessage form(wire::DhcpMessageType type, Time now);
  void add_identity(wire::DhcpWriter& writer) const;
  void add_wishes(wire::DhcpWriter& writer) const;
  [[nodiscard]] std::uint64_t draw() { return hash_words(config_.secret, {++draws_}); }
  // Uniform in [-spread, spread].
  [[nodiscard]] Duration jitter(Duration spread);

  Config config_;
  Counters counters_;
  State state_ = State::kStopped;
  std::optional<Time> deadline_;
  std::uint32_t transaction_ = 0;
  Time exchange_began_{};
  Time sent_at_{};
  std::uint8_t tries_ = 0;
  Lease candidate_{};  // offered, or of before, or being checked
  std::optional<Lease> bound_;
  Time renew_at_{};
  Time rebind_at_{};
  std::uint64_t draws_ = 0;
  // What is to be pulled, in this order.
  std::optional<Lease> owed_unbind_;
  std::optional<wire::DhcpMessageType> owed_farewell_;  // RELEASE or DECLINE, of `farewell_`
  Lease farewell_{};
  std::optional<wire::DhcpMessageType> owed_;
  std::optional<Bind> owed_bind_;
  std::array<std::byte, kMessageMax> out_{};
};

[[nodiscard]] std::string_view to_text(State state);

}  // namespace strata::dhcp
