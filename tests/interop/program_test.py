#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the program promises beside packets: configuration files, watching, policies, who may ask
the control socket, what it says where permissions are missing, and scripts."""
import json
import os
import pathlib
import re
import shutil
import time

import bench
from bench import HOST4, STACK4, TAP

CONFIG = f"""policy = "sleep"
serve = ["echo:7007"]
join = "239.1.2.3%{TAP}"
[[device]]
spec = "tap:{TAP},host={HOST4}/24"
address = ["{STACK4}/24"]
mtu = 1400
[[device.vlan]]
id = "10"
address = "10.77.10.2/24"
"""
NOBODY = "65534"
TAP_NEEDS = ("open TAP and TUN devices", "make devices and set addresses")
# `ip netns exec` gives a command mounts of its own: there it loses /dev/net/tun.
WITHOUT_TUN = ("sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "sh")


def configured(lab, host):
    path = lab.folder / "up.toml"
    path.write_text(CONFIG)
    stack = lab.up(host, "--config", path).wait(STACK4)
    told = stack.status()
    printed = host.run(lab.program, "status", "--control", stack.control, "--json").stdout
    lab.check("strata status --json prints what the control socket tells",
              json.loads(printed)["stacks"][0]["addresses"] == told["addresses"], printed[:500])
    addresses = {one["address"] for one in told["addresses"]}
    lab.check("--config: addresses are those of the file, on device and VLAN",
              {f"{STACK4}/24", "10.77.10.2/24"} <= addresses, addresses)
    mtus = {one["name"]: one["mtu"] for one in told["interfaces"]}
    lab.check("--config: so is the MTU", mtus.get(TAP) == 1400, mtus)
    client = host.udp(HOST4)
    client.sendto(b"configured", (STACK4, 7007))
    lab.check("--config: so is the service", client.recv(100) == b"configured")
    lab.check("--config: it ends well", stack.stop() == 0, stack.output)
    path.write_text(CONFIG.replace("1400", "14"))
    wrong = host.run(lab.program, "up", "--config", path)
    lab.check("--config: a fault is told by file, line, column and key, with status 2",
              wrong.returncode == 2 and f"{path}:7:7: device.mtu: 14 is not" in wrong.stdout,
              wrong.stdout)


def watched(lab, host, stack):
    log = lab.folder / "watch.log"
    process = host.start(lab.program, "status", "--control", stack.control, "--watch", "0.1",
                         output=log)
    looks = bench.wait_until(
        lambda: len(re.findall(r"^\S+: up \d+ s$", log.read_text(), re.M)) >= 3, 10)
    lab.check("status --watch looks again and again", looks, log.read_text()[-300:])
    lab.check("without a terminal it clears no screen", "\x1b" not in log.read_text())
    lab.check("status --watch ends well", bench.end(process) == 0, log.read_text()[-300:])
    log = lab.folder / "watch.json"
    process = host.start(lab.program, "status", "--control", stack.control, "--watch", "0.1",
                         "--json", output=log)
    bench.wait_until(lambda: log.read_text().count("\n") >= 2, 10)
    lines = log.read_text().splitlines()[:2]
    lab.check("status --watch --json writes a document a line",
              len(lines) == 2 and all("stacks" in json.loads(line) for line in lines), lines)
    stack.stop()
    bench.wait_until(lambda: process.poll() is not None, 10)
    lab.check("status --watch ends with status 1 when the stack does", process.poll() == 1,
              process.poll())


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat") as text:
        fields = text.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def policies(lab, host):
    used = {}
    for policy in ("spin", "adaptive", "sleep"):
        stack = lab.up(host, "--policy", policy).wait(STACK4)
        done = host.run("ping", "-n", "-c", 20, "-i", 0.01, STACK4)
        lab.check(f"--policy {policy}: every ping is answered", " 0% packet loss" in done.stdout,
                  done.stdout)
        before = processor_seconds(stack.process)
        time.sleep(1)  # of idleness, which is what is measured
        used[policy] = processor_seconds(stack.process) - before
        lab.check(f"--policy {policy}: it ends well", stack.stop() == 0, stack.output)
    # How much one that spins gets of a busy machine is not for us to say.
    lab.check("an idle stack that sleeps or adapts leaves the processor alone, one that spins "
              "does not", used["sleep"] <= 0.05 and used["adaptive"] <= 0.05 and
              used["spin"] > max(used["sleep"], used["adaptive"]), used)


def foreign(lab, host, stack, program):
    def ask():
        return host.run("setpriv", "--reuid", NOBODY, "--clear-groups", program, "status",
                        "--control", stack.control)
    lab.folder.chmod(0o711)
    done = ask()
    lab.check("control socket: its mode keeps others out",
              done.returncode == 1 and "Permission denied" in done.stdout, done.stdout)
    os.chmod(stack.control, 0o666)
    done = ask()
    lab.check("control socket: who comes in all the same is refused by uid",
              done.returncode == 1 and "only root and the user who runs this stack" in done.stdout,
              done.stdout)
    lab.check("control socket: the stack is not disturbed", stack.status()["name"] == TAP)


def unprivileged(lab, host, program):
    nobody = (*WITHOUT_TUN, "setpriv", "--reuid", NOBODY, "--clear-groups", "--inh-caps=-all",
              "--bounding-set=-all")
    done = host.run(*nobody, program, "doctor", "--json")
    missing = [one for one in json.loads(done.stdout)["permissions"] if not one["granted"]]
    lab.check("doctor: without TAP the status is 1", done.returncode == 1, done.stdout)
    lab.check("doctor: every missing permission is listed, with what grants it",
              len(missing) >= 3 and all(one["remedy"] and one["detail"] for one in missing),
              missing)
    words = host.run(*nobody, program, "doctor").stdout
    lab.check("doctor: in words too", words.count("to get it: ") == len(missing) and
              all(one["remedy"] in words for one in missing), words)
    home = lab.folder / "nobody"
    home.mkdir()
    home.chmod(0o777)
    log = lab.folder / "fallback.log"
    process = host.start(*nobody, program, "up", "--control", home / "control", output=log)
    bench.wait_until(lambda: "Ctrl-C" in log.read_text() or process.poll() is not None, 10)
    needed = [one["remedy"] for one in missing if one["permission"] in TAP_NEEDS]
    lab.check("up: by the rootless gateway it says all that TAP would need",
              "rootless gateway" in log.read_text() and len(needed) == 2 and
              all(remedy in log.read_text() for remedy in needed), (needed, log.read_text()))
    lab.check("up: and ends well", bench.end(process) == 0, log.read_text())


def senseless(lab, host):
    """Lines that cannot mean anything end with status 2, what is only not there with status 1."""
    lines = {("resolve", ""): "name: an empty value", ("resolve", "a..b"): "is not a name",
             ("ping", ""): "host: an empty value", ("run", "--", ""): "program: an empty value",
             ("script", ""): "file: an empty value", ("sim", ""): "lab: an empty value",
             ("sim", "x.toml", "--seed", "-1"): "is not a number", ("--nonsense",): "is no flag",
             ("up", "--mtu", "abc"): "is not a number from 68", ("status", "more"): "more",
             ("device", "remove", ""): "interface: an empty value", (): "a verb is required",
             ("pktgen", "send"): "--device is required", ("bench", "--nonsense"): "",
             ("up", "--config", "/nonexistent.toml"): "cannot be read"}
    for words, says in lines.items():
        if words[:1] == ("bench",) and not pathlib.Path(lab.program).with_name(
                "strata-bench").exists():
            continue
        done = host.run(lab.program, *words)
        lab.check(f"strata {' '.join(words)!r} makes no sense: status 2, and why",
                  done.returncode == 2 and says in done.stdout, (done.returncode, done.stdout))
    for words in (("sim", "/nonexistent.toml"), ("script", "/nonexistent.pkt"),
                  ("capture", "-r", "/nonexistent.pcap"),
                  ("status", "--json", "--control", "/nonexistent"),
                  ("device", "list", "--json", "--control", "/nonexistent")):
        done = host.run(lab.program, *words)
        lab.check(f"strata {' '.join(words)!r}: what is not there is a failure, status 1",
                  done.returncode == 1 and "/nonexistent" in done.stdout and
                  "{" not in done.stdout, (done.returncode, done.stdout))


def scripted(lab, host):
    good = str(pathlib.Path(__file__).parents[1] / "conformance/tcp/active-open.pkt")
    wrong = lab.folder / "wrong.pkt"
    wrong.write_text("nonsense\n")
    done = host.run(lab.program, "script", good)
    lab.check("script: what passes says nothing", (done.returncode, done.stdout) == (0, ""),
              done.stdout)
    done = host.run(lab.program, "script", good, wrong)
    lab.check("script: a fault is told by file and line, then the count, with status 1",
              done.returncode == 1 and f"{wrong}:1: parse error" in done.stdout and
              "2 scripts: 1 passed, 1 failed" in done.stdout, done.stdout)
    done = host.run(lab.program, "script", "--json", good, lab.folder / "gone.pkt")
    results = [json.loads(line) for line in done.stdout.splitlines()]
    lab.check("script --json: an object each",
              [one["result"] for one in results] == ["passed", "failed"] and
              "cannot be read" in results[1]["message"], done.stdout)


with bench.Bench(needs=["ping", "setpriv"]) as test:
    namespace = test.namespace()
    copy = str(shutil.copy(test.program, test.folder / "strata"))
    senseless(test, namespace)
    scripted(test, namespace)
    configured(test, namespace)
    policies(test, namespace)
    running = test.up(namespace).wait(STACK4)
    foreign(test, namespace, running, copy)
    watched(test, namespace, running)
    unprivileged(test, namespace, copy)
