#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`strata device`: a stack's device is exchanged under running transfers, with the kernel as the
other end: between TAP devices of one bridge (with and without offloads, of another MTU), with the
kernel's address moving along, and by way of a device that swallows everything. Not a byte may be
lost or changed. What cannot be done is refused and leaves everything as it was."""
import hashlib
import json
import os
import random
import socket
import threading
import time

import bench
from bench import STACK4, STACK6, wait_until

BYTES = 100 << 20


class Transfer:
    """`count` bytes to the echo service and back, both directions at once, and as many more as it
    takes until finish() is called: on a fast machine exchanges take longer than the bytes."""

    def __init__(self, where, address, count=BYTES, seed=1):
        self.count, self.sent, self.received = count, 0, 0
        self.may_end = threading.Event()
        self.sent_hash, self.received_hash = hashlib.sha256(), hashlib.sha256()
        self.failure = None
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = where.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(60)
        self.socket.connect((address, 7))
        self.block = random.Random(seed).randbytes(1 << 20)
        self.threads = [threading.Thread(target=self.guard, args=(part,), daemon=True)
                        for part in (self.send, self.receive)]
        for thread in self.threads:
            thread.start()

    def guard(self, part):
        try:
            part()
        except OSError as error:
            self.failure = f"{part.__name__}: {error}"

    def send(self):
        while self.sent < self.count or not self.may_end.is_set():
            # No block is like the one before it.
            piece = self.sent.to_bytes(8, "big") + self.block[8:]
            self.sent_hash.update(piece)
            self.socket.sendall(piece)
            self.sent += len(piece)
        self.socket.shutdown(socket.SHUT_WR)

    def receive(self):
        while data := self.socket.recv(1 << 18):
            self.received += len(data)
            self.received_hash.update(data)

    @property
    def is_running(self):
        return any(thread.is_alive() for thread in self.threads)

    def goes_on(self, share, seconds=60):
        """Whether another share of the bytes comes back."""
        enough = self.received + share * self.count
        return wait_until(lambda: self.received >= enough, seconds, pause=0.005)

    def is_whole(self, seconds=90):
        self.may_end.set()
        for thread in self.threads:
            thread.join(seconds)
        self.socket.close()
        return (not self.is_running and not self.failure and
                self.count <= self.received == self.sent and
                self.sent_hash.digest() == self.received_hash.digest())

    def __str__(self):
        return f"{self.received} of {self.sent} bytes came back; {self.failure or 'no error'}"


def device(lab, stack, *words):
    return lab.outside.run(lab.program, "device", *words, "--control", stack.control)


def replace(lab, stack, name, spec):
    done = device(lab, stack, "replace", name, spec)
    return lab.check(f"{name} becomes {spec}", done.returncode == 0, done.stdout)


def listed(lab, stack):
    done = device(lab, stack, "list", "--json")
    return json.loads(done.stdout)["devices"] if done.returncode == 0 else []


def swap_during(lab, stack, transfer, specs):
    """One exchange after another while the transfer runs."""
    for spec in specs:
        lab.check("the transfer goes on", transfer.goes_on(1 / (len(specs) + 1)), transfer)
        replace(lab, stack, "strata0", spec)
    lab.check("and after the last", transfer.goes_on(1 / (len(specs) + 1)), transfer)


def on_a_bridge(lab):
    """The kernel's address stays on the bridge; we move from port to port of it."""
    where = lab.namespace()
    where.must("ip", "link", "add", "br0", "type", "bridge")
    for number in range(3):
        tap = f"strata{number}"
        where.must("ip", "tuntap", "add", "dev", tap, "mode", "tap")
        where.must("ip", "link", "set", "dev", tap, "master", "br0", "up")
    where.must("ip", "address", "add", "10.77.0.1/24", "dev", "br0")
    where.must("ip", "address", "add", "fd77::1/64", "dev", "br0", "nodad")
    where.must("ip", "link", "set", "dev", "br0", "up")
    stack = lab.up(where, "--device", "tap:strata0", "--address", f"{STACK4}/24",
                   "--address", f"{STACK6}/64", "--serve", "echo").wait()
    for address in (STACK4, STACK6):
        transfer = Transfer(where, address)
        swap_during(lab, stack, transfer,
                    ["tap:strata1", "tap:strata2,offload=no", "tap:strata0",
                     "tap:strata1,mtu=1400", "tap:strata2", "tap:strata0,mtu=1500"])
        lab.check(f"100 MiB to {address} and back, unharmed by six exchanges",
                  transfer.is_whole(), transfer)
    refusals(lab, stack)
    into_the_void(lab, where, stack)


