# SPDX-License-Identifier: Apache-2.0
"""The bench every interop test stands on: namespaces, processes, frames and a list of checks.

    with bench.Bench(needs=["ping"]) as lab:
        host = lab.namespace()
        stack = lab.up(host)
        lab.check("ping", host.run("ping", "-c1", "10.77.0.2").returncode == 0)

1. All traffic stays inside network namespaces whose names carry our process id. They, the
   processes started in them and our scratch folder are gone when the block ends, however it ends.
2. A test has one time limit for everything. What was still to be checked then has failed.
3. The last line is `N passed, N failed`. Status 77 says that this machine cannot run the test, and
   the last line says why.
"""
import contextlib
import ctypes
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

HOST4, STACK4 = "10.77.0.1", "10.77.0.2"
HOST6, STACK6 = "fd77::1", "fd77::2"
TAP = "strata0"

_libc = ctypes.CDLL(None, use_errno=True)
# <linux/sched.h>, <linux/if_packet.h>
_CLONE_NEWNET = 0x40000000
_SOL_PACKET, _PACKET_AUXDATA, _TP_STATUS_VLAN_VALID = 263, 8, 0x10


class OutOfTime(Exception):
    """The time limit of the whole test has passed."""


def skip(reason):
    """Ends the test as one that this machine cannot run."""
    print(f"skipped: {reason}")
    sys.exit(77)


def wait_until(condition, seconds, pause=0.02):
    """The first true answer of `condition`, or its last answer when time is up."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(pause)


# A timeout ends what hangs; it is no measure of how fast a loaded machine must be.
PATIENCE = 4


class Namespace:
    """A network namespace, and what one does in it."""

    def __init__(self, lab, name):
        self.lab, self.name = lab, name

    def command(self, *words):
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words, timeout=30, **options):
        """Runs a command to its end; its output, standard error included, is in `.stdout`."""
        try:
            return subprocess.run(self.command(*words), stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                  text=True, errors="replace", timeout=timeout * PATIENCE,
                                  **options)
        except subprocess.TimeoutExpired as late:
            text = late.stdout.decode(errors="replace") if late.stdout else ""
            text += f"\n(ended after {timeout * PATIENCE} s)"
            return subprocess.CompletedProcess(words, 124, text)

    def must(self, *words):
        """Runs a command that prepares the scene."""
        done = self.run(*words)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, words))}: {done.stdout.strip()}")
        return done.stdout

    def start(self, *words, **options):
        """Starts a command that runs beside the test; the bench ends it."""
        return self.lab.start(self.command(*words), **options)

    @contextlib.contextmanager
    def entered(self):
        """Sockets made inside this block belong to the namespace."""
        former = os.open("/proc/self/ns/net", os.O_RDONLY)
        inside = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            if _libc.setns(inside, _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            yield self
        finally:
            _libc.setns(former, _CLONE_NEWNET)
            os.close(former)
            os.close(inside)

    def set(self, key, value):
        """Sets net.KEY (slashes, as under /proc/sys/net)."""
        with self.entered():
            pathlib.Path("/proc/sys/net", key).write_text(str(value))

    def socket(self, *kind):
        with self.entered():
            made = socket.socket(*kind)
        self.lab.closing.callback(made.close)
        return made

    def udp(self, host=None, port=0, timeout=2.0):
        """A UDP socket, of the family of the address it is bound to."""
        family = socket.AF_INET6 if host and ":" in host else socket.AF_INET
        made = self.socket(family, socket.SOCK_DGRAM)
        made.settimeout(timeout)
        if host:
            made.bind((host, port))
        return made

    def wire(self, interface=TAP):
        return Wire(self, interface)

    def link_local(self, interface=TAP):
        """The link-local address of the kernel's end."""
        def find():
            text = self.run("ip", "-6", "-o", "address", "show", "dev", interface).stdout
            return re.search(r"inet6 (fe80::\S+)/64 scope link(?! tentative)", text)
        found = wait_until(find, 5)
        return found and found.group(1)

    def mac(self, interface=TAP):
        text = self.must("ip", "-o", "link", "show", "dev", interface)
        return re.search(r"link/ether (\S+)", text).group(1)


