// SPDX-License-Identifier: Apache-2.0
// Packets as they pass: the newest thousand are kept, and only those in sight are elements. Whoever
// stands at the end is kept there; whoever scrolled up reads in peace.
import { h, setText } from "../dom.js";
import { bytes, clock } from "../format.js";

const kKept = 1000;
const kSpare = 6; // rows above and below what is seen
const kNarrow = matchMedia("(max-width: 860px)");
const rowHeight = () => (kNarrow.matches ? 48 : 26);

// The stack's own words on a packet: why it was dropped, or what TCP has to say of it.
export const remarkOn = (packet) =>
  packet.comment ?? (packet.dropped ? `dropped: ${packet.dropped}` : "");

function protocolOf(line) {
  const found = /\b(ARP|ICMP6?|UDP|IGMP|Flags)\b/.exec(line)?.[1] ?? "";
  return found === "Flags" ? "tcp" : found.toLowerCase().replace("icmp6", "icmp");
}

export class PacketList {
  constructor(onChoose) {
    this.onChoose = onChoose;
    this.packets = [];
    this.chosen = null;
    this.rows = [];
    this.inner = h("div", { class: "packet-inner", role: "presentation" });
    this.element = h(
      "div",
      {
        class: "packet-list",
        role: "listbox",
        tabindex: 0,
        "aria-label": "Packets",
        onscroll: () => this.draw(),
        onkeydown: (event) => this.onKey(event),
      },
      this.inner,
    );
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.element);
  }

  add(packets) {
    const atEnd = this.isAtEnd();
    this.packets.push(...packets);
    const surplus = Math.max(0, this.packets.length - kKept);
    this.packets.splice(0, surplus);
    // What is read stays where it is although older packets go.
    if (!atEnd && surplus) this.element.scrollTop -= surplus * rowHeight();
    this.draw();
    if (atEnd) this.element.scrollTop = this.element.scrollHeight;
  }

  empty() {
    this.packets = [];
    this.chosen = null;
    this.element.removeAttribute("aria-activedescendant");
    this.draw();
  }

  isAtEnd() {
    const { scrollTop, clientHeight, scrollHeight } = this.element;
    return scrollTop + clientHeight >= scrollHeight - rowHeight() && !this.chosen;
  }

  draw() {
    const height = rowHeight();
    this.inner.style.height = `${this.packets.length * height}px`;
    const first = Math.max(0, Math.floor(this.element.scrollTop / height) - kSpare);
    const seen = Math.ceil(this.element.clientHeight / height) + 2 * kSpare;
    const shown = this.packets.slice(first, first + seen);
    while (this.rows.length < shown.length) this.rows.push(this.make());
    while (this.rows.length > shown.length) this.rows.pop().element.remove();
    shown.forEach((packet, index) => this.write(this.rows[index], packet, first + index, height));
  }

  make() {
    const names = ["number", "time", "way", "interface", "size", "text", "remark"];
    const parts = names.map((name) => h("span", { class: `p-${name}` }));
    const line = h("span", { class: "p-line" }, parts.slice(5));
    const cells = [...parts.slice(0, 5), line];
    const row = { parts, element: h("div", { class: "packet", role: "option" }, cells) };
    row.element.addEventListener("click", () => this.choose(row.packet));
    this.inner.append(row.element);
    return row;
  }

  write(row, packet, index, height) {
    const is = packet === this.chosen;
    row.element.style.transform = `translateY(${index * height}px)`;
    row.element.setAttribute("aria-selected", String(is));
    if (row.packet === packet) return;
    row.packet = packet;
    row.element.id = `packet-${packet.number}`;
    row.element.dataset.protocol = protocolOf(packet.line);
    const remark = remarkOn(packet);
    row.element.dataset.dropped = packet.dropped ? "yes" : "";
    row.element.dataset.remark = remark ? "yes" : "";
    const texts = [
      String(packet.number),
      clock(packet.time),
      packet.out ? "out" : "in",
      packet.interface,
      bytes(packet.size),
      packet.line,
      remark && ` – ${remark}`,
    ];
    texts.forEach((text, part) => setText(row.parts[part], text));
    row.parts[2].dataset.way = packet.out ? "out" : "in";
  }

  choose(packet) {
    if (!packet) return;
    this.chosen = packet;
    const height = rowHeight();
    const top = this.packets.indexOf(packet) * height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    if (top + height > scrollTop + clientHeight)
      this.element.scrollTop = top + height - clientHeight;
    this.draw();
    this.element.setAttribute("aria-activedescendant", `packet-${packet.number}`);
    this.onChoose(packet);
  }

  onKey(event) {
    const at = this.packets.indexOf(this.chosen);
    const page = Math.max(1, Math.floor(this.element.clientHeight / rowHeight()) - 1);
    const last = this.packets.length - 1;
    const to = {
      ArrowDown: at < 0 ? last : at + 1,
      ArrowUp: at < 0 ? last : at - 1,
      Home: 0,
      End: last,
      PageDown: at + page,
      PageUp: at - page,
    }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.choose(this.packets[Math.min(Math.max(to, 0), last)]);
  }

  // Nothing is chosen any more, and the newest are followed again.
  follow() {
    this.chosen = null;
    this.element.removeAttribute("aria-activedescendant");
    this.draw();
    this.element.scrollTop = this.element.scrollHeight;
  }

  end() {
    this.observer.disconnect();
  }
}
