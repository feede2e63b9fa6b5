#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TCP with the kernel at full size: gigabytes, thousands of connections, floods. Every byte is
checked, no speed is. Part of `./dev test --full`; by hand, one part: tcp_load_test.py PART..."""
import hashlib
import os
import pathlib
import random
import re
import resource
import signal
import socket
import struct
import sys
import threading

import bench
from bench import HOST4, HOST6, STACK4, STACK6, TAP

PYTHON = "/usr/bin/python3"
BIG_BYTES, FILE_BYTES, SMALL_BYTES = 1 << 30, 64 << 20, 1 << 20
HTTP, ECHO, CHARGEN, PORT = 80, 7, 19, 8000
FAR4, FAR6 = "10.78.0.2", "fd78::2"
FAMILIES = (("IPv4", HOST4, STACK4), ("IPv6", HOST6, STACK6))
PATIENT = 600  # seconds; times bench.PATIENCE
# A server that gives one file, and answers what is put with its digest.
SERVER = """
import hashlib, http.server, shutil, socket, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        with open(sys.argv[3], "rb") as file:
            self.send_response(200)
            self.send_header("Content-Length", str(file.seek(0, 2)))
            self.end_headers()
            file.seek(0)
            shutil.copyfileobj(file, self.wfile, 1 << 18)
    def do_PUT(self):
        left, digest = int(self.headers["Content-Length"]), hashlib.md5()
        while left:
            part = self.rfile.read(min(left, 1 << 18))
            if not part: return
            digest.update(part)
            left -= len(part)
        text = digest.hexdigest().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
