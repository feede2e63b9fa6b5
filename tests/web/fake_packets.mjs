// SPDX-License-Identifier: Apache-2.0
// Frames of a made-up conversation, and a decoder that knows what they hold: the double of the
// stack's own for tests of the page.

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const mac = (text) => text.split(":").map((part) => parseInt(part, 16));
const ip = (text) => text.split(".").map(Number);
const word = (value) => [(value >>> 8) & 255, value & 255];
const long = (value) => [...word(value >>> 16), ...word(value)];
const kHere = { mac: "02:53:74:72:00:02", ip: "10.77.0.2" };
const kThere = { mac: "02:53:74:72:00:01", ip: "10.77.0.1" };

const ethernet = (from, to, type, payload) => [
  ...mac(to.mac),
  ...mac(from.mac),
  ...word(type),
  ...payload,
];
const ipv4 = (from, to, protocol, payload) => [
  0x45,
  0,
  ...word(20 + payload.length),
  0x1c,
  0x46,
  0x40,
  0,
  64,
  protocol,
  0xb1,
  0xe6,
  ...ip(from.ip),
  ...ip(to.ip),
  ...payload,
];
const tcp = (from, to, flags, seq, ack, text) => [
  ...word(from),
  ...word(to),
  ...long(seq),
  ...long(ack),
  0x50,
  flags,
  0xfa,
  0xf0,
  0x3c,
  0x51,
  0,
  0,
  ...Buffer.from(text),
];
const udp = (from, to, text) => [
  ...word(from),
  ...word(to),
  ...word(8 + text.length),
  0x7d,
  0x5a,
  ...Buffer.from(text),
];
const echo = (type, sequence) => [
  type,
  0,
  0x51,
  0x3a,
  0,
  7,
  ...word(sequence),
  ...Array.from({ length: 48 }, (none, index) => index + 16),
];

const kKinds = [
  (n, a, b) => [
    ethernet(
      a,
      b,
      0x0800,
      ipv4(
        a,
        b,
        6,
        tcp(
          n % 2 ? 80 : 40112,
          n % 2 ? 40112 : 80,
          0x18,
          1000 + n * 24,
          5000 + n,
          "GET / HTTP/1.1\r\nHost: strata\r\n\r\n",
        ),
      ),
    ),
    `IP ${a.ip}.${n % 2 ? 80 : 40112} > ${b.ip}.${n % 2 ? 40112 : 80}: Flags [P.], ` +
      `seq ${1000 + n * 24}:${1030 + n * 24}, ` +
      `ack ${5000 + n}, win 64240, length 30: HTTP: GET / HTTP/1.1`,
  ],
  (n, a, b) => [
    ethernet(a, b, 0x0800, ipv4(a, b, 6, tcp(80, 40112, 0x10, 5000 + n, 1030 + n, ""))),
    `IP ${a.ip}.80 > ${b.ip}.40112: Flags [.], ack ${1030 + n}, win 64240, length 0`,
  ],
  (n, a, b) => [
    ethernet(a, b, 0x0800, ipv4(a, b, 1, echo(n % 2 ? 8 : 0, n))),
    `IP ${a.ip} > ${b.ip}: ICMP echo ${n % 2 ? "request" : "reply"}, id 7, seq ${n}, length 56`,
  ],
  (n, a, b) => [
    ethernet(a, b, 0x0800, ipv4(a, b, 17, udp(53, 40000, "an answer of sorts"))),
    `IP ${a.ip}.53 > ${b.ip}.40000: UDP, length 18`,
  ],
  (n, a, b) => [
    ethernet(a, { mac: "ff:ff:ff:ff:ff:ff" }, 0x0806, [
      0,
      1,
      8,
      0,
      6,
      4,
      0,
      1,
      ...mac(a.mac),
      ...ip(a.ip),
      0,
      0,
      0,
      0,
      0,
      0,
      ...ip(b.ip),
    ]),
    `ARP, Request who-has ${b.ip} tell ${a.ip}, length 28`,
  ],
];

// As the stack tells it: the reason by its name, and a sentence; TCP has something to say, too.
function remarkOn(number, out) {
  if (number % 17 === 5 && !out) {
    const why = "The ARP message asks for an address that is not ours.";
    return { dropped: "arp_not_for_us", comment: `dropped: arp_not_for_us: ${why}` };
  }
  const comment = number % 19 === 4 ? "Sent again: no ACK came for a whole timeout." : null;
  return { dropped: null, comment };
}

