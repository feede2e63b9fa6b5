#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""rootless: a user without any privilege, whose stack reaches the host's network through the host's
sockets, and is reached through published ports."""
import hashlib
import os
import shutil

import bench
from bench import wait_until

HOME, AWAY = "10.99.0.2", "10.99.0.1"
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"]
SIZE = 64 << 20


def digest(done):
    return done.stdout.split()[0] if done.stdout.split() else done.stdout


class Scene:
    """Nobody's home, and a server away."""

    def __init__(self, lab):
        self.home, self.away = lab.namespace(), lab.namespace()
        lab.cable(self.home, "out", self.away, "in")
        self.home.must("ip", "address", "add", f"{HOME}/24", "dev", "out")
        self.away.must("ip", "address", "add", f"{AWAY}/24", "dev", "in")
        lab.folder.chmod(0o755)
        self.folder = lab.folder / "files"
        self.folder.mkdir()
        self.folder.chmod(0o777)
        content = os.urandom(SIZE)
        (self.folder / "file").write_bytes(content)
        self.wanted = hashlib.sha256(content).hexdigest()
        self.program = shutil.copy(lab.program, self.folder)
        self.away.start("python3", "-m", "http.server", "80", "--directory", self.folder)
        wait_until(lambda: self.away.run("curl", "-s", f"http://{AWAY}/").returncode == 0, 10)

    def nobody(self, *words):
        return [*NOBODY, self.program, *words]


def outward(lab, scene):
    run = scene.nobody("run", "--device", "rootless", "--", "sh", "-c")
    done = scene.home.run(*run, f"curl -s -m 30 http://{AWAY}/file | sha256sum", timeout=50)
    lab.check("an unmodified curl of nobody's fetches 64 MiB", digest(done) == scene.wanted,
              done.stdout)
    done = scene.home.run(*scene.nobody("run", "--", "sh", "-c"),
                          f"curl -s -m 10 http://{AWAY}:81/; echo status $?")
    lab.check("where TAP is not permitted it is the default, and says so",
              "TAP devices are not permitted" in done.stdout and
              "rootless gateway" in done.stdout, done.stdout)
    lab.check("what the host refuses is refused", "status 7" in done.stdout, done.stdout)
    scene.home.set("ipv4/ping_group_range", "0 65535")
    done = scene.home.run(*scene.nobody("ping", "-c2", "-i0.2", "--device", "rootless", AWAY))
    lab.check("ping goes where the host permits it", done.returncode == 0, done.stdout)
    scene.home.set("ipv4/ping_group_range", "1 0")
    done = scene.home.run(*scene.nobody("ping", "-c1", "-W1", "--device", "rootless", AWAY))
    lab.check("and is prohibited where not, in words that say what would permit it",
              "Packet filtered" in done.stdout and "ping_group_range is 1 to 0" in done.stdout and
              "sudo sysctl -w net.ipv4.ping_group_range" in done.stdout, done.stdout)


def inward(lab, scene):
    control = scene.folder / "control"
    served = scene.folder / "served"
    served.mkdir()
    shutil.copy(scene.folder / "file", served)
    stack = scene.home.start(*scene.nobody("up", "--serve", f"http={served}", "-p", "8080:80",
                                           "--control", control), output=lab.folder / "up.log")
    wait_until(control.exists, 10)
    done = scene.away.run("sh", "-c", f"curl -s -m 30 http://{HOME}:8080/file | sha256sum",
                          timeout=40)
    lab.check("a published port serves 64 MiB", digest(done) == scene.wanted, done.stdout)
    done = scene.away.run("ab", "-q", "-n", "2000", "-c", "32", f"http://{HOME}:8080/none",
                          timeout=40)
    lab.check("2000 connections, 32 at a time, all end", "Complete requests:      2000" in
              done.stdout and "Failed requests:        0" in done.stdout, done.stdout)
    names = scene.home.run(*scene.nobody("status", "--control", control)).stdout
    lab.check("the stack lives on", stack.poll() is None and "rootless" in names, names)
    lab.check("and ends well", bench.end(stack) == 0)


SERVER = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("0.0.0.0", 53))
print("bound", flush=True)
for _ in range(2):
    text, client = server.recvfrom(2048)
    server.sendto(b"%s is %s" % (text, client[0].encode()), client)
"""


def datagrams(lab, scene):
    log = lab.folder / "udp.log"
    scene.home.start(*scene.nobody("run", "-p", f"{HOME}:5353:53/udp", "--", "python3", "-c",
                                   SERVER), output=log)
    wait_until(lambda: "bound" in log.read_text(), 10)
    for name in ("first", "second"):
        client = scene.away.udp(AWAY)
        client.connect((HOME, 5353))
        client.send(name.encode())
        answer = client.recv(2048)
        lab.check(f"a published UDP port: the {name} client is seen under its address, and "
                  "answered from where it had sent to", answer == f"{name} is {AWAY}".encode(),
                  answer)
    done = scene.home.run(*scene.nobody("up", "-p", "80:80"))
    lab.check("a port that needs a privilege is refused in words", done.returncode == 1 and
              "needs a privilege" in done.stdout, done.stdout)


CALLER = """
import socket, sys
caller = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
caller.settimeout(10)
for port in sys.argv[2:]:
    caller.sendto(b"who am I", (sys.argv[1], int(port)))
text, place = caller.recvfrom(2048)
print("%s from %s:%s" % (text.decode(), *place), flush=True)
"""


def one_port(lab, scene):
    """What STUN and TFTP need (RFC 4787, REQ-1 and REQ-8)."""
    first, second, third = (scene.away.udp(AWAY, timeout=10) for _ in range(3))
    log = lab.folder / "caller.log"
    ports = [str(peer.getsockname()[1]) for peer in (first, second)]
    scene.home.start(*scene.nobody("run", "--device", "rootless", "--", "python3", "-c", CALLER,
                                   AWAY, *ports), output=log)
    places = [peer.recvfrom(2048)[1] for peer in (first, second)]
    lab.check("a UDP port inside is one port of the host's for all its peers",
              places[0] == places[1], places)
    third.sendto(b"hello", places[0])
    wanted = f"hello from {AWAY}:{third.getsockname()[1]}"
    wait_until(lambda: "from" in log.read_text(), 10)
    lab.check("and whom it speaks to may answer from another port", wanted in log.read_text(),
              log.read_text())


with bench.Bench(needs=["curl", "setpriv", "ab", "python3"], seconds=150) as test:
    outward(test, scene := Scene(test))
    inward(test, scene)
    datagrams(test, scene)
    one_port(test, scene)
