#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""packet: a stack beside the kernel on the kernel's own interface. Pings, transfers both ways, an
MTU that changes, links that go down, come up and vanish."""
import bench
import interface_device as device

with bench.Bench(needs=["ping", "curl", "ss", "sha256sum"], seconds=170) as test:
    scene = device.Scene(test, "packet")
    running = device.both_ways(test, scene)
    device.ends(test, scene, running)
    without = device.Scene(test, "packet", ",offload=no,mac=02:00:00:00:00:79")
    running = without.up()
    test.check("another address than the interface's, without offloads",
               without.fetch() == without.digest and
               "02:00:00:00:00:79" in without.far.run("ip", "neighbour").stdout, running.output)
    device.changes_of_the_link(test, without, running)