def refusals(lab, stack):
    before = listed(lab, stack)
    for spec, status, text in (("tun:other", 1, "carries Ethernet frames, and this device IP"),
                               ("tap:br0", 1, "is no tap"),
                               ("pcap:/nonexistent.pcap", 1, "this stack is confined"),
                               ("tap:strata0", 1, "is the device of interface strata0 already"),
                               ("null:small,mtu=1000", 1, "IPv6 needs 1280"),
                               ("tap:x,colour=red", 2, "colour")):
        done = device(lab, stack, "replace", "strata0", spec)
        lab.check(f"{spec} is refused", done.returncode == status and text in done.stdout,
                  done.stdout)
    for name, text in (("nobody", "no such interface"), ("lo", "no device of its own")):
        done = device(lab, stack, "replace", name, "null:sink")
        lab.check(f"{name} has no device to replace", done.returncode == 1 and text in done.stdout,
                  done.stdout)
    lab.check("and nothing has changed",
              [one["device"] for one in listed(lab, stack)] == [one["device"] for one in before])
    lab.check("the stack answers as before", stack.is_answering())


def into_the_void(lab, where, stack):
    transfer = Transfer(where, STACK4, 20 << 20)
    transfer.goes_on(0.3)
    replace(lab, stack, "strata0", "null:sink")
    time.sleep(0.5)
    before = transfer.received
    time.sleep(0.3)
    lab.check("nothing comes out of a device that swallows all", transfer.received == before)
    replace(lab, stack, "strata0", "tap:strata1")
    lab.check("the transfer goes on where it was", transfer.is_whole(), transfer)


def the_address_moves(lab):
    """No bridge: the kernel's address goes from one TAP device to the next after us."""
    where = lab.namespace()
    stack = lab.up(where, "--device", "tap:strata0,host=10.77.0.1/24", "--address", f"{STACK4}/24",
                   "--serve", "echo").wait(STACK4)
    transfer = Transfer(where, STACK4)
    for number in (1, 2, 3):
        lab.check("the transfer goes on", transfer.goes_on(1 / 4), transfer)
        # With its second address there the new device is the kernel's way as soon as the old one,
        # which is not persistent, has gone.
        replace(lab, stack, "strata0", f"tap:strata{number},host=10.77.0.1/24")
    lab.check("100 MiB go along from device to device", transfer.is_whole(), transfer)


def more_and_less(lab):
    where = lab.namespace()
    stack = lab.up(where, "--device", "tap:strata0,host=10.77.0.1/24", "--address", f"{STACK4}/24",
                   "--serve", "echo").wait(STACK4)
    done = device(lab, stack, "add", "tap:second,host=10.78.0.1/24", "--address", "10.78.0.2/24")
    lab.check("a device is added", done.returncode == 0 and "second is up" in done.stdout,
              done.stdout)
    lab.check("and answers", wait_until(lambda: stack.is_answering("10.78.0.2"), 20))
    again = device(lab, stack, "add", "null:second")
    lab.check("a second interface of its name is refused", again.returncode == 1 and
              "exists" in again.stdout, again.stdout)
    lab.check("two are listed", [one["interface"] for one in listed(lab, stack)] ==
              ["strata0", "second"], listed(lab, stack))
    table = device(lab, stack, "list").stdout
    lab.check("the list is a line for each", table.count("\n") == 2 and "checksums+tcp" in table,
              table)
    done = device(lab, stack, "remove", "second")
    gone = where.run("ip", "link", "show", "dev", "second")
    lab.check("it is taken away again", done.returncode == 0 and gone.returncode != 0,
              done.stdout + gone.stdout)
    lab.check("the other one still answers", stack.is_answering())
    done = device(lab, stack, "remove", "second")
    lab.check("it cannot be taken away twice", done.returncode == 1 and
              "there is: strata0" in done.stdout, done.stdout)
    lab.check("the stack ends in order", stack.stop() == 0)


with bench.Bench(needs=["ping", "ip"], seconds=200) as test:
    test.outside = test.namespace()
    on_a_bridge(test)
    the_address_moves(test)
    more_and_less(test)
