// SPDX-License-Identifier: Apache-2.0
// Light, dark, or what the system says. Who draws on a canvas listens for "themechange".
import { clear, setAttribute } from "./dom.js";
import { icon } from "./icons.js";

const kOrder = ["auto", "light", "dark"];
const kIcons = { auto: "auto", light: "sun", dark: "moon" };
const kNames = { auto: "as the system", light: "light", dark: "dark" };
const system = matchMedia("(prefers-color-scheme: dark)");

function stored() {
  const choice = localStorage.getItem("strata.theme");
  return kOrder.includes(choice) ? choice : "auto";
}

function apply(button) {
  const choice = stored();
  const shown = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
  document.documentElement.dataset.theme = shown;
  clear(button).append(icon(kIcons[choice]));
  const next = kOrder[(kOrder.indexOf(choice) + 1) % kOrder.length];
  setAttribute(button, "aria-label", `Colours: ${kNames[choice]}. Switch to ${kNames[next]}`);
  setAttribute(button, "title", `Colours: ${kNames[choice]}`);
  document.dispatchEvent(new Event("themechange"));
}

export function startTheme(button) {
  apply(button);
  system.addEventListener("change", () => apply(button));
  button.addEventListener("click", () => {
    const next = kOrder[(kOrder.indexOf(stored()) + 1) % kOrder.length];
    localStorage.setItem("strata.theme", next);
    apply(button);
  });
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
