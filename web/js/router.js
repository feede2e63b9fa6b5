// SPDX-License-Identifier: Apache-2.0
// Views by the part of the address behind "#": no request, and the same under every path.
// "#/connections/17?sort=-rate" is {path: ["connections", "17"], query: {sort: "-rate"}}.

export function parse(hash) {
  const [path, query] = hash.replace(/^#\/?/, "").split("?");
  return {
    path: path.split("/").filter(Boolean).map(decode),
    query: Object.fromEntries(new URLSearchParams(query ?? "")),
  };
}

// A percent sign that somebody typed is no reason to show nothing.
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function write(path, query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value !== "" && value !== undefined);
  const text = new URLSearchParams(kept).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

// Remembers what a view shows without leaving it.
export function replace(path, query) {
  history.replaceState(null, "", write(path, query));
}
