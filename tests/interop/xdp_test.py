#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""xdp: a stack beside the kernel, with a program that picks its frames out. Pings, transfers both
ways, ports of an address that the kernel has, two queues; an MTU that changes, links that go down,
come up and vanish; and no program left behind, however it ends."""
import bench
import interface_device as device
from interface_device import BESIDE4, OURS4, OURS6

STEERED = f",address={OURS4},address={OURS6}"


def has_program(scene):
    return "xdp" in scene.near.run("ip", "link", "show", "veth1").stdout


def usable(lab):
    """Whether programs can be attached here; `doctor` must agree."""
    scene = device.Scene(lab, "xdp")
    done = scene.near.run(lab.program, "doctor", "--json")
    told = '"kind":"xdp","usable":true' in done.stdout
    stack = lab.up(scene.near, *scene.flags())
    works = stack.is_running
    stack.stop()
    lab.check("doctor knows whether AF_XDP works", told == works, done.stdout)
    if not works:
        bench.skip(stack.output.strip())


def two_queues(lab):
    scene = device.Scene(lab, "xdp", STEERED)
    scene.near.must("ip", "link", "delete", "veth1")
    scene.far.must("ip", "link", "add", "veth0", "numtxqueues", "2", "numrxqueues", "2", "type",
                   "veth", "peer", "name", "veth1", "numtxqueues", "2", "numrxqueues", "2",
                   "netns", scene.near.name)
    for end, name, address in ((scene.far, "veth0", device.KERNEL4),
                               (scene.near, "veth1", BESIDE4)):
        end.must("ip", "link", "set", name, "up")
        end.must("ip", "address", "add", f"{address}/24", "dev", name)
    stack = scene.up()
    lab.check("one stack serves both queues of an interface",
              all(scene.fetch() == scene.digest for _ in range(3)), stack.output)
    stack.stop()


def by_port(lab):
    scene = device.Scene(lab, "xdp", f",address={OURS4},port=8080")
    lab.check("a range that is none is refused", "port or a range" in scene.near.run(
        lab.program, "up", "--device", "xdp:veth1,port=90-80").stdout)
    # The kernel has the address, and answers ARP for it.
    scene.near.must("ip", "address", "add", f"{OURS4}/24", "dev", "veth1")
    stack = lab.up(scene.near, "--device", scene.device, "--address", f"{OURS4}/24",
                   "--serve", f"http={scene.folder}:8080")
    lab.check("the kernel answers pings of an address that it shares", scene.pings(OURS4))
    lab.check("a port of it is ours", bench.wait_until(
        lambda: scene.fetch(f"{OURS4}:8080") == scene.digest, 15, 0.5), stack.output)
    lab.check("and others are the kernel's",
              scene.far.run("curl", "-s", "-m", "10", f"http://{OURS4}:8081/").returncode == 7)
    stack.stop()


with bench.Bench(needs=["ping", "curl", "ss", "sha256sum"], seconds=200) as test:
    usable(test)
    steered = device.Scene(test, "xdp", STEERED)
    running = device.both_ways(test, steered)
    test.check("the program is there", has_program(steered))
    device.ends(test, steered, running)
    test.check("and none is left", not has_program(steered))
    two_queues(test)
    by_port(test)
    changing = device.Scene(test, "xdp", STEERED)
    device.changes_of_the_link(test, changing, changing.up())
