#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`strata run`: programs that know nothing of us, and the same socket calls on kernel and stack."""
import hashlib
import os
import pathlib
import re
import shutil
import signal

import bench
from bench import HOST4, STACK4

PROBES = [pathlib.Path(__file__).with_name(f"{name}_probe.py")
          for name in ("connect", "stream", "stream_end", "stream_option", "watch",
                       "sharing", "datagram", "packet")]
PYTHON = "/usr/bin/python3"
FILE_BYTES = 8 << 20
# Known differences (docs/design/006-attach.md), and what we say instead.
DIFFERENT = {
    # An ICMP error is an empty datagram to read(), and itself to recvfrom().
    "datagram_refused": "(True, 'ECONNREFUSED')",
}
# Without an address no call but recv() of one byte reaches us there: the pair, with room, has it.
DIFFERENT_TRAPPED = {
    "bytes_without_a_peer": str([("ENOTCONN", "EAGAIN", 1, 1)] * 3),
}
# Bytes that nobody has read yet hold the end of the stream back (docs/design/012-preload-lease.md).
DIFFERENT_PRELOADED = {
    "half_close": "('IN+OUT+RDHUP', b'request', 'EPIPE', 'never: IN+OUT', b'answer', b'')",
}


def strata_run(lab, *words, flags=()):
    return [lab.program, "run", *flags, "--", *words]


def same_calls(lab):
    """Every case of the probes says the same on the kernel and under both tiers; under preload with
    a lease as soon as there can be one."""
    leased = dict(os.environ, STRATA_LEASE_AFTER="1")
    for probe in PROBES:
        host = lab.namespace()
        host.set("ipv4/ping_group_range", "0 2147483647")
        kernel = host.run(PYTHON, probe, timeout=30).stdout.splitlines()
        for tier, different in (("trap", DIFFERENT | DIFFERENT_TRAPPED),
                                ("preload", DIFFERENT | DIFFERENT_PRELOADED)):
            ours = host.run(*strata_run(lab, PYTHON, probe, flags=("--tier", tier)),
                            timeout=30, env=leased).stdout.splitlines()
            told = dict(line.split(": ", 1) for line in ours if ": " in line)
            for line in kernel:
                name, wanted = line.split(": ", 1)
                wanted = different.get(name, wanted)
                lab.check(f"{tier}: {name}", told.get(name) == wanted,
                          f"wanted {wanted}; ours {told.get(name)}")
            lab.check(f"{tier}: {probe.name}: as many cases on both",
                      len(kernel) == len(ours) > 3, (len(kernel), len(ours)))


def tiers(lab):
    """Which tier a program gets, and that it has it."""
    host = lab.namespace()
    talk = ("import os, socket, subprocess; heard = socket.create_server(('127.0.0.1', 0))\n"
            "near = socket.create_connection(heard.getsockname()); far, _ = heard.accept()\n"
            "for _ in range(9): near.send(b'x'); far.recv(1)\n"
            "print('strata-room' in open('/proc/self/maps').read())\n")
    for flags, leased in (((), "True"), (("--tier", "preload"), "True"),
                          (("--tier", "trap"), "False")):
        got = host.run(*strata_run(lab, PYTHON, "-c", talk, flags=flags)).stdout.strip()
        lab.check(f"a dynamic program has a lease: {leased} with {flags}", got == leased, got)
    shell = host.run(*strata_run(lab, "env", "-i", PYTHON, "-c", talk)).stdout.strip()
    lab.check("what was started without the shim goes by the trap", shell == "False", shell)
    shim = pathlib.Path(lab.program).with_name("libstrata_preload.so")
    alone = host.run("env", f"LD_PRELOAD={shim}", PYTHON, "-c", "print(1)").stdout.strip()
    lab.check("the shim without a launcher does nothing", alone == "1", alone)
    if shutil.which("busybox"):
        refused = host.run(*strata_run(lab, "busybox", "true", flags=("--tier", "preload")))
        lab.check("a static program cannot be preloaded, and we say so",
                  refused.returncode == 126 and "it is static" in refused.stdout, refused.stdout)
        done = host.run(*strata_run(lab, "busybox", "true"))
        lab.check("it runs by the trap when nobody insists", done.returncode == 0, done.stdout)


