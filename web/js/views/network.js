// SPDX-License-Identifier: Apache-2.0
// Network: interfaces, addresses, routes and neighbours, each a list of its own.
import { h, setText } from "../dom.js";
import * as format from "../format.js";
import { poll } from "../api.js";
import { badge, viewHead } from "../parts/pieces.js";
import { Pager, Table } from "../parts/table.js";

const kTones = {
  preferred: "good",
  tentative: "warn",
  duplicate: "bad",
  reachable: "good",
  permanent: "accent",
  probe: "warn",
  delay: "warn",
  incomplete: "warn",
  unreachable: "bad",
};
const state = (row) => badge(row.state, kTones[row.state]);
const mtu = (row) =>
  row.ipv6_mtu && row.ipv6_mtu !== row.mtu ? `${row.mtu} (IPv6 ${row.ipv6_mtu})` : String(row.mtu);

const kLists = [
  {
    path: "interfaces",
    title: "Interfaces",
    key: (row) => row.name,
    columns: [
      { title: "Name", cell: (row) => row.name },
      { title: "State", cell: (row) => badge(row.up ? "up" : "down", row.up ? "good" : "bad") },
      { title: "MAC", mono: true, cell: (row) => row.mac ?? "" },
      { title: "VLAN", cell: (row) => row.vlan?.join(".") ?? "" },
      { title: "MTU", end: true, cell: mtu },
      { title: "In", end: true, cell: (row) => `${format.count(row.received_packets)} packets` },
      { title: "", end: true, cell: (row) => format.bytes(row.received_bytes) },
      { title: "Out", end: true, cell: (row) => `${format.count(row.sent_packets)} packets` },
      { title: "", end: true, cell: (row) => format.bytes(row.sent_bytes) },
    ],
  },
  {
    path: "addresses",
    title: "Addresses",
    key: (row) => `${row.address} ${row.interface}`,
    columns: [
      { title: "Address", mono: true, cell: (row) => row.address },
      { title: "Interface", cell: (row) => row.interface },
      { title: "State", cell: state },
    ],
  },
  {
    path: "routes",
    title: "Routes",
    key: (row) => `${row.destination} ${row.interface} ${row.gateway ?? ""} ${row.metric}`,
    columns: [
      { title: "Destination", mono: true, cell: (row) => row.destination },
      { title: "Gateway", mono: true, cell: (row) => row.gateway ?? "on link" },
      { title: "Interface", cell: (row) => row.interface },
      { title: "Origin", cell: (row) => format.words(row.origin) },
      { title: "Metric", end: true, cell: (row) => String(row.metric) },
    ],
  },
  {
    path: "neighbors",
    title: "Neighbours",
    key: (row) => `${row.address} ${row.interface}`,
    columns: [
      { title: "Address", mono: true, cell: (row) => row.address },
      { title: "MAC", mono: true, cell: (row) => row.mac ?? "not known" },
      { title: "Interface", cell: (row) => row.interface },
      { title: "State", cell: state },
      { title: "", cell: (row) => (row.router ? badge("router", "accent") : "") },
    ],
  },
];

// A list with its own pages, which show only where there is more than one.
function list({ path, title, key, columns }, stackIndex) {
  const aside = h("span", { class: "aside" });
  const trouble = h("p", { class: "field-error card-body", hidden: true });
  const table = new Table({ caption: title, columns, key, empty: "None." });
  const pager = new Pager(() => source.now(), [50, 250, 1000]);
  pager.element.setAttribute("aria-label", `Pages of ${title.toLowerCase()}`);
  pager.element.hidden = true;
  const element = h(
    "section",
    { class: "card stale" },
    h("div", { class: "card-head" }, h("h2", null, title), aside),
    trouble,
    table.element,
    pager.element,
  );
  const query = () => ({ offset: pager.offset, limit: pager.limit, stack: stackIndex() });
  const source = poll(path, query, 2500, (answer, error) => {
    trouble.hidden = !error;
    if (error) setText(trouble, error.message);
    if (!answer || !pager.show(answer.total, answer.total, title.toLowerCase())) return;
    setText(aside, format.count(answer.total));
    pager.element.hidden = answer.total <= 50;
    table.show(answer[path]);
  });
  return { element, end: () => source.end() };
}

export function network(place, { stackIndex }) {
  const [interfaces, addresses, routes, neighbors] = kLists.map((one) => list(one, stackIndex));
  place.append(
    viewHead("Network", "What this stack is attached to, and whom it knows"),
    h(
      "div",
      { class: "rows" },
      interfaces.element,
      h("div", { class: "grid columns-2" }, addresses.element, neighbors.element),
      routes.element,
    ),
  );
  return () => [interfaces, addresses, routes, neighbors].forEach((one) => one.end());
}
