// SPDX-License-Identifier: Apache-2.0
// The server of docs/design/020 played by node, for tests of the page and for working on it:
//   node tests/web/fake_server.mjs [PORT [CONNECTIONS]]      then http://127.0.0.1:PORT/
// The page is at / and at /_strata/, with the same content policy as the stack's. The token is
// "secret".
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { decode, makePacket } from "./fake_packets.mjs";
import { FakeSegments, FakeStack } from "./fake_stack.mjs";

const kWeb = fileURLToPath(new URL("../../web/", import.meta.url));
const kTypes = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};
const kPolicy = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

function list(name, all, query) {
  const offset = Number(query.offset ?? 0);
  return {
    total: all.length,
    [name]: all.slice(offset, offset + Math.min(Number(query.limit ?? 100), 1000)),
  };
}

// What each path may be asked; the stack refuses what it has no use for, and so does its double.
const kKnown = {
  status: ["parts"],
  connections: ["stack", "offset", "limit", "sort", "filter"],
  decode: ["medium", "bytes"],
  capture: [],
};
const kListKnown = ["stack", "offset", "limit"];

// What a GET below api/ is answered with: [status, value].
function answer(stack, path, query) {
  const known = kKnown[path] ?? (path.includes("/") ? ["stack"] : kListKnown);
  const stranger = Object.keys(query).find((name) => !known.includes(name));
  if (stranger) return [400, { error: `There is no use for "${stranger}".` }];
  const lists = {
    interfaces: () => stack.interfaces,
    routes: () => stack.routes(),
    drops: () => stack.drops,
    neighbors: () => stack.neighbors(),
    addresses: () => stack.addresses(),
    sockets: () => stack.sockets(),
  };
  if (path in lists) {
    stack.move();
    return [200, list(path, lists[path](), query)];
  }
  if (path === "status") {
    return [200, { ok: true, version: "0.1.0", stacks: [stack.snapshot(query.parts)] }];
  }
  if (path === "connections") return [200, stack.page(query)];
  if (path === "capture") {
    stack.move();
    return [200, stack.capture];
  }
  if (path === "decode") return [200, decode(query.bytes)];
  const one = /^connections\/(.+)$/.exec(path);
  const found = one && stack.connection(decodeURIComponent(one[1]));
  return found ? [200, found] : [404, { error: "There is no such thing here." }];
}

function changeCapture(stack, request, body) {
  const given = request.headers.authorization;
  if (given !== "Bearer secret") return [401, { error: "This needs the token of the stack." }];
  if (body.action === "start" && /[^\w .:/-]/.test(body.filter ?? "")) {
    return [400, { error: `The filter cannot be compiled: syntax error near "${body.filter}".` }];
  }
  Object.assign(stack.capture, { active: body.action === "start" });
  if (body.action === "start")
    Object.assign(stack.capture, { packets: 0, bytes: 0, filter: body.filter });
  return [200, stack.capture];
}

async function file(path, response) {
  const inside = normalize(path || "index.html").replace(/^(\.\.[/\\])+/, "");
  const from = inside.startsWith("vendor/")
    ? join(kWeb, "node_modules/uplot/dist", inside.slice(7))
    : join(kWeb, inside);
  try {
    const bytes = await readFile(from);
    response.writeHead(200, {
      "Content-Type": kTypes[extname(from)] ?? "application/octet-stream",
      "Content-Security-Policy": kPolicy,
      "X-Content-Type-Options": "nosniff",
      "Cache-Control": "no-cache",
    });
    response.end(bytes);
  } catch {
    response.writeHead(404).end("not found");
  }
}

function onRequest(stack, request, response) {
  const url = new URL(request.url, "http://fake");
  const path = url.pathname.replace(/^\/(_strata\/)?/, "");
  if (!path.startsWith("api/")) return file(path, response);
  if (path === "api/capture/file") return response.end("pcapng");
  let text = "";
  request.on("data", (part) => {
    text += part;
  });
  request.on("end", () => {
    const [status, value] =
      request.method === "POST"
        ? changeCapture(stack, request, JSON.parse(text))
        : answer(stack, path.slice(4), Object.fromEntries(url.searchParams));
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
  });
  return undefined;
}

// What one client watches, each on a timer of its own.
class Client {
  constructor(socket, stack, log) {
    Object.assign(this, { socket, stack, log, timers: new Map(), number: 0 });
    socket.on("message", (data) => this.onMessage(JSON.parse(data)));
    socket.on("close", () => this.timers.forEach(clearInterval));
  }

  say(message) {
    this.socket.send(JSON.stringify(message));
  }

  every(topic, ms, call) {
    clearInterval(this.timers.get(topic));
    call();
    this.timers.set(topic, setInterval(call, ms));
  }

  onMessage(request) {
    this.log.push(request);
    if (request.unwatch) return clearInterval(this.timers.get(request.unwatch));
    const { stack } = this;
    if (request.watch === "status") {
      this.every("status", request.every_ms ?? 1000, () =>
        this.say({
          type: "status",
          ok: true,
          version: "0.1.0",
          stacks: [stack.snapshot(request.parts)],
        }),
      );
    } else if (request.watch === "connections") {
      this.every("connections", request.every_ms ?? 1000, () =>
        this.say({ type: "connections", ...stack.page(request) }),
      );
    } else if (request.watch === "connection") {
      this.watchConnection(request.id);
    } else if (request.watch === "packets") {
      this.watchPackets(request.filter ?? "");
    }
    return undefined;
  }

  watchConnection(id) {
    if (!this.stack.connection(id))
      return this.say({ type: "error", error: "There is no such connection." });
    const segments = new FakeSegments();
    return this.every("connection", 500, () => {
      this.say({ type: "connection", time: Date.now() / 1000, info: this.stack.connection(id) });
      this.say({ type: "segments", id, segments: segments.next() });
    });
  }

  watchPackets(filter) {
    if (/[^\w .:/-]/.test(filter)) {
      return this.say({
        type: "error",
        error: `The filter cannot be compiled: syntax error near "${filter}".`,
      });
    }
    return this.every("packets", 200, () => {
      const packets = Array.from({ length: 6 }, () =>
        makePacket((this.number += 1), Date.now() / 1000),
      ).filter((packet) => !filter || packet.line.toLowerCase().includes(filter.split(" ")[0]));
      this.say({ type: "packets", packets, missed: this.number === 60 ? 12 : 0 });
    });
  }
}

// startFake({port, connections}) -> {port, log, stack, stop()}
export async function startFake({ port = 0, connections = 240 } = {}) {
  const stack = new FakeStack({ connections });
  const log = []; // what the page has asked for over its WebSocket
  const server = createServer((request, response) => onRequest(stack, request, response));
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => new Client(socket, stack, log));
  await new Promise((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  const stop = () =>
    new Promise((resolve) => {
      sockets.clients.forEach((client) => client.terminate());
      server.close(resolve);
      server.closeAllConnections();
    });
  return { port: server.address().port, log, stack, stop };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { port } = await startFake({
    port: Number(process.argv[2] ?? 8077),
    connections: Number(process.argv[3] ?? 240),
  });
  console.log(`http://127.0.0.1:${port}/`);
}
