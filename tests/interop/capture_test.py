#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a stack writes, tshark reads: captures in pcapng, classic pcap, and their replay."""
import re
import time

import bench
from bench import HOST4, HOST6, STACK4, STACK6, TAP

# Of what tshark thinks worth a remark, what means that a frame or a file is wrong.
WRONG = ("_ws.malformed or _ws.unreassembled or ip.checksum.status == Bad or "
         "icmp.checksum.status == Bad or icmpv6.checksum.status == Bad or "
         "udp.checksum.status == Bad or igmp.checksum.status == Bad or "
         "_ws.expert.severity == error")
CHECKS = ("-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")


def tshark(host, path, *words):
    done = host.run("tshark", "-n", "-r", path, *CHECKS, *words)
    return [line for line in done.stdout.splitlines()
            if line and not line.startswith(("Running as user", "tshark:"))] \
        if done.returncode == 0 else [f"tshark: {done.stdout}"]


def look(host, path, *names):
    """The named fields of all frames in one run: tshark takes longer to start than to read. Of each
    frame a dictionary of sets, as a field may occur more than once."""
    words = [word for name in names for word in ("-e", name)]
    rows = tshark(host, path, "-T", "fields", "-E", "occurrence=a", *words)
    return [{name: set(values.split(",")) - {""} for name, values in zip(names, row.split("\t"))}
            for row in rows]


KINDS = ("icmp.type", "icmp.code", "icmpv6.type", "icmpv6.code", "udp.port", "arp.opcode")


def talk(host, stack):
    """Every kind of frame a stack without TCP has a part in."""
    host.run("ping", "-n", "-c", 3, "-i", 0.01, STACK4)
    host.run("ping", "-n", "-c", 3, "-i", 0.01, "-s", 9000, STACK4)
    host.run("ping", "-n", "-c", 3, "-i", 0.01, "-s", 9000, STACK6)
    for ours, address in ((HOST4, STACK4), (HOST6, STACK6)):
        client = host.udp(ours)
        for port in (7, 13, 4444):
            client.sendto(b"x" * 100, (address, port))
    host.run("arping", "-c", 1, "-i", TAP, STACK4)
    host.run("ndisc6", "-m", "-w", 500, STACK6, TAP)
    stack.settle()


def judge(lab, host, name, path):
    frames = look(host, path, *KINDS)
    lab.check(f"{name}: tshark reads it", len(frames) > 30, frames[:1])
    bad = tshark(host, path, "-Y", WRONG)
    lab.check(f"{name}: tshark finds no fault in any frame", not bad, "\n".join(bad[:6]))
    for kind, least in (({"icmp.type": "8"}, 3), ({"icmp.type": "0"}, 3),
                        ({"icmpv6.type": "129"}, 3), ({"arp.opcode": "1 2"}, 2),
                        ({"icmpv6.type": "135 136"}, 2), ({"udp.port": "7"}, 4),
                        ({"icmp.type": "3", "icmp.code": "3"}, 1),
                        ({"icmpv6.type": "1", "icmpv6.code": "4"}, 1),
                        ({"icmpv6.type": "143"}, 1)):
        found = [frame for frame in frames
                 if all(frame[field] & set(values.split()) for field, values in kind.items())]
        lab.check(f"{name}: {kind} is there", len(found) >= least, len(found))


def writing(lab, host, kind):
    path = str(lab.folder / f"talk.{kind}")
    stack = lab.up(host, "--capture", path, "--serve", "echo,daytime").wait()
    talk(host, stack)
    lab.check(f"{kind}: strata up ends well on SIGTERM", stack.stop() == 0, stack.output)
    done = host.run("capinfos", path)
    lab.check(f"{kind}: capinfos reads it", done.returncode == 0 and
              re.search(r"File timestamp precision:\s+nanoseconds", done.stdout), done.stdout)
    judge(lab, host, kind, path)
    first = tshark(host, path, "-T", "fields", "-e", "frame.time_epoch", "-c", 1)[0]
    lab.check(f"{kind}: times are those of the wall clock",
              abs(float(first.split()[-1]) - time.time()) < 60, first)
    return path


def interfaces(lab, host, path):
    done = host.run("capinfos", "-I", path)
    frames = look(host, path, "frame.interface_name", "frame.p2p_dir",
                  "frame.packet_flags_direction")
    names = set().union(*(frame["frame.interface_name"] for frame in frames))
    lab.check("pcapng: the interface has its name", names == {TAP}, (names, done.stdout))
    directions = set().union(*(frame["frame.p2p_dir"] | frame["frame.packet_flags_direction"]
                               for frame in frames))
    lab.check("pcapng: frames tell their direction", {"0x00000001", "0x00000002"} <= directions or
              {"1", "2"} <= directions, directions)


