// SPDX-License-Identifier: Apache-2.0
// What the stack tells by itself: one WebSocket, any number of watches. It comes back after every
// loss, later and later, and asks again for what was watched. A stack whose device has gone says no
// goodbye: silence counts as a loss, too. While nobody looks at the page it watches the status
// alone, every five seconds.

const kPauseMs = [300, 600, 1200, 2500, 5000];
const kHiddenStatusMs = 5000;
const kSilenceMs = 4 * kHiddenStatusMs;

function isOf(watch, message) {
  return (message.number ?? watch.request.number) === watch.request.number;
}

export class Live {
  constructor(url, onPhase) {
    this.url = url;
    this.onPhase = onPhase;
    this.watches = new Map(); // topic: {request, hear}
    this.asked = 0; // numbers the watches: what an earlier one left on its way is not of this one
    this.failures = 0;
    this.socket = null;
    this.timer = 0;
    this.heard = 0; // when something came, or an attempt began
    document.addEventListener("visibilitychange", () => this.onVisibility());
    addEventListener("online", () => this.retryNow());
    setInterval(() => this.onBeat(), 1000);
    this.open();
  }

  // One watch for each topic: a second replaces the first. The returned function ends it.
  watch(topic, request, hear, onError = () => {}) {
    const entry = { request: { ...request, number: ++this.asked }, hear, onError };
    this.watches.set(topic, entry);
    this.ask(topic);
    return () => {
      if (this.watches.get(topic) !== entry) return;
      this.watches.delete(topic);
      this.send({ unwatch: topic });
    };
  }

  // Every kind of message that belongs to `topic`.
  topicOf(type) {
    return type === "segments" ? "connection" : type;
  }

  open() {
    clearTimeout(this.timer);
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.heard = performance.now();
    socket.addEventListener("open", () => {
      if (this.socket !== socket) return;
      this.heard = performance.now();
      this.failures = 0;
      this.onPhase("live");
      for (const topic of this.watches.keys()) this.ask(topic);
    });
    socket.addEventListener("message", (event) => {
      if (this.socket === socket) this.onMessage(event.data);
    });
    socket.addEventListener("close", () => this.socket === socket && this.onClose());
  }

  onClose() {
    this.socket = null;
    const pause = kPauseMs[Math.min(this.failures, kPauseMs.length - 1)];
    this.failures += 1;
    this.onPhase("lost");
    this.timer = setTimeout(() => this.open(), pause);
  }

  onBeat() {
    if (this.socket === null || performance.now() - this.heard < kSilenceMs) return;
    const silent = this.socket;
    this.onClose();
    silent.close();
  }

  retryNow() {
    if (this.socket === null) this.open();
  }

  onMessage(text) {
    this.heard = performance.now();
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return; // a later message may be whole again
    }
    if (message.type === "error") {
      for (const watch of this.watches.values()) {
        if (isOf(watch, message)) watch.onError(message.error);
      }
      return;
    }
    const watch = this.watches.get(this.topicOf(message.type));
    if (watch && isOf(watch, message)) watch.hear(message);
  }

  ask(topic) {
    const watch = this.watches.get(topic);
    if (!watch) return;
    if (document.hidden && topic !== "status") return;
    const request = { watch: topic, ...watch.request };
    if (document.hidden) request.every_ms = kHiddenStatusMs;
    this.send(request);
  }

  onVisibility() {
    if (!document.hidden) this.retryNow();
    for (const topic of this.watches.keys()) {
      if (document.hidden && topic !== "status") this.send({ unwatch: topic });
      else this.ask(topic);
    }
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }
}
