// SPDX-License-Identifier: Apache-2.0
// The status of the stack as it was told last, and what can only be seen over time: rates.

const kSamples = 180; // three minutes at one a second

// Columns of numbers that forget their oldest entries; the first column is the time.
export class Series {
  constructor(names) {
    this.columns = Object.fromEntries(["time", ...names].map((name) => [name, []]));
  }

  add(sample) {
    for (const [name, column] of Object.entries(this.columns)) {
      column.push(sample[name] ?? null);
      if (column.length > kSamples) column.shift();
    }
  }

  pick(...names) {
    return ["time", ...names].map((name) => this.columns[name]);
  }

  last(name) {
    return this.columns[name].at(-1);
  }
}

const sum = (list, name) => (list ?? []).reduce((total, entry) => total + (entry[name] ?? 0), 0);

export class Store {
  constructor() {
    this.stack = null;
    this.stacks = [];
    this.version = "";
    this.chosen = 0;
    this.listeners = new Set();
    this.tallies = {}; // lengths of lists that are too long to be told each second
    this.reset();
  }

  reset() {
    this.before = null;
    this.interfaces = new Map(); // name: Series of packets and bytes a second
    this.total = new Series(["inPackets", "outPackets", "inBytes", "outBytes", "drops"]);
    this.drops = new Map(); // reason: {rate, series}
  }

  subscribe(hear) {
    this.listeners.add(hear);
    if (this.stack) hear(this);
    return () => this.listeners.delete(hear);
  }

  choose(index) {
    this.chosen = index;
    this.reset();
    if (this.stacks[index]) this.take({ stacks: this.stacks, version: this.version });
  }

  take(message) {
    this.version = message.version ?? this.version;
    this.stacks = message.stacks ?? [];
    this.stack = this.stacks[this.chosen] ?? this.stacks[0] ?? null;
    if (!this.stack) return;
    // A stack that is younger than it was is another one.
    if (this.before && this.stack.uptime_seconds < this.before.uptime_seconds) this.reset();
    this.sample(this.stack);
    for (const hear of this.listeners) hear(this);
  }

  sample(now) {
    const before = this.before;
    const seconds = before ? now.uptime_seconds - before.uptime_seconds : 0;
    if (before && seconds < 0.05) return;
    const time = Date.now() / 1000;
    const rate = (value, former) =>
      seconds > 0 && former !== undefined ? Math.max(0, (value - former) / seconds) : null;
    const rates = (entry, former) => ({
      time,
      inPackets: rate(entry.received_packets, former?.received_packets),
      outPackets: rate(entry.sent_packets, former?.sent_packets),
      inBytes: rate(entry.received_bytes, former?.received_bytes),
      outBytes: rate(entry.sent_bytes, former?.sent_bytes),
    });
    this.sampleInterfaces(now, before, rates);
    const whole = (stack) =>
      stack &&
      Object.fromEntries(
        ["received_packets", "sent_packets", "received_bytes", "sent_bytes"].map((name) => [
          name,
          sum(stack.interfaces, name),
        ]),
      );
    const drops = rate(sum(now.drops, "count"), before ? sum(before.drops, "count") : undefined);
    this.total.add({ ...rates(whole(now), whole(before)), drops });
    this.sampleDrops(now, before, rate, time);
    this.before = now;
  }

  sampleInterfaces(now, before, rates) {
    const names = new Set();
    for (const entry of now.interfaces ?? []) {
      names.add(entry.name);
      if (!this.interfaces.has(entry.name)) {
        this.interfaces.set(
          entry.name,
          new Series(["inPackets", "outPackets", "inBytes", "outBytes"]),
        );
      }
      const former = before?.interfaces?.find((other) => other.name === entry.name);
      this.interfaces.get(entry.name).add(rates(entry, former));
    }
    for (const name of this.interfaces.keys()) if (!names.has(name)) this.interfaces.delete(name);
  }

  sampleDrops(now, before, rate, time) {
    for (const entry of now.drops ?? []) {
      if (!this.drops.has(entry.reason)) this.drops.set(entry.reason, new Series(["rate"]));
      const former = before?.drops?.find((other) => other.reason === entry.reason);
      // What was not counted before was zero.
      const value = rate(entry.count, before ? (former?.count ?? 0) : undefined);
      this.drops.get(entry.reason).add({ time, rate: value });
    }
  }
}