def served_folder(lab):
    folder = lab.folder / "www"
    folder.mkdir(exist_ok=True)
    data = os.urandom(FILE_BYTES)
    (folder / "big").write_bytes(data)
    (folder / "index.html").write_text("a page\n")
    return folder, hashlib.md5(data).hexdigest()


def is_heard(place, port, address):
    probe = f"import socket; socket.create_connection(('{address}', {port}), 1)"
    return place.run(PYTHON, "-c", probe).returncode == 0


def clients(lab):
    host = lab.namespace()
    folder, digest = served_folder(lab)
    host.start(PYTHON, "-m", "http.server", "80", "--bind", "0.0.0.0", cwd=folder)
    bench.wait_until(lambda: is_heard(host, 80, "127.0.0.1"), 10)
    one = host.run(*strata_run(lab, "curl", "-s", f"http://{HOST4}/index.html"))
    lab.check("curl gets a page, and nothing else is printed", one.stdout == "a page\n", one.stdout)
    copy = lab.folder / "copy"
    host.run(*strata_run(lab, "curl", "-s", "-o", copy, f"http://{HOST4}/big"))
    got = hashlib.md5(copy.read_bytes()).hexdigest() if copy.exists() else None
    lab.check("curl gets 8 MiB unchanged", got == digest, got)
    refused = host.run(*strata_run(lab, "curl", "-s", f"http://{HOST4}:81/"))
    lab.check("the exit status is the program's", refused.returncode == 7, refused.returncode)
    for words, status in ((["sh", "-c", "exit 3"], 3), (["/no/such/program"], 127),
                          (["/etc/passwd"], 126), (["sh", "-c", "kill -9 $$"], 137)):
        done = host.run(*strata_run(lab, *words))
        lab.check(f"{' '.join(words)}: {status}", done.returncode == status, done.stdout)
    for shell in ("ulimit -Sn; ulimit -Hn", "grep SigIgn /proc/self/status"):
        plain = ["sh", "-c", f"trap '' HUP USR2; ulimit -Sn 500; exec \"$@\"", "sh"]
        wanted, got = (host.run(*plain, *words).stdout for words in
                       (["sh", "-c", shell], strata_run(lab, "sh", "-c", shell)))
        lab.check(f"{shell}: as without us", got == wanted != "", (wanted, got))
    nothing = host.run(lab.program, "run")
    lab.check("without a program the line makes no sense", nothing.returncode == 2, nothing.stdout)


def kernel_sockets(lab):
    """What the kernel made for the program: no socket of the internet's families."""
    host = lab.namespace()
    made = lab.folder / "made"
    process = host.start(*strata_run(lab, PYTHON, "-c",
                                     "import socket, time; a = socket.socket();"
                                     f"b = socket.socket(type=2); open('{made}', 'w').close();"
                                     "time.sleep(60)"))
    lab.check("a program has made two sockets", bench.wait_until(made.exists, 20))
    text = host.run("cat", "/proc/net/sockstat").stdout
    bench.end(process)
    counts = re.findall(r"^(?:TCP|UDP): inuse (\d+)", text, re.M)
    lab.check("the kernel has made no TCP and no UDP socket", counts == ["0", "0"], text)


