// SPDX-License-Identifier: Apache-2.0
// The ladder of a connection: two hosts, time downwards, a slanted arrow for each segment. We see
// one end only: an arrow tells the direction and the order, not how long it was on its way.
import { clear, h, setText, svg } from "../dom.js";
import * as format from "../format.js";

const kKept = 60;
const kRow = 30;
const kSlant = 13;
const kPauseMs = 250; // between two drawings
const kFlags = {
  S: "SYN",
  F: "FIN",
  R: "RST",
  P: "PSH",
  A: "ACK",
  U: "URG",
  E: "ECE",
  C: "CWR",
  W: "CWR",
};
const kAgain = {
  fast: "fast retransmit",
  timeout: "again after a timeout",
  probe: "probe of the tail",
};
const kLegend = [
  ["out", "data from here"],
  ["in", "data from there"],
  ["ack", "ACK alone"],
  ["sack", "with SACK"],
  ["fast", "fast retransmit"],
  ["timeout", "timeout"],
  ["probe", "probe"],
];

function kindOf(segment) {
  if (segment.again) return segment.again;
  if (segment.sack?.length) return "sack";
  if (segment.length > 0 || /[SFR]/.test(segment.flags)) return segment.out ? "out" : "in";
  return "ack";
}

function textOf(segment, isNarrow) {
  const flags = [...segment.flags]
    .map((flag) => kFlags[flag] ?? flag)
    .filter((flag) => flag !== "ACK" || segment.flags === "A")
    .join(" ");
  const parts = [flags];
  if (segment.length > 0) {
    parts.push(
      isNarrow
        ? `${format.count(segment.length)} bytes`
        : `${format.count(segment.seq)}–${format.count(segment.seq + segment.length)}`,
    );
  }
  if (segment.flags.includes("A") && (segment.length === 0 || !isNarrow)) {
    parts.push(
      segment.flags === "A" ? format.count(segment.ack) : `ack ${format.count(segment.ack)}`,
    );
  }
  if (segment.sack?.length) {
    const [from, to] = segment.sack[0];
    const more = segment.sack.length > 1 ? ` +${segment.sack.length - 1}` : "";
    parts.push(`SACK ${format.count(from)}–${format.count(to)}${more}`);
  }
  if (segment.again)
    parts.push(isNarrow ? segment.again : (kAgain[segment.again] ?? segment.again));
  return parts.filter(Boolean).join(" · ");
}

function wholeText(segment) {
  const parts = [
    segment.out ? "sent" : "received",
    textOf(segment, false),
    `${format.count(segment.length)} bytes`,
    `window ${format.count(segment.window)}`,
  ];
  return parts.join(", ");
}

