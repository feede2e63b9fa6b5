// SPDX-License-Identifier: Apache-2.0
// Sockets: who listens, who waits for datagrams, and what lies unread.
import { h } from "../dom.js";
import * as format from "../format.js";
import { poll } from "../api.js";
import { badge, notice, stateBadge, viewHead } from "../parts/pieces.js";
import { Pager, Table } from "../parts/table.js";

const kColumns = [
  { title: "Local", mono: true, cell: (row) => row.local },
  { title: "Kind", cell: (row) => badge(row.kind) },
  { title: "State", cell: (row) => (row.state ? stateBadge(row.state) : "") },
  { title: "Remote", mono: true, cell: (row) => row.remote ?? "" },
  {
    title: "To read",
    end: true,
    cell: (row) =>
      row.receive_queue === undefined
        ? `${format.count(row.queued_packets ?? 0)} packets`
        : format.bytes(row.receive_queue),
  },
  {
    title: "To send",
    end: true,
    cell: (row) => (row.send_queue === undefined ? "" : format.bytes(row.send_queue)),
  },
  { title: "Dropped", end: true, cell: (row) => (row.dropped ? format.count(row.dropped) : "") },
];

export function sockets(place, { stackIndex }) {
  const table = new Table({
    caption: "Sockets",
    columns: kColumns,
    key: (row) => `${row.kind} ${row.local} ${row.remote ?? ""}`,
    empty: h(
      "span",
      null,
      h("strong", null, "No sockets"),
      "No program has opened one on this stack.",
    ),
  });
  const pager = new Pager(() => source.now(), [100, 250, 1000]);
  const trouble = h("div");
  const loading = h("p", { class: "empty" }, "Asking the stack …");
  table.element.hidden = true;
  place.append(
    viewHead("Sockets", "Listeners, datagram and raw sockets, and open connections"),
    trouble,
    h("section", { class: "card stale" }, loading, table.element, pager.element),
  );
  const query = () => ({ offset: pager.offset, limit: pager.limit, stack: stackIndex() });
  const source = poll("sockets", query, 2000, (answer, error) => {
    trouble.replaceChildren(...(error ? [notice(error.message, "bad")] : []));
    if (!answer || !pager.show(answer.total, answer.total, "sockets")) return;
    loading.hidden = true;
    table.element.hidden = false;
    table.show(answer.sockets);
  });
  return () => source.end();
}
