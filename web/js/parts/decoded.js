// SPDX-License-Identifier: Apache-2.0
// A decoded packet: layers and fields as a tree, its bytes beside it. What is chosen in one is lit
// in the other, down to the bit.
import { h } from "../dom.js";

const kNarrow = matchMedia("(max-width: 560px)");
const bytesOf = (hex) => (hex.match(/../g) ?? []).map((pair) => parseInt(pair, 16));

// First bit and number of bits, counted from the start of the packet.
const rangeOf = (layer, field) =>
  field
    ? { bit: layer.offset * 8 + field.bit, bits: field.bits }
    : { bit: layer.offset * 8, bits: layer.size * 8 };

// How much of [from, from + size) the range covers.
function cover(range, from, size) {
  if (!range) return "";
  const start = Math.max(range.bit, from);
  const end = Math.min(range.bit + range.bits, from + size);
  return end <= start ? "" : end - start === size ? "full" : "part";
}

class Hex {
  constructor(hex, onByte) {
    this.bytes = bytesOf(hex);
    this.nibbles = [];
    this.letters = [];
    this.dump = h("div", {
      class: "hex mono",
      onclick: (event) => {
        const index = event.target.closest("[data-byte]")?.dataset.byte;
        if (index !== undefined) onByte(Number(index));
      },
    });
    this.bits = h("div", { class: "bits mono" });
    this.element = h(
      "figure",
      { class: "bytes", "aria-label": "Bytes of the packet" },
      this.dump,
      this.bits,
    );
    const step = kNarrow.matches ? 8 : 16;
    for (let at = 0; at < this.bytes.length; at += step) this.row(at, step);
  }

  row(at, step) {
    const cells = [];
    const letters = [];
    for (let index = at; index < Math.min(at + step, this.bytes.length); index += 1) {
      const text = this.bytes[index].toString(16).padStart(2, "0");
      const pair = [h("i", null, text[0]), h("i", null, text[1])];
      this.nibbles.push(...pair);
      cells.push(h("span", { class: "byte", "data-byte": index }, pair));
      const code = this.bytes[index];
      const letter = h(
        "span",
        { "data-byte": index },
        code > 32 && code < 127 ? String.fromCharCode(code) : "·",
      );
      this.letters.push(letter);
      letters.push(letter);
    }
    this.dump.append(
      h(
        "div",
        { class: "hex-row" },
        h("span", { class: "hex-at" }, at.toString(16).padStart(4, "0")),
        h("span", { class: "hex-bytes" }, cells),
        h("span", { class: "hex-text" }, letters),
      ),
    );
  }

  light(range) {
    this.nibbles.forEach((nibble, index) => {
      nibble.className = cover(range, index * 4, 4);
    });
    this.letters.forEach((letter, index) => {
      letter.className = cover(range, index * 8, 8) ? "full" : "";
    });
    this.showBits(range);
  }

  // The bytes around a field bit by bit; a long field says enough with its bytes.
  showBits(range) {
    this.bits.replaceChildren();
    if (!range) return;
    const first = Math.floor(range.bit / 8);
    const last = Math.floor((range.bit + range.bits - 1) / 8);
    const bytes = this.bytes.slice(first, last + 1);
    if (range.bits > 64 || bytes.length === 0) return;
    this.bits.append(
      ...bytes.map((byte, index) =>
        h(
          "span",
          { class: "octet" },
          [...byte.toString(2).padStart(8, "0")].map((bit, place) =>
            h("i", { class: cover(range, (first + index) * 8 + place, 1) }, bit),
          ),
          h("small", null, (first + index).toString(16).padStart(4, "0")),
        ),
      ),
    );
  }
}