class Wire:
    """Raw frames on the kernel's end of a link: what is sent here arrives at the stack."""

    def __init__(self, namespace, interface):
        everything = socket.htons(0x0003)
        self.socket = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, everything)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
        self.socket.bind((interface, 0x0003))

    def send(self, *frames):
        for frame in frames:
            self.socket.send(bytes(frame))

    def receive(self, seconds):
        """The next frame that the stack sent, or None."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return None
            frame, notes, _, address = self.socket.recvmsg(70000, socket.CMSG_SPACE(20))
            if address[2] != socket.PACKET_OUTGOING:
                return self._with_tag(frame, notes)

    @staticmethod
    def _with_tag(frame, notes):
        """The kernel takes the outer VLAN tag out of a frame and tells of it beside."""
        for level, kind, data in notes:
            if (level, kind) == (_SOL_PACKET, _PACKET_AUXDATA):
                status, _, _, _, _, word, ethertype = struct.unpack("=IIIHHHH", data[:20])
                if status & _TP_STATUS_VLAN_VALID:
                    return frame[:12] + struct.pack("!HH", ethertype or 0x8100, word) + frame[12:]
        return frame

    def clear(self):
        """Forgets all that has come, our own frames as well, however long reading them takes."""
        while select.select([self.socket], [], [], 0)[0]:
            self.socket.recv(1)

    def find(self, wanted, seconds=1.0):
        """The first frame of the stack for which `wanted(frame)` answers something true."""
        end = time.monotonic() + seconds
        while (frame := self.receive(max(end - time.monotonic(), 0))) is not None:
            if found := wanted(frame):
                return found
        return None

    def all(self, seconds):
        """Every frame the stack sends within `seconds`."""
        frames, end = [], time.monotonic() + seconds
        while (frame := self.receive(max(end - time.monotonic(), 0))) is not None:
            frames.append(frame)
        return frames


class Stack:
    """A running `strata up`."""

    def __init__(self, lab, namespace, arguments, control):
        self.lab, self.namespace = lab, namespace
        self.log = lab.folder / f"up{len(lab.processes)}.log"
        self.control = control or str(lab.folder / f"control{len(lab.processes)}")
        self.process = namespace.start(lab.program, "up", *arguments, "--control", self.control,
                                       output=self.log)

    def ask_control(self, seconds=5):
        """The line that the control socket answers with, or None when nobody listens there."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(seconds * PATIENCE)
            try:
                client.connect(self.control)
                client.sendall(b'{"command":"status"}\n')
                return client.makefile("rb").readline() or None
            except OSError:
                return None

    def start(self, seconds=20):
        """Until the stack answers on its control socket. One that ends before is for the test
        to judge."""
        wait_until(lambda: not self.is_running or self.ask_control(), seconds)
        if self.is_running and not self.ask_control():
            raise RuntimeError(f"the control socket is silent after {seconds} s: {self.output}")
        return self

    def settle(self):
        """Until the stack has seen all that was sent to it before: it looks at every device once
        between two answers."""
        for _ in range(2):
            if not self.ask_control():
                raise RuntimeError(f"the control socket is silent: {self.output}")

    @property
    def output(self):
        return self.log.read_text(errors="replace")

    @property
    def is_running(self):
        return self.process.poll() is None

    def status(self):
        """What `strata status --json` says of this stack, without a process for each question."""
        line = self.ask_control()
        try:
            told = json.loads(line or b"")
        except ValueError:
            raise RuntimeError(f"the control socket: {line or 'says nothing'}; "
                               f"strata up: {self.output.strip()}")
        return told["stacks"][0] if "stacks" in told else told

    def drops(self):
        """Packets dropped, by reason; what never happened is 0."""
        return Drops({one["reason"]: one["count"] for one in self.status()["drops"]})

    def addresses(self):
        return self.status()["addresses"]

    def link_local(self):
        """The stack's link-local address, once it may be used."""
        def find():
            for one in self.addresses():
                address = one["address"].split("/")[0].split("%")[0]
                if address.startswith("fe80:") and one["state"] == "preferred":
                    return address
        return wait_until(find, 5, pause=0.2)

    def is_answering(self, address=STACK4):
        return self.namespace.run("ping", "-c1", "-W1", address).returncode == 0

    def wait(self, *addresses, seconds=20):
        """Until the stack answers pings to all of them."""
        for address in addresses or (STACK4, STACK6):
            if not wait_until(lambda a=address: not self.is_running or self.is_answering(a),
                              seconds, pause=0.1) or not self.is_running:
                raise RuntimeError(f"the stack does not answer on {address}: {self.output}")
        return self

    def stop(self, how=signal.SIGTERM):
        """Ends the stack; its exit status."""
        return end(self.process, how)


