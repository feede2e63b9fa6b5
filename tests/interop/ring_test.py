#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rings between processes: strata pktgen sends numbered frames through a pipe to another one that
counts them, as root and without any privilege, and from interface to interface; the host's ping is
answered by a host ring; and ping_pong plays between two processes."""
import json
import pathlib
import shutil
import signal
import subprocess

import bench

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"]


def generate(lab, device, *flags, prefix=()):
    """What both ends of a pktgen run say in the end."""
    base = [*prefix, str(lab.program), "pktgen"]
    receiver = subprocess.Popen([*base, "receive", "--device", device, "--json"],
                                stdout=subprocess.PIPE, text=True)
    lab.closing.callback(receiver.kill)
    sender = subprocess.run([*base, "send", "--device", device, "--json", *flags],
                            stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    received, _ = receiver.communicate(timeout=60)
    return json.loads(sender.stdout), json.loads(received)


def frames_through_a_pipe(lab):
    pipe = f"pipe:{lab.folder}/frames"
    sent, received = generate(lab, pipe, "--count", "300000", "--flows", "5")
    lab.check("300,000 frames of five flows arrive in order",
              sent["frames"] == received["frames"] == 300_000 and received["flows"] == 5 and
              received["complete"] and received["lost"] == received["reordered"] ==
              received["duplicates"] == 0, f"{sent}\n{received}")
    sent, received = generate(lab, pipe, "--count", "2000", "--size", "1514", "--rate", "20000")
    lab.check("frames of full size come at the rate that was asked for",
              received["frames"] == 2000 and received["bytes"] == 2000 * 1514 and
              sent["pps"] < 21_000, f"{sent}\n{received}")
    sent, received = generate(lab, pipe, "--seconds", "0.2")
    lab.check("a time ends it as well", received["frames"] == sent["frames"] > 0 and
              received["lost"] == 0, f"{sent}\n{received}")


def without_privilege(lab):
    folder = lab.folder / "nobody"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    lab.folder.chmod(0o755)
    program = shutil.copy(lab.program, folder)
    pipe = f"pipe:{folder}/frames"
    base = [*NOBODY, program, "pktgen"]
    receiver = subprocess.Popen([*base, "receive", "--device", pipe, "--json"],
                                stdout=subprocess.PIPE, text=True)
    lab.closing.callback(receiver.kill)
    sender = subprocess.run([*base, "send", "--device", pipe, "--count", "1000"], timeout=60,
                            stdout=subprocess.PIPE, check=False)
    received, _ = receiver.communicate(timeout=60)
    lab.check("nobody may do it", sender.returncode == 0 and
              json.loads(received)["frames"] == 1000, received)


def ends_that_die(lab):
    pipe = f"pipe:{lab.folder}/deaths"
    base = [str(lab.program), "pktgen"]
    counter = subprocess.Popen([*base, "receive", "--device", pipe, "--json"],
                               stdout=subprocess.PIPE, text=True)
    lab.closing.callback(counter.kill)
    sender = subprocess.Popen([*base, "send", "--device", pipe, "--rate", "50000"],
                              stdout=subprocess.DEVNULL)
    sender.send_signal(signal.SIGKILL)
    sender.wait(5)
    second = subprocess.run([*base, "send", "--device", pipe, "--count", "5000", "--json"],
                            stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    received, _ = counter.communicate(timeout=60)
    lab.check("the counter outlives a sender and hears its successor",
              json.loads(second.stdout)["frames"] == 5000 and json.loads(received)["complete"],
              received)
    leaver = subprocess.Popen([*base, "receive", "--device", pipe, "--count", "1000"],
                              stdout=subprocess.DEVNULL)
    lab.closing.callback(leaver.kill)
    left = subprocess.run([*base, "send", "--device", pipe], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    leaver.wait(10)
    lab.check("a sender whose receiver has left ends, and says so",
              left.returncode == 1 and "the other end has left" in left.stderr, left.stderr)
    early = subprocess.Popen([*base, "send", "--device", pipe], stderr=subprocess.PIPE, text=True)
    lab.closing.callback(early.kill)
    bench.wait_until(lambda: bench.catches(early), 10)
    early.send_signal(signal.SIGTERM)
    _, complaint = early.communicate(timeout=10)
    lab.check("who is ended before there was anybody says so",
              early.returncode == 1 and "before the link was up" in complaint, complaint)


def between_interfaces(lab):
    """The same over the kernel's devices, a software ring over each."""
    one, other = lab.namespace(), lab.namespace()
    lab.cable(one, "left", other, "right")
    for device in ("packet:right", "xdp:right,address=198.19.0.1"):
        receiver = subprocess.Popen(
            other.command(lab.program, "pktgen", "receive", "--device", device,
                          "--count", "2000", "--json"), stdout=subprocess.PIPE, text=True)
        lab.closing.callback(receiver.kill)
        # The receiver is there when it has frames; those before it are nobody's.
        sender = subprocess.Popen(
            one.command(lab.program, "pktgen", "send", "--device", "packet:left", "--rate", "5000"),
            stdout=subprocess.DEVNULL)
        lab.closing.callback(sender.kill)
        text, _ = receiver.communicate(timeout=40)
        bench.end(sender)
        lab.check(f"frames of a veth pair are counted at {device}",
                  receiver.returncode == 0 and json.loads(text)["frames"] >= 2000, text)


def host_and_back(lab):
    """The host's stack pings what a program of 120 lines answers, by a host ring."""
    program = example(lab, "host_echo")
    if not program.exists():
        return
    where = lab.namespace()
    where.start(program, "ring0^")
    bench.wait_until(lambda: "ring0" in where.run("ip", "link").stdout, 10)
    where.must("ip", "address", "add", "10.99.0.1/24", "dev", "ring0")
    where.must("ip", "link", "set", "ring0", "up")
    done = where.run("ping", "-c3", "-i0.2", "-W2", "10.99.0.2")
    lab.check("the host's ping is answered through a host ring",
              " 0% packet loss" in done.stdout, done.stdout)


def example(lab, name):
    return pathlib.Path(lab.program).parent / "examples" / name


def games(lab):
    program = example(lab, "ping_pong")
    if not program.exists():
        return
    pipe = f"pipe:{lab.folder}/game"
    pong = subprocess.Popen([str(program), "pong", pipe])
    lab.closing.callback(pong.kill)
    ping = subprocess.run([str(program), "ping", pipe, "2000"], stdout=subprocess.PIPE, text=True,
                          timeout=60, check=False)
    lab.check("a frame goes there and back 2,000 times", ping.returncode == 0 and
              pong.wait(30) == 0 and ping.stdout.startswith("2000 round trips"), ping.stdout)


with bench.Bench(needs=["setpriv", "ping"], seconds=100) as test:
    frames_through_a_pipe(test)
    without_privilege(test)
    ends_that_die(test)
    between_interfaces(test)
    host_and_back(test)
    games(test)
