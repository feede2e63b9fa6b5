// SPDX-License-Identifier: Apache-2.0
// Connections: a page of them, sorted and filtered by the stack, so that ten thousand cost what
// fifty do.
import { calm, h } from "../dom.js";
import * as format from "../format.js";
import { stateBadge, viewHead } from "../parts/pieces.js";
import { Pager, Table } from "../parts/table.js";
import { replace, write } from "../router.js";

const kColumns = [
  {
    title: "Remote, local",
    sort: "remote",
    mono: true,
    cell: (row) => h("span", null, row.remote, h("span", { class: "second" }, row.local)),
  },
  { title: "State", sort: "state", cell: (row) => stateBadge(row.state) },
  {
    title: "RTT",
    sort: "rtt",
    end: true,
    hint: "Smoothed round-trip time",
    cell: (row) => (row.rtt_ms ? format.milliseconds(row.rtt_ms) : "–"),
  },
  {
    title: "Window",
    sort: "window",
    end: true,
    hint: "Congestion window",
    cell: (row) => format.bytes(row.congestion_window),
  },
  { title: "In flight", sort: "in_flight", end: true, cell: (row) => format.bytes(row.in_flight) },
  {
    title: "Rate",
    sort: "rate",
    end: true,
    hint: "What the peer acknowledges",
    cell: (row) => (row.delivery_rate ? format.bitRate(row.delivery_rate) : "–"),
  },
  { title: "Sent", sort: "sent", end: true, cell: (row) => format.bytes(row.bytes_sent) },
  {
    title: "Received",
    sort: "received",
    end: true,
    cell: (row) => format.bytes(row.bytes_received),
  },
  {
    title: "Sent again",
    sort: "retransmitted",
    end: true,
    cell: (row) => (row.bytes_retransmitted ? format.bytes(row.bytes_retransmitted) : ""),
  },
  {
    title: "What limits it",
    wide: true,
    cell: (row) => h("span", { class: "two-lines", title: row.limited_by }, row.limited_by ?? ""),
  },
];

export function connections(place, { live, stackIndex }, route) {
  let filter = route.query.filter ?? "";
  const table = new Table({
    caption: "TCP connections",
    columns: kColumns,
    key: (row) => row.id,
    href: (row) => write(["connections", row.id]),
    sort: route.query.sort ?? "-rate",
    onSort: () => ask(true),
    empty: h(
      "span",
      null,
      h("strong", null, "No connection"),
      "Nothing is open, or nothing matches the filter.",
    ),
  });
  const pager = new Pager(() => ask(false));
  const search = h("input", {
    class: "field search",
    type: "search",
    value: filter,
    placeholder: "Address, port or state",
    "aria-label": "Filter connections",
    autocomplete: "off",
    spellcheck: "false",
    oninput: calm(200, (event) => {
      filter = event.target.value.trim();
      ask(true);
    }),
  });
  const loading = h("p", { class: "empty" }, "Asking the stack …");
  table.element.hidden = true;
  place.append(
    viewHead("Connections", null, search),
    h("section", { class: "card stale" }, loading, table.element, pager.element),
  );

  let end = () => {};
  let isOver = false; // what was typed last may be heard after the view has gone
  function ask(fromStart) {
    if (isOver) return;
    if (fromStart) pager.offset = 0;
    replace(["connections"], { sort: table.sort === "-rate" ? "" : table.sort, filter });
    end();
    const request = {
      every_ms: 1000,
      offset: pager.offset,
      limit: pager.limit,
      sort: table.sort,
      filter,
      stack: stackIndex(),
    };
    end = live.watch("connections", request, hear);
  }
  function hear(message) {
    if (!pager.show(message.matched, message.total, "connections")) return;
    loading.hidden = true;
    table.element.hidden = false;
    table.show(message.connections);
  }
  ask(false);
  return () => {
    isOver = true;
    end();
  };
}
