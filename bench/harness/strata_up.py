# SPDX-License-Identifier: Apache-2.0
"""A namespace, and `strata up` in it over TAP: what benchmarks that are scripts measure."""
import contextlib
import os
import pathlib
import signal
import subprocess
import time

STRATA = os.environ.get("STRATA") or str(
    pathlib.Path(__file__).resolve().parents[2] / "build/release/strata")
HOST, STACK = "10.99.0.1", "10.99.0.2"
TICKS = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def namespace(label):
    name = f"strata-{os.getpid()}-{label}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=False)


@contextlib.contextmanager
def serving(home, words=(), queues=1):
    """`strata up` at STACK, once it answers; the namespace's kernel is HOST."""
    words = [STRATA, "up", "--device", f"tap:bench0,host={HOST}/24,queues={queues}",
             "--address", f"{STACK}/24", "--json", *words]
    process = subprocess.Popen(["ip", "netns", "exec", home, *words], stdout=subprocess.DEVNULL)
    try:
        ping = ["ip", "netns", "exec", home, "ping", "-c1", "-W1", STACK]
        for _ in range(60):
            if subprocess.run(ping, capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.2)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
