# SPDX-License-Identifier: Apache-2.0
"""What holds of every device that uses an interface of the host beside the host (packet:, xdp:)."""
import hashlib
import os
import signal

from bench import wait_until

KERNEL4, KERNEL6 = "10.79.0.1", "fd79::1"
OURS4, OURS6 = "10.79.0.2", "fd79::2"
BESIDE4 = "10.79.0.3"  # the kernel's on our own interface
FILE_BYTES = 20 << 20


class Scene:
    """A kernel at one end of a cable; at the other a kernel with an address, and us beside it."""

    def __init__(self, lab, kind, options=""):
        self.lab = lab
        self.far, self.near = lab.namespace(), lab.namespace()
        lab.cable(self.far, "veth0", self.near, "veth1")
        self.far.must("ip", "address", "add", f"{KERNEL4}/24", "dev", "veth0")
        self.far.must("ip", "address", "add", f"{KERNEL6}/64", "dev", "veth0", "nodad")
        self.near.must("ip", "address", "add", f"{BESIDE4}/24", "dev", "veth1")
        self.device = f"{kind}:veth1{options}"
        self.folder = lab.folder / f"www{len(lab.namespaces)}"
        self.folder.mkdir()
        content = os.urandom(FILE_BYTES)
        (self.folder / "file").write_bytes(content)
        self.digest = hashlib.sha256(content).hexdigest()

    def flags(self):
        return ["--device", self.device, "--address", f"{OURS4}/24", "--address", f"{OURS6}/64"]

    def up(self, *more):
        stack = self.lab.up(self.near, *self.flags(), "--serve", f"http={self.folder}", *more)
        wait_until(lambda: not stack.is_running or self.pings(OURS4), 20)
        return stack

    def pings(self, address, *more):
        return self.far.run("ping", "-c1", "-W1", *more, address).returncode == 0

    def fetch(self, address=OURS4):
        done = self.far.run("sh", "-c", f"curl -s -m 40 http://{address}/file | sha256sum",
                            timeout=50)
        return done.stdout.split()[0]

    def serve(self):
        server = self.far.start("python3", "-m", "http.server", "--directory", self.folder,
                                "--bind", KERNEL4, "8000")
        wait_until(lambda: "8000" in self.far.run("ss", "-ltn").stdout, 10)
        return server

    def fetch_with_us(self):
        """The digest of what our stack gets from the kernel."""
        words = [self.lab.program, "run", *self.flags(), "--", "curl", "-s", "-m", "40",
                 "-o", self.lab.folder / "got", f"http://{KERNEL4}:8000/file"]
        done = self.near.run(*words, timeout=60)
        try:
            return hashlib.sha256((self.lab.folder / "got").read_bytes()).hexdigest()
        except OSError:
            return done.stdout


def both_ways(lab, scene):
    check = lab.check
    server = scene.serve()
    got = scene.fetch_with_us()
    check("20 MB from the kernel arrive unharmed", got == scene.digest, got)
    server.kill()
    stack = scene.up()
    for address in (OURS4, OURS6):
        check(f"{address} answers pings", scene.pings(address), stack.output)
        check(f"{address} answers pings that fill the link",
              scene.pings(address, "-s", "1400"), stack.output)
    check("20 MB to the kernel arrive unharmed", scene.fetch() == scene.digest, stack.output)
    check("over IPv6 too", scene.fetch(f"[{OURS6}]") == scene.digest, stack.output)
    check("the kernel beside us goes on answering", scene.pings(BESIDE4))
    check("and its connections work", serves_beside(scene))
    return stack


def serves_beside(scene):
    """A server of the kernel's on our interface, under its own address."""
    server = scene.near.start("python3", "-m", "http.server", "--directory", scene.folder,
                              "--bind", BESIDE4, "2222")
    wait_until(lambda: "2222" in scene.near.run("ss", "-ltn").stdout, 10)
    done = scene.far.run("sh", "-c", f"curl -s -m 20 http://{BESIDE4}:2222/file | sha256sum")
    server.kill()
    return done.stdout.split()[0] == scene.digest


def mtu(stack):
    return {one["name"]: one["mtu"] for one in stack.status()["interfaces"]}["veth1"]


def changes_of_the_link(lab, scene, stack):
    check = lab.check
    scene.near.must("ip", "link", "set", "veth1", "mtu", "1300")
    scene.far.must("ip", "link", "set", "veth0", "mtu", "1300")
    check("the MTU follows the interface's", wait_until(lambda: mtu(stack) == 1300, 5),
          stack.status()["interfaces"])
    check("20 MB pass with the smaller MTU", scene.fetch() == scene.digest)
    scene.near.must("ip", "link", "set", "veth1", "down")
    check("the stack outlives a link that goes down", not scene.pings(OURS4) and stack.is_running)
    scene.near.must("ip", "link", "set", "veth1", "up")
    check("and answers when it is up again", wait_until(lambda: scene.pings(OURS4), 15),
          stack.output)
    scene.near.must("ip", "link", "delete", "veth1")
    check("a deleted interface ends it with a word",
          wait_until(lambda: not stack.is_running, 10) and stack.process.returncode == 1 and
          "deleted" in stack.output, stack.output)


def ends(lab, scene, stack):
    stack.process.send_signal(signal.SIGKILL)
    stack.process.wait(5)
    lab.check("after SIGKILL the kernel has its interface", scene.pings(BESIDE4))
    again = scene.up()
    lab.check("and we can have it again", scene.pings(OURS4), again.output)
    lab.check("it ends well", again.stop() == 0, again.output)
