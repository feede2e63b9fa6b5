// SPDX-License-Identifier: Apache-2.0
// Capture: a pcapng file of what passes. Looking needs nothing; to start or stop one needs the
// token that the stack was given.
import { h, setAttribute, setText } from "../dom.js";
import * as format from "../format.js";
import { address, change, poll, token } from "../api.js";
import { badge, card, viewHead } from "../parts/pieces.js";

function field(label, input, hint) {
  return h(
    "div",
    { class: "form-field" },
    h("label", { for: input.id }, label),
    input,
    hint ? h("p", { class: "note" }, hint) : null,
  );
}

// Asks for the token where one is wanted; kept until the page is loaded anew.
class TokenForm {
  constructor(onToken) {
    this.input = h("input", {
      class: "field",
      id: "token",
      type: "password",
      autocomplete: "off",
      required: true,
    });
    this.text = h("p", { class: "note" });
    this.element = h(
      "form",
      {
        class: "card-body token-form",
        hidden: true,
        onsubmit: (event) => {
          event.preventDefault();
          token.keep(this.input.value.trim());
          this.input.value = "";
          this.element.hidden = true;
          onToken();
        },
      },
      field("Token", this.input),
      this.text,
      h("button", { class: "button primary" }, "Use this token"),
    );
  }

  ask(text) {
    setText(this.text, text);
    this.element.hidden = false;
    this.input.focus();
  }
}

function downloads() {
  const link = h(
    "a",
    { class: "button", href: address("capture/file"), download: "strata.pcapng" },
    "Download",
  );
  return link;
}

export function capture(place) {
  const state = h("span");
  const packets = h("dd", null, "–");
  const size = h("dd", null, "–");
  const filterShown = h("dd", { class: "mono" }, "–");
  const trouble = h("p", { class: "field-error", role: "alert", id: "capture-error" });
  const filter = h("input", {
    class: "field mono",
    id: "capture-filter",
    autocomplete: "off",
    spellcheck: "false",
    autocapitalize: "off",
    placeholder: "everything",
    "aria-describedby": "capture-error",
  });
  const snap = h("input", {
    class: "field",
    id: "capture-snap",
    type: "number",
    min: 64,
    max: 262144,
    value: 262144,
    required: true,
  });
  const start = h("button", { class: "button primary" }, "Start");
  const stop = h(
    "button",
    { class: "button primary", type: "button", onclick: () => act({ action: "stop" }) },
    "Stop",
  );
  const download = downloads();
  const forget = h(
    "button",
    {
      class: "button plain",
      type: "button",
      onclick: () => {
        token.forget();
        forget.hidden = true;
      },
    },
    "Forget the token",
  );
  forget.hidden = !token.read();

  let last = null;
  const tokenForm = new TokenForm(() => act(last));
  const options = h(
    "div",
    { class: "form-row" },
    field("Filter", filter, "In tcpdump's language, such as tcp port 80 or icmp6."),
    field("Bytes of each packet", snap, "What is longer is cut."),
  );
  const form = h(
    "form",
    {
      class: "card-body",
      onsubmit: (event) => {
        event.preventDefault();
        act({ action: "start", filter: filter.value.trim(), snap: Number(snap.value) });
      },
    },
    options,
    trouble,
    h("div", { class: "actions" }, start, stop, download, forget),
  );

  const now = card(
    "Now",
    { aside: state },
    h(
      "dl",
      { class: "facts" },
      h("div", null, h("dt", null, "Packets"), packets),
      h("div", null, h("dt", null, "Size"), size),
      h("div", null, h("dt", null, "Filter"), filterShown),
    ),
  );
  place.append(
    viewHead("Capture", "A pcapng file for Wireshark, with drop reasons as comments"),
    h(
      "div",
      { class: "rows narrow" },
      now,
      h(
        "section",
        { class: "card" },
        h("div", { class: "card-head" }, h("h2", null, "Capture what passes")),
        form,
        tokenForm.element,
      ),
    ),
  );

  async function act(body) {
    last = body;
    setText(trouble, "");
    setAttribute(filter, "aria-invalid", null);
    try {
      await change("capture", body);
      forget.hidden = !token.read();
      source.now();
    } catch (error) {
      const isRefused = error.status === 401;
      if (isRefused) {
        const had = token.read() !== "";
        token.forget();
        forget.hidden = true;
        tokenForm.ask(
          had
            ? "The stack did not take that token."
            : "Whoever started the stack knows it: it is in the file that dashboard_token names.",
        );
      } else {
        setText(trouble, error.message);
        if (error.status === 400) setAttribute(filter, "aria-invalid", "true");
      }
    }
  }

  const source = poll(
    "capture",
    () => ({}),
    1000,
    (answer, error) => {
      if (error) {
        state.replaceChildren(badge("not known"));
        if (error.status === 404)
          setText(trouble, "This stack does not capture for its dashboard.");
        return;
      }
      state.replaceChildren(
        badge(answer.active ? "capturing" : "idle", answer.active ? "good" : null),
      );
      setText(packets, format.count(answer.packets));
      setText(size, format.bytes(answer.bytes));
      setText(filterShown, answer.filter || "everything");
      stop.hidden = !answer.active;
      start.hidden = answer.active;
      options.hidden = answer.active;
      download.hidden = !(answer.packets > 0);
    },
  );
  return () => source.end();
}
