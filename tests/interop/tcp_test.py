#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TCP between the kernel's sockets, and programs on them, and the services of a stack."""
import hashlib
import http.client
import os
import random
import re
import socket
import struct
import threading
import time

import bench
from bench import HOST4, HOST6, STACK4, STACK6

HTTP, CHARGEN, DISCARD, DAYTIME, ECHO = 80, 19, 9, 13, 7
FAMILIES = (("IPv4", STACK4), ("IPv6", STACK6))
FILE_BYTES = 256 << 20


def connect(host, address, port, seconds=10, **options):
    with host.entered():
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    made.settimeout(seconds)
    for name, value in options.items():
        made.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
    made.connect((address, port))
    return made


def read_all(stream):
    parts = []
    while part := stream.recv(1 << 20):
        parts.append(part)
    return b"".join(parts)


def echoed(stream, payload, chunk=1 << 16):
    """What comes back of `payload`, which is written while it is read; the write side then ends."""
    def write():
        for at in range(0, len(payload), chunk):
            stream.sendall(payload[at:at + chunk])
        stream.shutdown(socket.SHUT_WR)
    writer = threading.Thread(target=write)
    writer.start()
    got = read_all(stream)
    writer.join()
    return got


def services(lab, host):
    for family, address in FAMILIES:
        line = read_all(connect(host, address, DAYTIME))
        lab.check(f"{family}: daytime tells the time and ends", line.endswith(b"-UTC\r\n"), line)
        stream = connect(host, address, CHARGEN)
        text = b""
        while len(text) < 1 << 20:
            text += stream.recv(1 << 16)
        stream.close()
        lab.check(f"{family}: chargen rotates its pattern",
                  text[:74].startswith(b" !\"#$%") and text[74:148].startswith(b"!\"#$%&"))
        payload = random.Random(1).randbytes(8 << 20)
        got = echoed(connect(host, address, ECHO), payload)
        lab.check(f"{family}: 8 MiB are echoed, and the end is", got == payload, len(got))
        for size in (1, 2, 535, 1447, 1448, 1449, 65535, 65536):
            lab.check(f"{family}: {size} bytes are echoed",
                      echoed(connect(host, address, ECHO), payload[:size]) == payload[:size])


def refusals(lab, host):
    for family, address in FAMILIES:
        try:
            connect(host, address, 4, seconds=5)
            lab.check(f"{family}: a closed port refuses", False, "it connected")
        except ConnectionRefusedError:
            lab.check(f"{family}: a closed port refuses", True)
        except OSError as why:
            lab.check(f"{family}: a closed port refuses", False, why)


def endings(lab, host, stack):
    """Resets, half-closes and peers that go away: the stack forgets all of them."""
    for family, address in FAMILIES:
        for _ in range(50):
            stream = connect(host, address, CHARGEN)
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            stream.recv(1000)
            stream.close()
        for _ in range(50):
            connect(host, address, ECHO).close()
    gone = bench.wait_until(lambda: not established(stack), 5, pause=0.2)
    lab.check("after resets and closes no connection is left", gone, established(stack))


def established(stack):
    return [one for one in stack.status()["sockets"]
            if one["kind"] == "tcp" and one.get("state") not in ("LISTEN", "TIME-WAIT")]


def slow_reader(lab, host):
    """A window that closes and opens again, with pauses longer than a probe."""
    stream = connect(host, STACK4, CHARGEN, SO_RCVBUF=4096)
    total = 0
    for _ in range(12):
        time.sleep(0.25)
        total += len(stream.recv(20000))
    stream.settimeout(5)
    end = time.monotonic() + 2
    while time.monotonic() < end:
        total += len(stream.recv(1 << 20))
    stream.close()
    lab.check("a slow reader gets on once it reads again", total > 1 << 20, total)


