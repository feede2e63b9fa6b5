#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a host may lack, close or take away: output that cannot be written, hang-ups, a terminal
that has gone, IPv6 that is switched off, a network that belongs to somebody else."""
import json
import os
import pathlib
import shutil
import signal
import subprocess

import bench
from bench import HOST4, STACK4, TAP

NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
# Mounts of its own, in which everybody may open /dev/net/tun.
WITH_TUN = ("sh", "-c", 'mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200 && '
            'chmod 666 /dev/net/tun && exec "$@"', "sh")


def shell(host, line, *words):
    return host.run("sh", "-c", line, "sh", *words)


def endless(lab, host, program):
    for words in (("script",), ("up", "--config"), ("up", "--hosts"), ("capture", "-r")):
        done = host.run(program, *words, "/dev/zero", timeout=10)
        lab.check(f"{' '.join(words)} of a file without end ends", done.returncode in (1, 2) and
                  "/dev/zero" in done.stdout, (done.returncode, done.stdout[-200:]))


def output(lab, host, program):
    for words in (("--help",), ("up", "--help"), ("doctor", "--json"), ("ping", "-c1", HOST4)):
        done = shell(host, '"$@" >/dev/full', program, *words)
        lab.check(f"full: {' '.join(words)} says so and has failed", done.returncode == 1 and
                  "standard output: No space left" in done.stdout, (done.returncode, done.stdout))
    for place in ("/dev/full", "&-"):
        done = shell(host, f'"$@" 2>{place}', program, "ping", "10.77.0.300")
        lab.check(f"a complaint that cannot be written (2>{place}) changes no exit status",
                  done.returncode == 2, done.returncode)
    done = shell(host, '"$@" <&- >&- 2>&-', program, "ping", "-c2", "-i", "0.1", HOST4)
    lab.check("without any standard stream ping gets its answers", done.returncode == 0,
              done.returncode)
    # The TAP device would have had the number of standard output, and the text.
    path = lab.folder / "closed.pcapng"
    done = shell(host, '"$@" >&-', program, "ping", "-c1", "--capture", path, HOST4)
    seen = host.run("tshark", "-n", "-r", path).stdout
    lab.check("what is printed to a closed stream goes nowhere", done.returncode == 0 and
              "Echo (ping) reply" in seen and "PING" not in seen, seen)


def hang_up(lab, host):
    stack = lab.up(host).wait()
    lab.check("SIGHUP: exit status 0", stack.stop(signal.SIGHUP) == 0, stack.output)
    lab.check("SIGHUP: device and control socket are gone",
              host.run("ip", "link", "show", TAP).returncode != 0 and
              not pathlib.Path(stack.control).exists())
    log = lab.folder / "nohup.log"
    process = host.start("env", "--ignore-signal=HUP", lab.program, "up", "--control",
                         lab.folder / "nohup.sock", output=log)
    bench.wait_until(lambda: "Ctrl-C" in log.read_text(), 10)
    process.send_signal(signal.SIGHUP)
    lab.check("one that nohup started outlives its terminal",
              host.run("ping", "-c2", "-i0.2", "-W2", STACK4).returncode == 0)
    lab.check("and ends well", bench.end(process) == 0, log.read_text())


def broken_pipe(lab, host):
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(host.command(lab.program, "up", "--control",
                                            lab.folder / "pipe.sock"), stdin=subprocess.DEVNULL,
                               stdout=writer, stderr=subprocess.DEVNULL)
    os.close(writer)
    lab.processes.append(process)
    answers = bench.wait_until(
        lambda: host.run("ping", "-c1", "-W1", STACK4).returncode == 0, 10)
    lab.check("a stack that nobody listens to runs on", answers and process.poll() is None)
    lab.check("and says at its end that it was not heard", bench.end(process) == 1)


def without_v6(lab, host):
    host.set("ipv6/conf/all/disable_ipv6", 1)
    host.set("ipv6/conf/default/disable_ipv6", 1)
    stack = lab.up(host).wait(STACK4)
    lab.check("IPv6 switched off: it says so, and what would switch it on",
              "IPv6 is switched off" in stack.output and "disable_ipv6=0" in stack.output,
              stack.output)
    lab.check("IPv6 switched off: it ends well", stack.stop() == 0, stack.output)
    done = host.run(lab.program, "ping", "-c1", "--log", "off", HOST4)
    lab.check("IPv6 switched off: strata ping works as ever", done.returncode == 0, done.stdout)
    host.set("ipv6/conf/all/disable_ipv6", 0)
    host.set("ipv6/conf/default/disable_ipv6", 0)


def network_of_another(lab, host, program):
    """All capabilities, but in a user namespace that does not own the network."""
    if host.run(*NOBODY, "unshare", "--user", "true").returncode != 0:
        print("skipped: this kernel gives nobody a user namespace")
        return
    inside = (*WITH_TUN, *NOBODY, "unshare", "--user", "--map-root-user")
    done = host.run(*inside, program, "doctor", "--json")
    states = {one["permission"]: one for one in json.loads(done.stdout)["permissions"]}
    admin = states["make devices and set addresses"]
    lab.check("doctor: a capability over another network is none", done.returncode == 1 and
              not admin["granted"] and admin["remedy"].startswith("unshare --net "), admin)
    log = lab.folder / "inside.log"
    process = host.start(*inside, program, "up", output=log)
    bench.wait_until(lambda: "Ctrl-C" in log.read_text() or process.poll() is not None, 10)
    lab.check("up: goes by the rootless gateway, and says why",
              "rootless is up" in log.read_text() and "another user namespace" in log.read_text(),
              log.read_text())
    lab.check("up: and ends well", bench.end(process) == 0, log.read_text())


with bench.Bench(needs=["ping", "setpriv", "unshare", "tshark"]) as test:
    namespace = test.namespace()
    test.folder.chmod(0o711)
    copy = str(shutil.copy(test.program, test.folder / "strata"))
    endless(test, namespace, copy)
    output(test, namespace, copy)
    hang_up(test, namespace)
    broken_pipe(test, namespace)
    without_v6(test, namespace)
    network_of_another(test, namespace, copy)