class Drops(dict):
    """Counts by reason, and what has come since."""

    def __missing__(self, reason):
        return 0

    def since(self, earlier):
        return {reason: count - earlier[reason] for reason, count in self.items()
                if count != earlier[reason]}


def catches(process, how=signal.SIGTERM):
    """Whether the process has a handler for the signal by now."""
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"^SigCgt:\s+(\w+)$", text, re.M).group(1), 16) >> (how - 1) & 1


def end(process, how=signal.SIGTERM, seconds=10):
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


class Bench:
    def __init__(self, needs=(), seconds=55):
        self.needs, self.seconds = needs, seconds
        self.passed = self.failed = 0
        self.program = os.environ.get("STRATA") or str(
            pathlib.Path(__file__).resolve().parents[2] / "build/release/strata")
        self.closing = contextlib.ExitStack()
        self.namespaces, self.processes, self.stacks = [], [], []

    def __enter__(self):
        if os.geteuid() != 0:
            skip("network namespaces need root")
        if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
            skip("there is no /dev/net/tun")
        for tool in ("ip", *self.needs):
            if shutil.which(tool) is None:
                skip(f"{tool} is not installed (./dev setup)")
        if not os.access(self.program, os.X_OK):
            skip(f"{self.program} is not built")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-interop-"))
        signal.signal(signal.SIGALRM, self._out_of_time)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        signal.alarm(self.seconds)
        return self

    def __exit__(self, kind, problem, _place):
        signal.alarm(0)
        if problem is not None and not isinstance(problem, SystemExit):
            places = [place for place in traceback.extract_tb(problem.__traceback__)
                      if "/interop/" in place.filename]
            lines = ", ".join(f"{pathlib.Path(one.filename).name}:{one.lineno}" for one in places)
            self.check("the test ran to its end", False, f"{lines}: {kind.__name__}: {problem}")
        self._clean_up()
        if isinstance(problem, SystemExit) and problem.code == 77:
            return False
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(0 if self.failed == 0 and self.passed > 0 else 1)

    def _out_of_time(self, *_):
        raise OutOfTime(f"{self.seconds} s have passed")

    def _clean_up(self):
        for process in reversed(self.processes):
            end(process, seconds=2)
        self.closing.close()
        for namespace in reversed(self.namespaces):
            subprocess.run(["ip", "netns", "delete", namespace.name], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def check(self, name, truth, detail=""):
        """One case. What `truth` is must be true; `detail` is shown when it is not."""
        if truth:
            self.passed += 1
            print(f"ok {name}", flush=True)
        else:
            self.failed += 1
            words = " / ".join(str(detail).strip().splitlines()[-6:])
            print(f"not ok (failed) {name}: {words}", flush=True)
        return bool(truth)

    def run_words(self, *words, flags=()):
        """`strata run` of a program, by STRATA_TIER where it is set: else the launcher chooses."""
        tier = os.environ.get("STRATA_TIER")
        flags = [*flags, *(["--tier", tier] if tier else [])]
        return [self.program, "run", *map(str, flags), "--", *map(str, words)]

    def start(self, command, output=None, **options):
        log = open(output, "wb") if output else subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT if output else log, **options)
        if output:
            log.close()
        self.processes.append(process)
        return process

    def namespace(self):
        """A namespace with its loopback up, and addresses that are usable at once."""
        made = Namespace(self, f"strata-{os.getpid()}-{len(self.namespaces)}")
        subprocess.run(["ip", "netns", "add", made.name], check=True)
        self.namespaces.append(made)
        made.must("ip", "link", "set", "lo", "up")
        made.set("ipv6/conf/default/accept_dad", 0)
        made.set("ipv6/conf/default/router_solicitations", 0)
        # Pings of 10,000 and unreachable answers are what we came for.
        made.set("ipv4/icmp_ratelimit", 0)
        made.set("ipv6/icmp/ratelimit", 0)
        return made

    def cable(self, one, one_name, other, other_name):
        """A veth pair between two namespaces, both ends up."""
        one.must("ip", "link", "add", one_name, "type", "veth", "peer", "name", other_name,
                 "netns", other.name)
        one.must("ip", "link", "set", one_name, "up")
        other.must("ip", "link", "set", other_name, "up")

    def up(self, namespace, *arguments, control=None):
        """Starts `strata up`: without arguments on tap:strata0, as 10.77.0.2 and fd77::2. It can
        be asked for its status at once; its addresses are a matter of `wait()`."""
        self.stacks.append(Stack(self, namespace, arguments, control))
        return self.stacks[-1].start()


def checksum(data):
    """RFC 1071, of bytes."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
