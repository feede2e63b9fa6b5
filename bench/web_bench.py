#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Claims: our web server over TAP answers as many requests as nginx does on the kernel over veth,
sends a large file as fast, and an open dashboard costs under two per cent.

    bench/web_bench.py [NAME] [--rounds N] [--seconds S] [--json FILE]

Contestants take turns (A B A B). One namespace, the `home`, has the client, and so has TAP's other
end; `strata up` runs in it, on one core. nginx with one worker runs in a second namespace, a veth
pair away. The file of the last claim lies in memory (/dev/shm). STRATA names the program,
build/release/strata otherwise.
"""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "harness"))
from results import arguments, chosen, contestant, result, tell, write  # noqa: E402
from strata_up import STACK, namespace, processor_seconds, serving  # noqa: E402

AWAY, PORT = "10.98.0.2", 8080
SMALL, LARGE = 128, 1 << 30
PAGE = pathlib.Path(__file__).resolve().parent / "peers/open_page.py"
NGINX = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/error crit;
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
 client_body_temp_path {folder}; proxy_temp_path {folder};
 fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
 server {{ listen 8080; root {folder}; }} }}
"""
CLAIMS = {
    "web/kept": ("thousand/s", 1.0, "wrk: 128 bytes of a file, 32 kept connections"),
    "web/closed": ("thousand/s", 1.0, "wrk: connect, 128 bytes of a file, close; 32 at once"),
    "web/large": ("Gbit/s", 1.0, "curl: a file of 1 GiB"),
    "web/watched": ("thousand/s", 0.98, "web/kept while a dashboard is open, and while none is"),
}


@contextlib.contextmanager
def nginx(home, folder):
    """One worker in a namespace of its own; answers on AWAY. Yields its process."""
    (folder / "nginx").write_text(NGINX.format(folder=folder))
    with namespace("away") as away:
        def ip(*words):
            subprocess.run(["ip", *words], check=True)
        ip("link", "add", "near", "netns", home, "type", "veth", "peer", "name", "far", "netns",
           away)
        for name, link, address in ((home, "near", "10.98.0.1"), (away, "far", AWAY)):
            ip("-n", name, "address", "add", f"{address}/24", "dev", link)
            ip("-n", name, "link", "set", link, "up")
        process = subprocess.Popen(["ip", "netns", "exec", away, "nginx", "-c", folder / "nginx",
                                    "-e", "/dev/null"])
        try:
            time.sleep(0.5)
            yield process
        finally:
            process.terminate()
            process.wait(10)


@contextlib.contextmanager
def strata(home, folder, has_page=False):
    with serving(home, ("--serve", f"http={folder}:{PORT}")) as process:
        words = ["ip", "netns", "exec", home, PAGE, STACK, str(PORT), "/_strata/"]
        page = subprocess.Popen(words) if has_page else None
        try:
            if page is not None:
                time.sleep(1)
                if page.poll() is not None:
                    raise SystemExit("web_bench: the dashboard could not be opened")
            yield process
        finally:
            if page is not None:
                page.terminate()
                page.wait(10)


class Way:
    """Who serves, and where."""

    def __init__(self, name, address, serve, needs=()):
        self.name, self.address, self.serve = name, address, serve
        lacking = [tool for tool in needs if shutil.which(tool) is None]
        self.lacks = f"{lacking[0]} is not installed" if lacking else None

    def url(self, file):
        return f"http://{self.address}:{PORT}/{file}"


def requests(home, way, seconds, *flags):
    done = subprocess.run(["ip", "netns", "exec", home, "wrk", "-t1", "-c32", f"-d{seconds}s",
                           *flags, way.url("small")], stdout=subprocess.PIPE, text=True,
                          check=False)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    wrong = re.search(r"Non-2xx or 3xx responses: \d+", done.stdout)
    return float(found.group(1)) / 1000 if found and not wrong else 0.0


def large(home, way, _seconds):
    done = subprocess.run(["ip", "netns", "exec", home, "curl", "-s", "-o", "/dev/null", "-w",
                           "%{size_download} %{time_total}", way.url("large")],
                          stdout=subprocess.PIPE, text=True, check=False, timeout=120)
    size, took = done.stdout.split()
    return int(size) * 8 / float(took) / 1e9 if int(size) == LARGE else 0.0


MEASURES = {
    "web/kept": requests,
    "web/closed": lambda home, way, seconds: requests(home, way, seconds, "-H",
                                                      "Connection: close"),
    "web/large": large,
    "web/watched": requests,
}


def ways_of(name, home, folder):
    tool = "curl" if name == "web/large" else "wrk"
    plain = Way("strata, TAP", STACK, lambda: strata(home, folder), (tool,))
    if name == "web/watched":
        return [Way("a page is open", STACK, lambda: strata(home, folder, True), (tool,)),
                Way("no page is open", STACK, lambda: strata(home, folder), (tool,))]
    return [plain, Way("nginx, kernel, veth", AWAY, lambda: nginx(home, folder), (tool, "nginx"))]


def measure(name, options, home, folder):
    unit, ratio_goal, claim = CLAIMS[name]
    ways = ways_of(name, home, folder)
    load, seconds = os.getloadavg()[0], max(1, round(options.seconds / options.rounds))
    rates = {way.name: [] for way in ways}
    used = {way.name: [] for way in ways}
    for _ in range(options.rounds):
        for way in ways:
            if way.lacks:
                continue
            with way.serve() as process:
                before, began = processor_seconds(process.pid), time.monotonic()
                rates[way.name].append(MEASURES[name](home, way, seconds))
                used[way.name].append((processor_seconds(process.pid) - before)
                                      / (time.monotonic() - began))
    made = [contestant(way.name, rates[way.name], way.lacks) for way in ways]
    for one in made:
        if "details" in one:
            one["details"] = {"cores of the server": max(used[one["name"]])}
    return result(name, unit, "higher", claim, load, made, ratio_goal)


def main():
    options = arguments(__doc__.split("\n\n", maxsplit=1)[0], rounds=5, seconds=10).parse_args()
    if options.smoke:
        options.rounds, options.seconds = 1, 1
    names = chosen(options, CLAIMS, "web")
    results = []
    shared = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with namespace("home") as home, tempfile.TemporaryDirectory(prefix="strata-bench-",
                                                                dir=shared) as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        (folder / "small").write_text("x" * SMALL)
        if "web/large" in names:
            with open(folder / "large", "wb") as file:
                for _ in range(LARGE >> 20):
                    file.write(b"x" * (1 << 20))
        for one in names:
            results.append(measure(one, options, home, folder))
            tell(results[-1])
    write(options.json, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
