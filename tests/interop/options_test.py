#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every documented socket option on our stack beside the kernel: kept as the kernel keeps it, or
refused. Writes docs/socket-options.md when called with --write; otherwise that page must agree."""
import pathlib
import sys

import bench

HERE = pathlib.Path(__file__).resolve()
PROBE = HERE.with_name("option_probe.py")
PAGE = HERE.parents[2] / "docs/socket-options.md"
# Values that need not be the kernel's.
OWN_CHOICE = {
    "tcp IPPROTO_TCP TCP_INFO": "232 bytes, of Linux 6.1's 232 to 6.18's 256",
}
OPENING = """# Socket options

What `strata run` and the POSIX layer do with each option that Linux documents, on a fresh socket.
Made by `tests/interop/options_test.py --write` from what the code answered, and checked by the same
script: *works* means that it was set and is told back as the kernel tells it; *read* that it can be
asked as on the kernel, which does not let it be set either. Everything else is refused with the
errno given: nothing is accepted and ignored. IPv6's options were asked on IPv6 sockets.

`EPERM` is what the kernel tells programs without a privilege, also where they have one. `SO_MARK`
and `SO_PRIORITY` are kept and told: rules and queues that would look at them are an
administrator's, and this stack has none. `SO_BROADCAST` and `SO_NO_CHECK` have no effect on TCP, as
on Linux, nor have `SO_KEEPALIVE`, `SO_LINGER`, `SO_OOBINLINE` and `SO_RCVLOWAT` on UDP.

Beside these, multicast membership works on UDP sockets, of all sources and of some:
`IP_ADD_MEMBERSHIP`, `IP_ADD_SOURCE_MEMBERSHIP`, `IPV6_JOIN_GROUP`, `MCAST_JOIN_SOURCE_GROUP` and
their like. Whether an option acts is proved elsewhere: `tests/socket/posix`, `tests/conformance`.

| option | level | TCP | UDP |
|---|---|---|---|
"""


def answers(lab, host, *before):
    text = host.run(*before, "/usr/bin/python3", PROBE).stdout
    return dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)


def verdict(name, kernel, ours):
    first, done, again = ours.split(", ")
    if name in OWN_CHOICE:
        return f"{'works' if done == 'ok' else 'read'}; {OWN_CHOICE[name]}"
    if done == "ok":
        return "works" if again == kernel.split(", ")[2] else f"**kept as {again}**"
    if first == done:
        return first
    return "read" if done == kernel.split(", ")[1] else f"read; set: {done}"


def page_of(kernel, ours):
    rows = {}
    for name, answer in ours.items():
        kind, level, option = name.split()
        rows.setdefault((option, level), {})[kind] = verdict(name, kernel[name], answer)
    return OPENING + "".join(
        f"| `{option}` | `{level}` | {kinds.get('tcp', '–')} | {kinds.get('udp', '–')} |\n"
        for (option, level), kinds in rows.items())


def main():
    with bench.Bench() as lab:
        host = lab.namespace()
        kernel = answers(lab, host)
        ours = answers(lab, host, *lab.run_words())
        lab.check("as many options on both", len(ours) == len(kernel) > 150,
                  (len(ours), len(kernel)))
        for name, answer in ours.items():
            first, done, again = answer.split(", ")
            known = kernel.get(name, "-, -, -").split(", ")
            kept = done != "ok" or again == known[2] or name in OWN_CHOICE
            lab.check(f"{name}: what is accepted is kept", kept, f"{answer}; kernel {known}")
            # EPERM: as the kernel refuses those who have no privilege.
            lab.check(f"{name}: what is refused is refused whole",
                      done in ("ok", known[1], "ENOPROTOOPT", "ENOTSUP", "EPERM"), answer)
        page = page_of(kernel, ours)
        if "--write" in sys.argv:
            PAGE.write_text(page)
        lab.check("docs/socket-options.md agrees (options_test.py --write)",
                  PAGE.exists() and PAGE.read_text() == page)


main()
