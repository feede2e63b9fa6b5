// SPDX-License-Identifier: Apache-2.0
// A made-up stack that moves: what the page is told by docs/design/020, without a stack.

const kStates = [
  "established",
  "established",
  "established",
  "established",
  "established",
  "close-wait",
  "time-wait",
  "fin-wait-2",
  "syn-received",
];
// What a list of connections is sorted by, and the member that has it.
export const kOrders = {
  local: "local",
  remote: "remote",
  state: "state",
  rtt: "rtt_ms",
  rate: "delivery_rate",
  window: "congestion_window",
  in_flight: "in_flight",
  sent: "bytes_sent",
  received: "bytes_received",
  retransmitted: "bytes_retransmitted",
  age: "age_seconds",
};
const kSentences = [
  "Our own program: it gives the connection less than the path would carry.",
  "The congestion window: the sender uses all that it believes the path to carry.",
  "The peer's window: the program over there reads more slowly than we send.",
  "Loss: the path loses so much that the sender spends its time on repairs.",
  "Our send buffer: it holds less than one round trip of this path.",
];
const kDrops = [
  ["frame_not_for_us", "The frame is addressed to another station's MAC address.", 1841, 2.4],
  ["tcp_no_listener", "Nobody listens on this port; the sender was told with a reset.", 412, 0.8],
  ["arp_not_for_us", "The ARP message asks for an address that is not ours.", 96, 0.1],
  ["ipv4_bad_checksum", "The checksum of the IPv4 header is wrong.", 31, 0],
  ["neighbor_unresolved", "The next hop did not answer ARP or neighbour solicitations.", 12, 0],
  ["reassembly_timeout", "The missing fragments of the datagram did not come in time.", 4, 0],
];

// The same numbers each time: a picture of the page can be compared with the last one.
function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function makeConnection(index, next) {
  const busy = next() < 0.3;
  const rate = busy ? Math.floor(next() ** 3 * 9e7) : Math.floor(next() * 4e4);
  return {
    id: String(index + 1),
    local: `10.77.0.2:${next() < 0.8 ? 80 : 5201}`,
    remote:
      index % 23 === 7
        ? `[fd77::${(index % 9000).toString(16)}]:${40000 + (index % 20000)}`
        : `10.${77 + (index % 3)}.${index % 7}.${1 + (index % 250)}:${40000 + (index % 20000)}`,
    state: kStates[Math.floor(next() * kStates.length)],
    rtt_ms: 0.08 + next() ** 3 * 120,
    congestion_window: 14480 + Math.floor(next() * 4) * 28960 + (busy ? 600000 : 0),
    in_flight: busy ? 28960 + Math.floor(next() * 400000) : 0,
    bytes_sent: Math.floor(next() ** 4 * 4e9) + 512,
    bytes_received: Math.floor(next() ** 4 * 2e8) + 77,
    bytes_retransmitted: next() < 0.12 ? Math.floor(next() * 1e6) : 0,
    delivery_rate: rate,
    receive_queue: 0,
    send_queue: busy ? 65160 : 0,
    age_seconds: next() * 4000,
    limited_by: kSentences[busy ? 1 + Math.floor(next() * 4) : 0],
  };
}

export class FakeStack {
  constructor({ connections = 240, name = "strata" } = {}) {
    const next = random(7);
    this.next = next;
    this.name = name;
    this.born = Date.now() - 7_384_000;
    this.connections = Array.from({ length: connections }, (none, index) =>
      makeConnection(index, next),
    );
    this.capture = { active: false, packets: 0, bytes: 0, filter: "" };
    this.moved = Date.now();
    this.interfaces = [
      this.device(1, "strata0", "02:53:74:72:00:02", 1500, 8e5, 1.1e6, 41200, 78100),
      this.device(2, "xdp:eth1", "3c:fd:fe:9e:7f:71", 9000, 2e7, 4e7, 312000, 498000),
      this.device(3, "strata0.30", "02:53:74:72:00:02", 1496, 3e4, 2e4, 640, 410, [30]),
    ];
    this.drops = kDrops.map(([reason, explanation, count]) => ({ reason, explanation, count }));
    this.phase = 0;
  }

  device(id, name, mac, mtu, received, sent, inRate, outRate, vlan) {
    const entry = {
      id,
      name,
      mtu,
      ipv6_mtu: mtu,
      up: true,
      received_packets: received,
      received_bytes: received * 210,
      sent_packets: sent,
      sent_bytes: sent * 1180,
      mac,
      ...(vlan ? { vlan } : {}),
    };
    Object.defineProperty(entry, "rates", { value: [inRate, outRate], enumerable: false });
    return entry;
  }