export function makePacket(number, time) {
  const kind = [0, 1, 0, 2, 1, 0, 1, 3, 0, 1, 4][number % 11];
  const out = number % 2 === 0;
  const [bytes, line] = kKinds[kind](number, out ? kHere : kThere, out ? kThere : kHere);
  return {
    number,
    time,
    interface: "strata0",
    out,
    size: bytes.length,
    line,
    bytes: hex(bytes.slice(0, 256)),
    ...remarkOn(number, out),
  };
}

const kFlagNames = ["CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN"];
const kEtherTypes = { 0x0800: "IPv4", 0x0806: "ARP" };
const kProtocols = { 1: "ICMP", 6: "TCP", 17: "UDP" };

// Reads fields one behind the other; [name, bits, text(value), note].
function layer(name, bytes, offset, size, fields) {
  let bit = 0;
  const made = [];
  for (const [title, bits, text, note] of fields) {
    let value = 0n;
    for (let at = bit; at < bit + bits; at += 1) {
      value = (value << 1n) | BigInt((bytes[offset + (at >> 3)] >> (7 - (at & 7))) & 1);
    }
    if (title)
      made.push({
        name: title,
        value: text ? text(Number(value), value) : String(value),
        bit,
        bits,
        ...(note ? { note: typeof note === "function" ? note(Number(value)) : note } : {}),
      });
    bit += bits;
  }
  return { name, offset, size, fields: made.filter((field) => field.note !== "") };
}

const asMac = (value, whole) => whole.toString(16).padStart(12, "0").match(/../g).join(":");
const asIp = (value) => long(value).join(".");
const asHex = (digits) => (value) => `0x${value.toString(16).padStart(digits, "0")}`;

export function decode(text) {
  const bytes = Buffer.from(text, "hex");
  const layers = [
    layer("Ethernet", bytes, 0, 14, [
      ["Destination", 48, asMac],
      ["Source", 48, asMac],
      ["Type", 16, asHex(4), (value) => kEtherTypes[value]],
    ]),
  ];
  const type = bytes.readUInt16BE(12);
  if (type === 0x0806) {
    layers.push(
      layer("ARP", bytes, 14, 28, [
        ["Hardware", 16, null, "Ethernet"],
        ["Protocol", 16, asHex(4), "IPv4"],
        ["Hardware size", 8],
        ["Protocol size", 8],
        ["Operation", 16, null, "request"],
        ["Sender MAC", 48, asMac],
        ["Sender address", 32, asIp],
        ["Target MAC", 48, asMac],
        ["Target address", 32, asIp],
      ]),
    );
    return { line: "ARP", layers };
  }
  layers.push(
    layer("IPv4", bytes, 14, 20, [
      ["Version", 4],
      ["Header length", 4, null, "20 bytes"],
      ["DSCP", 6, null, "best effort"],
      ["ECN", 2, null, "not capable"],
      ["Total length", 16],
      ["Identification", 16, asHex(4)],
      [null, 1],
      ["Don't fragment", 1, null, "routers must not cut it"],
      ["More fragments", 1],
      ["Fragment offset", 13],
      ["TTL", 8],
      ["Protocol", 8, null, (value) => kProtocols[value]],
      ["Checksum", 16, asHex(4), "right"],
      ["Source", 32, asIp],
      ["Destination", 32, asIp],
    ]),
  );
  const protocol = bytes[23];
  const rest = bytes.length - 34;
  if (protocol === 6) {
    layers.push(
      layer("TCP", bytes, 34, 20, [
        ["Source port", 16],
        ["Destination port", 16],
        ["Sequence", 32],
        ["Acknowledgment", 32],
        ["Header length", 4, null, "20 bytes"],
        [null, 4],
        ...kFlagNames.map((name) => [name, 1, (value) => (value ? "set" : "not set")]),
        ["Window", 16],
        ["Checksum", 16, asHex(4), "right"],
        ["Urgent pointer", 16],
      ]),
    );
    if (rest > 20) layers.push({ name: "Data", offset: 54, size: rest - 20, fields: [] });
  } else if (protocol === 17) {
    layers.push(
      layer("UDP", bytes, 34, 8, [
        ["Source port", 16],
        ["Destination port", 16],
        ["Length", 16],
        ["Checksum", 16, asHex(4), "right"],
      ]),
    );
    layers.push({ name: "Data", offset: 42, size: rest - 8, fields: [] });
  } else {
    layers.push(
      layer("ICMP", bytes, 34, 8, [
        ["Type", 8, null, "echo request"],
        ["Code", 8],
        ["Checksum", 16, asHex(4)],
        ["Identifier", 16],
        ["Sequence", 16],
      ]),
    );
    layers.push({ name: "Data", offset: 42, size: rest - 8, fields: [] });
  }
  return { line: layers.at(-1).name, layers };
}
