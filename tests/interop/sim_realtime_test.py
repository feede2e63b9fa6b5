#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""sim --realtime: kernels in network namespaces joined by emulated lines. No delay is shorter and
no goodput higher than the lab says; what crosses lossy and reordering lines arrives whole; what is
missing, vanishes or cannot be is said. Delays and rates are printed, and not judged from above:
a busy machine is late."""
import hashlib
import json
import os
import re
import subprocess
import time

import bench
from bench import wait_until

DUMBBELL = """
until = "60s"
[[device]]
name = "near"
tap = "lab0"
netns = "{near}"
[[device]]
name = "far"
tap = "lab0"
netns = "{far}"
[[router]]
name = "r1"
[[router]]
name = "r2"
[[link]]
between = ["near", "r1"]
[[link]]
between = ["r1", "r2"]
{line}
[[link]]
between = ["r2", "far"]
"""
FAR = "10.0.2.2"

LAN = """
until = "60s"
[[device]]
name = "one"
tap = "lab0"
netns = "{near}"
address = "10.9.0.1/24"
[[device]]
name = "two"
tap = "lab0"
netns = "{far}"
address = "10.9.0.2/24"
[[host]]
name = "server"
address = "10.9.0.3/24"
serve = ["echo", "http=www"]
[[switch]]
name = "lan"
[[link]]
between = ["one", "lan"]
delay = "1ms"
[[link]]
between = ["two", "lan"]
delay = "1ms"
[[link]]
between = ["server", "lan"]
delay = "1ms"
"""


class Live:
    """A running `strata sim --realtime`, and the namespaces its devices lie in."""

    def __init__(self, lab, text, *words, **values):
        self.lab = lab
        self.near, self.far = lab.namespace(), lab.namespace()
        number = len(lab.processes)
        file = lab.folder / f"lab{number}.toml"
        file.write_text(text.format(near=self.near.name, far=self.far.name, **values),
                        encoding="utf-8")
        self.out, self.err = lab.folder / f"out{number}", lab.folder / f"err{number}"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                [lab.program, "sim", str(file), "--realtime", "--json", *map(str, words)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        lab.processes.append(self.process)
        if not wait_until(lambda: " is lab0" in self.err.read_text() or self.process.poll(), 20):
            raise RuntimeError("no interfaces: " + self.err.read_text())

    def end(self):
        """Ctrl-C, and what it tells then."""
        bench.end(self.process, bench.signal.SIGINT, seconds=20)
        try:
            return json.loads(self.out.read_text())
        except ValueError:
            raise RuntimeError(f"no results: {self.err.read_text()}")


def round_trips(namespace, address, *words):
    """Of kernel ping, in milliseconds."""
    done = namespace.run("ping", *words, address)
    return [float(one) for one in re.findall(r"time=([\d.]+) ms", done.stdout)]


def tell(what, real_time):
    late = real_time["late_frames_out"]
    rates = ", ".join(f"{one['name']} {one['achieved_bits_per_second'] / 1e6:.4f} of "
                      f"{one['asked_bits_per_second'] / 1e6:.4f} Mbit/s"
                      for one in real_time["rates"])
    print(f"# {what}: frames late by {late['median_us']:.0f} us (99 %: {late['p99_us']:.0f}, most "
          f"{late['max_us']:.0f}); clock stood still {real_time['rests']} times; {rates}")


def check_delay(lab):
    live = Live(lab, DUMBBELL, line='delay = "20ms"')
    wait_until(lambda: round_trips(live.near, FAR, "-c1", "-W1"), 20)
    times = round_trips(live.near, FAR, "-c40", "-i0.05", "-W2")
    lab.check("ping crosses a line of 20 ms", len(times) == 40, times)
    lab.check("in no less than 40 ms", min(times, default=0) >= 40, times)
    told = live.end()
    print(f"# ping: {min(times):.3f} / {sorted(times)[len(times) // 2]:.3f} / {max(times):.3f} ms")
    tell("delay", told["real_time"])
    devices = {one["name"]: one for one in told["real_time"]["devices"]}
    lab.check("frames of both devices are counted",
              devices["near"]["frames_in"] >= 40 and devices["far"]["frames_out"] >= 40, devices)
    lab.check("Ctrl-C is an end before the end",
              live.process.returncode == 1 and told["whole"] is False, live.err.read_text())
    lab.check("the interfaces are gone with it",
              "lab0" not in live.near.run("ip", "link").stdout)


def check_rate(lab, congestion):
    if congestion not in open("/proc/sys/net/ipv4/tcp_available_congestion_control").read():
        print(f"# this kernel has no {congestion}")
        return
    live = Live(lab, DUMBBELL, line='rate = "10Mbit/s"\ndelay = "10ms"\nqueue_packets = 50')
    live.far.start("iperf3", "-s", "-1")
    wait_until(lambda: ":5201" in live.far.run("ss", "-ltn").stdout, 20)
    done = live.near.run("iperf3", "-c", FAR, "-t", "5", "-C", congestion, "-J")
    try:
        told = json.loads(done.stdout)["end"]["sum_received"]
    except (ValueError, KeyError):
        lab.check(f"iperf3 with {congestion} ends", False, done.stdout)
        return
    goodput = told["bits_per_second"]
    # A frame of 1514 bytes carries 1448 of TCP's.
    lab.check(f"{congestion} has no more than the line",
              0 < goodput <= 10e6 * 1448 / 1514 * 1.001, goodput)
    print(f"# {congestion}: {goodput / 1e6:.3f} Mbit/s of {10 * 1448 / 1514:.3f}")
    real_time = live.end()["real_time"]
    tell(congestion, real_time)
    rate = next(one for one in real_time["rates"] if one["name"] == "r1-r2")
    lab.check("the busy line was asked for its rate",
              abs(rate["asked_bits_per_second"] - 10e6) < 1e3 and rate["frames"] > 100, rate)


def fetch(lab, live, client, server, address):
    content = os.urandom(1 << 20)
    folder = lab.folder / f"www{len(lab.processes)}"
    folder.mkdir()
    (folder / "file").write_bytes(content)
    server.start("python3", "-m", "http.server", "-d", folder, "-b", address, "8000")
    wait_until(lambda: ":8000" in server.run("ss", "-ltn").stdout, 20)
    done = client.run("sh", "-c", f"curl -s -m 60 http://{address}:8000/file | sha256sum",
                      timeout=70)
    return done.stdout.split()[0] == hashlib.sha256(content).hexdigest()


def check_bad_line(lab):
    line = """rate = "50Mbit/s"
