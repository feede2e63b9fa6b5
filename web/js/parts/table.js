// SPDX-License-Identifier: Apache-2.0
// A table whose rows keep their elements while values change: focus, selection and scrolling stay
// where they are. Beside it a pager for lists that come in pages.
import { arrange, h, setAttribute, setText } from "../dom.js";
import { count } from "../format.js";

// A column is {id, title, cell(row) -> text or element, end, wide, sort, mono}. `sort` is the word
// that the server sorts by; a text cell is only written when it has changed.
export class Table {
  constructor({ caption, columns, key, sort = "", onSort, href, empty, stacks = true }) {
    Object.assign(this, { columns, key, sort, onSort, href });
    this.rows = new Map();
    this.body = h("tbody");
    this.heads = columns.map((column) => this.head(column));
    this.empty = h("div", { class: "empty", hidden: true }, empty ?? "Nothing here.");
    this.element = h(
      "div",
      null,
      h(
        "div",
        { class: "table-frame" },
        h(
          "table",
          { class: stacks ? "stacks" : "" },
          h("caption", { class: "hidden-text" }, caption),
          h("thead", null, h("tr", null, this.heads)),
          this.body,
        ),
      ),
      this.empty,
    );
    this.showSort();
  }

  head(column) {
    const title =
      column.sort && this.onSort
        ? h("button", { type: "button", onclick: () => this.turn(column) }, column.title)
        : column.title;
    return h("th", { scope: "col", class: column.end ? "end" : "", title: column.hint }, title);
  }

  // Numbers are wanted from the largest, words from A.
  turn(column) {
    const [up, down] = [column.sort, `-${column.sort}`];
    const first = column.end ? down : up;
    this.sort = this.sort === first ? (first === up ? down : up) : first;
    this.showSort();
    this.onSort(this.sort);
  }

  showSort() {
    this.columns.forEach((column, index) => {
      const is =
        !column.sort || !this.onSort
          ? null
          : this.sort === column.sort
            ? "ascending"
            : this.sort === `-${column.sort}`
              ? "descending"
              : null;
      setAttribute(this.heads[index], "aria-sort", is);
    });
  }

  show(list) {
    const former = this.rows;
    this.rows = new Map();
    const shown = [];
    list.forEach((entry, index) => {
      let key = this.key ? this.key(entry) : index;
      if (this.rows.has(key)) key = `${key} ${index}`;
      const row = former.get(key) ?? this.make();
      this.write(row, entry);
      this.rows.set(key, row);
      shown.push(row.element);
    });
    arrange(this.body, shown);
    this.empty.hidden = list.length > 0;
    this.element.firstChild.hidden = list.length === 0;
  }

  make() {
    const cells = this.columns.map((column, index) =>
      h("td", {
        "data-name": column.title,
        class: [
          index === 0 && "first",
          column.end && "end",
          column.wide && "wide",
          column.mono && "mono",
        ]
          .filter(Boolean)
          .join(" "),
      }),
    );
    const row = { element: h("tr", { class: this.href ? "opens" : "" }, cells), cells, link: null };
    if (this.href) {
      row.link = h("a", { class: "row-link" });
      cells[0].append(row.link);
      row.element.addEventListener("click", (event) => {
        const selects = String(getSelection()) !== "";
        if (!selects && !event.target.closest("a, button")) location.hash = row.link.hash;
      });
    }
    return row;
  }

  write(row, entry) {
    if (row.link) setAttribute(row.link, "href", this.href(entry));
    this.columns.forEach((column, index) => {
      const place = index === 0 && row.link ? row.link : row.cells[index];
      const value = column.cell(entry);
      if (!(value instanceof Node)) setText(place, value ?? "");
      else if (!place.firstChild?.isEqualNode(value)) place.replaceChildren(value);
    });
  }
}

export class Pager {
  constructor(onPage, sizes = [50, 100, 250]) {
    this.onPage = onPage;
    this.offset = 0;
    this.limit = sizes[0];
    this.range = h("span", { class: "range" });
    this.back = h(
      "button",
      {
        class: "button plain",
        type: "button",
        disabled: true,
        onclick: () => this.go(this.offset - this.limit),
      },
      "Previous",
    );
    this.next = h(
      "button",
      {
        class: "button plain",
        type: "button",
        disabled: true,
        onclick: () => this.go(this.offset + this.limit),
      },
      "Next",
    );
    const size = h(
      "select",
      {
        class: "field",
        "aria-label": "Rows on a page",
        onchange: (event) => {
          this.limit = Number(event.target.value);
          this.go(0);
        },
      },
      sizes.map((value) => h("option", { value }, `${value} rows`)),
    );
    this.element = h(
      "nav",
      { class: "pager", "aria-label": "Pages" },
      this.range,
      size,
      this.back,
      this.next,
    );
  }

  go(offset) {
    this.offset = Math.max(0, offset);
    this.onPage();
  }

  // Returns false where the page no longer exists, and has asked for one that does.
  show(matched, total, noun) {
    if (matched > 0 && this.offset >= matched) {
      this.go(Math.floor((matched - 1) / this.limit) * this.limit);
      return false;
    }
    const last = Math.min(this.offset + this.limit, matched);
    const of =
      matched === total
        ? `${count(total)} ${noun}`
        : `${count(matched)} that match, of ${count(total)} ${noun}`;
    setText(this.range, matched === 0 ? of : `${count(this.offset + 1)}–${count(last)} of ${of}`);
    this.back.disabled = this.offset === 0;
    this.next.disabled = last >= matched;
    return true;
  }
}
