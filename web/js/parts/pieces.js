// SPDX-License-Identifier: Apache-2.0
// Small pieces that several views share.
import { h, svg } from "../dom.js";

export function viewHead(title, lead, ...controls) {
  return h(
    "div",
    { class: "view-head" },
    h("h1", { tabindex: -1 }, title),
    lead ? h("p", { class: "lead" }, lead) : null,
    controls.length ? h("div", { class: "controls" }, controls) : null,
  );
}

export function card(title, { aside, body = true, level = "h2" } = {}, ...children) {
  return h(
    "section",
    { class: "card stale" },
    h(
      "div",
      { class: "card-head" },
      h(level, null, title),
      aside ? h("div", { class: "aside" }, aside) : null,
    ),
    body ? h("div", { class: "card-body" }, children) : children,
  );
}

export function badge(text, tone) {
  return h("span", { class: "badge", "data-tone": tone ?? null }, text);
}

const kStateTones = {
  established: "good",
  listen: "accent",
  "time-wait": null,
  closed: null,
  "syn-sent": "warn",
  "syn-received": "warn",
  "close-wait": "warn",
};
// The RFC writes them in capitals.
export function stateBadge(state) {
  const name = state.toLowerCase();
  return badge(name, kStateTones[name] ?? null);
}

export function notice(text, tone) {
  return h("p", { class: "notice", "data-tone": tone ?? null }, text);
}

export function facts(list) {
  return h(
    "dl",
    { class: "facts" },
    list.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))),
  );
}

// A choice between a few words: radio buttons that look like one piece.
let groups = 0;
export function segments(label, choices, chosen, onChoose) {
  groups += 1;
  return h(
    "div",
    { class: "segments", role: "radiogroup", "aria-label": label },
    choices.map(([value, text]) =>
      h(
        "label",
        null,
        h("input", {
          type: "radio",
          name: `segments-${groups}`,
          value,
          checked: value === chosen,
          onchange: () => onChoose(value),
        }),
        h("span", null, text),
      ),
    ),
  );
}

// The shape of the last minutes, without axes.
export class Spark {
  constructor() {
    this.path = svg("path", {});
    this.element = svg(
      "svg",
      { class: "spark", viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true" },
      this.path,
    );
  }

  show(values) {
    const known = values.filter((value) => value !== null);
    const top = Math.max(...known, 1e-9);
    const step = 100 / Math.max(known.length - 1, 1);
    const points = known.map((value, index) => {
      const [x, y] = [index * step, 23 - (value / top) * 21];
      return `${x.toFixed(2)} ${y.toFixed(2)}`;
    });
    this.path.setAttribute("d", points.length > 1 ? `M${points.join("L")}` : "");
  }
}