def replaying(lab, host, path):
    """A stack that is fed the capture sees the same packets, and answers what is for it."""
    answers = str(lab.folder / "answers.pcapng")
    frames = look(host, path, "icmp.type", "ip.frag_offset", "eth.src")
    asked = sum("8" in frame["icmp.type"] and "0" in frame["ip.frag_offset"] for frame in frames)
    mac = next(iter(next(frame["eth.src"] for frame in frames if "0" in frame["icmp.type"])))
    stack = lab.up(host, "--device", f"pcap:{path},write={answers},mac={mac}",
                   "--address", f"{STACK4}/24")
    counters = {}

    def is_read():
        counters.update(stack.status()["counters"])
        return counters["ipv4_received"] > asked
    lab.check("replay: the stack reads the frames of the capture",
              bench.wait_until(is_read, 10, pause=0.2), counters)
    lab.check("replay: strata up ends well", stack.stop() == 0, stack.output)
    bad = tshark(host, answers, "-Y", WRONG)
    lab.check("replay: what was sent meanwhile is a sound capture", not bad, "\n".join(bad[:6]))


def capturing(lab, host):
    """strata capture: a console's view of what passes, and a file of it."""
    path = str(lab.folder / "seen.pcapng")
    stack = lab.up(host, "--serve", "echo").wait()
    log = lab.folder / "capture.log"
    process = host.start(lab.program, "capture", "--control", stack.control, "-w", path,
                         output=log)
    # It minds signals as soon as the stack has agreed to tell of frames.
    bench.wait_until(lambda: process.poll() is not None or bench.catches(process), 10)
    talk(host, stack)
    lab.check("strata capture ends well", bench.end(process) == 0, log.read_text())
    judge(lab, host, "strata capture", path)
    choosing(lab, host, stack, path)
    along(lab, host, stack)
    stack.stop()


def choosing(lab, host, stack, capture):
    """Filters in tcpdump's language take the same frames as tcpdump does."""
    for words in ("icmp", "icmp6 and greater 200", "udp port 7 or arp", "not ip6",
                  "ip[6:2] & 0x3fff != 0", f"src host {STACK4}"):
        ours = host.run(lab.program, "capture", "-r", capture, *words.split())
        theirs = host.run("tcpdump", "-n", "-r", capture, *words.split())
        count = sum(re.match(r"\d\d:\d\d:", line) is not None
                    for line in theirs.stdout.splitlines())
        lab.check(f"capture -r takes with '{words}' what tcpdump takes: {count} frames",
                  ours.returncode == 0 and len(ours.stdout.splitlines()) == count > 0,
                  (ours.stdout[-200:], theirs.stdout[-200:]))
    for words, what in (("tcp prt 80", "tcp prt"), ("host www.example.org", "www.example.org")):
        done = host.run(lab.program, "capture", "--control", stack.control, *words.split())
        lab.check(f"a filter that makes no sense is a usage error: {words}",
                  done.returncode == 2 and what in done.stdout, done.stdout)
    path, log = lab.folder / "chosen.pcapng", lab.folder / "chosen.log"
    process = host.start(lab.program, "capture", "--control", stack.control, "-w", path, "-s", 60,
                         "icmp", "and", "dst", "host", STACK4, output=log)
    bench.wait_until(lambda: process.poll() is not None or bench.catches(process), 10)
    talk(host, stack)
    lab.check("capture of a running stack with a filter ends well", bench.end(process) == 0,
              log.read_text())
    seen = look(host, path, "ip.proto", "ip.dst", "frame.cap_len", "frame.len")
    lab.check("only what was asked for is there, and no more of it than -s says", len(seen) > 3 and
              all(frame["ip.dst"] == {STACK4} and frame["ip.proto"] == {"1"} and
                  max(map(int, frame["frame.cap_len"])) <= 60 for frame in seen), seen[:3])


