// SPDX-License-Identifier: Apache-2.0
// A plot over time: uPlot with the colours of the theme, the width of its place, and a legend that
// tells the values under the pointer, or the last ones.
import uPlot from "../../vendor/uPlot.esm.js";
import { h, setText } from "../dom.js";
import { colour } from "../theme.js";

const kFont = "11px Inter, system-ui, sans-serif";

function axes(format) {
  const common = {
    stroke: () => colour("--faint"),
    font: kFont,
    ticks: { show: false },
    grid: { stroke: () => colour("--grid"), width: 1 },
  };
  return [
    {
      ...common,
      grid: { show: false },
      size: 24,
      space: 80,
      values: (plot, splits) => splits.map((at) => new Date(at * 1000).toTimeString().slice(0, 8)),
    },
    {
      ...common,
      size: 64,
      space: 28,
      values: (plot, splits) => splits.map((value) => format(value)),
    },
  ];
}

// Half a minute at least: two samples make no history.
function timeRange(low, high) {
  const end = high ?? Date.now() / 1000;
  return [Math.min(low ?? end, end - 30), end];
}

export class Plot {
  // lines: [{name, label, colour: "--in", fill: "--in-fill"}]; format(value) -> text
  // `least`: what the axis reaches at least.
  constructor(title, lines, { format, least }, height) {
    this.title = title;
    this.lines = lines;
    this.format = format;
    this.least = least;
    this.height = height;
    this.data = [[], ...lines.map(() => [])];
    this.values = lines.map(() => h("b", null, "–"));
    this.keys = h(
      "div",
      { class: "keys" },
      lines.map((line, index) =>
        h(
          "span",
          { class: "key", "data-series": line.key ?? line.name },
          line.label,
          this.values[index],
        ),
      ),
    );
    this.place = h("div", { class: "plot", role: "img" });
    this.element = h("div", null, this.place);
    this.redraw = () => this.plot?.redraw(false);
    document.addEventListener("themechange", this.redraw);
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.place);
  }

  make(width) {
    const series = this.lines.map((line) => ({
      label: line.label,
      width: 1.5,
      stroke: () => colour(line.colour),
      fill: line.fill ? () => colour(line.fill) : undefined,
      points: { show: false },
    }));
    this.plot = new uPlot(
      {
        width,
        height: this.height,
        padding: [8, 26, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { setScale: false }, points: { size: 6 } },
        scales: {
          x: { time: false, range: (plot, low, high) => timeRange(low, high) },
          y: { range: (plot, low, high) => [0, Math.max((high ?? 0) * 1.12, this.least)] },
        },
        axes: axes((value) => this.format(value)),
        series: [{}, ...series],
        hooks: { setCursor: [() => this.tell()] },
      },
      this.data,
      this.place,
    );
  }

  fit() {
    const width = Math.floor(this.place.clientWidth);
    if (width < 40) return;
    if (!this.plot) this.make(width);
    else if (this.plot.width !== width) this.plot.setSize({ width, height: this.height });
  }

  show(data) {
    this.data = data;
    this.plot?.setData(data);
    this.tell();
  }

  tell() {
    const under = this.plot?.cursor.idx;
    const at = typeof under === "number" ? under : this.data[0].length - 1;
    this.values.forEach((value, index) =>
      setText(value, this.format(this.data[index + 1][at] ?? undefined)),
    );
    const said = this.lines.map(
      (line, index) => `${line.label} ${this.format(this.data[index + 1].at(-1) ?? undefined)}`,
    );
    this.place.setAttribute("aria-label", `${this.title}: ${said.join(", ")}`);
  }

  end() {
    document.removeEventListener("themechange", this.redraw);
    this.observer.disconnect();
    this.plot?.destroy();
  }
}
