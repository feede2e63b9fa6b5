// SPDX-License-Identifier: Apache-2.0
// Probes: places where tracers of the host may look on (USDT). Each is one instruction that does
// nothing, and a note in the program that says where its values lie; who does not trace pays for
// no more. Built without <sys/sdt.h> (systemtap-sdt-dev) they are not there at all.
#pragma once

#include <cstdint>

#if defined(__linux__) && __STDC_HOSTED__ && __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define STRATA_HAS_PROBES 1
#else
#define STRATA_HAS_PROBES 0
#endif

// docs/probes.md tells what can be read there, and how.

namespace strata {

// strata:drop. The number of a DropReason, and how many packets.
inline void probe_drop([[maybe_unused]] std::uint32_t reason,
                       [[maybe_unused]] std::uint64_t packets) {
#if STRATA_HAS_PROBES
  DTRACE_PROBE2(strata, drop, reason, packets);
#endif
}

// strata:retransmit. A tcp::Flow, what is sent again, and why: the number of a TcpLossCause.
inline void probe_retransmit([[maybe_unused]] const void* flow,
                             [[maybe_unused]] std::uint32_t sequence,
                             [[maybe_unused]] std::uint32_t bytes,
                             [[maybe_unused]] std::uint32_t cause) {
#if STRATA_HAS_PROBES
  DTRACE_PROBE4(strata, retransmit, flow, sequence, bytes, cause);
#endif
}

// strata:tcp_state. A tcp::Flow, and the numbers of two tcp::State.
inline void probe_tcp_state([[maybe_unused]] const void* flow, [[maybe_unused]] std::uint32_t from,
                            [[maybe_unused]] std::uint32_t to) {
#if STRATA_HAS_PROBES
  DTRACE_PROBE3(strata, tcp_state, flow, from, to);
#endif
}

}  // namespace strata
