#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""/proc/net under `strata run`: the same columns as the kernel's for the same sockets, and programs
that read it: netstat, lsof, cat, busybox, psutil."""
import ast
import importlib.util
import pathlib
import re
import shutil

import bench

PROBE = pathlib.Path(__file__).with_name("proc_net_probe.py")
PYTHON = "/usr/bin/python3"
TIERS = ("trap", "preload")
# Of counters the kernel tells more kinds from version to version.
OPEN_ENDED = {"snmp": 8, "netstat": 4, "snmp6": 1}  # and how many lines we tell


def under(lab, host, tier, *words):
    return host.run(lab.program, "run", "--tier", tier, "--", *words).stdout


def told(text):
    return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)


def loopback_alone(name, value):
    """The kernel has no other interface in a namespace of its own: what ours has beside is left."""
    rows = ast.literal_eval(value)
    if name == "dev":
        return [rows[0], rows[1], [word for word in rows[2] if word.strip() == "lo"]]
    if name == "if_inet6":
        return [re.sub(r" +", " ", row) for row in rows if row.endswith(" lo")]
    if name == "route":
        return rows[:1]
    return rows


def same_columns(lab):
    host = lab.namespace()
    host.must("ip", "link", "set", "lo", "up")
    kernel = told(host.run(PYTHON, PROBE).stdout)
    lab.check("as many files on both", len(kernel) == 15, sorted(kernel))
    for tier in TIERS:
        ours = told(under(lab, host, tier, PYTHON, PROBE))
        for name, wanted in kernel.items():
            got = ours.get(name, "-")
            if name in OPEN_ENDED:
                groups = [line.split(" ", 1)[0] for line in ast.literal_eval(wanted)]
                mine = ast.literal_eval(got) if got != "-" else []
                known = [line for line in mine if line.split(" ", 1)[0] in groups]
                same = len(mine) == len(known) == OPEN_ENDED[name] and all(
                    set(line.split()) <= set(other.split())
                    for line, other in zip(mine, ast.literal_eval(wanted)))
                lab.check(f"{tier}: {name}: every count bears a name of the kernel's", same, got)
            elif got == "-":
                lab.check(f"{tier}: {name} is there", False, ours)
            else:
                same = loopback_alone(name, got) == loopback_alone(name, wanted)
                lab.check(f"{tier}: {name}", same, f"wanted {wanted}; ours {got}")


def readers(lab):
    """A server that sleeps, and a program that is started beside it and looks."""
    host = lab.namespace()
    host.must("ip", "link", "set", "lo", "up")
    serve = ("import os, socket, subprocess, sys; "
             "a = socket.create_server(('0.0.0.0', 8042)); "
             "b = socket.create_server(('::', 8043), family=socket.AF_INET6); "
             "c = socket.socket(type=socket.SOCK_DGRAM); c.bind(('0.0.0.0', 8044)); "
             "print('pid', os.getpid(), flush=True); "
             "subprocess.run(sys.argv[1:])")
    for tier in TIERS:
        def look(*words):
            return under(lab, host, tier, PYTHON, "-c", serve, *words)
        if shutil.which("netstat"):
            text = look("netstat", "-tuln")
            for line in (r"^tcp +0 +0 0\.0\.0\.0:8042 +0\.0\.0\.0:\* +LISTEN",
                         r"^tcp6 +0 +0 :::8043 +:::\* +LISTEN", r"^udp +0 +0 0\.0\.0\.0:8044 "):
                lab.check(f"{tier}: netstat -tuln: {line}", re.search(line, text, re.M), text)
            text = look("netstat", "-tlnp")
            pid = re.search(r"^pid (\d+)", text, re.M)
            lab.check(f"{tier}: netstat -p finds whose it is", pid and
                      re.search(rf":8042 .* {pid[1]}/python3", text), text)
            text = look("netstat", "-rn")
            lab.check(f"{tier}: netstat -rn: the stack's routes",
                      re.search(r"^10\.77\.0\.0 +0\.0\.0\.0 +255\.255\.255\.0 +U .* strata0$", text,
                                re.M), text)
            text = look("netstat", "-i")
            lab.check(f"{tier}: netstat -i: the stack's interfaces",
                      re.search(r"^strata0 +1500 ", text, re.M), text)
            text = look("netstat", "-s")
            lab.check(f"{tier}: netstat -s reads the counters", "Tcp:" in text and
                      "active connection openings" in text, text)
        if shutil.which("nstat"):
            text = look("nstat", "-asz")
            for name in ("TcpActiveOpens", "TcpExtListenDrops", "Ip6InReceives"):
                lab.check(f"{tier}: nstat reads {name}",
                          re.search(rf"^{name} +\d+ ", text, re.M), text)
        text = look("cat", "/proc/net/tcp")
        lab.check(f"{tier}: cat", re.search(r"^ +\d+: 00000000:1F6A 00000000:0000 0A ", text, re.M),
                  text)
        text = look("sh", "-c", "while read line; do echo \"$line\"; done < /proc/net/dev")
        lab.check(f"{tier}: a shell's redirection", re.search(r"^strata0: ", text, re.M), text)
        if importlib.util.find_spec("psutil"):
            text = look(PYTHON, "-c", "import psutil, os\n"
                        "for one in psutil.net_connections(): print(one.laddr, one.status,"
                        " one.pid == os.getppid())\n"
                        "print(sorted(psutil.net_io_counters(pernic=True)))")
            lab.check(f"{tier}: psutil: connections, and whose",
                      "addr(ip='0.0.0.0', port=8042) LISTEN True" in text, text)
            lab.check(f"{tier}: psutil: interfaces", "['lo', 'strata0']" in text, text)
        if shutil.which("lsof"):
            text = look("lsof", "-nP", "-i")
            for line in (r"^python3 .* IPv4 .* TCP \*:8042 \(LISTEN\)",
                         r"^python3 .* IPv6 .* TCP \*:8043 \(LISTEN\)",
                         r"^python3 .* IPv4 .* UDP \*:8044"):
                lab.check(f"{tier}: lsof -i: {line}", re.search(line, text, re.M), text)
        if shutil.which("busybox") and tier == "trap":
            text = look("busybox", "netstat", "-tln")
            lab.check("busybox (static) netstat", "0.0.0.0:8042" in text, text)
            text = look("busybox", "route", "-n")
            lab.check("busybox (static) route", "strata0" in text, text)


def main():
    with bench.Bench(needs=["ip"], seconds=90) as lab:
        same_columns(lab)
        readers(lab)


main()