def interfaces(lab):
    """Who asks for interfaces is told of the stack's, whichever way he asks."""
    host = lab.namespace()
    host.must("ip", "link", "add", "onlykernel", "type", "bridge")

    def ask(*words):
        return host.run(*strata_run(lab, *words)).stdout
    told = ask("ip", "-o", "address")
    lab.check("ip address: the stack's and no other", f"inet {STACK4}/24" in told and
              HOST4 not in told and "inet 127.0.0.1/8" in told, told)
    told = ask("ip", "-o", "link")
    lab.check("ip link: the stack's and no other", "strata0" in told and "onlykernel" not in told,
              told)
    told = ask("ip", "route")
    lab.check("ip route", f"10.77.0.0/24 dev strata0 proto kernel scope link src {STACK4}" in told,
              told)
    told = ask("ip", "route", "get", HOST4)
    lab.check("ip route get", f"{HOST4} dev strata0 src {STACK4}" in told, told)
    told = ask("ip", "link", "set", "lo", "down")
    lab.check("changes are refused", "not permitted" in told, told)
    told = ask(PYTHON, "-c", "import socket, fcntl, struct; print(socket.if_nameindex(), "
               "socket.if_nametoindex('strata0'), socket.inet_ntoa(fcntl.ioctl(socket.socket("
               "socket.AF_UNIX), 0x8915, struct.pack('40s', b'strata0'))[20:24]))")
    lab.check("libraries ask by ioctl() and by netlink", told.strip() ==
              f"[(1, 'lo'), (2, 'strata0')] 2 {STACK4}", told)
    told = ask(PYTHON, "-c", "import socket\n"
               "for p in (0, 6, 12, 16):\n"
               "  try: socket.socket(16, 3, p); print(p, 'made')\n"
               "  except OSError as why: print(p, why.errno)\n"
               "try: socket.socket(17, 3, 0x300)\n"
               "except OSError as why: print(why.errno)")
    lab.check("netlink that tells of the kernel's network, and packet sockets, are refused",
              re.findall(r"^(?:\d+ )?\w+$", told, re.M) ==
              ["0 made", "6 93", "12 93", "16 93", "1"], told)
    lab.check("... and standard error says so", "asked for a packet socket" in told, told)
    told = ask(PYTHON, "-c", "import socket, subprocess\n"
               "heard = socket.create_server(('', 7001)); asks = socket.socket(type=2)\n"
               "asks.bind(('', 7002)); near = socket.create_connection(('127.0.0.1', 7001))\n"
               "print(subprocess.run(['ss', '-Htunap'], capture_output=True, text=True).stdout)")
    lines = [line.split() for line in told.splitlines() if line]
    told_of = {(words[0], words[1], words[4], "python3" in words[-1]) for words in lines[:9]}
    lab.check("ss: the program's sockets, and whose they are",
              {("tcp", "LISTEN", "0.0.0.0:7001", True), ("udp", "UNCONN", "0.0.0.0:7002", True)} <=
              told_of and len(lines) == 3 and ["tcp", "ESTAB"] in [one[:2] for one in lines], told)


def monitored(lab):
    """`ip monitor` hears what becomes of the stack: netlink's groups."""
    host = lab.namespace()
    control, log = lab.folder / "monitor.control", lab.folder / "monitor.log"
    process = host.start(*strata_run(lab, "ip", "monitor", flags=["--control", control]),
                         output=log)
    bench.wait_until(control.exists, 10)

    host.must("ip", "link", "add", "onlykernel", "type", "bridge")

    def is_told():
        """Again and again: what comes before it listens is no news."""
        for words, news in ((("add", "null:other", "--address", "10.9.0.1/24"), "inet 10.9.0.1/24"),
                            (("remove", "other"), "Deleted")):
            host.run(lab.program, "device", *words, "--control", control)
            if not bench.wait_until(lambda what=news: what in log.read_text(), 1):
                host.run(lab.program, "device", "remove", "other", "--control", control)
                return False
        return True
    lab.check("ip monitor hears of a device that comes and goes", bench.wait_until(is_told, 15),
              log.read_text()[-500:])
    lab.check("... and nothing of the kernel's", "onlykernel" not in log.read_text(),
              log.read_text()[-500:])
    bench.end(process)


