#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pipe: stacks of two processes joined by shared memory. The kernel's curl fetches a file from the
far one through the near one; either is killed under the other's eyes and comes back; and two
processes without any privilege do it as well."""
import hashlib
import os
import shutil
import signal

import bench
from bench import wait_until

NEAR, FAR = "10.78.0.1", "10.78.0.2"
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"]


def near(lab, where, pipe):
    """A router between the kernel's TAP device and the pipe."""
    return lab.up(where, "--device", "tap:strata0,host=10.77.0.1/24", "--address", "10.77.0.2/24",
                  "--device", f"pipe:{pipe}", "--address", f"{NEAR}/24",
                  "--forward").wait("10.77.0.2")


def far(lab, where, pipe, folder):
    return lab.up(where, "--device", f"pipe:{pipe}", "--address", f"{FAR}/24",
                  "--gateway", NEAR, "--serve", f"http={folder}")


def fetch(where):
    """The digest of the file as curl gets it from the far stack."""
    done = where.run("sh", "-c", f"curl -s -m 20 http://{FAR}/file | sha256sum", timeout=40)
    return done.stdout.split()[0]


def is_reached(where):
    """Whether the far stack answers before long: who comes up claims its address first, which takes
    up to seven seconds (RFC 5227 2.1)."""
    return wait_until(lambda: where.run("ping", "-c1", "-W1", FAR).returncode == 0, 15)


def through_a_router(lab):
    where, pipe = lab.namespace(), lab.folder / "link"
    folder = lab.folder / "www"
    folder.mkdir()
    content = os.urandom(64 << 20)
    (folder / "file").write_bytes(content)
    wanted = hashlib.sha256(content).hexdigest()
    router, server = near(lab, where, pipe), far(lab, where, pipe, folder)
    where.must("ip", "route", "add", "10.78.0.0/24", "via", "10.77.0.2")
    lab.check("the far stack is reached through the near one", is_reached(where))
    lab.check("64 MiB arrive unharmed", fetch(where) == wanted)
    third = lab.up(where, "--device", f"pipe:{pipe}", "--address", "10.78.0.3/24")
    lab.check("a third end is refused", third.process.wait(5) == 1 and
              "both of its ends are in use" in third.output, third.output)
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(5)
    lab.check("one end outlives the other", router.is_running and router.ask_control())
    server = far(lab, where, pipe, folder)
    lab.check("its successor is reached", is_reached(where), server.output)
    router.process.send_signal(signal.SIGKILL)
    router.process.wait(5)
    wait_until(lambda: "strata0" not in where.run("ip", "link").stdout, 5)
    router = near(lab, where, pipe)
    where.must("ip", "route", "replace", "10.78.0.0/24", "via", "10.77.0.2")
    lab.check("and so it is by a new router", is_reached(where), router.output)
    lab.check("64 MiB arrive unharmed again", fetch(where) == wanted)
    lab.check("both end well", (router.stop(), server.stop()) == (0, 0))


def without_privilege(lab):
    where, folder = lab.namespace(), lab.folder / "open"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    lab.folder.chmod(0o755)
    program = shutil.copy(lab.program, folder)
    pipe = folder / "link"
    server = where.start(*NOBODY, program, "up", "--device", f"pipe:{pipe}",
                         "--address", f"{FAR}/24", "--control", folder / "control")
    # The address is claimed once the link is up, and that takes seconds (RFC 5227 2.1).
    done = where.run(*NOBODY, program, "ping", "-c20", "-i0.5", "--device", f"pipe:{pipe}",
                     "--address", f"{NEAR}/24", FAR)
    lab.check("two processes of nobody's ping each other",
              f"bytes from {FAR}" in done.stdout, done.stdout)
    bench.end(server, signal.SIGTERM)
    stranger = where.run(program, "ping", "-c1", "-W1", "--device", f"pipe:{pipe}x/y",
                         "--address", f"{NEAR}/24", FAR)
    lab.check("a pipe in no folder says so", stranger.returncode == 1 and
              "No such file" in stranger.stdout, stranger.stdout)


with bench.Bench(needs=["ping", "curl", "setpriv"], seconds=150) as test:
    through_a_router(test)
    without_privilege(test)
