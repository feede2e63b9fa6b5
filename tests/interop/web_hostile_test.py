#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Those who would rather break the page that a stack serves: forged hosts and origins, websockets
against the rules, smuggling, slow and deaf peers, floods."""
import contextlib
import socket
import struct
import time

import bench
import web_client
from bench import STACK4
from web_client import Live, ask, connect, read_all, say


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


with bench.Bench(seconds=250) as test:
    namespace = test.namespace()
    running = web_client.up(test, namespace)
    guards(test, namespace)
    live_abuse(test, namespace)
    smuggling(test, namespace)
    slowness(test, namespace, running)
    web_client.in_bounds(test, running)
    test.check("strata up ends well", running.stop() == 0, running.output)
