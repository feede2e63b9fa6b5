// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them: three digits, decimal units, and a thin space before the unit.

const kSpace = "\u202f";

function scaled(value, units, step = 1000) {
  let index = 0;
  let size = Math.abs(value);
  while (size >= step && index < units.length - 1) {
    size /= step;
    index += 1;
  }
  // What rounds up to four digits is one of the next unit.
  if (size >= step - 0.5 && index > 0 && index < units.length - 1) {
    size /= step;
    index += 1;
  }
  const digits =
    index === 0
      ? Number.isInteger(size) || size >= 100
        ? 0
        : 1
      : size >= 100
        ? 0
        : size >= 10
          ? 1
          : 2;
  const text = (value < 0 ? "-" : "") + size.toFixed(digits);
  return units[index] ? text + kSpace + units[index] : text;
}

const known = (value) => typeof value === "number" && Number.isFinite(value);

export const count = (value) => (known(value) ? Math.round(value).toLocaleString("en-US") : "–");
export const short = (value) => (known(value) ? scaled(value, ["", "k", "M", "G", "T"]) : "–");
export const bytes = (value) =>
  known(value) ? scaled(value, ["B", "kB", "MB", "GB", "TB", "PB"]) : "–";
export const bitRate = (bytesASecond) =>
  known(bytesASecond)
    ? scaled(bytesASecond * 8, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"])
    : "–";
export const packetRate = (value) =>
  known(value) ? scaled(value, ["/s", "k/s", "M/s", "G/s"]) : "–";
export const percent = (part, whole) =>
  whole > 0 ? `${Math.round((part / whole) * 100)}${kSpace}%` : "–";

export function milliseconds(value) {
  if (!known(value)) return "–";
  if (value === 0) return `0${kSpace}ms`;
  if (value >= 1000) return `${(value / 1000).toFixed(2)}${kSpace}s`;
  if (value >= 100) return `${value.toFixed(0)}${kSpace}ms`;
  if (value >= 10) return `${value.toFixed(1)}${kSpace}ms`;
  return `${value.toFixed(value >= 1 ? 2 : 3)}${kSpace}ms`;
}

// Between two things on the wire.
export function gap(seconds) {
  if (seconds >= 1) return `${seconds.toFixed(2)}${kSpace}s`;
  if (seconds >= 0.001) return `${(seconds * 1000).toFixed(seconds >= 0.01 ? 0 : 1)}${kSpace}ms`;
  return `${Math.round(seconds * 1e6)}${kSpace}µs`;
}

// However long or short.
export const span = (seconds) =>
  seconds >= 60 ? duration(seconds) : milliseconds(known(seconds) ? seconds * 1000 : null);

export function duration(seconds) {
  if (!known(seconds)) return "–";
  const whole = Math.floor(seconds);
  const [days, hours, minutes] = [
    Math.floor(whole / 86400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  const parts = days
    ? [
        [days, "d"],
        [hours, "h"],
      ]
    : hours
      ? [
          [hours, "h"],
          [minutes, "min"],
        ]
      : minutes
        ? [
            [minutes, "min"],
            [whole % 60, "s"],
          ]
        : [[whole, "s"]];
  return parts.map(([value, unit]) => value + kSpace + unit).join(" ");
}

// Seconds since 1970, on this browser's clock: 14:03:27.123456
export function clock(seconds, digits = 6) {
  if (!known(seconds)) return "–";
  const date = new Date(seconds * 1000);
  const two = (value) => String(value).padStart(2, "0");
  const fraction = (seconds % 1).toFixed(digits).slice(1);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${fraction}`;
}

// "frame_not_for_us" and "kPathMtu" are names of programs; people read "Frame not for us".
const kSpelled = Object.fromEntries(
  [
    "RTT",
    "SACK",
    "MSS",
    "MTU",
    "ECN",
    "CE",
    "TCP",
    "UDP",
    "IPv4",
    "IPv6",
    "ICMP",
    "ARP",
    "ND",
    "VLAN",
    "ACK",
    "ACKs",
    "MAC",
    "TTL",
  ].map((word) => [word.toLowerCase(), word]),
);

export function words(name) {
  const spelled = String(name)
    .split(/[_-]/)
    .map((word) => kSpelled[word] ?? word)
    .join(" ");
  return spelled.charAt(0).toUpperCase() + spelled.slice(1);
}