export class Decoded {
  constructor(answer, hex, size) {
    this.layers = answer.layers;
    this.items = []; // {element, layer, field, parent}
    this.tree = h(
      "ul",
      {
        class: "tree",
        role: "tree",
        "aria-label": "Layers of the packet",
        onkeydown: (event) => this.onKey(event),
      },
      this.layers.map((layer) => this.layer(layer)),
    );
    this.hex = new Hex(hex, (index) => this.chooseByte(index));
    const cut =
      size > this.hex.bytes.length
        ? h("p", { class: "note" }, `The first ${this.hex.bytes.length} of ${size} bytes.`)
        : null;
    this.element = h("div", { class: "decoded" }, this.tree, h("div", null, this.hex.element, cut));
    if (this.items.length) this.items[0].element.tabIndex = 0;
    else this.tree.hidden = true;
  }

  item(layer, field, parent, ...content) {
    const element = h("li", { role: "treeitem", tabindex: -1, "aria-selected": "false" }, content);
    const entry = { element, layer, field, parent };
    this.items.push(entry);
    element.addEventListener("click", (event) => {
      event.stopPropagation();
      if (!field && entry === this.chosen) this.fold(entry, !this.isOpen(entry));
      this.choose(entry);
    });
    return entry;
  }

  layer(layer) {
    const fields = h("ul", { role: "group" });
    const entry = this.item(
      layer,
      null,
      null,
      h(
        "span",
        { class: "layer-name" },
        layer.name,
        h("span", { class: "note" }, `${layer.size} bytes`),
      ),
      fields,
    );
    entry.element.setAttribute("aria-expanded", "true");
    fields.append(
      ...(layer.fields ?? []).map(
        (field) =>
          this.item(
            layer,
            field,
            entry,
            h(
              "span",
              { class: "field-line" },
              h("span", { class: "field-name" }, field.name),
              h(
                "span",
                { class: "field-value" },
                h("span", { class: "mono" }, field.value),
                field.note ? h("span", { class: "note" }, field.note) : null,
              ),
            ),
          ).element,
      ),
    );
    return entry.element;
  }

  isOpen(entry) {
    return entry.element.getAttribute("aria-expanded") === "true";
  }

  fold(entry, open) {
    entry.element.setAttribute("aria-expanded", String(open));
    entry.element.lastChild.hidden = !open;
  }

  choose(entry) {
    if (this.chosen) {
      this.chosen.element.setAttribute("aria-selected", "false");
      this.chosen.element.tabIndex = -1;
    } else {
      this.items[0].element.tabIndex = -1;
    }
    this.chosen = entry;
    if (entry.parent) this.fold(entry.parent, true);
    entry.element.setAttribute("aria-selected", "true");
    entry.element.tabIndex = 0;
    entry.element.focus({ preventScroll: true });
    entry.element.querySelector(".field-line, .layer-name").scrollIntoView({ block: "nearest" });
    this.hex.light(rangeOf(entry.layer, entry.field));
  }

  // The smallest field that the byte belongs to, or its layer.
  chooseByte(index) {
    const size = (entry) => rangeOf(entry.layer, entry.field).bits + (entry.field ? 0 : 1);
    const holding = this.items.filter((entry) =>
      cover(rangeOf(entry.layer, entry.field), index * 8, 8),
    );
    holding.sort((a, b) => size(a) - size(b));
    if (holding.length) this.choose(holding[0]);
  }

  onKey(event) {
    const shown = this.items.filter((entry) => !entry.parent || this.isOpen(entry.parent));
    const at = Math.max(0, shown.indexOf(this.chosen ?? this.items[0]));
    const entry = shown[at];
    const moves = {
      ArrowDown: shown[at + 1],
      ArrowUp: shown[at - 1],
      Home: shown[0],
      End: shown.at(-1),
    };
    if (event.key in moves) {
      if (moves[event.key]) this.choose(moves[event.key]);
    } else if (event.key === "ArrowRight" && !entry.field) {
      if (this.isOpen(entry)) this.choose(shown[at + 1] ?? entry);
      else this.fold(entry, true);
    } else if (event.key === "ArrowLeft") {
      if (entry.parent) this.choose(entry.parent);
      else this.fold(entry, false);
    } else if (event.key === "Enter" || event.key === " ") {
      this.choose(entry);
    } else {
      return;
    }
    event.preventDefault();
  }
}
