// SPDX-License-Identifier: Apache-2.0
// Questions by HTTP. Every address is relative to the page, which may lie under any path.

export class ApiError extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

// Only here, and only until the page is left or loaded anew: what a browser stores for an origin is
// read by every page of it, and files of http=DIR have the same one.
let kept = "";
export const token = {
  read: () => kept,
  keep: (value) => (kept = value),
  forget: () => (kept = ""),
};

export function address(path, query = {}) {
  const url = new URL(`api/${path}`, document.baseURI);
  url.hash = "";
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  return url;
}

// What went wrong is said by the server, where it says anything.
async function read(response) {
  const text = await response.text();
  let answer = {};
  try {
    answer = JSON.parse(text);
  } catch {
    if (response.ok) throw new ApiError(response.status, "The answer cannot be read.");
  }
  if (!response.ok) {
    throw new ApiError(response.status, answer.error ?? `The server answered ${response.status}.`);
  }
  return answer;
}

async function send(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The stack does not answer.");
  }
}

export async function ask(path, query, signal) {
  return read(
    await send(address(path, query), { signal, headers: { Accept: "application/json" } }),
  );
}

export async function change(path, body) {
  const headers = { "Content-Type": "application/json" };
  if (token.read()) headers.Authorization = `Bearer ${token.read()}`;
  return read(await send(address(path), { method: "POST", headers, body: JSON.stringify(body) }));
}

// Asks again and again until it is ended, but for the time that nobody looks. `hear` is given an
// answer or an error.
export function poll(path, query, everyMs, hear) {
  const abort = new AbortController();
  let timer = 0;
  const turn = async () => {
    try {
      const answer = await ask(path, query(), abort.signal);
      if (!abort.signal.aborted) hear(answer, null);
    } catch (error) {
      if (!abort.signal.aborted) hear(null, error);
    }
    clearTimeout(timer);
    if (!abort.signal.aborted && !document.hidden) timer = setTimeout(turn, everyMs);
  };
  const now = () => {
    clearTimeout(timer);
    turn();
  };
  const onVisibility = () => (document.hidden ? clearTimeout(timer) : now());
  document.addEventListener("visibilitychange", onVisibility);
  turn();
  return {
    now,
    end: () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisibility);
    },
  };
}