export class Sequence {
  constructor(here, there) {
    this.segments = [];
    this.seen = 0;
    this.isPaused = false;
    this.drawing = svg("svg", { class: "ladder", role: "img" });
    this.frame = h(
      "div",
      { class: "ladder-frame", tabindex: 0, role: "region", "aria-label": "Sequence diagram" },
      this.drawing,
    );
    this.ends = h(
      "div",
      { class: "ladder-ends mono" },
      h("span", null, here),
      h("span", null, there),
    );
    this.tally = h("span", { class: "note" });
    this.empty = h(
      "p",
      { class: "empty" },
      h("strong", null, "Quiet"),
      "Segments appear here as they pass.",
    );
    this.pause = h(
      "button",
      {
        class: "button plain",
        type: "button",
        "aria-pressed": "false",
        onclick: () => this.setPaused(!this.isPaused),
      },
      "Pause",
    );
    this.legend = h(
      "div",
      { class: "keys" },
      kLegend.map(([name, text]) => h("span", { class: "key", "data-series": name }, text)),
    );
    this.element = h(
      "section",
      { class: "card stale" },
      h(
        "div",
        { class: "card-head" },
        h("h2", null, "Segments"),
        this.tally,
        h("div", { class: "aside" }, this.pause),
      ),
      h("div", { class: "card-body legend-line" }, this.legend),
      this.ends,
      this.frame,
      this.empty,
    );
    this.frame.hidden = true;
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.frame);
  }

  setPaused(isPaused) {
    this.isPaused = isPaused;
    this.pause.setAttribute("aria-pressed", String(isPaused));
    setText(this.pause, isPaused ? "Resume" : "Pause");
    if (!isPaused) this.draw();
  }

  // `missed` passed too quickly to be told.
  add(segments, missed) {
    this.seen += segments.length + missed;
    if (this.isPaused) return;
    this.segments.push(...segments);
    if (this.segments.length > kKept) this.segments.splice(0, this.segments.length - kKept);
    this.timer ??= setTimeout(() => {
      this.timer = null;
      if (!this.isPaused) this.draw();
    }, kPauseMs);
  }

  draw() {
    const width = this.frame.clientWidth || this.ends.clientWidth;
    this.frame.hidden = this.segments.length === 0;
    this.empty.hidden = !this.frame.hidden;
    if (this.frame.hidden || width < 100) return;
    const atEnd = this.frame.scrollTop + this.frame.clientHeight >= this.frame.scrollHeight - 40;
    const margin = width < 500 ? 58 : 86;
    const [left, right] = [margin, width - (width < 500 ? 14 : 40)];
    let y = 8;
    const rows = this.segments.map((segment, index) => {
      const gap = index ? segment.time - this.segments[index - 1].time : 0;
      if (gap > 0.2) y += 14; // a silence is seen
      const row = this.row(segment, gap, y, left, right);
      y += kRow;
      return row;
    });
    const height = y + kSlant;
    clear(this.drawing).append(
      svg("line", { class: "life", x1: left, x2: left, y1: 0, y2: height }),
      svg("line", { class: "life", x1: right, x2: right, y1: 0, y2: height }),
      ...rows,
    );
    this.drawing.setAttribute("width", width);
    this.drawing.setAttribute("height", height);
    this.drawing.setAttribute(
      "aria-label",
      `The last ${this.segments.length} segments. The last one: ${wholeText(this.segments.at(-1))}`,
    );
    setText(
      this.tally,
      this.seen > this.segments.length
        ? `the last ${this.segments.length} of ${format.count(this.seen)}`
        : `${this.segments.length}`,
    );
    if (atEnd) this.frame.scrollTop = this.frame.scrollHeight;
  }

  row(segment, gap, y, left, right) {
    const [from, to] = segment.out ? [left, right] : [right, left];
    const way = segment.out ? 1 : -1;
    const end = y + kSlant;
    const middle = (left + right) / 2;
    const angle = ((Math.atan2(kSlant, right - left) * 180) / Math.PI) * way;
    const [tipX, tipY] = [to - way * 7, end - (kSlant * 7) / (right - left)];
    return svg(
      "g",
      { class: "segment", "data-kind": kindOf(segment) },
      svg("title", null, `${segment.time.toFixed(6)} s, ${wholeText(segment)}`),
      svg(
        "text",
        { class: "when", x: left - 10, y: (segment.out ? y : end) + 4 },
        gap > 0 ? `+${format.gap(gap)}` : "",
      ),
      svg("line", { class: "way", x1: from, y1: y, x2: tipX, y2: tipY }),
      svg("path", {
        class: "tip",
        d: `M${to} ${end}L${tipX - way * 2} ${tipY - 4}` + `L${tipX - way * 2} ${tipY + 3.4}Z`,
      }),
      svg(
        "text",
        {
          class: "what",
          x: middle,
          y: (y + end) / 2 - 5,
          transform: `rotate(${angle.toFixed(2)} ${middle} ${(y + end) / 2})`,
        },
        textOf(segment, right - left < 420),
      ),
    );
  }

  end() {
    clearTimeout(this.timer);
    this.observer.disconnect();
  }
}
