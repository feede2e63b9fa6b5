// SPDX-License-Identifier: Apache-2.0
// Overview: is it well, and what is it doing? Tiles, a plot for each device, pools, drops.
import { clear, h, setText } from "../dom.js";
import * as format from "../format.js";
import { badge, segments, Spark, viewHead } from "../parts/pieces.js";
import { Plot } from "../parts/plot.js";
import { addressCard, dropCard, memoryCard, protocolCard, timerCard } from "./overview_cards.js";

const kUnits = {
  packets: {
    names: ["inPackets", "outPackets"],
    format: format.packetRate,
    least: 4,
    of: "packets",
  },
  bits: { names: ["inBytes", "outBytes"], format: format.bitRate, least: 500, of: "bits" },
};

class Tile {
  constructor(label, spark) {
    this.value = h("p", { class: "tile-value" }, "–");
    this.more = h("p", { class: "tile-more" }, "\u00a0");
    this.spark = spark ? new Spark() : null;
    this.element = h(
      "section",
      { class: "card tile stale" },
      h("h2", null, label),
      this.value,
      this.more,
      this.spark?.element ?? null,
    );
  }

  show(value, more, series) {
    setText(this.value, value);
    setText(this.more, more);
    if (this.spark && series) this.spark.show(series);
  }
}

// A device: what it is, and what passed it in the last three minutes.
class DeviceCard {
  constructor(name, unit) {
    this.name = name;
    this.state = h("span");
    this.about = h("p", { class: "note mono about" });
    this.place = h("div", { class: "card-body" });
    this.plot = null;
    this.element = h(
      "section",
      { class: "card stale" },
      h("div", { class: "card-head" }, h("h2", null, name), this.state, this.about),
      this.place,
    );
    this.measure(unit);
  }

  measure(unit) {
    this.unit = kUnits[unit];
    this.plot?.end();
    this.plot = new Plot(
      `${this.name}, ${this.unit.of} a second`,
      [
        { name: "in", label: "in", colour: "--in", fill: "--in-fill" },
        { name: "out", label: "out", colour: "--out", fill: "--out-fill" },
      ],
      this.unit,
      168,
    );
    clear(this.place).append(this.plot.keys, this.plot.element);
  }

  show(entry, series) {
    if (this.isUp !== entry.up) {
      this.isUp = entry.up;
      clear(this.state).append(badge(entry.up ? "up" : "down", entry.up ? "good" : "bad"));
    }
    const vlan = entry.vlan?.length ? `vlan ${entry.vlan.join(".")}` : "";
    setText(this.about, [entry.mac, vlan, `mtu ${entry.mtu}`].filter(Boolean).join(" · "));
    this.plot.show(series.pick(...this.unit.names));
  }

  end() {
    this.plot.end();
  }
}

function makeTiles() {
  return {
    up: new Tile("Uptime"),
    in: new Tile("In", true),
    out: new Tile("Out", true),
    connections: new Tile("Connections"),
    drops: new Tile("Dropped", true),
  };
}

function showTiles(tiles, store) {
  const { stack, tallies, total, version } = store;
  const dropped = (stack.drops ?? []).reduce((sum, entry) => sum + entry.count, 0);
  tiles.up.show(
    format.duration(stack.uptime_seconds),
    [stack.name, version && `Strata ${version}`].filter(Boolean).join(" · "),
  );
  for (const way of ["in", "out"]) {
    tiles[way].show(
      format.packetRate(total.last(`${way}Packets`)),
      format.bitRate(total.last(`${way}Bytes`)),
      total.columns[`${way}Packets`],
    );
  }
  tiles.connections.show(
    format.count(tallies.connections),
    tallies.sockets === undefined ? "\u00a0" : `${format.count(tallies.sockets)} sockets`,
  );
  tiles.drops.show(
    format.packetRate(total.last("drops")),
    `${format.count(dropped)} in all`,
    total.columns.drops,
  );
}

// The loopback is there always, and of interest only when somebody uses it.
const shownInterfaces = ({ interfaces = [] }) =>
  interfaces.filter((entry) => entry.name !== "lo" || entry.received_packets > 0);

export function overview(place, { store }) {
  let unit = localStorage.getItem("strata.unit") === "bits" ? "bits" : "packets";
  const devices = new Map();
  const tiles = makeTiles();
  const plots = h("div", { class: "grid columns-3" });
  const cards = [dropCard(store), addressCard(), memoryCard(), timerCard(), protocolCard()];
  const choose = segments(
    "Unit of the plots",
    [
      ["packets", "Packets"],
      ["bits", "Bits"],
    ],
    unit,
    (value) => {
      unit = value;
      localStorage.setItem("strata.unit", value);
      for (const device of devices.values()) device.measure(unit);
      if (store.stack) update(store);
    },
  );
  place.append(
    viewHead("Overview", null, choose),
    h(
      "div",
      { class: "rows" },
      h(
        "div",
        { class: "tiles" },
        Object.values(tiles).map((tile) => tile.element),
      ),
      plots,
      h(
        "div",
        { class: "grid columns-cards" },
        cards.map((one) => one.element),
      ),
    ),
  );

  function update({ stack, interfaces }) {
    showTiles(tiles, store);
    const entries = shownInterfaces(stack);
    const names = entries.map((entry) => entry.name);
    for (const [name, device] of devices) {
      if (names.includes(name)) continue;
      device.end();
      device.element.remove();
      devices.delete(name);
    }
    for (const entry of entries) {
      if (!devices.has(entry.name)) {
        devices.set(entry.name, new DeviceCard(entry.name, unit));
        plots.append(devices.get(entry.name).element);
      }
      devices.get(entry.name).show(entry, interfaces.get(entry.name));
    }
    for (const one of cards) one.show(stack);
  }

  const end = store.subscribe(update);
  return () => {
    end();
    for (const device of devices.values()) device.end();
  };
}
