// SPDX-License-Identifier: Apache-2.0
// The frame: which view is shown, the state of the link to the stack, which stack is looked at.
import { clear, h, setText } from "./dom.js";
import { count } from "./format.js";
import { icon } from "./icons.js";
import { Live } from "./live.js";
import { parse } from "./router.js";
import { Store } from "./store.js";
import { startTheme } from "./theme.js";
import { address, poll } from "./api.js";
import { capture } from "./views/capture.js";
import { connection } from "./views/connection.js";
import { connections } from "./views/connections.js";
import { drops } from "./views/drops.js";
import { network } from "./views/network.js";
import { overview } from "./views/overview.js";
import { packets } from "./views/packets.js";
import { sockets } from "./views/sockets.js";

// A view is a function (place, context, route) that fills `place` and returns how it is ended.
const kViews = [
  { name: "", title: "Overview", icon: "overview", show: overview },
  { name: "connections", title: "Connections", icon: "connections", show: connections },
  { name: "sockets", title: "Sockets", icon: "sockets", show: sockets },
  { name: "network", title: "Network", icon: "network", show: network },
  { name: "drops", title: "Drops", icon: "drops", show: drops },
  { name: "packets", title: "Packets", icon: "packets", show: packets },
  { name: "capture", title: "Capture", icon: "capture", show: capture },
];

const byId = (id) => document.getElementById(id);
const kPhaseTexts = { loading: "Connecting", live: "Live", lost: "Disconnected, trying again" };

const store = new Store();
const socketUrl = address("live");
socketUrl.protocol = socketUrl.protocol.replace("http", "ws");
const live = new Live(socketUrl, (phase) => {
  document.body.dataset.phase = phase;
  byId("link-state").dataset.phase = phase;
  setText(byId("link-text"), kPhaseTexts[phase]);
});
const context = { store, live, stackIndex: () => store.chosen };

let end = () => {};
let shown = null;

function show() {
  const route = parse(location.hash);
  const view = kViews.find((one) => one.name === (route.path[0] ?? "")) ?? kViews[0];
  const detail = view.name === "connections" && route.path.length > 1;
  end();
  const place = clear(byId("content"));
  end = (detail ? connection : view.show)(place, context, route) ?? (() => {});
  document.title = `${detail ? "Connection" : view.title} · Strata`;
  for (const link of byId("nav").children) {
    if (link.dataset.view === view.name) {
      link.setAttribute("aria-current", "page");
      byId("nav").scrollLeft = link.offsetLeft - 60; // where the views stand in a line
    } else {
      link.removeAttribute("aria-current");
    }
  }
  // Who came by the keyboard reads on where the new view begins.
  const path = route.path.join("/");
  if (shown !== null && shown !== path) {
    place.querySelector("h1")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  shown = path;
}

function makeNav() {
  byId("nav").append(
    ...kViews.map((view) => {
      const tally = h("span", { class: "count", "aria-hidden": "true" });
      view.tally = tally;
      return h(
        "a",
        { href: `#/${view.name}`, "data-view": view.name },
        icon(view.icon),
        h("span", null, view.title),
        tally,
      );
    }),
  );
}

// Of long lists the page wants to know their length: one entry tells it.
function countList(path) {
  const view = kViews.find((one) => one.name === path);
  poll(
    path,
    () => ({ limit: 1, stack: store.chosen }),
    3000,
    (answer) => {
      if (!answer) return;
      store.tallies[path] = answer.total;
      setText(view.tally, count(answer.total));
    },
  );
}

// One of several stacks, one a core: the page looks at one at a time.
let choices = 0;
function showChoice({ stacks, chosen }) {
  if (stacks.length === choices) return;
  choices = stacks.length;
  const place = clear(byId("stack-choice"));
  place.hidden = choices < 2;
  if (choices < 2) return;
  place.append(
    h(
      "select",
      {
        class: "field",
        "aria-label": "Stack",
        onchange: (event) => {
          store.choose(Number(event.target.value));
          watchStatus();
          show();
        },
      },
      stacks.map((stack, index) =>
        h("option", { value: index, selected: index === chosen }, stack.name ?? `Stack ${index}`),
      ),
    ),
  );
}

function watchStatus() {
  const request = { every_ms: 1000, parts: "interfaces,addresses,counters,drops,memory,timers" };
  live.watch("status", request, (message) => store.take(message));
}

startTheme(byId("theme"));
makeNav();
countList("connections");
countList("sockets");
store.subscribe(showChoice);
watchStatus();
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("content").focus();
});
addEventListener("hashchange", show);
show();
