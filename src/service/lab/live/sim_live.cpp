// SPDX-License-Identifier: Apache-2.0
#include "strata/sim_live.h"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "service/devices/device_rack.h"
#include "service/lab/live/paced_world.h"
#include "service/lab/live/rate_meter.h"
#include "strata/real_clock.h"

namespace strata::sim {
namespace {

// A sleep ends so much before something is due: longer than a sleeping core takes to wake up.
constexpr Duration kSpinBeforeDeadline = std::chrono::microseconds(80);
// How long a loop that was told to stop may sleep on, and a device that came up again go unnoticed.
constexpr Duration kPatience = std::chrono::milliseconds(50);

constexpr std::array<Direction, 2> kBothWays{Direction::kAToB, Direction::kBToA};

// While one lives, the kernel wakes this thread as soon as it can.
class PunctualThread {
 public:
  PunctualThread() {
    if (alive_++ != 0) return;
    former_slack_ = ::prctl(PR_GET_TIMERSLACK);
    ::prctl(PR_SET_TIMERSLACK, 1);
  }
  ~PunctualThread() {
    if (--alive_ == 0 && former_slack_ > 0) ::prctl(PR_SET_TIMERSLACK, former_slack_);
  }
  PunctualThread(const PunctualThread&) = delete;
  PunctualThread& operator=(const PunctualThread&) = delete;

 private:
  static thread_local int alive_;
  static thread_local int former_slack_;  // nanoseconds
};
thread_local int PunctualThread::alive_ = 0;
thread_local int PunctualThread::former_slack_ = 0;

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e9; }

Lateness summary(const service::Lateness& late) {
  return {.count = late.count(),
          .median = late.quantile(0.5),
          .p99 = late.quantile(0.99),
          .most = late.most()};
}

bool carries_whole_frames(const DeviceCapabilities& device) {
  return device.medium == Medium::kEthernet && device.tcp_segment_bytes_max == 0 &&
         device.udp_segment_bytes_max == 0;
}

// What was carried one way; nothing was when there are no frames.
AchievedRate achieved(const Link& link, const service::RateMeter& meter, Direction direction) {
  const service::RateMeter::Busy busy = meter.busy(direction);
  if (busy.frames == 0 || busy.took <= Duration::zero()) return {};
  const auto bits = static_cast<double>(busy.bits);
  return {.name = fmt::format("{}-{}", link.node(direction).name(),
                              link.node(opposite(direction)).name()),
          .asked_bits_per_second = bits / seconds(busy.asked),
          .achieved_bits_per_second = bits / seconds(busy.took),
          .frames = busy.frames};
}

}  // namespace

struct LiveWorld::Inside {
  struct Metered {
    Metered(World& world, Link& metered) : of(world), link(metered), meter(real_now) {
      of.tap(link, meter);
    }
    ~Metered() { of.untap(meter); }
    Metered(const Metered&) = delete;
    Metered& operator=(const Metered&) = delete;

    World& of;
    Link& link;
    service::RateMeter meter;
  };

  Inside(World& simulated, std::unique_ptr<Loop> made)
      : world(simulated), loop(std::move(made)), paced(world, real_now) {}
  ~Inside() { loop->remove(paced); }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

  void meter_links() {
    for (const auto& link : world.links()) {
      const bool has_rate = std::ranges::any_of(kBothWays, [&](Direction direction) {
        return link->config(direction).bits_per_second != 0;
      });
      if (has_rate) meters.push_back(std::make_unique<Metered>(world, *link));
    }
  }

  World& world;
  std::unique_ptr<Loop> loop;
  std::vector<std::unique_ptr<Device>> owned;
  service::PacedWorld paced;
  std::vector<std::unique_ptr<Metered>> meters;
  PunctualThread punctual;
};

Result<std::unique_ptr<LiveWorld>> LiveWorld::create(World& world, LoopPolicy policy) {
  auto loop = Loop::create({.policy = policy, .spin_before_deadline = kSpinBeforeDeadline});
  if (!loop) return std::unexpected(loop.error());
  auto inside = std::make_unique<Inside>(world, *std::move(loop));
  if (const auto added = inside->loop->add(inside->paced); !added) {
    return std::unexpected(added.error());
  }
  inside->meter_links();
  return std::unique_ptr<LiveWorld>(new LiveWorld(std::move(inside)));
}

LiveWorld::LiveWorld(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
LiveWorld::~LiveWorld() = default;

Result<void> LiveWorld::join(Station& station, std::unique_ptr<Device> device) {
  if (device == nullptr) return std::unexpected(Error::kInvalidArgument);
  Device& joined = *device;
  return join(station, joined, std::move(device));
}

Result<void> LiveWorld::join(Station& station, Device& device) {
  return join(station, device, nullptr);
}

Result<void> LiveWorld::join(Station& station, Device& device, std::unique_ptr<Device> owned) {
  service::PacedWorld& paced = inside_->paced;
  if (station.port_count() != 1) return std::unexpected(Error::kInvalidArgument);
  const bool has_device = std::ranges::any_of(
      paced.joined(), [&](const auto& joined) { return joined->station == &station; });
  if (has_device) return std::unexpected(Error::kAlreadyExists);
  if (!carries_whole_frames(device.capabilities())) return std::unexpected(Error::kNotSupported);
  paced.join(station, device, service::feeding_of(device));
  if (const auto updated = loop().update(paced); !updated) {
    paced.leave(station);
    static_cast<void>(loop().update(paced));
    return updated;
  }
  if (owned != nullptr) inside_->owned.push_back(std::move(owned));
  return {};
}

bool LiveWorld::run_for(Duration duration) {
  const Time end = begin_run(duration);
  while (step(end)) {
  }
  return world().now() >= end;
}

bool LiveWorld::step(Time last) {
  if (world().now() >= last || is_stalled() || loop().is_stopped()) return false;
  inside_->paced.set_end(last);
  static_cast<void>(loop().run_once(kPatience));
  return true;
}

Time LiveWorld::begin_run(Duration duration) {
  world().wake_hosts();
  const Duration stood_still = inside_->paced.resume();
  for (const auto& metered : inside_->meters) metered->meter.stand_still(stood_still);
  // The machine's clock counts from when it was started: what it is to reach stays a time.
  const Duration most = (kNever - world().now()) / 2;
  return duration < most ? world().now() + duration : kNever;
}

World& LiveWorld::world() { return inside_->world; }
Loop& LiveWorld::loop() { return *inside_->loop; }
bool LiveWorld::is_stalled() const { return inside_->paced.is_stalled(); }

Accuracy LiveWorld::accuracy() const {
  const service::PacedWorld& paced = inside_->paced;
  Accuracy accuracy{.events = summary(paced.lateness()),
                    .frames_out = summary(paced.lateness_out()),
                    .rests = paced.rests().times,
                    .rested = paced.rests().in_all,
                    .rates = {},
                    .devices = {}};
  for (const auto& metered : inside_->meters) {
    for (const Direction direction : kBothWays) {
      AchievedRate rate = achieved(metered->link, metered->meter, direction);
      if (rate.frames != 0) accuracy.rates.push_back(std::move(rate));
    }
  }
  for (const auto& joined : paced.joined()) {
    accuracy.devices.push_back({.name = std::string(joined->station->name()),
                                .frames_in = joined->frames_in,
                                .frames_out = joined->frames_out,
                                .refused = joined->refused,
                                .without_buffer = joined->device->counters().pool_empty_drops,
                                .vanished_at = joined->vanished_at});
  }
  return accuracy;
}

}  // namespace strata::sim
