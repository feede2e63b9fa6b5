#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The program's probes as tools of others see them: readelf lists their notes, and bpftrace, where
this kernel lets it, counts drops, retransmissions and changes of state of a running stack."""
import pathlib
import re
import shutil
import socket
import subprocess
import time

import bench
from bench import HOST4, STACK4, wait_until

ARGUMENTS = {"drop": 2, "retransmit": 4, "tcp_state": 3}


def notes_of(program):
    """How many arguments each probe has, by its name; one note for each place."""
    text = subprocess.run(["readelf", "-n", program], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    found = {}
    for name, arguments in re.findall(
            r"Provider: strata\s+Name: (\w+)\s+Location:.*\s+Arguments: ?(.*)", text):
        found.setdefault(name, []).append(len(arguments.split()))
    return found


def listed(lab):
    notes = notes_of(lab.program)
    if not notes:
        bench.skip("built without <sys/sdt.h> (systemtap-sdt-dev)")
    lab.check("the program has the three probes", set(notes) == set(ARGUMENTS), notes)
    for name, count in ARGUMENTS.items():
        lab.check(f"{name} has {count} arguments in each place",
                  set(notes.get(name, [])) == {count}, notes.get(name))


def trace(lab, program):
    """bpftrace, once its probes are in place; None where the kernel does not let it."""
    # Nothing of it outlives the command: mounts of its own.
    log = lab.folder / "bpftrace.log"
    script = "; ".join((
        'BEGIN { printf("tracing\\n") }',
        f'usdt:{program}:strata:drop {{ @drops[arg0] = sum(arg1) }}',
        f'usdt:{program}:strata:retransmit {{ @retransmits = sum(arg2) }}',
        f'usdt:{program}:strata:tcp_state {{ @states[arg1, arg2] = count() }}')).replace("; ", "\n")
    process = lab.start(["unshare", "--mount", "sh", "-c",
                         "mount -t tracefs none /sys/kernel/tracing 2>/dev/null; "
                         "mount -t debugfs none /sys/kernel/debug 2>/dev/null; "
                         'exec bpftrace -e "$1"', "sh", script], output=log)
    wait_until(lambda: "tracing" in log.read_text() or process.poll() is not None, 30)
    if process.poll() is not None or "tracing" not in log.read_text():
        print(f"skipped: bpftrace does not trace here: {log.read_text().strip()[-300:]}")
        return None
    return process, log


def traced(lab):
    if shutil.which("bpftrace") is None:
        print("skipped: bpftrace is not installed (./dev setup)")
        return
    program = pathlib.Path(lab.program).resolve()
    host = lab.namespace()
    stack = lab.up(host, "--serve", "echo").wait(STACK4)
    tracing = trace(lab, program)
    if tracing is None:
        return
    process, log = tracing
    # Attached to all of the program's places after BEGIN has run, at the latest.
    time.sleep(1)
    closed = host.udp(HOST4)
    for _ in range(5):
        closed.sendto(b"nobody listens", (STACK4, 4444))
    for _ in range(3):
        one = host.socket(socket.AF_INET, socket.SOCK_STREAM)
        one.connect((STACK4, 7))
        one.sendall(b"hello")
        one.recv(100)
        one.close()
    stack.settle()
    process.send_signal(2)
    process.wait(30)
    text = log.read_text()
    lab.check("bpftrace saw the datagrams that nobody wanted",
              re.search(r"@drops\[\d+\]: [5-9]", text), text)
    lab.check("and connections that came to be", len(re.findall(r"@states\[", text)) >= 2, text)
    lab.check("the stack was not disturbed", stack.is_answering())


with bench.Bench(needs=["ping", "readelf"], seconds=120) as test:
    listed(test)
    traced(test)
