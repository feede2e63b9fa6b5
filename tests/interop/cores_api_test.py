#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A host of several cores is asked as one: pages of sockets and connections, captures."""
import http.client
import json

import bench
import web_client
from bench import HOST4, HOST6, STACK4, STACK6, TAP
from web_client import ask, change, connect

STREAMS = 40


class Asker:
    """Asks over one connection: were there one for each page, they would move what is counted."""

    def __init__(self, host):
        with host.entered():
            self.client = http.client.HTTPConnection(STACK4, 80, timeout=10 * bench.PATIENCE)
            self.client.connect()

    def json(self, path):
        self.client.request("GET", path)
        answer = self.client.getresponse()
        return answer.status, json.loads(answer.read())


def pages(asker, path, name, limit, **more):
    """All pages of a list, and how many there are said to be."""
    seen, offset, total = [], 0, None
    words = "".join(f"&{key}={value}" for key, value in more.items())
    while total is None or offset < total:
        status, told = asker.json(f"{path}?offset={offset}&limit={limit}{words}")
        if status != 200 or len(told[name]) > limit:
            return [], -1
        total = told.get("matched", told["total"])
        seen.append(told[name])
        offset += limit
    return seen, total


def name_of(entry):
    return entry["core"], entry["kind"], entry["local"], entry.get("remote")


def sockets(lab, asker, ports):
    whole, _ = pages(asker, "/api/sockets", "sockets", 1000)
    streams = [one for one in whole[0] if one.get("remote", "").rsplit(":", 1)[-1] in ports]
    cores = {one["core"] for one in streams}
    lab.check("every core has some of the connections", cores == {0, 1}, cores)
    lab.check("each is there once", len(streams) == STREAMS, len(streams))
    for limit in (1000, 30, 7):
        parts, total = pages(asker, "/api/sockets", "sockets", limit)
        all_of_them = [name_of(one) for part in parts for one in part]
        wanted = [name_of(one) for one in whole[0]]
        lab.check(f"pages of {limit} are whole but for the last one",
                  all(len(part) == limit for part in parts[:-1]) and total >= STREAMS,
                  [len(part) for part in parts])
        found = [one for one in all_of_them if one[3] and one[3].rsplit(":", 1)[-1] in ports]
        lab.check(f"pages of {limit} have every connection once, and nothing beside",
                  len(found) == len(set(found)) == STREAMS and
                  sorted(map(str, all_of_them)) == sorted(map(str, wanted)),
                  (len(found), len(set(found)), len(all_of_them), len(wanted)))
    status, told = asker.json("/api/sockets?offset=4000000000&limit=10")
    lab.check("a page behind the end is empty, and told at once",
              status == 200 and told["sockets"] == [] and told["total"] >= STREAMS, told)


def connections(lab, asker, ports):
    for order in ("", "received", "-received"):
        parts, matched = pages(asker, "/api/connections", "connections", 9,
                               filter=f"{STACK4}:7", **({"sort": order} if order else {}))
        listed = [one for part in parts for one in part]
        remotes = [one["remote"].rsplit(":", 1)[-1] for one in listed]
        lab.check(f"connections in pages, order '{order}': all of both cores, once",
                  matched == STREAMS and sorted(remotes) == sorted(ports), (matched, len(remotes)))
        cores = {one["id"].split("-")[0] for one in listed}
        lab.check(f"order '{order}': their names tell their cores", cores == {"0", "1"}, cores)
        if order:
            bytes_received = [one["bytes_received"] for one in listed]
            lab.check(f"order '{order}': sorted over both cores", bytes_received == sorted(
                bytes_received, reverse=order.startswith("-")), bytes_received)
    for one in listed[:2] + listed[-2:]:
        status, told = asker.json(f"/api/connections/{one['id']}")
        lab.check(f"connection {one['id']} is found by its name", status == 200 and
                  told["remote"] == one["remote"], told)


def status(lab, asker):
    _, told = asker.json("/api/status?parts=sockets,timers,counters")
    stack = told["stacks"][0]
    lab.check("the status has a line for each core", [one["core"] for one in stack["cores"]] ==
              [0, 1], stack["cores"])
    lab.check("timers are those of all cores", stack["timers"]["fired"] >= 1 and
              "next_due_seconds" in stack["timers"], stack["timers"])


def ports_in(host, path):
    """Of each port of the echo service's clients, the bytes of text that came."""
    done = host.run("tshark", "-n", "-r", path, "-Y", "tcp.port == 7", "-T", "fields", "-e",
                    "tcp.srcport", "-e", "tcp.len")
    came = {}
    for port, size in (line.split("\t") for line in done.stdout.splitlines() if "\t" in line):
        came[port] = came.get(port, 0) + int(size)
    return came


def transfers(host):
    """Connections of both cores; the port of each, and how much it said."""
    said = {}
    for number in range(STREAMS):
        stream = connect(host, 7)
        stream.sendall(b"x" * (number + 1))
        stream.recv(100)
        said[str(stream.getsockname()[1])] = number + 1
        stream.close()
    return said


def captures(lab, host, stack, whole):
    """Every frame of every core is in each capture once."""
    path, log = lab.folder / "asked.pcapng", lab.folder / "asked.log"
    process = host.start(lab.program, "capture", "--control", stack.control, "-w", path,
                         "tcp", "port", 7, output=log)
    bench.wait_until(lambda: process.poll() is not None or bench.catches(process), 10)
    change(host, "/api/capture", action="start", filter="tcp port 7")
    said = transfers(host)

    def is_whole():
        came = ports_in(host, path)
        return all(came.get(port) == count for port, count in said.items())
    bench.wait_until(is_whole, 10, pause=0.3)  # a capture of several cores is some ms behind
    change(host, "/api/capture", action="stop")
    web = lab.folder / "web.pcapng"
    web.write_bytes(ask(host, "/api/capture/file")[1])
    lab.check("strata capture ends well", bench.end(process) == 0, log.read_text())
    lab.check("it ends in order", stack.stop() == 0, stack.output)
    for name, file in (("strata capture", path), ("over HTTP", web), ("--capture", whole)):
        came = ports_in(host, file)
        found = {port: came.get(port) for port in said}
        lab.check(f"{name}: the frames of both cores are there, each once", found == said,
                  {port: (found[port], said[port]) for port in said
                   if found[port] != said[port]})


with bench.Bench(needs=["tshark"], seconds=120) as test:
    namespace = test.namespace()
    capture = test.folder / "whole.pcapng"
    running = web_client.up(test, namespace, "--cores", 2, "--capture", capture, "--device",
                            f"tap:{TAP},host={HOST4}/24,host6={HOST6}/64,queues=2",
                            "--address", f"{STACK4}/24", "--address", f"{STACK6}/64")
    streams = [connect(namespace, 7) for _ in range(STREAMS)]
    for number, stream in enumerate(streams):
        stream.sendall(b"x" * (number + 1))
        stream.recv(1)
    known = {str(stream.getsockname()[1]) for stream in streams}
    asks = Asker(namespace)
    sockets(test, asks, known)
    connections(test, asks, known)
    status(test, asks)
    captures(test, namespace, running, capture)
