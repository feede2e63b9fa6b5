// SPDX-License-Identifier: Apache-2.0
// One connection: what limits it, how its numbers move, and the segments themselves.
import { h, setText } from "../dom.js";
import * as format from "../format.js";
import { ask } from "../api.js";
import { icon } from "../icons.js";
import { card, facts, notice, stateBadge } from "../parts/pieces.js";
import { Plot } from "../parts/plot.js";
import { Sequence } from "../parts/sequence.js";
import { Series } from "../store.js";

const kPlots = [
  {
    title: "Round-trip time",
    format: format.milliseconds,
    least: 0.1,
    lines: [{ name: "rtt", label: "smoothed", colour: "--out", key: "out" }],
  },
  {
    title: "Window and what is in flight",
    format: format.bytes,
    least: 4000,
    lines: [
      { name: "window", label: "window", colour: "--out", key: "out" },
      { name: "flight", label: "in flight", colour: "--in", fill: "--in-fill", key: "in" },
    ],
  },
  {
    title: "Rate",
    format: format.bitRate,
    least: 500,
    lines: [
      { name: "sent", label: "sent", colour: "--out", fill: "--out-fill", key: "out" },
      { name: "received", label: "received", colour: "--in", fill: "--in-fill", key: "in" },
    ],
  },
];

// Named above; the rest is told as it comes.
const kShownAbove = new Set([
  "id",
  "local",
  "remote",
  "state",
  "limited_by",
  "advice",
  "rtt_ms",
  "congestion_window",
  "in_flight",
  "delivery_rate",
  "bytes_sent",
  "bytes_received",
  "bytes_retransmitted",
  "age_seconds",
]);

export function valueText(name, value) {
  if (value === null || value === "") return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map((one) => valueText("", one)).join(", ") || "–";
  if (typeof value === "object") {
    const parts = Object.entries(value)
      .filter(([, one]) => one)
      .map(([key, one]) => `${format.words(key)}: ${valueText(key, one)}`);
    return parts.join(", ") || "none";
  }
  if (typeof value !== "number") return String(value);
  if (name === "slow_start_threshold" && value >= 0x7fffffff) return "not set";
  if (name.endsWith("_ms")) return format.milliseconds(value);
  if (name.endsWith("_seconds")) return format.duration(value);
  if (name.endsWith("_rate")) return value ? format.bitRate(value) : "–";
  if (/^bytes_|_(window|queue|buffer)$|^(in_flight|unacknowledged|not_sent)$/.test(name)) {
    return format.bytes(value);
  }
  return format.count(value);
}

function adviceOf(info) {
  const advice = Array.isArray(info.advice) ? info.advice : info.advice ? [info.advice] : [];
  const texts = advice.map((one) => (typeof one === "string" ? one : (one.sentence ?? "")));
  return [...new Set(texts.filter((text) => text && text !== info.limited_by))];
}

function tiles() {
  const names = ["RTT", "Window", "In flight", "Rate", "Sent", "Received", "Sent again", "Age"];
  const values = names.map(() => h("dd", null, "–"));
  const element = h(
    "dl",
    { class: "facts headline" },
    names.map((name, index) => h("div", null, h("dt", null, name), values[index])),
  );
  return {
    element,
    show(info) {
      [
        info.rtt_ms ? format.milliseconds(info.rtt_ms) : "–",
        format.bytes(info.congestion_window),
        format.bytes(info.in_flight),
        info.delivery_rate ? format.bitRate(info.delivery_rate) : "–",
        format.bytes(info.bytes_sent),
        format.bytes(info.bytes_received),
        format.bytes(info.bytes_retransmitted),
        format.duration(info.age_seconds),
      ].forEach((text, index) => setText(values[index], text));
    },
  };
}

function plotCards() {
  const series = new Series(["rtt", "window", "flight", "sent", "received"]);
  const cards = kPlots.map((plot) => {
    const made = new Plot(plot.title, plot.lines, plot, 140);
    return {
      made,
      names: plot.lines.map((line) => line.name),
      element: card(plot.title, {}, made.keys, made.element),
    };
  });
  let before = null;
  const rate = (now, time, name) =>
    before && time > before.time
      ? Math.max(0, (now[name] - before.info[name]) / (time - before.time))
      : null;
  return {
    elements: cards.map((one) => one.element),
    add(info, time) {
      series.add({
        time: Date.now() / 1000,
        rtt: info.rtt_ms || null,
        window: info.congestion_window,
        flight: info.in_flight,
        sent: rate(info, time, "bytes_sent"),
        received: rate(info, time, "bytes_received"),
      });
      before = { info, time };
      for (const one of cards) one.made.show(series.pick(...one.names));
    },
    end: () => cards.forEach((one) => one.made.end()),
  };
}

export function connection(place, { live, stackIndex }, route) {
  const id = route.path[1];
  const title = h("h1", { tabindex: -1 }, "Connection");
  const state = h("span");
  const advice = h("div", { class: "advice card stale", hidden: true });
  const trouble = h("div");
  const body = h("div", { class: "rows", hidden: true });
  const loading = h("p", { class: "empty" }, "Asking the stack …");
  place.append(
    h(
      "div",
      { class: "view-head" },
      h(
        "a",
        { class: "icon-button", href: "#/connections", "aria-label": "All connections" },
        icon("back"),
      ),
      title,
      state,
    ),
    trouble,
    loading,
    body,
  );

  const headline = tiles();
  const plots = plotCards();
  const rest = h("div");
  let sequence = null;
  const begin = (info) => {
    loading.hidden = true;
    body.hidden = false;
    sequence = new Sequence(`here  ${info.local}`, `${info.remote}  there`);
    body.append(
      advice,
      h(
        "section",
        { class: "card stale" },
        h("div", { class: "card-body headline-body" }, headline.element),
      ),
      h("div", { class: "grid columns-3" }, plots.elements),
      sequence.element,
      card("What else is known of it", {}, rest),
    );
  };
  const show = (info, time) => {
    if (!sequence) begin(info);
    setText(title, `${info.local} ⇄ ${info.remote}`);
    state.replaceChildren(stateBadge(info.state));
    advice.hidden = !info.limited_by;
    advice.replaceChildren(
      h("h2", null, "What limits it"),
      h("p", null, info.limited_by ?? ""),
      ...adviceOf(info).map((text) => h("p", { class: "note" }, text)),
    );
    headline.show(info);
    if (time !== null) plots.add(info, time);
    rest.replaceChildren(
      facts(
        Object.entries(info)
          .filter(([name]) => !kShownAbove.has(name))
          .map(([name, value]) => [
            format.words(name.replace(/_(ms|seconds)$/, "")),
            valueText(name, value),
          ]),
      ),
    );
  };
  const fail = (text) => {
    loading.hidden = true;
    trouble.replaceChildren(notice(text, "warn"));
  };

  const abort = new AbortController();
  ask(`connections/${encodeURIComponent(id)}`, { stack: stackIndex() }, abort.signal)
    .then((info) => sequence || show(info, null))
    .catch(
      (error) =>
        abort.signal.aborted ||
        fail(
          error.status === 404
            ? "This connection is gone: it has ended, or never was."
            : error.message,
        ),
    );
  const hear = (message) => {
    if (message.type === "segments") sequence?.add(message.segments, message.missed ?? 0);
    else show(message.info, message.time);
  };
  const end = live.watch("connection", { id, stack: stackIndex() }, hear, fail);
  return () => {
    abort.abort();
    end();
    plots.end();
    sequence?.end();
  };
}