def many(lab, host, stack):
    """Hundreds of connections at once, each with bytes of its own."""
    streams = [connect(host, STACK4, ECHO) for _ in range(400)]
    for number, stream in enumerate(streams):
        stream.sendall(struct.pack("!I", number) * 100)
    wrong = 0
    for number, stream in enumerate(streams):
        got = b""
        while len(got) < 400:
            got += stream.recv(400)
        wrong += got != struct.pack("!I", number) * 100
    count = len([one for one in established(stack) if one.get("state") == "ESTABLISHED"])
    lab.check("400 connections at once, each with its own bytes", wrong == 0, wrong)
    lab.check("status shows each of them", count >= 400, count)
    for stream in streams:
        stream.close()


def files(lab, host, folder):
    path = folder / "big"
    digest = hashlib.md5()
    block = random.Random(2).randbytes(1 << 20)
    with open(path, "wb") as file:
        for number in range(FILE_BYTES >> 20):
            part = struct.pack("!I", number) + block[4:]
            file.write(part)
            digest.update(part)
    (folder / "index.html").write_text("<p>It works.</p>\n")
    for family, address in FAMILIES:
        name = f"[{address}]" if ":" in address else address
        done = host.run("sh", "-c", f"curl -sS http://{name}/big | md5sum", timeout=60)
        lab.check(f"{family}: curl down {FILE_BYTES >> 20} MiB, md5 equal",
                  digest.hexdigest() in done.stdout, done.stdout)
        done = host.run("sh", "-c", f"socat -u FILE:{path} TCP:{name}:{DISCARD} && echo sent",
                        timeout=60)
        lab.check(f"{family}: socat up as much", "sent" in done.stdout, done.stdout)
        done = host.run("sh", "-c",
                        f"head -c 20000000 {path} | socat -t 30 - TCP:{name}:{ECHO} | md5sum; "
                        f"head -c 20000000 {path} | md5sum", timeout=60)
        sums = re.findall(r"[0-9a-f]{32}", done.stdout)
        lab.check(f"{family}: socat half-closes and still gets all back",
                  len(sums) == 2 and sums[0] == sums[1], done.stdout)


def http_rules(lab, host):
    """RFC 9110 and RFC 9112, asked by a client that keeps its connection."""
    def ask(method, path, **fields):
        client.request(method, path, headers={name.replace("_", "-"): value
                                              for name, value in fields.items()})
        answer = client.getresponse()
        return answer, answer.read()
    with host.entered():
        client = http.client.HTTPConnection(STACK4, HTTP, timeout=10)
        client.connect()
    answer, body = ask("GET", "/")
    lab.check("http: a folder is its index.html", (answer.status, body) ==
              (200, b"<p>It works.</p>\n"), (answer.status, body))
    lab.check("http: its type is told", answer.getheader("Content-Type") ==
              "text/html; charset=utf-8", answer.headers)
    tag = answer.getheader("ETag")
    for name, path, fields, status in (
            ("a file that is not there", "/none", {}, 404),
            ("a way out of the folder", "/../../etc/passwd", {}, 403),
            ("the same in disguise", "/%2e%2e/%2e%2e/etc/passwd", {}, 403),
            ("what has not changed", "/", {"If_None_Match": tag}, 304),
            ("a range behind the end", "/", {"Range": "bytes=1000-"}, 416)):
        answer, _ = ask("GET", path, **fields)
        lab.check(f"http: {name} is {status}", answer.status == status, answer.status)
    answer, body = ask("GET", "/", Range="bytes=3-4")
    lab.check("http: a range is a part", (answer.status, body) == (206, b"It"),
              (answer.status, body))
    answer, body = ask("HEAD", "/")
    lab.check("http: HEAD has no body", (answer.status, body) == (200, b""), (answer.status, body))
    answer, _ = ask("DELETE", "/")
    lab.check("http: other methods are refused", answer.status == 405, answer.status)
    stream = connect(host, STACK4, HTTP)
    stream.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 20 +
                   b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    got = read_all(stream)
    lab.check("http: 21 requests in one go get 21 answers", got.count(b"It works.") == 21,
              got[-200:])
    stream = connect(host, STACK4, HTTP)
    stream.sendall(b"\x16\x03\x01 rubbish\r\n\r\n")
    lab.check("http: rubbish is 400, and the end", read_all(stream).startswith(b"HTTP/1.1 400 "))


