#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The dashboard of a running stack in Chromium and Firefox over TAP (tests/web/real_test.mjs and
firefox_test.mjs), beside a ping; a stack that goes and comes back; what the
page captured, as capinfos reads it."""
import os
import pathlib
import shutil
import signal

import bench

WEB = pathlib.Path(__file__).resolve().parent.parent / "web"
TOKEN = "a-token-of-forty-characters-0123456789ab"


def need_browsers():
    if not os.environ.get("STRATA_FULL"):
        bench.skip("two browsers take a minute: ./dev test --full")
    if not (WEB / "node_modules" / "playwright-core").is_dir():
        bench.skip("tests/web has no node_modules: ./dev setup full")
    if not shutil.which("node"):
        bench.skip("there is no node")


def node(where, script, *words, timeout=120, **environment):
    """Counts what a script in node says of itself."""
    done = where.run("node", WEB / script, *words, timeout=timeout,
                     env={**os.environ, "HOME": str(where.lab.folder), **environment})
    return done.returncode, done.stdout


def take_over(lab, what, result):
    """Every line `ok` or `not ok` of a script becomes a check of ours."""
    code, text = result
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("ok "):
            lab.check(f"{what}: {line[3:]}", True)
        elif line.startswith("not ok (failed) "):
            lab.check(f"{what}: {line[16:]}", False, "".join(lines[number + 1:number + 2]))
        elif line.startswith("first contentful paint"):
            print(line)
    lab.check(f"{what} ends well", code in (0, 1) and "passed" in text, text[-600:])


def start(lab, where):
    (lab.folder / "token").write_text(TOKEN + "\n")
    config = lab.folder / "up.toml"
    config.write_text(f'serve = ["echo"]\ndashboard_token = "{lab.folder}/token"\n')
    return lab.up(where, "--config", config).wait()


def browsers(lab):
    where = lab.namespace()
    stack = start(lab, where)
    pings = where.start("ping", "-i", "0.2", bench.STACK4)
    base = f"http://{bench.STACK4}/"
    captured = lab.folder / "captured.pcapng"
    take_over(lab, "chromium", node(where, "real_test.mjs", base, TOKEN,
                                    STRATA_CAPTURED=str(captured)))
    if captured.exists():
        read = where.run("capinfos", "-c", captured)
        lab.check("capinfos reads what the page captured", read.returncode == 0, read.stdout)
    if shutil.which("firefox-esr"):
        take_over(lab, "firefox", node(where, "firefox_test.mjs", base))
    bench.end(pings, signal.SIGTERM)
    lab.check("the stack outlives its visitors", stack.is_running and stack.ask_control())
    lab.check("and ends well", stack.stop() == 0, stack.output)


def comes_back(lab):
    where = lab.namespace()
    stack = start(lab, where)
    log = lab.folder / "reconnect.log"
    page = where.start("node", WEB / "real_test.mjs", f"http://{bench.STACK4}/", "--reconnect",
                       output=log)
    lab.check("a page is open", bench.wait_until(lambda: "ready" in log.read_text(), 30),
              log.read_text())
    stack.process.send_signal(signal.SIGKILL)
    stack.process.wait(5)
    bench.wait_until(lambda: "a stack that goes is missed" in log.read_text(), 40)
    start(lab, where)
    page.wait(90)
    take_over(lab, "a stack that is killed", (page.returncode, log.read_text()))


need_browsers()
with bench.Bench(needs=["chromium", "ping", "capinfos"], seconds=300) as lab:
    browsers(lab)
    comes_back(lab)
