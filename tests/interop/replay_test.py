#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A capture replayed into the kernel over a TAP device, through `strata switch pcap:FILE tap:x`:
tshark sees the same frames in the same order as when tcpreplay sends them, at full speed and at the
recorded one; and files that lie are replayed as far as they tell the truth."""
import os
import struct
import time

import bench
from bench import wait_until

FRAMES = 500


def frames(count=FRAMES):
    made = []
    for number in range(count):
        payload = struct.pack("!I", number) + os.urandom(10 + number % 1400)
        made.append(bytes.fromhex("02aa00000002" "02aa00000001" "88b5") + payload)
    return made


def write_pcap(path, packets, gap_us=0, order="<", kind=1, lie=None):
    """A classic file; `lie` changes the lengths of a record."""
    with open(path, "wb") as file:
        file.write(struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, kind))
        for number, packet in enumerate(packets):
            at = 1_700_000_000_000_000 + number * gap_us
            captured = lie(number, len(packet)) if lie else len(packet)
            file.write(struct.pack(order + "IIII", at // 1_000_000, at % 1_000_000, captured,
                                   len(packet)) + packet)
    return path


def block(order, kind, body):
    body += b"\0" * (-len(body) % 4)
    return (struct.pack(order + "II", kind, len(body) + 12) + body +
            struct.pack(order + "I", len(body) + 12))


def write_pcapng(path, packets):
    """Two sections of different byte orders, two interfaces in each: USB, which no stack can use,
    and Ethernet."""
    with open(path, "wb") as file:
        half = len(packets) // 2
        for order, part in (("<", packets[:half]), (">", packets[half:])):
            file.write(block(order, 0x0A0D0D0A,
                             struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)))
            for kind in (220, 1):
                file.write(block(order, 1, struct.pack(order + "HHI", kind, 0, 0)))
            for packet in part:
                for interface, data in ((0, b"usb"), (1, packet)):
                    file.write(block(order, 6, struct.pack(order + "IIIII", interface, 0, 0,
                                                           len(data), len(data)) +
                                     data + b"\0" * (-len(data) % 4)))
    return path


def count_of(path):
    """How many whole frames tcpdump has written so far."""
    data = path.read_bytes() if path.exists() else b""
    count, at = 0, 24
    while at + 16 <= len(data):
        at += 16 + struct.unpack("<I", data[at + 8:at + 12])[0]
        count += at <= len(data)
    return count


def seen_by_tshark(lab, where, interface, name, send, wanted=FRAMES):
    """The frames of our ethertype that arrive at the interface while `send` runs."""
    path = lab.folder / f"{name}.pcap"
    log = lab.folder / f"{name}.log"
    dump = where.start("tcpdump", "-n", "-U", "-B", "16384", "-i", interface, "-w", path,
                       "ether", "proto", "0x88b5", output=log)
    wait_until(lambda: "listening on" in log.read_text(), 20)
    stop = send()
    wait_until(lambda: count_of(path) >= wanted, 20, pause=0.1)
    if stop is not None:
        bench.end(stop)
    bench.end(dump)
    done = where.run("sh", "-c", f"tshark -r {path} -T fields -e data.data -e eth.src 2>/dev/null")
    return done.stdout.splitlines()


def replay(lab, where, path, extra="", tap="replay0"):
    """Plays the file through a switch; whoever asked ends it."""
    return where.start(lab.program, "switch", f"pcap:{path}{extra}", f"tap:{tap}", "--control",
                       lab.folder / f"control{time.monotonic_ns()}",
                       output=lab.folder / "switch.log")


def beside_tcpreplay(lab):
    where = lab.namespace()
    packets = frames()
    path = write_pcap(lab.folder / "plain.pcap", packets)
    where.must("ip", "tuntap", "add", "dev", "replay0", "mode", "tap")
    where.must("ip", "link", "set", "dev", "replay0", "up")
    ours = seen_by_tshark(lab, where, "replay0", "ours",
                          lambda: replay(lab, where, path))
    where.must("ip", "link", "add", "left", "type", "veth", "peer", "name", "right")
    for name in ("left", "right"):
        where.must("ip", "link", "set", "dev", name, "up")
    theirs = seen_by_tshark(lab, where, "right", "theirs", lambda: where.run(
        "tcpreplay", "-q", "--topspeed", "-i", "left", path) and None)
    lab.check("all frames arrived", len(ours) == FRAMES, len(ours))
    lab.check("the same bytes in the same order as from tcpreplay", ours == theirs,
              f"{len(ours)} and {len(theirs)}")
    big = write_pcap(lab.folder / "big.pcap", packets, order=">")
    swapped = seen_by_tshark(lab, where, "replay0", "swapped",
                             lambda: replay(lab, where, big, ",speed=max"))
    lab.check("and from a file of the other byte order", swapped == theirs, len(swapped))
    mixed = write_pcapng(lab.folder / "mixed.pcapng", packets)
    several = seen_by_tshark(lab, where, "replay0", "several",
                             lambda: replay(lab, where, mixed))
    lab.check("and from a pcapng file of two interfaces and byte orders", several == theirs,
              len(several))

    def lie(number, size):
        return 0x7FFFFFFF if number == 100 else size
    liar = write_pcap(lab.folder / "liar.pcap", packets, lie=lie)
    part = seen_by_tshark(lab, where, "replay0", "part",
                          lambda: replay(lab, where, liar), 100)
    lab.check("a file that lies is replayed up to the lie", part == theirs[:100], len(part))
    paced = write_pcap(lab.folder / "paced.pcap", packets[:11], gap_us=100_000)
    begun = time.monotonic()
    slow = seen_by_tshark(lab, where, "replay0", "slow", lambda: replay(
        lab, where, paced, ",speed=1"), 11)
    lab.check("at the recorded pace it takes its time", slow == theirs[:11] and
              time.monotonic() - begun >= 1.0, len(slow))
    usb = write_pcap(lab.folder / "usb.pcap", packets, kind=220)
    done = where.run(lab.program, "switch", f"pcap:{usb}", "tap:replay0")
    lab.check("a capture of no network is refused", done.returncode == 1 and
              "link type 220 cannot be replayed" in done.stdout, done.stdout)


with bench.Bench(needs=["tshark", "tcpdump", "tcpreplay", "ip"], seconds=150) as test:
    beside_tcpreplay(test)
