#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How a stack ends, by its own will and otherwise, and that it can always come back."""
import pathlib
import signal

import bench
from bench import TAP


def has_device(host):
    return host.run("ip", "link", "show", TAP).returncode == 0


def by_signal(lab, host):
    for how in (signal.SIGTERM, signal.SIGINT):
        stack = lab.up(host).wait()
        lab.check(f"{how.name}: exit status 0", stack.stop(how) == 0, stack.output)
        lab.check(f"{how.name}: the device is gone", not has_device(host))
        lab.check(f"{how.name}: the control socket is gone",
                  not pathlib.Path(stack.control).exists())


def by_force(lab, host):
    stack = lab.up(host).wait()
    lab.check("SIGKILL ends it", stack.stop(signal.SIGKILL) == -signal.SIGKILL)
    again = lab.up(host, control=stack.control).wait()
    lab.check("after SIGKILL the next one works at once", again.is_answering())
    lab.check("and so does a control socket in the place of the dead one",
              bench.wait_until(lambda: again.is_running and again.status(), 2))
    again.stop()


def by_its_host(lab, host):
    stack = lab.up(host).wait()
    host.must("ip", "link", "delete", TAP)
    bench.wait_until(lambda: not stack.is_running, 5)
    lab.check("a deleted device ends it in order", stack.process.poll() == 1,
              f"status {stack.process.poll()}: {stack.output}")
    lab.check("and it says so in plain words", "deleted" in stack.output, stack.output)
    lab.check("a new one works at once", lab.up(host).wait().is_running)


def link_down(lab, host):
    stack = lab.stacks[-1]
    host.must("ip", "link", "set", TAP, "down")
    lab.check("a link that is down ends nothing", stack.is_running)
    host.must("ip", "link", "set", TAP, "up")
    host.must("ip", "address", "replace", f"{bench.HOST6}/64", "dev", TAP, "nodad")
    lab.check("a link that is up again carries IPv4", bench.wait_until(stack.is_answering, 5))
    lab.check("and IPv6", bench.wait_until(lambda: stack.is_answering(bench.STACK6), 5))
    stack.stop()


def busy(lab, host):
    first = lab.up(host).wait()
    second = lab.up(host)
    bench.wait_until(lambda: not second.is_running, 5)
    lab.check("a device in use is refused with status 1", second.process.poll() == 1,
              second.output)
    lab.check("in plain words", TAP in second.output and "attached" in second.output, second.output)
    lab.check("and the first is not disturbed", first.is_answering())
    first.stop()


def persistent(lab, host):
    host.must("ip", "tuntap", "add", "dev", "kept0", "mode", "tap")
    host.must("ip", "address", "add", "10.90.0.1/24", "dev", "kept0")
    host.must("ip", "link", "set", "kept0", "up")
    for turn in ("first", "second"):
        stack = lab.up(host, "--device", "tap:kept0", "--address", "10.90.0.2/24")
        stack.wait("10.90.0.2")
        lab.check(f"{turn} time on a device that the host keeps", stack.stop() == 0, stack.output)
    lab.check("which is still there",
              host.run("ip", "link", "show", "kept0").returncode == 0)


with bench.Bench(needs=["ping"]) as test:
    namespace = test.namespace()
    by_signal(test, namespace)
    by_force(test, namespace)
    by_its_host(test, namespace)
    link_down(test, namespace)
    busy(test, namespace)
    persistent(test, namespace)
