// SPDX-License-Identifier: Apache-2.0
#include "stack/run_hooks.h"

#include <algorithm>

namespace strata::stack {
namespace {

// Takes out of the batch what a hook dropped or stole; holes stay for the next hook to skip.
void obey(Core& core, PacketBatch& batch, std::span<Verdict> verdicts) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (verdicts[i].kind == Verdict::Kind::kAccept) continue;
    PacketPtr packet = batch.take(i);
    if (packet == nullptr) continue;
    if (verdicts[i].kind == Verdict::Kind::kStolen) {
      (void)packet.release();  // the hook owns it now
    } else {
      drop(core, std::move(packet), verdicts[i].reason);
    }
  }
}

}  // namespace

void run_hooks(Core& core, HookPoint point, PacketBatch& batch, Time now) {
  if (batch.empty() || !has_hooks(core, point)) return;
  std::array<Verdict, PacketBatch::kCapacity> verdicts;
  const auto& registered = core.hooks[static_cast<std::size_t>(point)];
  // A hook may take itself or others away: as it was, but without those that have gone since.
  const auto entries = registered;
  for (const HookEntry& entry : entries) {
    if (entry.hook == nullptr) break;
    if (std::ranges::find(registered, entry.hook, &HookEntry::hook) == registered.end()) continue;
    const std::span<Verdict> all(verdicts.data(), batch.size());
    for (Verdict& verdict : all) verdict = Verdict::accept();
    entry.hook->on_packets(point, batch.packets(), all, now);
    obey(core, batch, all);
  }
  batch.compact();
}

PacketPtr run_hooks(Core& core, HookPoint point, PacketPtr packet, Time now) {
  if (!has_hooks(core, point)) return packet;
  PacketBatch one;
  one.push(std::move(packet));
  run_hooks(core, point, one, now);
  return one.empty() ? nullptr : one.take(0);
}

}  // namespace strata::stack
