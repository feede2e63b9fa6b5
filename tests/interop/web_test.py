#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The page that a stack serves of itself: files of the page, JSON, metrics, captures, websockets,
TLS. Who would rather break it is in web_hostile_test.py."""
import re
import socket
import ssl
import struct
import subprocess
import warnings

import bench
import web_client
from bench import HOST4, STACK4, STACK6
from web_client import TOKEN, Live, ask, ask_json, change, connect, read_all


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
    status, told = ask_json(host, "/api/status?parts=drops,memory,timers")
    lab.check("parts are chosen", set(told["stacks"][0]) ==
              {"name", "uptime_seconds", "drops", "memory", "timers"}, set(told["stacks"][0]))
    timers = told["stacks"][0]["timers"]
    lab.check("the health of timers is told", set(timers) == {
        "pending", "next_due_seconds", "fired", "late", "latest_seconds", "refiled"}, timers)
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


def comments(lab, host):
    """What became of a packet: in the file of a capture, and in the live list."""
    change(host, "/api/capture", action="start", filter="udp or icmp")
    watch = Live(host)
    watch.say(watch="packets", filter="udp port 4444")
    watch.say(watch="status", every_ms=100, parts="interfaces")
    watch.find("status")  # so that the other wish was heard
    host.udp(HOST4).sendto(b"x", (STACK4, 4444))
    seen = watch.find(lambda m: m["type"] == "packets" and
                      any(one["dropped"] for one in m["packets"]))
    one = next((p for p in seen["packets"] if p["dropped"]), {}) if seen else {}
    lab.check("a packet that was dropped is told as such, and why", one.get("dropped") ==
              "udp_no_socket" and one["comment"].startswith("dropped: udp_no_socket: "), seen)
    change(host, "/api/capture", action="stop")
    file = lab.folder / "comments.pcapng"
    file.write_bytes(ask(host, "/api/capture/file")[1])
    said = subprocess.run(["tshark", "-r", file, "-Y", "frame.comment", "-T", "fields", "-e",
                           "udp.dstport", "-e", "frame.comment"], capture_output=True, text=True,
                          check=False).stdout
    lab.check("tshark shows the same beside that packet alone", said.strip() ==
              f"4444\t{one.get('comment')}", (said, one.get("comment")))


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
    done = host.run("curl", "-sSI", "--max-time", 20, "--cacert", lab.folder / "cert.pem",
                    "--resolve", f"box.lan:443:{STACK4}", "https://box.lan/_strata/")
    lab.check("the page shares no window with whoever opens it",
              "Cross-Origin-Opener-Policy: same-origin" in done.stdout, done.stdout)
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
    running = web_client.up(test, namespace, more=f'''
tls = {{ certificate = "{test.folder}/cert.pem", key = "{test.folder}/key.pem" }}''')
    page(test, namespace)
    api(test, namespace, running)
    connections(test, namespace)
    metrics(test, namespace)
    captures(test, namespace)
    comments(test, namespace)
    live(test, namespace)
    tls(test, namespace)
    load(test, namespace)
    web_client.in_bounds(test, running)
    absence(test, namespace, running)