def servers(lab):
    host = lab.namespace()
    folder, digest = served_folder(lab)
    server = host.start(*strata_run(lab, PYTHON, "-m", "http.server", "8000"), cwd=folder)
    bench.wait_until(lambda: is_heard(host, 8000, STACK4), 10, pause=0.1)
    copies = [lab.folder / f"copy{number}" for number in range(4)]
    fetches = [host.start("curl", "-s", "-o", copy, f"http://{STACK4}:8000/big") for copy in copies]
    for fetch in fetches:
        fetch.wait(20)
    got = {hashlib.md5(copy.read_bytes()).hexdigest() for copy in copies if copy.exists()}
    lab.check("the kernel's curl gets 8 MiB from it, four at once", got == {digest}, got)
    lab.check("a signal to the launcher is the program's", bench.end(server, signal.SIGTERM) == 143,
              server.returncode)


def two_launchers(lab):
    host = lab.namespace()
    folder, digest = served_folder(lab)
    host.must("ip", "link", "add", "br0", "type", "bridge")
    host.must("ip", "link", "set", "br0", "up")
    flags = [("--device", f"tap:{name}", "--address", f"10.5.0.{last}/24")
             for name, last in (("one", 1), ("other", 2))]
    copy = lab.folder / "across"
    host.start(*strata_run(lab, PYTHON, "-m", "http.server", "8000", flags=flags[0]), cwd=folder)
    client = host.start(*strata_run(lab, "curl", "-s", "--retry", "10", "--retry-connrefused",
                                    "--retry-delay", "1", "--connect-timeout", "2", "-o", copy,
                                    "http://10.5.0.1:8000/big", flags=flags[1]))
    for name in ("one", "other"):
        bench.wait_until(lambda n=name: host.run("ip", "link", "show", n).returncode == 0, 5)
        host.must("ip", "link", "set", name, "up", "master", "br0")
    client.wait(30)
    got = hashlib.md5(copy.read_bytes()).hexdigest() if copy.exists() else None
    lab.check("two launchers talk to each other over a bridge", got == digest, got)


def deaths(lab):
    """Either side is killed with a connection open: the other one sees an end."""
    host = lab.namespace()
    note = lab.folder / "note"
    program = lab.folder / "program.py"
    program.write_text(
        "import errno, socket\n"
        "heard = socket.create_server(('', 7000))\n"
        "near, _ = heard.accept()\n"
        "near.sendall(b'ready')\n"
        "got = near.recv(10)\n"
        "try: socket.socket(); made = 'made'\n"
        "except OSError as why: made = errno.errorcode[why.errno]\n"
        f"open('{note}', 'w').write(f'{{got}} {{made}}')\n")
    for who in ("program", "launcher"):
        note.unlink(missing_ok=True)
        launcher = host.start(*strata_run(lab, PYTHON, program))
        bench.wait_until(lambda: host.run("ping", "-c1", "-W1", STACK4).returncode == 0, 5)
        talk = host.start(PYTHON, "-c", "import socket, sys, time\n"
                          "for _ in range(50):\n"
                          f"  try: made = socket.create_connection(('{STACK4}', 7000), 5); break\n"
                          "  except OSError: time.sleep(0.1)\n"
                          "made.recv(5); print('ready', flush=True)\n"
                          "print(made.recv(5), flush=True)", output=lab.folder / "talk")
        bench.wait_until(lambda: "ready" in (lab.folder / "talk").read_text(), 8)
        if who == "program":
            children = pathlib.Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children")
            os.kill(int(children.read_text().split()[0]), signal.SIGKILL)
            ended = talk.wait(10)
            lab.check("a program is killed: its peer sees the end", ended == 0,
                      (lab.folder / "talk").read_text())
            lab.check("... and the launcher says so", launcher.wait(5) == 137, launcher.returncode)
        else:
            launcher.kill()
            bench.wait_until(lambda: note.exists() and note.read_text(), 5)
            text = note.read_text() if note.exists() else "it never ended"
            lab.check("the launcher is killed: the program sees the end, and gets no socket of the "
                      "kernel's", text == "b'' ENOSYS", text)


def main():
    with bench.Bench(needs=["curl"], seconds=58) as lab:
        clients(lab)
        kernel_sockets(lab)
        interfaces(lab)
        monitored(lab)
        servers(lab)
        two_launchers(lab)
        deaths(lab)
        tiers(lab)
        same_calls(lab)


main()