def load(lab, host):
    """ab: thousands of connections, one request each, then many on each."""
    for name, flags in (("a connection each", ()), ("kept alive", ("-k",))):
        done = host.run("ab", "-q", "-n", 5000, "-c", 50, *flags, f"http://{STACK4}/index.html",
                        timeout=60)
        complete = re.search(r"Complete requests:\s+(\d+)", done.stdout)
        wrong = re.search(r"Failed requests:\s+(\d+)", done.stdout)
        lab.check(f"ab: 5000 requests, {name}",
                  complete and complete.group(1) == "5000" and wrong.group(1) == "0", done.stdout)


def kernel_settings(lab, host):
    """The same bytes whatever the kernel's TCP has been told to leave out or to use."""
    payload = random.Random(3).randbytes(3 << 20)
    for control in ("reno", "cubic", "bbr"):
        stream = connect(host, STACK4, ECHO)
        try:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, control.encode())
        except OSError:
            continue  # this kernel has none of that name
        got = echoed(stream, payload)
        lab.check(f"the kernel with {control}: 3 MiB are echoed", got == payload, len(got))
    usual = {"tcp_sack": 1, "tcp_timestamps": 1, "tcp_window_scaling": 1, "tcp_ecn": 2}
    cases = [("no SACK", {"tcp_sack": 0}), ("no timestamps", {"tcp_timestamps": 0}),
             ("no window scaling", {"tcp_window_scaling": 0}), ("ECN", {"tcp_ecn": 1}),
             ("nothing of it", {"tcp_sack": 0, "tcp_timestamps": 0, "tcp_window_scaling": 0,
                                "tcp_ecn": 0})]
    for name, settings in cases:
        for key, value in {**usual, **settings}.items():
            host.set(f"ipv4/{key}", value)
        got = echoed(connect(host, STACK4, ECHO), payload)
        lab.check(f"the kernel with {name}: 3 MiB are echoed", got == payload, len(got))


def scans(lab, host):
    done = host.run("nmap", "-n", "-Pn", "-sS", "-p", "7,9,13,19,80,81", STACK4, timeout=60)
    lab.check("nmap -sS finds the open ports and the closed one",
              len(re.findall(r"^\d+/tcp\s+open", done.stdout, re.M)) == 5 and
              re.search(r"^81/tcp\s+closed", done.stdout, re.M), done.stdout)
    done = host.run("nmap", "-n", "-Pn", "-sT", "-p", "1-200", STACK4, timeout=60)
    lab.check("nmap -sT finds five open ports of 200",
              len(re.findall(r"^\d+/tcp\s+open", done.stdout, re.M)) == 5, done.stdout)
    done = host.run("hping3", "-S", "-p", ECHO, "-c", 2000, "-i", "u200", "-q", STACK4, timeout=60)
    lab.check("hping3: 2000 SYNs without an end, all answered", " 0% packet loss" in done.stdout,
              done.stdout)


with bench.Bench(needs=["curl", "socat", "ab", "nmap", "hping3"], seconds=240) as test:
    namespace = test.namespace()
    www = test.folder / "www"
    os.mkdir(www)
    running = test.up(namespace, "--serve", f"echo,discard,chargen,daytime,http={www}").wait()
    services(test, namespace)
    refusals(test, namespace)
    endings(test, namespace, running)
    slow_reader(test, namespace)
    many(test, namespace, running)
    files(test, namespace, www)
    http_rules(test, namespace)
    load(test, namespace)
    kernel_settings(test, namespace)
    scans(test, namespace)
    test.check("strata up ends well", running.stop() == 0, running.output)
