// SPDX-License-Identifier: Apache-2.0
// The cards below the plots: what was dropped, addresses, memory, protocols.
import { h, setText } from "../dom.js";
import * as format from "../format.js";
import { badge, card } from "../parts/pieces.js";

class Meter {
  constructor(label) {
    this.fill = h("div", { class: "fill" });
    this.value = h("span", { class: "note" });
    this.element = h(
      "div",
      { class: "meter" },
      h("span", null, label),
      this.value,
      h("div", { class: "track" }, this.fill),
    );
  }

  show(used, whole, text) {
    const share = whole > 0 ? used / whole : 0;
    this.fill.style.width = `${(share * 100).toFixed(1)}%`;
    this.element.dataset.tone = share > 0.9 ? "bad" : share > 0.75 ? "warn" : "";
    setText(this.value, text);
  }
}

export function memoryCard() {
  const small = new Meter("Small buffers");
  const rows = h("dl", { class: "facts memory-facts" });
  const element = card("Memory", {}, small.element, rows);
  return {
    element,
    show({ memory }) {
      if (!memory) return;
      const used = memory.small_buffers - memory.small_buffers_free;
      small.show(
        used,
        memory.small_buffers,
        `${format.count(used)} of ${format.count(memory.small_buffers)}`,
      );
      const list = [
        ["All of the stack", format.bytes(memory.bytes)],
        ["Packet pool", format.bytes(memory.pool_bytes)],
        ["Large free", format.count(memory.large_buffers_free)],
      ];
      if (rows.children.length !== list.length) {
        rows.replaceChildren(...list.map(([name]) => h("div", null, h("dt", null, name), h("dd"))));
      }
      list.forEach(([, value], index) => setText(rows.children[index].lastChild, value));
    },
  };
}

// How the deadlines of connections are kept: what waits, and what came too late.
export function timerCard() {
  const rows = h("dl", { class: "facts memory-facts" });
  const element = card("Timers", {}, rows);
  element.hidden = true;
  return {
    element,
    show({ timers }) {
      element.hidden = !timers;
      if (!timers) return;
      const due = timers.next_due_seconds;
      const list = [
        ["Pending", format.count(timers.pending)],
        ["Next due", due === null ? "nothing" : due <= 0 ? "now" : `in ${format.span(due)}`],
        ["Fired", format.count(timers.fired)],
        ["Too late", format.count(timers.late)],
        ["Latest by", format.span(timers.latest_seconds)],
        ["Moved nearer", format.count(timers.refiled)],
      ];
      if (rows.children.length !== list.length) {
        rows.replaceChildren(...list.map(([name]) => h("div", null, h("dt", null, name), h("dd"))));
      }
      list.forEach(([, value], index) => setText(rows.children[index].lastChild, value));
    },
  };
}

export function addressCard() {
  const list = h("ul", { class: "lines" });
  const element = card("Addresses", {}, list);
  let before = "";
  return {
    element,
    show({ addresses = [] }) {
      const now = JSON.stringify(addresses);
      if (now === before) return;
      before = now;
      const own = addresses.filter((entry) => entry.interface !== "lo");
      const tones = { preferred: "good", tentative: "warn", duplicate: "bad" };
      list.replaceChildren(
        ...own
          .slice(0, 12)
          .map((entry) =>
            h(
              "li",
              null,
              h(
                "span",
                { class: "grow" },
                h("span", { class: "mono" }, entry.address),
                h("span", { class: "second note" }, entry.interface),
              ),
              badge(entry.state, tones[entry.state]),
            ),
          ),
      );
      if (own.length === 0) list.append(h("li", { class: "note" }, "None yet."));
    },
  };
}

export function dropCard(store) {
  const list = h("ol", { class: "lines" });
  const element = card("Drops", { aside: h("a", { href: "#/drops" }, "All reasons") }, list);
  let before = "";
  return {
    element,
    show({ drops = [] }) {
      const top = [...drops].sort((a, b) => b.count - a.count).slice(0, 5);
      const now = JSON.stringify(top);
      if (now === before) return;
      before = now;
      list.replaceChildren(
        ...top.map((entry) => {
          const rate = store.drops.get(entry.reason)?.last("rate");
          return h(
            "li",
            { title: entry.explanation },
            h("span", { class: "grow" }, format.words(entry.reason)),
            rate ? h("span", { class: "warn-text" }, format.packetRate(rate)) : null,
            h("span", { class: "number" }, format.count(entry.count)),
          );
        }),
      );
      if (top.length === 0) list.append(h("li", { class: "note" }, "Nothing was dropped."));
    },
  };
}

const kProtocols = [
  ["IPv4", "ipv4_received", "ipv4_sent"],
  ["IPv6", "ipv6_received", "ipv6_sent"],
  ["TCP", "tcp_received", "tcp_sent"],
  ["UDP", "udp_received", "udp_sent"],
  ["ICMP", "icmp_received", "icmp_sent"],
  ["ARP", "arp_received", "arp_sent"],
  ["ND", "nd_received", "nd_sent"],
];

const tally = (value) => (value >= 1e6 ? format.short(value) : format.count(value));

export function protocolCard() {
  const cells = kProtocols.map(() => [h("td", { class: "end" }), h("td", { class: "end" })]);
  const head = (text) => h("th", { scope: "col", class: "end" }, text);
  const table = h(
    "table",
    { class: "tight" },
    h("caption", { class: "hidden-text" }, "Packets by protocol"),
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Protocol"), head("In"), head("Out"))),
    h(
      "tbody",
      null,
      kProtocols.map(([name], index) =>
        h("tr", null, h("th", { scope: "row" }, name), cells[index]),
      ),
    ),
  );
  const element = card("Packets by protocol", { body: false }, table);
  return {
    element,
    show({ counters }) {
      if (!counters) return;
      kProtocols.forEach(([, incoming, outgoing], index) => {
        setText(cells[index][0], tally(counters[incoming]));
        setText(cells[index][1], tally(counters[outgoing]));
      });
    },
  };
}
