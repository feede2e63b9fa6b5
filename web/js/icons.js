// SPDX-License-Identifier: Apache-2.0
// Icons drawn on a grid of 16, one path each.
import { svg } from "./dom.js";

const kPaths = {
  overview: "M2 13.5h12M3.5 11V7.5M6.5 11V3M9.5 11V5.5M12.5 11V8.5",
  connections: "M2 5.5h10M9.5 3 12 5.5 9.5 8M14 10.5H4M6.5 8 4 10.5 6.5 13",
  sockets: "M3 3.5h10v9H3zM6 3.5v3h4v-3M6 10h4",
  network:
    "M8 2.5v3M3.5 10.5v-2h9v2M8 5.5v3M1.8 10.5h3.4v3H1.8zM10.8 10.5h3.4v3h-3.4zM6.3 2h3.4v3H6.3z",
  drops:
    "M8 2.2c2.4 3 3.9 5 3.9 7A3.9 3.9 0 0 1 4.1 9.2c0-2 1.5-4 3.9-7zM6.3 9.6a1.8 1.8 0 0 0 1.6 1.7",
  packets: "M2.5 4h11M2.5 8h11M2.5 12h7",
  capture: "M8 2.5v7.5M5 7l3 3 3-3M2.5 13.5h11",
  sun:
    "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1.3v1.5M8 13.2v1.5M1.3 8h1.5M13.2 8h1.5" +
    "M3.3 3.3l1 1M11.7 11.7l1 1M12.7 3.3l-1 1M4.3 11.7l-1 1",
  moon: "M13.2 9.6A5.6 5.6 0 1 1 6.4 2.8a4.5 4.5 0 0 0 6.8 6.8z",
  auto: "M8 2.4a5.6 5.6 0 1 0 0 11.2A5.6 5.6 0 0 0 8 2.4zM8 2.4v11.2M8 5h3.9M8 8h5.4M8 11h3.9",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.2 12.5 8 5 12.8z",
  back: "M9.5 3.5 5 8l4.5 4.5",
};

export function icon(name) {
  return svg(
    "svg",
    { width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("path", {
      d: kPaths[name],
      fill: "none",
      stroke: "currentColor",
      "stroke-width": 1.4,
      "stroke-linecap": "round",
      "stroke-linejoin": "round",
    }),
  );
}
