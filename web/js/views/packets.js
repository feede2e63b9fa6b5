// SPDX-License-Identifier: Apache-2.0
// Packets: what passes, line by line, and each of them down to the bit.
import { clear, h, setAttribute, setText } from "../dom.js";
import * as format from "../format.js";
import { ask } from "../api.js";
import { Decoded } from "../parts/decoded.js";
import { PacketList, remarkOn } from "../parts/packet_list.js";
import { notice, viewHead } from "../parts/pieces.js";
import { replace } from "../router.js";

export function packets(place, { live, store, stackIndex }, route) {
  let filter = route.query.filter ?? "";
  let isPaused = false;
  let missed = 0;
  let end = () => {};
  let asking = null;

  const detail = h("section", {
    class: "card stale packet-detail",
    "aria-label": "Decoded packet",
    hidden: true,
  });
  const list = new PacketList((packet) => decode(packet));
  const tally = h("span", { class: "note" });
  const refusal = h("p", { class: "field-error", id: "filter-error", role: "alert" });
  const waiting = h(
    "p",
    { class: "empty" },
    h("strong", null, "Waiting for packets"),
    "They appear here as they pass the stack.",
  );

  const input = h("input", {
    class: "field search",
    type: "search",
    value: filter,
    name: "filter",
    placeholder: "Filter, such as tcp port 80",
    "aria-label": "Filter, in tcpdump's language",
    "aria-describedby": "filter-error",
    autocomplete: "off",
    spellcheck: "false",
    autocapitalize: "off",
  });
  const form = h(
    "form",
    {
      class: "inline",
      onsubmit: (event) => {
        event.preventDefault();
        filter = input.value.trim();
        replace(["packets"], { filter });
        wipe();
        watch();
      },
    },
    input,
    h("button", { class: "button" }, "Apply"),
  );
  input.addEventListener(
    "search",
    () => input.value === "" && filter !== "" && form.requestSubmit(),
  );
  const pause = h(
    "button",
    {
      class: "button",
      type: "button",
      "aria-pressed": "false",
      onclick: () => setPaused(!isPaused),
    },
    "Pause",
  );
  const wipeButton = h(
    "button",
    { class: "button plain", type: "button", onclick: () => wipe() },
    "Clear",
  );
  const follow = h(
    "button",
    {
      class: "button plain",
      type: "button",
      hidden: true,
      onclick: () => {
        closeDetail();
        list.follow();
      },
    },
    "Follow the newest",
  );

  place.append(
    viewHead("Packets", null, form, pause, wipeButton),
    refusal,
    h(
      "div",
      { class: "rows" },
      h(
        "section",
        { class: "card stale" },
        h(
          "div",
          { class: "packet-head", "aria-hidden": "true" },
          ["No.", "Time", "", "Interface", "Size", "Packet"].map((text, index) =>
            h(
              "span",
              { class: ["p-number", "p-time", "p-way", "p-interface", "p-size", "p-line"][index] },
              text,
            ),
          ),
        ),
        list.element,
        waiting,
        h("div", { class: "pager" }, tally, h("span", { class: "range" }), follow),
      ),
      detail,
    ),
  );

  function setPaused(value) {
    isPaused = value;
    pause.setAttribute("aria-pressed", String(value));
    setText(pause, value ? "Resume" : "Pause");
    if (value) end();
    else watch();
    count();
  }
  function wipe() {
    list.empty();
    missed = 0;
    closeDetail();
    count();
  }
  function closeDetail() {
    asking?.abort();
    detail.hidden = true;
    follow.hidden = true;
  }
  function count() {
    waiting.hidden = list.packets.length > 0;
    list.element.hidden = !waiting.hidden;
    const parts = [`${format.count(list.packets.length)} kept`];
    if (missed) parts.push(`${format.count(missed)} passed too quickly to be shown`);
    if (isPaused) parts.push("paused");
    setText(tally, parts.join(" · "));
  }
  function watch() {
    end();
    if (isPaused) return;
    tellTrouble("");
    end = live.watch("packets", { filter, stack: stackIndex() }, hear, tellTrouble);
  }
  function tellTrouble(text) {
    setText(refusal, text);
    setAttribute(input, "aria-invalid", text ? "true" : null);
  }
  function hear(message) {
    missed += message.missed ?? 0;
    waiting.hidden = true;
    list.element.hidden = false;
    list.add(message.packets);
    count();
  }

  async function decode(packet) {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    follow.hidden = false;
    const device = store.stack?.interfaces?.find((entry) => entry.name === packet.interface);
    const medium = packet.medium ?? (device && !device.mac ? "ip" : "ethernet");
    let answer = { layers: [] };
    const remark = remarkOn(packet);
    let trouble = "";
    try {
      answer = await ask("decode", { medium, bytes: packet.bytes }, signal);
    } catch (error) {
      if (signal.aborted) return;
      trouble = error.message; // the bytes are there all the same
    }
    clear(detail).append(
      h(
        "div",
        { class: "card-head" },
        h("h2", null, `Packet ${packet.number}`),
        h("span", { class: "note mono" }, `${format.clock(packet.time)}  ${packet.interface}`),
      ),
      ...(remark
        ? [h("div", { class: "card-body" }, notice(remark, packet.dropped ? "bad" : "info"))]
        : []),
      ...(trouble ? [h("div", { class: "card-body" }, notice(trouble, "warn"))] : []),
      new Decoded(answer, packet.bytes, packet.size).element,
    );
    detail.hidden = false;
  }

  count();
  watch();
  return () => {
    end();
    asking?.abort();
    list.end();
  };
}