delay = "3ms"
loss = "1%"
duplication = "1%"
reordering = "2%"
reorder_delay = "2ms"
"""
    trace, captures = lab.folder / "trace", lab.folder / "captures"
    live = Live(lab, DUMBBELL, "--trace", trace, "--captures", captures, line=line)
    lab.check("a file crosses a line that loses, doubles and reorders",
              fetch(lab, live, live.far, live.near, "10.0.0.1"))
    told = live.end()
    link = next(one for one in told["links"] if one["name"] == "r1-r2")
    lab.check("which it did", any(link["dropped"].values()), link)
    lab.check("the trace has the frames of real programs",
              re.search(r"^\S+ near-r1 delivered IP ", trace.read_text(), re.M), trace)
    read = subprocess.run(["tshark", "-r", str(captures / "r1-r2.pcapng"), "-Y", "http", "-T",
                           "fields", "-e", "http.request.uri"], capture_output=True, text=True,
                          timeout=60, check=False)
    lab.check("tshark reads the request in the capture", "/file" in read.stdout, read.stderr)


def check_lan(lab):
    folder = lab.folder / "www"
    folder.mkdir()
    (folder / "page").write_text("from inside", encoding="utf-8")
    live = Live(lab, LAN)
    wait_until(lambda: round_trips(live.near, "10.9.0.2", "-c1", "-W1"), 20)
    times = round_trips(live.near, "10.9.0.2", "-c5", "-i0.1")
    lab.check("two kernels on one switch", len(times) == 5 and min(times) >= 4, times)
    lab.check("and a file between them", fetch(lab, live, live.near, live.far, "10.9.0.2"))
    stack = round_trips(live.near, "10.9.0.3", "-c5", "-i0.1")
    lab.check("a stack of the lab beside them", len(stack) == 5 and min(stack) >= 4, stack)
    page = live.far.run("curl", "-s", "-m", "20", "http://10.9.0.3/page")
    lab.check("curl reads what a host of the lab serves", page.stdout == "from inside",
              page.stdout)
    large = round_trips(live.near, "10.9.0.2", "-c2", "-s", "20000")
    lab.check("fragments cross", len(large) == 2, large)
    local = live.far.link_local("lab0")
    done = live.near.run("ping", "-6", "-c2", "-W2", f"{local}%lab0")
    lab.check("IPv6 crosses between the kernels", done.returncode == 0, done.stdout)
    tell("lan", live.end()["real_time"])


def check_vanishing(lab):
    live = Live(lab, DUMBBELL, "--until", "4s", line='delay = "1ms"')
    wait_until(lambda: round_trips(live.near, FAR, "-c1", "-W1"), 20)
    live.far.must("ip", "link", "set", "lab0", "down")
    live.near.run("ping", "-c1", "-W1", FAR)
    live.far.must("ip", "link", "set", "lab0", "up")
    lab.check("an interface that was down is back",
              wait_until(lambda: round_trips(live.far, "10.0.2.1", "-c1", "-W1"), 20))
    live.far.must("ip", "link", "delete", "lab0")
    live.near.run("ping", "-c1", "-W1", FAR)
    live.process.wait(60)
    err = live.err.read_text()
    lab.check("an interface that was deleted is said",
              live.process.returncode == 1 and "lab0@" in err and "was deleted at" in err, err)
    devices = {one["name"]: one for one in json.loads(live.out.read_text())["real_time"]["devices"]}
    lab.check("in JSON, too", devices["far"]["vanished_at"] and not devices["near"]["vanished_at"],
              devices)


def check_own_namespace(lab):
    """A device without netns lies where strata was started, and takes no default route."""
    home = lab.namespace()
    file = lab.folder / "own.toml"
    text = DUMBBELL.replace('netns = "{near}"\n', "").replace(
        'netns = "{far}"', f'netns = "{lab.namespace().name}"').format(line="")
    file.write_text(text.replace('tap = "lab0"', 'tap = "own0"', 1), encoding="utf-8")
    process = home.start(lab.program, "sim", file, "--realtime", output=lab.folder / "own.log")
    wait_until(lambda: "own0" in home.run("ip", "link").stdout, 20)
    lab.check("its gateway answers",
              wait_until(lambda: round_trips(home, "10.0.0.2", "-c1", "-W1"), 20))
    routes = home.run("ip", "route").stdout
    lab.check("no default route was taken", "default" not in routes, routes)
    bench.end(process, bench.signal.SIGINT)
    bare = lab.folder / "bare.toml"
    bare.write_text(file.read_text().replace('tap = "own0"', 'tap = "own0"\nbare = true'),
                    encoding="utf-8")
    process = home.start(lab.program, "sim", bare, "--realtime", output=lab.folder / "bare.log")
    wait_until(lambda: "own0" in home.run("ip", "link").stdout, 20)
    time.sleep(0.2)
    told = home.run("ip", "-4", "address", "show", "dev", "own0").stdout
    lab.check("a bare device gets no address", "inet" not in told, told)
    bench.end(process, bench.signal.SIGINT)


def check_complaints(lab):
    file = lab.folder / "device.toml"
    file.write_text(DUMBBELL.format(near="no-such-namespace", far="nor-this", line=""),
                    encoding="utf-8")

    def sim(*words):
        return subprocess.run([lab.program, "sim", str(file), *words], capture_output=True,
                              text=True, timeout=60, check=False)
    done = sim()
    lab.check("a device without --realtime names file and line",
              done.returncode == 1 and "device.toml:3: device: near" in done.stderr
              and "--realtime" in done.stderr, done.stderr)
    done = sim("--realtime")
    lab.check("so does a namespace that is not there",
              done.returncode == 1 and "device.toml:3: device: tap:lab0: netns" in done.stderr,
              done.stderr)
    for words in (("--seeds", "1..2"), ("--explore",), ("--replay", "x"),
                  ("--seeds", "1..2", "--jobs", "2")):
        done = sim("--realtime", *words)
        lab.check(f"--realtime with {words[0]} is refused",
                  done.returncode == 2 and "--realtime:" in done.stderr, done.stderr)
    for words in (("--policy", "spin"), ("--realtime", "--policy", "nap")):
        done = sim(*words)
        lab.check(f"{' '.join(words)} is refused",
                  done.returncode == 2 and "--policy" in done.stderr, done.stderr)


with bench.Bench(needs=["ping", "iperf3", "curl", "tshark", "ss"], seconds=180) as test:
    check_complaints(test)
    check_delay(test)
    for name in ("cubic", "bbr"):
        check_rate(test, name)
    check_bad_line(test)
    check_lan(test)
    check_vanishing(test)
    check_own_namespace(test)
