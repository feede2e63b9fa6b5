// SPDX-License-Identifier: Apache-2.0
// Stands in uPlot's place in a build without it: says so where a picture would be.
export default class NoPlot {
  constructor(options, data, place) {
    this.cursor = { idx: null };
    this.width = options.width;
    this.data = data;
    const words = document.createElement("p");
    words.textContent = "This build draws no charts: uPlot was not there (./dev setup).";
    place.append(words);
  }
  setData(data) {
    this.data = data;
  }
  setSize({ width }) {
    this.width = width;
  }
  redraw() {}
  destroy() {}
}