def rows(lab, host, capture):
    """Files by size and by time, each of which capinfos and tshark read alone."""
    folder = lab.folder / "row"
    folder.mkdir()
    done = host.run(lab.program, "capture", "-r", capture, "-w", folder / "time.pcapng", "-G", 1)
    frames = len(tshark(host, capture, "-T", "fields", "-e", "frame.number"))
    inside = 0
    for path in sorted(folder.glob("time_*.pcapng")):
        told = host.run("capinfos", "-Tmc", path)
        lab.check(f"{path.name}: capinfos reads it", told.returncode == 0, told.stdout)
        inside += len(tshark(host, path, "-T", "fields", "-e", "frame.number"))
    lab.check("a row by time holds every frame once", done.returncode == 0 and inside == frames,
              (inside, frames, done.stdout))
    big = folder / "big.pcapng"
    host.must("mergecap", "-a", "-w", big, *[capture] * 24)
    done = host.run(lab.program, "capture", "-r", big, "-w", folder / "size.pcapng", "-C", 1,
                    "-W", 2)
    left = sorted(folder.glob("size_*.pcapng"))
    lab.check("a row by size keeps the newest", done.returncode == 0 and len(left) == 2 and
              not (folder / "size_00001.pcapng").exists() and
              left[0].stat().st_size in range(1_000_000, 1_100_000),
              (big.stat().st_size, [(path.name, path.stat().st_size) for path in left]))
    for words in (("-W", 2), ("-C", 1), ("-G", 1)):
        done = host.run(lab.program, "capture", "-r", capture, *words)
        lab.check(f"{words[0]} without what it is about is a usage error", done.returncode == 2,
                  done.stdout)


def filtered(lab, host):
    """--capture-filter of a stack."""
    path = lab.folder / "filtered.pcapng"
    stack = lab.up(host, "--capture", path, "--capture-filter", "icmp or arp").wait()
    talk(host, stack)
    lab.check("--capture-filter: strata up ends well", stack.stop() == 0, stack.output)
    seen = look(host, path, "ip.proto", "arp.opcode")
    lab.check("--capture-filter leaves the rest out", len(seen) > 10 and
              all("1" in frame["ip.proto"] or frame["arp.opcode"] for frame in seen), seen[:5])
    for words in (("--capture", path, "--capture-filter", "icmp or"),
                  ("--capture-filter", "icmp")):
        done = host.run(lab.program, "up", *words)
        lab.check(f"--capture-filter: {words[-1]!r} is a usage error" if len(words) > 2 else
                  "--capture-filter without a file is one, too", done.returncode == 2, done.stdout)


def along(lab, host, stack):
    """Whoever reads a capture while it is written sees what has happened so far."""
    path = lab.folder / "along.pcapng"
    process = host.start("sh", "-c", 'exec "$0" capture --control "$1" -w - >"$2"', lab.program,
                         stack.control, path)
    bench.wait_until(lambda: path.exists() and path.stat().st_size > 0, 10)
    host.run("ping", "-n", "-c", 3, "-i", 0.01, STACK4)

    def has_seen():
        return host.run(lab.program, "capture", "-r", path).stdout.count("ICMP echo") >= 6
    lab.check("capture -w - hands over what it has while it runs",
              bench.wait_until(has_seen, 10, pause=0.2) and process.poll() is None)
    bench.end(process)


def files(lab, host, capture):
    """Files of other programs, and files written from files."""
    cut, copy = lab.folder / "cut.pcap", lab.folder / "copy.pcapng"
    host.must("editcap", "-F", "pcap", "-s", 60, capture, cut)
    lengths = ("-T", "fields", "-e", "frame.len", "-e", "frame.cap_len")
    before = tshark(host, cut, *lengths)
    done = host.run(lab.program, "capture", "-r", cut, "-w", copy)
    after = tshark(host, copy, *lengths)
    lab.check("capture -r -w keeps the true length of frames that were cut",
              done.returncode == 0 and before == after and
              any(line.endswith("\t60") for line in before), after[-3:])
    size = copy.stat().st_size
    done = host.run(lab.program, "capture", "-r", copy, "-w", copy)
    lab.check("a file that is read is not overwritten", done.returncode == 1 and
              copy.stat().st_size == size, done.stdout)
    done = host.run(lab.program, "capture", "-r", lab.folder / "none", "-w", copy)
    lab.check("nor one for whose source there is nothing", done.returncode == 1 and
              copy.stat().st_size == size, done.stdout)
    frames = len(before)
    for kind in ("rawip", "null", "linux-sll", "linux-sll2", "ieee-802-11"):
        host.must("editcap", "-F", "pcap", "-T", kind, capture, cut)
        done = host.run(lab.program, "capture", "-r", cut)
        lab.check(f"capture -r reads the link type {kind} to its end", done.returncode == 0 and
                  len(done.stdout.splitlines()) == frames, done.stdout[-200:])


with bench.Bench(needs=["ping", "arping", "ndisc6", "tshark", "capinfos", "editcap", "mergecap",
                         "tcpdump"], seconds=150) as test:
    namespace = test.namespace()
    capture = writing(test, namespace, "pcapng")
    interfaces(test, namespace, capture)
    replaying(test, namespace, capture)
    capturing(test, namespace)
    files(test, namespace, capture)
    rows(test, namespace, capture)
    filtered(test, namespace)