  // Moves on by the time that has passed.
  move() {
    const now = Date.now();
    const seconds = (now - this.moved) / 1000;
    if (seconds < 0.02) return;
    this.moved = now;
    this.phase += seconds;
    for (const [index, entry] of this.interfaces.entries()) {
      const swing = 1 + 0.35 * Math.sin(this.phase / 9 + index) + 0.2 * (this.next() - 0.5);
      const [incoming, outgoing] = entry.rates.map((rate) => Math.floor(rate * swing * seconds));
      entry.received_packets += incoming;
      entry.received_bytes += incoming * 210;
      entry.sent_packets += outgoing;
      entry.sent_bytes += outgoing * 1180;
    }
    this.drops.forEach((drop, index) => {
      drop.count += Math.floor(kDrops[index][3] * seconds + this.next());
    });
    for (const one of this.connections) {
      one.age_seconds += seconds;
      one.rtt_ms = Math.max(0.05, one.rtt_ms * (1 + (this.next() - 0.5) * 0.1));
      one.bytes_sent += Math.floor(one.delivery_rate * seconds);
    }
    if (this.capture.active) {
      this.capture.packets += Math.floor(4000 * seconds);
      this.capture.bytes += Math.floor(4000 * seconds) * 700;
    }
  }

  addresses() {
    return [
      { address: "10.77.0.2/24", interface: "strata0", state: "preferred" },
      { address: "fd77::2/64", interface: "strata0", state: "preferred" },
      { address: "fe80::53:74ff:fe72:2/64", interface: "strata0", state: "preferred" },
      { address: "192.0.2.17/25", interface: "xdp:eth1", state: "preferred" },
      { address: "10.30.0.2/24", interface: "strata0.30", state: "tentative" },
    ];
  }

  routes() {
    return [
      {
        destination: "0.0.0.0/0",
        gateway: "10.77.0.1",
        interface: "strata0",
        metric: 0,
        origin: "static",
      },
      { destination: "10.77.0.0/24", interface: "strata0", metric: 0, origin: "connected" },
      { destination: "192.0.2.0/25", interface: "xdp:eth1", metric: 0, origin: "connected" },
      {
        destination: "::/0",
        gateway: "fe80::1",
        interface: "strata0",
        metric: 1024,
        origin: "router-advertisement",
      },
      { destination: "fd77::/64", interface: "strata0", metric: 0, origin: "connected" },
    ];
  }

  neighbors() {
    const states = ["reachable", "stale", "reachable", "delay", "incomplete", "permanent"];
    return states.map((state, index) => ({
      address: index === 2 ? "fe80::1" : `10.77.0.${index * 7 + 1}`,
      interface: index % 2 ? "strata0" : "xdp:eth1",
      state,
      router: index === 2,
      ...(state === "incomplete" ? {} : { mac: `02:53:74:72:00:${(index + 17).toString(16)}` }),
    }));
  }

  sockets() {
    const listeners = [80, 443, 5201].map((port) => ({
      kind: "tcp",
      local: `0.0.0.0:${port}`,
      state: "listen",
      receive_queue: 0,
      send_queue: 0,
    }));
    const datagrams = [
      ["udp", "0.0.0.0:7", 0, 0],
      ["udp", "0.0.0.0:53", 3, 41],
      ["icmp", "0.0.0.0:0", 0, 0],
      ["raw", "0.0.0.0:89", 0, 2],
    ].map(([kind, local, queued, dropped]) => ({ kind, local, queued_packets: queued, dropped }));
    const open = this.connections.slice(0, 60).map((one) => ({
      kind: "tcp",
      local: one.local,
      remote: one.remote,
      state: one.state,
      receive_queue: 0,
      send_queue: one.send_queue,
    }));
    return [...listeners, ...datagrams, ...open];
  }

  // All parts, or those named: "interfaces,drops".
  snapshot(parts) {
    const whole = this.everything();
    const wanted = parts ? ["name", "uptime_seconds", ...parts.split(",")] : Object.keys(whole);
    return Object.fromEntries(wanted.map((name) => [name, whole[name]]));
  }

