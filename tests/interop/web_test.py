#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The page that a stack serves of itself: files of the page, JSON, metrics, websockets, TLS, and
those who would rather break it."""
import base64
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import struct
import subprocess
import time
import warnings

import bench
from bench import STACK4, STACK6

TOKEN = "0123456789abcdef0123456789abcdef"


def connect(host, port=80, address=STACK4, seconds=10):
    with host.entered():
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    made.settimeout(seconds * bench.PATIENCE)
    made.connect((address, port))
    return made


def read_all(stream):
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := stream.recv(1 << 20):
            parts.append(part)
    return b"".join(parts)


def say(host, text, address=STACK4):
    """What comes back for these bytes until the stack has had enough of us."""
    stream = connect(host, address=address)
    stream.sendall(text)
    stream.shutdown(socket.SHUT_WR)
    with stream:
        return read_all(stream)


def ask(host, path, method="GET", body=None, address=STACK4, **fields):
    with host.entered():
        client = http.client.HTTPConnection(address, 80, timeout=10 * bench.PATIENCE)
        client.connect()
    client.request(method, path, body=body,
                   headers={name.replace("_", "-"): value for name, value in fields.items()})
    answer = client.getresponse()
    text = answer.read()
    client.close()
    return answer, text


def ask_json(host, path, **rest):
    answer, text = ask(host, path, **rest)
    return answer.status, json.loads(text)


class Live:
    """A websocket by hand, so that it can also be held wrongly."""

    def __init__(self, host, path="/api/live", fields=(), address=STACK4):
        self.stream = connect(host, address=address)
        key = base64.b64encode(os.urandom(16)).decode()
        name = f"[{address}]" if ":" in address else address
        head = [f"GET {path} HTTP/1.1", f"Host: {name}", "Upgrade: websocket",
                "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
                *fields]
        self.stream.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        self.kept = b""
        while b"\r\n\r\n" not in self.kept:
            part = self.stream.recv(1 << 16)
            if not part:
                break
            self.kept += part
        self.head, _, self.kept = self.kept.partition(b"\r\n\r\n")
        wanted = base64.b64encode(hashlib.sha1(
            key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        self.is_open = self.head.startswith(b"HTTP/1.1 101 ") and wanted in self.head

    def frame(self, opcode, payload, final=True, masked=True):
        first = opcode | (0x80 if final else 0)
        mask = os.urandom(4) if masked else b""
        size = len(payload)
        bits = 0x80 if masked else 0
        if size < 126:
            head = struct.pack("!BB", first, bits | size)
        elif size < 65536:
            head = struct.pack("!BBH", first, bits | 126, size)
        else:
            head = struct.pack("!BBQ", first, bits | 127, size)
        if masked:
            payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.stream.sendall(head + mask + payload)

    def say(self, **message):
        self.frame(1, json.dumps(message).encode())

    def _take(self, count):
        while len(self.kept) < count:
            part = self.stream.recv(1 << 16)
            if not part:
                raise EOFError
            self.kept += part
        taken, self.kept = self.kept[:count], self.kept[count:]
        return taken

    def receive(self):
        """Opcode and payload; None at the end."""
        try:
            first, size = self._take(2)
            if size & 127 == 126:
                size = struct.unpack("!H", self._take(2))[0]
            elif size & 127 == 127:
                size = struct.unpack("!Q", self._take(8))[0]
            return first & 15, self._take(size & (1 << 63) - 1)
        except (EOFError, ConnectionError):
            return None

    def find(self, wanted, tries=200):
        """The first message of this type, or for which `wanted(message)` is true."""
        for _ in range(tries):
            got = self.receive()
            if got is None:
                return None
            if got[0] != 1:
                continue
            message = json.loads(got[1])
            if message["type"] == wanted if isinstance(wanted, str) else wanted(message):
                return message
        return None

    def end(self):
        """The code of the close frame; None when there is none."""
        while got := self.receive():
            if got[0] == 8:
                return struct.unpack("!H", got[1][:2])[0]
        return None


def page(lab, host):
    for address in (STACK4, STACK6):
        answer, text = ask(host, "/", address=address)
        lab.check(f"{address}: the page comes", answer.status == 200 and b"<html" in text,
                  (answer.status, text[:80]))
    lab.check("it may only load what is its own",
              "default-src 'self'" in answer.getheader("Content-Security-Policy", ""))
    tag = answer.getheader("ETag")
    again, text = ask(host, "/", If_None_Match=tag)
    lab.check("unchanged, it is 304 and empty", (again.status, text) == (304, b""), again.status)
    for path in re.findall(rb'(?:src|href)="([^":]+)"', ask(host, "/")[1]):
        answer, _ = ask(host, "/" + path.decode().removeprefix("./").removeprefix("/"))
        lab.check(f"what it loads is there: {path.decode()}", answer.status == 200, answer.status)
    done = host.run("curl", "-sS", "--max-time", 20, "-o", "/dev/null", "-w", "%{http_code} ",
                    f"http://{STACK4}/")
    lab.check("curl gets it", done.stdout.startswith("200 "), done.stdout)
    done = host.run("wget", "-q", "-O", "-", f"http://[{STACK6}]/")
    lab.check("wget gets it over IPv6", "<html" in done.stdout, done.stdout[:80])


def api(lab, host, stack):
    status, told = ask_json(host, "/api/status")
    lab.check("status is what the control socket says",
              status == 200 and told["stacks"][0]["addresses"] == stack.addresses(), told)
    lab.check("it tells the version", re.match(r"\d+\.\d+", told["version"]), told["version"])
    status, told = ask_json(host, "/api/status?parts=drops,memory")
    lab.check("parts are chosen", set(told["stacks"][0]) ==
              {"name", "uptime_seconds", "drops", "memory"}, set(told["stacks"][0]))
    for name in ("interfaces", "routes", "neighbors", "sockets", "drops", "addresses"):
        status, told = ask_json(host, f"/api/{name}")
        lab.check(f"{name} are a list with its total", status == 200 and
                  told["total"] == len(told[name]), told)
    status, told = ask_json(host, "/api/sockets?limit=1")
    lab.check("a page of one", len(told["sockets"]) == 1 and told["total"] > 1, told)
    for path, wanted in (("/api/none", 404), ("/api/connections/0-9-9", 404),
                         ("/api/connections/x", 404), ("/api/connections?sort=x", 400),
                         ("/api/connections?limit=1001", 400), ("/api/connections?limit=-1", 400),
                         ("/api/connections?wrong=1", 400), ("/api/status?parts=x", 400),
                         ("/api/status?parts=%zz", 400), ("/api/sockets?stack=9", 404),
                         ("/api/live", 426)):
        status, told = ask_json(host, path)
        lab.check(f"{path} is {wanted}, in words", status == wanted and told["error"],
                  (status, told))
    _, told = ask_json(host, "/api/decode?medium=ip&bytes="
                             "4500001c000100004001f4b50a4d00010a4d00020800f7f500070003")
    lab.check("a packet is decoded into layers", told["layers"][0]["name"] == "IPv4" and
              told["layers"][0]["fields"] and "ICMP echo request" in told["line"], told)
    answer, _ = ask(host, "/api/status", method="DELETE")
    lab.check("other methods are refused", answer.status == 405, answer.status)


def connections(lab, host):
    """Connections in pages: in order, without gaps, found by a part of their names."""
    streams = [connect(host, 7) for _ in range(250)]
    for number, stream in enumerate(streams):
        stream.sendall(b"x" * (number + 1))
        stream.recv(1)
    ports = {stream.getsockname()[1] for stream in streams}
    seen, received = [], []
    for offset in range(0, 300, 100):
        status, told = ask_json(host, f"/api/connections?sort=-received&filter={STACK4}:7"
                                      f"&offset={offset}&limit=100")
        lab.check(f"page at {offset}: {told['matched']} match", status == 200 and
                  told["matched"] == 250 and told["total"] > 250, told["matched"])
        seen += [int(one["remote"].rsplit(":", 1)[1]) for one in told["connections"]]
        received += [one["bytes_received"] for one in told["connections"]]
    lab.check("the pages together are all of them, once", sorted(seen) == sorted(ports), len(seen))
    lab.check("and in order", received == sorted(received, reverse=True) and received[0] == 250,
              received[:5])
    _, told = ask_json(host, f"/api/connections?filter=:{streams[7].getsockname()[1]}")
    one = told["connections"][0]
    lab.check("one is found by its port", told["matched"] == 1 and one["bytes_received"] == 8, told)
    status, more = ask_json(host, f"/api/connections/{one['id']}")
    lab.check("all of it is told by its name", status == 200 and more["advice"] and
              more["send_mss"] > 500 and more["remote"] == one["remote"], more)
    for stream in streams:
        stream.close()
    gone = bench.wait_until(lambda: ask_json(host, f"/api/connections/{one['id']}")[0] == 404, 5)
    lab.check("once it is over, the name is nobody's", gone)


def metrics(lab, host):
    answer, text = ask(host, "/metrics")
    lab.check("metrics are text", answer.status == 200 and
              answer.getheader("Content-Type").startswith("text/plain; version=0.0.4"))
    path = lab.folder / "metrics.txt"
    path.write_bytes(text)
    done = subprocess.run(["promtool", "check", "metrics"], stdin=open(path, "rb"),
                          capture_output=True, text=True, check=False)
    lab.check("promtool has nothing to say against them", done.returncode == 0 and
              not done.stderr and not done.stdout, done.stderr + done.stdout)
    name = re.escape("strata_interface_received_packets_total")
    count = re.search(rb'^' + name.encode() + rb'\{.*interface="strata0".*\} (\d+)$', text, re.M)
    host.run("ping", "-c5", "-i0.01", STACK4)
    again = re.search(rb'^' + name.encode() + rb'\{.*interface="strata0".*\} (\d+)$',
                      ask(host, "/metrics")[1], re.M)
    lab.check("they count", count and again and int(again[1]) >= int(count[1]) + 5, (count, again))


def guards(lab, host):
    for path in ("/", "/api/status", "/metrics"):
        answer, _ = ask(host, path, Host="evil.example")
        lab.check(f"{path}: another name's page is sent away", answer.status == 421, answer.status)
        answer, _ = ask(host, path, Origin="http://evil.example")
        lab.check(f"{path}: another page may not ask", answer.status == 403, answer.status)
        answer, _ = ask(host, path, Host="box.lan")
        lab.check(f"{path}: a name that was given may", answer.status == 200, answer.status)
    for fields in (("Origin: http://evil.example",), ("Origin: null",),
                   (f"Origin: https://{STACK4}",)):
        lab.check(f"no websocket for {fields[0]}",
                  Live(host, fields=fields).head.startswith(b"HTTP/1.1 403 "))
    lab.check("one for its own page", Live(host, fields=(f"Origin: http://{STACK4}",)).is_open)


def change(host, path, token=TOKEN, **what):
    fields = {"Authorization": f"Bearer {token}"} if token else {}
    answer, text = ask(host, path, "POST", json.dumps(what), **fields)
    return answer.status, json.loads(text)


def captures(lab, host):
    status, told = ask_json(host, "/api/capture")
    lab.check("nothing is captured at first", status == 200 and not told["active"], told)
    lab.check("and there is no file", ask(host, "/api/capture/file")[0].status == 404)
    for token in (None, "wrong", TOKEN + "x", TOKEN[:-1], ""):
        status, told = change(host, "/api/capture", token, action="start")
        lab.check(f"token {token}: nothing is changed", status == 401, told)
    for wrong, path in (({"action": "x"}, "/api/capture"), ({}, "/api/capture"),
                        ({"action": "start", "snap": -1}, "/api/capture"),
                        ({"action": "start", "filter": "tcp port"}, "/api/capture")):
        status, told = change(host, path, **wrong)
        lab.check(f"{wrong} is refused in words", status == 400 and told["error"], told)
    lab.check("elsewhere there is nothing to change",
              change(host, "/api/status", action="start")[0] == 404)
    status, told = change(host, "/api/capture", action="start", filter="icmp", snap=60)
    lab.check("a capture begins", status == 200 and told["active"], told)
    host.run("ping", "-c3", "-i0.05", STACK4)
    status, told = change(host, "/api/capture", action="stop")
    lab.check("and ends with what was asked for", not told["active"] and told["packets"] == 6 and
              told["filter"] == "icmp", told)
    answer, text = ask(host, "/api/capture/file")
    file = lab.folder / "web.pcapng"
    file.write_bytes(text)
    said = subprocess.run(["tshark", "-r", file, "-T", "fields", "-e", "frame.cap_len",
                           "-e", "_ws.col.Protocol"], capture_output=True, text=True, check=False)
    lab.check("tshark reads the file", said.stdout.split() == ["60", "ICMP"] * 6, said.stdout)
    watch = Live(host)
    watch.say(watch="packets", filter="tcp port")
    lab.check("a filter that does not compile is told", watch.find("error") is not None)
    watch.say(watch="packets", filter="icmp")
    host.run("ping", "-c3", "-i0.05", STACK4)
    seen = watch.find("packets")
    lab.check("live packets are those that were asked for",
              seen and all("ICMP" in one["line"] for one in seen["packets"]), seen)


def live(lab, host):
    for address in (STACK4, STACK6):
        watch = Live(host, address=address)
        lab.check(f"{address}: a websocket opens", watch.is_open, watch.head)
        watch.say(watch="status", every_ms=100, parts="interfaces")
        first, second = watch.find("status"), watch.find("status")
        lab.check("status comes, and again", first and second and
                  second["stacks"][0]["uptime_seconds"] > first["stacks"][0]["uptime_seconds"])
        watch.say(unwatch="status")
    watch.say(watch="packets", filter="")
    host.run("ping", "-c3", "-i0.05", "-s", "1000", STACK4)
    seen = watch.find(lambda m: m["type"] == "packets" and
                      any("ICMP echo request" in one["line"] for one in m["packets"]))
    lab.check("packets come, with their words and bytes", seen is not None)
    if seen:
        one = next(p for p in seen["packets"] if "ICMP echo request" in p["line"])
        lab.check("as long as they were, cut at 256", one["size"] == 1042 and
                  len(one["bytes"]) == 512 and one["interface"] == "strata0", one)
    watch.say(unwatch="packets")
    stream = connect(host, 7)
    stream.sendall(b"hello")
    stream.recv(10)
    port = stream.getsockname()[1]
    watch.say(watch="connections", limit=10, filter=f":{port}", every_ms=100)
    listed = watch.find(lambda m: m["type"] == "connections" and m["matched"] == 1)
    lab.check("connections come in pages", listed is not None)
    watch.say(unwatch="connections")
    name = listed["connections"][0]["id"]
    watch.say(watch="connection", id=name)
    info = watch.find("connection")
    lab.check("one connection comes with its time", info and info["info"]["id"] == name and
              info["time"] > 1e9, info)
    stream.sendall(b"w" * 100)
    stream.recv(100)
    segments = []
    for _ in range(50):
        message = watch.find("segments")
        segments += message["segments"] if message else []
        if any(one["out"] and one["length"] == 100 for one in segments):
            break
    lab.check("and its segments both ways", any(not one["out"] and one["length"] == 100
              for one in segments) and any(one["out"] and one["length"] == 100
              for one in segments), segments)
    stream.close()
    lab.check("its end is told", watch.find("error") is not None)
    for wrong in (b"{", b"[]", b'{"watch":"x"}', b'{"watch":7}', b'{"watch":"connection","id":"x"}',
                  b'{"watch":"connections","sort":"x"}', b'"x"'):
        watch.frame(1, wrong)
        lab.check(f"{wrong.decode()} is answered in words", watch.find("error") is not None)
    watch.frame(9, b"still there?")
    got = watch.receive()
    lab.check("a ping is answered", got == (10, b"still there?"), got)
    watch.frame(8, struct.pack("!H", 1000))
    lab.check("a close is answered", watch.end() == 1000)


def live_abuse(lab, host):
    """RFC 6455 5: what breaks the rules ends the websocket, and nothing else."""
    cases = (("an unmasked frame", lambda w: w.frame(1, b"{}", masked=False)),
             ("a message beyond the limit", lambda w: w.frame(1, b"x" * 5000)),
             ("a frame of 2^62 bytes",
              lambda w: w.stream.sendall(struct.pack("!BBQ", 0x81, 0xff, 1 << 62) + b"mask")),
             ("a reserved bit", lambda w: w.frame(0x41, b"{}")),
             ("a reserved opcode", lambda w: w.frame(5, b"{}")),
             ("a fragmented ping", lambda w: w.frame(9, b"", final=False)),
             ("a continuation of nothing", lambda w: w.frame(0, b"x")),
             ("text that is no UTF-8", lambda w: w.frame(1, b"\xff\xff\xff")),
             ("fragments without end",
              lambda w: [w.frame(1 if i == 0 else 0, b"x" * 100, final=False)
                         for i in range(60)]))
    for name, act in cases:
        watch = Live(host)
        with contextlib.suppress(ConnectionError):
            act(watch)
        lab.check(f"{name} ends it", watch.end() in (None, 1002, 1007, 1008, 1009), name)
    flood = Live(host)
    with contextlib.suppress(ConnectionError):
        for _ in range(2000):
            flood.frame(1, b'{"watch":"x"}')
    lab.check("a flood of messages ends with why", flood.end() in (None, 1008))
    pings = Live(host)
    with contextlib.suppress(ConnectionError):
        for _ in range(5000):
            pings.frame(9, b"x" * 100)
    lab.check("so does a flood of pings", pings.end() in (None, 1008))
    crowd = [Live(host) for _ in range(60)]
    count = sum(one.is_open for one in crowd)
    lab.check("who comes too many is told so", 0 < count < 60 and
              any(one.head.startswith(b"HTTP/1.1 503 ") for one in crowd), count)
    for one in crowd:
        one.stream.close()
    lab.check("and may come when others have gone",
              bench.wait_until(lambda: Live(host).is_open, 10, pause=0.2))
    deaf = Live(host)
    deaf.stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.say(watch="status", every_ms=100)
    deaf.say(watch="packets", filter="")
    host.run("ping", "-c2000", "-f", STACK4)
    missed = 0
    for _ in range(200):
        message = deaf.find("packets", tries=50)
        missed += message["missed"] if message else 0
        if missed or not message:
            break
    lab.check("who does not read misses packets, and is told how many", missed > 0, missed)


def smuggling(lab, host):
    """RFC 9112 11.2: what could be read in two ways is refused, and the connection ends."""
    head = b"POST / HTTP/1.1\r\nHost: " + STACK4.encode() + b"\r\n"
    inner = b"GET /metrics HTTP/1.1\r\nHost: " + STACK4.encode() + b"\r\n\r\n"
    chunked, six = b"Transfer-Encoding: chunked\r\n", b"Content-Length: 6\r\n"
    cases = (("length and chunks", six + chunked + b"\r\n0\r\n\r\n", (400, 501)),
             ("chunks and length", chunked + six + b"\r\n0\r\n\r\n", (400,)),
             ("two lengths", b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n", (400,)),
             ("the same length twice", b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n", (400,)),
             ("a list of lengths", b"Content-Length: 0, 5\r\n\r\n", (400,)),
             ("a length with a sign", b"Content-Length: +5\r\n\r\n", (400,)),
             ("a length in hex", b"Content-Length: 0x5\r\n\r\n", (400,)),
             ("a length beyond all numbers", b"Content-Length: 99999999999999999999\r\n\r\n",
              (400, 413)),
             ("an unknown coding", b"Transfer-Encoding: gzip\r\n\r\n", (400, 501)),
             ("chunks that are not last", b"Transfer-Encoding: chunked, gzip\r\n\r\n", (400, 501)),
             ("chunks twice", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
              b"0\r\n\r\n", (400, 501)),
             ("chunks in disguise", b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", (400,)),
             ("a chunk without a number", b"Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n", (400,)),
             ("a chunk that is longer than it says",
              b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", (400,)),
             ("a chunk of 2^64 bytes", b"Transfer-Encoding: chunked\r\n\r\n"
              b"ffffffffffffffff1\r\n", (400, 413)),
             ("a space before the colon", b"X : y\r\n\r\n", (400,)),
             ("a NUL in a field", b"X: a\0b\r\n\r\n", (400,)),
             ("a bare CR in a field", b"X: a\rY: b\r\n\r\n", (400,)))
    for name, rest, wanted in cases:
        got = say(host, head + rest + inner)
        status = int(got.split(b" ")[1]) if got.startswith(b"HTTP/1.1 ") else 0
        lab.check(f"{name} is {wanted[0]}", status in wanted, got[:80])
        lab.check(f"{name}: nothing behind it is answered", b"strata_uptime" not in got, got[-200:])
    for name, text, wanted in (
            ("a head of 100 KB", head + b"X: " + b"a" * 100_000 + b"\r\n\r\n", b"431"),
            ("a thousand fields", head + b"X: y\r\n" * 5000 + b"\r\n", b"431"),
            ("a target of 100 KB", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"431"),
            ("a body of 10 MB", head + b"Content-Length: 10000000\r\n\r\n", b"413"),
            ("no host", b"GET / HTTP/1.1\r\n\r\n", b"400"),
            ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"505"),
            ("TLS on port 80", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
            ("a NUL in the path", b"GET /%00 HTTP/1.1\r\nHost: " + STACK4.encode() + b"\r\n\r\n",
             b"404"),
            ("a way out of the page", b"GET /../../etc/passwd HTTP/1.1\r\nHost: " +
             STACK4.encode() + b"\r\n\r\n", b"404")):
        got = say(host, text)
        lab.check(f"{name} is {wanted.decode()}", got.startswith(b"HTTP/1.1 " + wanted), got[:80])
    folded = say(host, b"GET / HTTP/1.1\r\nHost: " + STACK4.encode() +
                 b"\r\nX: a\r\n b\r\n\r\n")
    lab.check("a folded field is one field",
              folded.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 400 ")), folded[:80])


def slowness(lab, host, stack):
    """Slow, half-open and silent peers are bounded in time, and keep nobody else out."""
    slow = [connect(host) for _ in range(300)]
    for stream in slow:
        stream.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
    began = time.monotonic()
    answer, _ = ask(host, "/")
    lab.check("300 slow ones keep nobody out", answer.status == 200, answer.status)
    got = b""
    for number in range(120):
        with contextlib.suppress(OSError):
            slow[0].sendall(b"X-%d: y\r\n" % number)
        slow[0].settimeout(0.5)
        with contextlib.suppress(TimeoutError, ConnectionError):
            got = slow[0].recv(1000)
            break
    lab.check("who sends a line a second is told to hurry, or to leave",
              got.startswith(b"HTTP/1.1 408 "), (got[:80], time.monotonic() - began))
    for stream in slow:
        stream.close()
    half = connect(host)
    half.sendall(b"GET /index.html HTTP/1.1\r\nHost: " + STACK4.encode() +
                 b"\r\nConnection: close\r\n\r\n")
    half.shutdown(socket.SHUT_WR)
    lab.check("who has ended its side is answered", b"<html" in read_all(half))
    lab.check("the stack goes on", stack.is_running and stack.ask_control())


def tls(lab, host):
    context = ssl.create_default_context(cafile=str(lab.folder / "cert.pem"))
    context.check_hostname = False
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context.minimum_version = context.maximum_version = version
        with context.wrap_socket(connect(host, 443)) as stream:
            for path in (b"/", b"/api/status"):
                stream.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: " + STACK4.encode() +
                               b"\r\n\r\n")
                head = b""
                while b"\r\n\r\n" not in head:
                    head += stream.recv(1 << 16)
                head, _, body = head.partition(b"\r\n\r\n")
                size = int(re.search(rb"Content-Length: (\d+)", head)[1])
                while len(body) < size:
                    body += stream.recv(1 << 16)
                lab.check(f"{version.name}: {path.decode()} comes whole",
                          head.startswith(b"HTTP/1.1 200 ") and len(body) == size, head[:60])
    done = host.run("curl", "-sS", "--max-time", 20, "--cacert", lab.folder / "cert.pem",
                    "--resolve", f"box.lan:443:{STACK4}", "https://box.lan/metrics")
    lab.check("curl trusts it and gets the metrics", "strata_uptime_seconds" in done.stdout,
              done.stdout[:200])
    for junk in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 1000, b"\0" * 100):
        stream = connect(host, 443)
        stream.sendall(junk)
        stream.shutdown(socket.SHUT_WR)
        lab.check(f"{junk[:5]!r}... is no handshake", b"HTTP/1.1 200" not in read_all(stream))
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that is what we are here for
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        old.wrap_socket(connect(host, 443))
        lab.check("TLS 1.1 is refused", False)
    except OSError:
        lab.check("TLS 1.1 is refused", True)


def load(lab, host):
    for name, flags in (("kept alive", ("-k",)), ("a connection each", ())):
        done = host.run("ab", "-q", "-n", 3000, "-c", 30, *flags, f"http://{STACK4}/", timeout=60)
        lab.check(f"ab: 3000 pages, {name}",
                  re.search(r"Complete requests:\s+3000", done.stdout) and
                  re.search(r"Failed requests:\s+0", done.stdout), done.stdout)
    done = host.run("wrk", "-t2", "-c32", "-d2s", f"http://{STACK4}/metrics", timeout=30)
    lab.check("wrk: metrics under load, no errors", "Requests/sec" in done.stdout and
              "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout)


def absence(lab, host, stack):
    lab.check("strata up ends well", stack.stop() == 0, stack.output)
    other = lab.up(host, "--no-dashboard").wait()
    try:
        connect(host, seconds=5)
        lab.check("--no-dashboard leaves port 80 closed", False)
    except ConnectionRefusedError:
        lab.check("--no-dashboard leaves port 80 closed", True)
    lab.check("and so it ends", other.stop() == 0, other.output)


TOOLS = ["curl", "wget", "ab", "wrk", "openssl", "promtool", "tshark"]
with bench.Bench(needs=TOOLS, seconds=300) as test:
    namespace = test.namespace()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=box.lan", "-addext", "subjectAltName=DNS:box.lan",
                    "-keyout", test.folder / "key.pem", "-out", test.folder / "cert.pem"],
                   check=True, capture_output=True)
    (test.folder / "token").write_text(TOKEN + "\n")
    config = test.folder / "up.toml"
    config.write_text(f'''serve = ["echo"]
dashboard_names = ["box.lan"]
dashboard_token = "{test.folder}/token"
tls = {{ certificate = "{test.folder}/cert.pem", key = "{test.folder}/key.pem" }}
''')
    running = test.up(namespace, "--config", config).wait()
    page(test, namespace)
    api(test, namespace, running)
    connections(test, namespace)
    metrics(test, namespace)
    guards(test, namespace)
    captures(test, namespace)
    live(test, namespace)
    live_abuse(test, namespace)
    smuggling(test, namespace)
    slowness(test, namespace, running)
    tls(test, namespace)
    load(test, namespace)
    size = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(
        f"/proc/{running.process.pid}/status").read_text())[1])
    test.check("all that took less than 300 MB", size < 300_000, f"{size} kB")
    absence(test, namespace, running)
