#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""libstrata_packetdrill.so: its symbols, a connection driven through it by a small loader, and,
where packetdrill is installed, the neutral scripts of tests/conformance judged by packetdrill."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import bench

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADDRESSES = ["--ip_version=ipv4", "--local_ip=192.168.0.1", "--gateway_ip=192.168.0.1",
             "--netmask_ip=255.255.0.0", "--remote_ip=192.0.2.1"]


def is_neutral(text):
    """packetdrill knows nothing of our additions, and of %{ }% only what the kernel says."""
    return "%{" not in text and "<raw" not in text and "--ip_version" not in text


def run_script(host, library, script):
    flags = " ".join(ADDRESSES)
    done = host.run("packetdrill", f"--so_filename={library}", f"--so_flags={flags}", *ADDRESSES,
                    script)
    return done.returncode == 0, done.stdout + done.stderr


with bench.Bench(needs=["nm"], seconds=240) as test:
    build = pathlib.Path(test.program).resolve().parent
    library = build / "libstrata_packetdrill.so"
    peer = build / "interop/packetdrill_peer"
    test.check("the library is built", library.exists(), library)

    symbols = subprocess.run(["nm", "-D", "--defined-only", str(library)], capture_output=True,
                             text=True).stdout
    names = [line.split()[-1] for line in symbols.splitlines()]
    test.check("it has the entry that packetdrill calls", "packetdrill_interface_init" in names)
    strangers = [name for name in names if "strata" in name]
    test.check("and shows nothing of the stack", not strangers, strangers[:3])

    done = subprocess.run([str(peer), str(library)], capture_output=True, text=True, timeout=60)
    for line in done.stdout.splitlines():
        test.check(re.sub("^(not )?ok ", "loader: ", line), line.startswith("ok "), done.stderr)
    test.check("the loader comes to its end", done.returncode == 0, done.stderr)

    if shutil.which("packetdrill"):
        host = test.namespace()
        for script in sorted((ROOT / "tests/conformance/tcp").rglob("*.pkt")):
            if not is_neutral(script.read_text()):
                continue
            passed, why = run_script(host, library, str(script))
            name = script.relative_to(ROOT / "tests/conformance")
            test.check(f"packetdrill: {name}", passed, why)
    else:
        print("packetdrill is not installed: its own run is left out")