  everything() {
    this.move();
    const packets = this.interfaces.reduce((sum, one) => sum + one.received_packets, 0);
    return {
      name: this.name,
      uptime_seconds: (Date.now() - this.born) / 1000,
      interfaces: this.interfaces,
      addresses: this.addresses(),
      routes: this.routes(),
      neighbors: this.neighbors(),
      dns_servers: [],
      sockets: this.sockets(),
      connections: this.connections.slice(0, 20),
      drops: this.drops,
      counters: {
        ipv4_received: packets,
        ipv4_sent: packets * 2,
        ipv6_received: 81274,
        ipv6_sent: 61022,
        tcp_received: packets - 8123,
        tcp_sent: packets * 2 - 811,
        udp_received: 7120,
        udp_sent: 6431,
        icmp_received: 612,
        icmp_sent: 612,
        arp_received: 391,
        arp_sent: 177,
        nd_received: 59,
        nd_sent: 60,
      },
      memory: {
        bytes: 271_581_184,
        pool_bytes: 201_326_592,
        small_buffers: 65536,
        small_buffers_free: 65536 - 9200 - Math.floor(900 * Math.sin(this.phase)),
        large_buffers_free: 503,
      },
      timers: {
        pending: 412,
        fired: 90_210,
        late: 3,
        refiled: 180_077,
        latest_seconds: 0.0041,
        next_due_seconds: 0.0382,
      },
    };
  }

  // One page of connections, sorted and filtered as the request says.
  page({ offset = 0, limit = 100, sort = "", filter = "" }) {
    this.move();
    const matched = this.connections.filter(
      (one) =>
        !filter ||
        one.state.includes(filter) ||
        one.local.includes(filter) ||
        one.remote.includes(filter),
    );
    const [name, way] = sort.startsWith("-") ? [sort.slice(1), -1] : [sort, 1];
    const key = kOrders[name];
    if (name && !key) throw new Error(`there is no order "${name}"`);
    if (key) matched.sort((a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0) * way);
    const from = Number(offset);
    return {
      total: this.connections.length,
      matched: matched.length,
      connections: matched.slice(from, from + Math.min(Number(limit), 1000)),
    };
  }

  connection(id) {
    this.move();
    const one = this.connections.find((other) => other.id === id);
    return (
      one && {
        ...one,
        advice: [
          one.limited_by,
          ...(one.bytes_retransmitted
            ? ["A segment sent later arrived a reordering window before (RACK, RFC 8985)."]
            : []),
        ],
        recovery: "open",
        congestion: "cubic",
        has_timestamps: true,
        has_sack: true,
        has_window_scaling: true,
        has_ecn: false,
        send_mss: 1448,
        receive_mss: 1448,
        path_mtu: 1500,
        peer_window: 1048576,
        receive_window: 65160,
        slow_start_threshold: 4294967295,
        unacknowledged: one.in_flight,
        not_sent: 0,
        send_buffer: 1048576,
        receive_buffer: 131072,
        retransmission_timeout_ms: 203,
        rtt_variation_ms: one.rtt_ms / 4,
        min_rtt_ms: one.rtt_ms * 0.8,
        pacing_rate: 0,
        segments_sent: 18212,
        segments_received: 9120,
        retransmits: {
          duplicate_acks: 0,
          reordering: one.bytes_retransmitted ? 4 : 0,
          timeout: 1,
          probe: 1,
        },
      }
    );
  }
}

// Segments of a download that loses one now and then.
export class FakeSegments {
  constructor() {
    this.seq = 1;
    this.time = 12.5;
    this.turn = 0;
  }

  segment(out, flags, seq, length, ack, more = {}) {
    this.time += more.pause ?? 0.00042;
    const { sack = [], again = null } = more;
    return {
      time: this.time,
      out,
      flags,
      seq,
      length,
      ack,
      window: out ? 64240 : 1048576,
      sack,
      again,
    };
  }

  next() {
    this.turn += 1;
    const kMss = 1448;
    const start = this.seq;
    const data = (index, more) => this.segment(true, "PA", start + index * kMss, kMss, 518, more);
    const ack = (index, more) => this.segment(false, "A", 518, 0, start + index * kMss, more);
    if (this.turn === 1) {
      return [
        this.segment(false, "S", 0, 0, 0),
        this.segment(true, "SA", 0, 0, 1, { pause: 0.00003 }),
        this.segment(false, "A", 1, 0, 1),
        this.segment(false, "PA", 1, 517, 1, { pause: 0.00004 }),
        this.segment(true, "A", 1, 0, 518),
      ];
    }
    this.seq += 4 * kMss;
    if (this.turn % 5 === 3) {
      return [
        data(0, { pause: 0.4 }),
        data(1),
        data(2),
        ack(1),
        ack(1, { sack: [[start + 2 * kMss, start + 3 * kMss]] }),
        data(3),
        ack(1, { sack: [[start + 2 * kMss, start + 4 * kMss]] }),
        data(1, { again: "fast" }),
        ack(4),
      ];
    }
    if (this.turn % 5 === 4) {
      return [
        data(0),
        data(1),
        data(2),
        data(3),
        ack(3),
        data(3, { again: "probe", pause: 0.012 }),
        data(3, { again: "timeout", pause: 0.31 }),
        ack(4),
      ];
    }
    return [data(0, { pause: 0.021 }), data(1), ack(2), data(2), data(3), ack(4)];
  }
}