"""


def written(path, size, seed):
    """A file in which no block is like another; its digest."""
    digest, block = hashlib.md5(), random.Random(seed).randbytes(1 << 20)
    with open(path, "wb") as file:
        for number in range(size >> 20):
            part = struct.pack("!I", number) + block[4:]
            file.write(part)
            digest.update(part)
    return digest.hexdigest()


def url(address, port=HTTP, path=""):
    return f"http://[{address}]:{port}/{path}" if ":" in address else \
        f"http://{address}:{port}/{path}"


def connect(host, address, port, receive_buffer=0):
    with host.entered():
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    if receive_buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    made.settimeout(60)
    made.connect((address, port))
    return made


def listens(host, address, port):
    def reached():
        try:
            connect(host, address, port).close()
        except OSError:
            return False
        return True
    return bench.wait_until(reached, 60, pause=0.5)


def connections(stack):
    return [one for one in stack.status()["sockets"]
            if one["kind"] == "tcp" and one.get("state") not in ("LISTEN", "TIME-WAIT")]


def all_gone(lab, stack, after, seconds=90):
    left = bench.wait_until(lambda: not connections(stack) or None, seconds, pause=1)
    lab.check(f"{after}: no connection is left", left, str(connections(stack))[:500])
    lab.check(f"{after}: the stack runs and answers", stack.is_running and stack.is_answering(),
              stack.output)


class Files:
    """What is moved, and where it is."""

    def __init__(self, folder):
        self.folder = folder / "www"
        self.folder.mkdir()
        self.digests = {}

    def path(self, name):
        sizes = {"big": BIG_BYTES, "file": FILE_BYTES, "small": SMALL_BYTES}
        place = self.folder / name
        if name not in self.digests:
            self.digests[name] = written(place, sizes[name], name)
        return place

    def digest(self, name):
        self.path(name)
        return self.digests[name]


def down(host, address, port, name, *flags, command=()):
    """The digest of what curl gets."""
    words = " ".join(map(str, (*command, "curl", "-sS", *flags, url(address, port, name))))
    return host.run("sh", "-c", f"{words} | md5sum", timeout=PATIENT).stdout


def put(host, address, port, path, command=()):
    return host.run(*command, "curl", "-sS", "-T", path, url(address, port), timeout=PATIENT).stdout


def gigabytes(lab, files):
    """Down and up, the stack as the server."""
    want, path = files.digest("big"), files.path("big")
    host = lab.namespace()
    stack = lab.up(host, "--serve", f"http={files.folder}").wait()
    for family, _, ours in FAMILIES:
        got = down(host, ours, HTTP, "big")
        lab.check(f"{family}: curl down 1 GB from strata up", want in got, got)
    lab.check("strata up ends well", stack.stop() == 0, stack.output)
    run = (lab.program, "run", "--")
    for family, _, ours in FAMILIES:
        host = lab.namespace()
        server = host.start(*run, PYTHON, "-c", SERVER, ours, PORT, path)
        listens(host, ours, PORT)
        got = put(host, ours, PORT, path)
        lab.check(f"{family}: curl up 1 GB to a program under strata run", want in got, got)
        bench.end(server)


def gigabytes_fetched(lab, files):
    """The same with a program under strata run as the client."""
    want, path = files.digest("big"), files.path("big")
    run = (lab.program, "run", "--")
    for family, theirs, _ in FAMILIES:
        host = lab.namespace()
        is_v6 = ":" in theirs
        host.start(PYTHON, "-c", SERVER, "::" if is_v6 else "0.0.0.0", PORT, path)
        listens(host, "::1" if is_v6 else "127.0.0.1", PORT)
        got = down(host, theirs, PORT, "big", command=run)
        lab.check(f"{family}: curl under strata run, down 1 GB from the kernel", want in got, got)
        got = put(host, theirs, PORT, path, command=run)
        lab.check(f"{family}: curl under strata run, up 1 GB to the kernel", want in got, got)


def lossy(lab, files):
    """A gigabyte each way across a line of ours that loses 0.1 % and reorders as much."""
    want, path = files.digest("big"), files.path("big")
    near, far = lab.namespace(), lab.namespace()
    near.set("ipv4/ip_forward", 1)
    near.set("ipv6/conf/all/forwarding", 1)
    log = lab.folder / "lossy"
    program = pathlib.Path(lab.program).resolve().parent / "interop/lossy_link_peer"
    line = near.start(program, "la", "lb", 1, 10, 10, 7, output=log)
    bench.wait_until(lambda: "up" in log.read_text(), 20)
    near.must("ip", "link", "set", "lb", "netns", far.name)
    for host, link, own4, own6 in ((near, "la", "10.78.0.1/24", "fd78::1/64"),
                                   (far, "lb", f"{FAR4}/24", f"{FAR6}/64")):
        host.must("ip", "address", "add", own4, "dev", link)
        host.must("ip", "address", "add", own6, "dev", link)
        host.must("ip", "link", "set", link, "up")
    far.must("ip", "route", "add", "10.77.0.0/24", "via", "10.78.0.1")
    far.must("ip", "route", "add", "fd77::/64", "via", "fd78::1")
    stack = lab.up(near, "--device", f"tap:{TAP},host={HOST4}/24,host6={HOST6}/64",
                   "--address", f"{STACK4}/24", "--address", f"{STACK6}/64",
                   "--gateway", HOST4, "--gateway", HOST6,
                   "--serve", f"http={files.folder}").wait()
    for family, _, ours in FAMILIES:
        got = down(far, ours, HTTP, "big")
        lab.check(f"{family}: 1 GB from the stack across a line that loses", want in got, got)
    stack.stop()
    run = (lab.program, "run", "--device", f"tap:{TAP},host={HOST4}/24,host6={HOST6}/64",
           "--address", f"{STACK4}/24", "--address", f"{STACK6}/64", "--gateway", HOST4,
           "--gateway", HOST6, "--")
    far.start(PYTHON, "-c", SERVER, "::", PORT, path)
    listens(far, "::1", PORT)
    for family, theirs in (("IPv4", FAR4), ("IPv6", FAR6)):
        got = down(near, theirs, PORT, "big", command=run)
        lab.check(f"{family}: 1 GB to the stack across a line that loses", want in got, got)
    bench.end(line, signal.SIGTERM)
    lab.check("the line did lose frames", re.search(r"lost [1-9]\d{3}", log.read_text()),
              log.read_text())


def crowds(lab, files):
    """ab and wrk with a thousand and five thousand connections at once."""
    host = lab.namespace()
    files.path("small")
    (files.folder / "index.html").write_text("<p>It works.</p>\n")
    stack = lab.up(host, "--serve", f"http={files.folder}").wait()
    for family, _, ours in FAMILIES:
        for count in (1000, 5000):
            for name, flags in (("a connection each", ()), ("kept alive", ("-k",))):
                done = host.run("ab", "-q", "-r", "-s", 120, "-n", 4 * count, "-c", count, *flags,
                                url(ours, path="index.html"), timeout=PATIENT).stdout
                told = dict(re.findall(r"^(Complete|Failed) requests:\s+(\d+)", done, re.M))
                # A session that is silent for a minute is ended, and on a machine that is busy
                # elsewhere some of so many are.
                longest = re.search(r"100%\s+(\d+)", done)
                is_starved = longest and int(longest.group(1)) >= 60_000
                lab.check(f"{family}: ab, {count} at once, {name}",
                          told.get("Complete") == str(4 * count) and
                          (told["Failed"] == "0" or is_starved),
                          (told, re.findall(r"\(Connect: .*\)", done)))
            done = host.run("wrk", "-t2", f"-c{count}", "-d10s", "--timeout", "120s",
                            url(ours, path="index.html"), timeout=PATIENT).stdout
            served = re.search(r"(\d+) requests in", done)
            lab.check(f"{family}: wrk, {count} at once, no errors",
                      served and int(served.group(1)) > 0 and "errors" not in done and
                      "Non-2xx" not in done, done)
    all_gone(lab, stack, "crowds")
    lab.check("strata up ends well", stack.stop() == 0, stack.output)


def slow(lab, files):
    """Two hundred readers that take their time, beside one that does not."""
    host = lab.namespace()
    small, want = files.digest("small"), files.digest("file")
    stack = lab.up(host, "--serve", f"http={files.folder}").wait()
    for family, _, ours in FAMILIES:
        results = []

        def read(address=ours, into=results):
            into.append(down(host, address, HTTP, "small", "--limit-rate", "100k"))
        readers = [threading.Thread(target=read) for _ in range(200)]
        for reader in readers:
            reader.start()
        got = down(host, ours, HTTP, "file")
        lab.check(f"{family}: a download beside 200 slow readers", want in got, got)
        for reader in readers:
            reader.join()
        right = sum(small in one for one in results)
        lab.check(f"{family}: 200 slow readers get every byte", right == 200, (right, results[:2]))
    all_gone(lab, stack, "slow readers")
    lab.check("strata up ends well", stack.stop() == 0, stack.output)


def aborts(lab, files):
    """Five hundred resets in the middle of transfers, both ways, beside a download."""
    host = lab.namespace()
    want = files.digest("file")
    stack = lab.up(host, "--serve", f"echo,chargen,http={files.folder}").wait()
    for family, _, ours in FAMILIES:
        results = []
        download = threading.Thread(target=lambda: results.append(down(host, ours, HTTP, "file")))
        download.start()
        rng = random.Random(6)
        for number in range(500):
            stream = connect(host, ours, (CHARGEN, ECHO, HTTP)[number % 3], receive_buffer=65536)
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            stream.sendall(b"GET /file HTTP/1.1\r\nHost: a\r\n\r\n")
            left = rng.randrange(200_000) if number % 3 != 1 else 1
            while left > 0:
                left -= len(stream.recv(left))
            stream.close()
        download.join()
        lab.check(f"{family}: a download beside 500 resets", want in results[0], results)
    all_gone(lab, stack, "resets")
    lab.check("strata up ends well", stack.stop() == 0, stack.output)


def half_closes(lab, files):
    """socat ends its side and still gets everything back."""
    host = lab.namespace()
    path, want = files.path("file"), files.digest("file")
    stack = lab.up(host, "--serve", "echo").wait()
    for family, _, ours in FAMILIES:
        name = f"[{ours}]" if ":" in ours else ours
        got = host.run("sh", "-c", f"socat -t 600 - TCP:{name}:{ECHO} < {path} | md5sum",
                       timeout=PATIENT).stdout
        lab.check(f"{family}: socat half-closes and gets 64 MiB back", want in got, got)
    all_gone(lab, stack, "half-closes")


def settings(lab, files):
    """What a kernel may be told to leave out or to use, both ways."""
    host = lab.namespace()
    path, want = files.path("file"), files.digest("file")
    stack = lab.up(host, "--serve", f"echo,http={files.folder}").wait()
    usual = {"tcp_sack": 1, "tcp_timestamps": 1, "tcp_window_scaling": 1, "tcp_ecn": 2}
    # Others may be the first network's alone.
    known = pathlib.Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control").read_text().split()
    off = {"tcp_sack": 0, "tcp_timestamps": 0, "tcp_window_scaling": 0, "tcp_ecn": 0}
    cases = [{key: value} for key, value in (*off.items(), ("tcp_ecn", 1), ("tcp_ecn", 2))]
    cases += [off, {"tcp_sack": 0, "tcp_timestamps": 0}, {"tcp_dsack": 0}, {"tcp_recovery": 0}]
    cases += [{"tcp_congestion_control": name} for name in known]
    for case in cases:
        for key, value in {**usual, "tcp_dsack": 1, "tcp_recovery": 1, **case}.items():
            host.set(f"ipv4/{key}", value)
        name = ", ".join(f"{key}={value}" for key, value in case.items())
        for family, _, ours in FAMILIES:
            got = down(host, ours, HTTP, "file")
            lab.check(f"{family}: kernel with {name}: 64 MiB down", want in got, got)
            target = f"[{ours}]" if ":" in ours else ours
            got = host.run("sh", "-c", f"socat -t 600 - TCP:{target}:{ECHO} < {path} | md5sum",
                           timeout=PATIENT).stdout
            lab.check(f"{family}: kernel with {name}: 64 MiB there and back", want in got, got)
    lab.check("strata up ends well", stack.stop() == 0, stack.output)


def scans(lab, files):
    host = lab.namespace()
    (files.folder / "index.html").write_text("<p>It works.</p>\n")
    stack = lab.up(host, "--serve", f"echo,discard,chargen,daytime,http={files.folder}").wait()
    for family, _, ours in FAMILIES:
        six = ("-6",) if ":" in ours else ()
        for kind in ("-sS", "-sT"):
            done = host.run("nmap", *six, "-n", "-Pn", kind, "-p-", "--min-rate", 2000, ours,
                            timeout=PATIENT).stdout
            open_ports = re.findall(r"^(\d+)/tcp\s+open", done, re.M)
            lab.check(f"{family}: nmap {kind} of all 65535 ports finds five",
                      open_ports == ["7", "9", "13", "19", "80"], done)
        done = host.run("nmap", *six, "-n", "-Pn", "-sV", "-O", "-p", "7,9,13,19,80,81", ours,
                        timeout=PATIENT).stdout
        lab.check(f"{family}: nmap -sV -O knows echo, daytime and http",
                  all(re.search(rf"^{port}/tcp\s+open\s+{name}", done, re.M) for port, name in
                      ((7, "echo"), (13, "daytime"), (80, "http"))) and
                  "OS and Service detection performed" in done, done)
    all_gone(lab, stack, "scans")
    lab.check("strata up ends well", stack.stop() == 0, stack.output)


def floods(lab, files):
    """hping3 as fast as it can, from anywhere, while an honest download goes on."""
    host = lab.namespace()
    want = files.digest("file")
    stack = lab.up(host, "--serve", f"http={files.folder}").wait()
    # Answers to forged sources go nowhere.
    for prefix in ("0.0.0.0/1", "128.0.0.0/1"):
        host.must("ip", "route", "add", "blackhole", prefix)
    for name, flags in (("SYN", "-S"), ("RST", "-R"), ("FIN", "-F"), ("ACK", "-A"),
                        ("SYN and FIN", "-SF"), ("all flags", "-FSRPAU")):
        for source in ((), ("--rand-source",)):
            words = [f"-{flag}" for flag in flags[1:]]
            flood = host.start("hping3", "-q", "-n", *words, "-p", HTTP, "--faster", "-c", 100_000,
                               *source, STACK4)
            rounds = 0
            while flood.poll() is None or rounds == 0:
                got = down(host, STACK4, HTTP, "file")
                if want not in got:
                    break
                rounds += 1
            lab.check(f"hping3: 100,000 of {name}{', random sources' if source else ''}, "
                      "beside downloads", want in got and stack.is_running, got)
    all_gone(lab, stack, "floods", seconds=200)
    lab.check("strata up ends well", stack.stop() == 0, stack.output)


if not os.environ.get("STRATA_FULL"):
    bench.skip("gigabytes and floods take their time: STRATA_FULL=1 runs it")
PARTS = (gigabytes, gigabytes_fetched, lossy, crowds, slow, aborts, half_closes, settings, scans,
         floods)
with bench.Bench(needs=["curl", "socat", "ab", "wrk", "nmap", "hping3"], seconds=5400) as test:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    moved = Files(test.folder)
    for part in PARTS:
        if not sys.argv[1:] or part.__name__ in sys.argv[1:]:
            part(test, moved)
