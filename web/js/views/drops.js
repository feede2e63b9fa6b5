// SPDX-License-Identifier: Apache-2.0
// Drops: every reason that has occurred, in plain words, with how often it does now.
import { h, setText } from "../dom.js";
import * as format from "../format.js";
import { Spark, viewHead } from "../parts/pieces.js";
import { Table } from "../parts/table.js";

export function drops(place, { store }) {
  const sparks = new Map();
  const spark = (reason) => {
    if (!sparks.has(reason)) sparks.set(reason, new Spark());
    return sparks.get(reason);
  };
  const rate = (row) => store.drops.get(row.reason)?.last("rate") ?? 0;
  const table = new Table({
    caption: "Dropped packets by reason",
    key: (row) => row.reason,
    columns: [
      { title: "Reason", cell: (row) => format.words(row.reason) },
      { title: "What happened", wide: true, cell: (row) => row.explanation },
      { title: "Packets", end: true, cell: (row) => format.count(row.count) },
      { title: "Now", end: true, cell: (row) => (rate(row) ? format.packetRate(rate(row)) : "") },
      { title: "Last three minutes", cell: (row) => spark(row.reason).element },
    ],
    empty: h(
      "span",
      null,
      h("strong", null, "Nothing was dropped"),
      "Every packet that came went where it belonged.",
    ),
  });
  const lead = h("p", { class: "lead" });
  const head = viewHead("Drops");
  head.append(lead);
  const loading = h("p", { class: "empty" }, "Asking the stack …");
  table.element.hidden = true;
  place.append(head, h("section", { class: "card stale" }, loading, table.element));
  return store.subscribe(({ stack }) => {
    loading.hidden = true;
    table.element.hidden = false;
    const list = [...(stack.drops ?? [])].sort((a, b) => b.count - a.count);
    for (const entry of list) {
      const series = store.drops.get(entry.reason);
      if (series) spark(entry.reason).show(series.columns.rate);
    }
    const whole = list.reduce((sum, entry) => sum + entry.count, 0);
    setText(lead, list.length ? `${format.count(whole)} packets, ${list.length} reasons` : "");
    table.show(list);
  });
}
