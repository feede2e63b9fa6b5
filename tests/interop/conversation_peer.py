# SPDX-License-Identifier: Apache-2.0
"""A TCP peer made of single segments, for conversation_test.py. It has no timers and does nothing
by itself but answer ARP: what it sends, a script says."""
import socket
import struct

from bench import checksum

OURS, THEIRS = "10.77.0.99", "10.77.0.2"
OUR_MAC = bytes.fromhex("020000009901")
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
WINDOW = 20_000
BITS32 = 0xFFFFFFFF


def content(number, offset, count):
    """Bytes of a conversation: each tells where it belongs."""
    return bytes((number * 31 + i * 7 + (i >> 8)) & 0xFF for i in range(offset, offset + count))


class Wire:
    """The cable to whoever is tried: frames out, and segments and errors in, by our port."""

    def __init__(self, wire):
        self.wire, self.mac = wire, None
        self.peers = {}

    def find(self, seconds):
        question = struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) + OUR_MAC + socket.inet_aton(
            OURS) + bytes(6) + socket.inet_aton(THEIRS)
        self.wire.send(b"\xff" * 6 + OUR_MAC + b"\x08\x06" + question)
        self.take(seconds)
        return self.mac

    def take(self, seconds):
        """What comes within `seconds`; ARP is answered, the rest is its peer's."""
        for frame in self.wire.all(seconds):
            self.hear(frame)

    def hear(self, frame):
        kind = frame[12:14]
        if kind == b"\x08\x06" and frame[28:32] == socket.inet_aton(THEIRS):
            self.mac = frame[6:12]
            if frame[20:22] == b"\0\1" and frame[38:42] == socket.inet_aton(OURS):
                self.wire.send(self.mac + OUR_MAC + frame[12:20] + b"\0\2" + OUR_MAC
                               + frame[38:42] + frame[22:32])
        if kind != b"\x08\0" or frame[30:34] != socket.inet_aton(OURS) or frame[23] != 6:
            return
        begin = 14 + (frame[14] & 15) * 4
        end = 14 + struct.unpack_from("!H", frame, 16)[0]
        peer = self.peers.get(struct.unpack_from("!H", frame, begin + 2)[0])
        if peer:
            peer.hear(frame[begin:end], frame[14:begin + 8])

    def send(self, protocol, payload):
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0,
                         socket.inet_aton(OURS), socket.inet_aton(THEIRS))
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        self.wire.send(self.mac + OUR_MAC + b"\x08\0" + ip + payload)


class Peer:
    """One end of a conversation. Positions count from behind the SYN, on both sides."""

    def __init__(self, wire, number, port, first, options):
        self.wire, self.number, self.port, self.first = wire, number, port, first
        self.options = options
        self.their_port = self.their_first = None
        self.sent_end = 0            # of our text, as far as any segment went
        self.has_fin = False         # sent where it is next
        self.is_over = False         # by our reset
        self.end = None              # where our text ends, once a FIN said so
        self.got = {}                # their text, byte by byte
        self.their_fin = None
        self.told = None             # what they were told that we have
        self.acked = None            # what they have of ours: the highest
        self.resets = 0
        self.quotes = b""            # the last packet of theirs, for an ICMP error about it
        self.stamp, self.their_stamp, self.is_stamped = 1000, 0, False
        wire.peers[port] = self

    # ── What comes ──────────────────────────────────────────────────────────────────────────────

    def hear(self, segment, start):
        source, _, sequence, acknowledgment = struct.unpack_from("!HHII", segment)
        header, flags = (segment[12] >> 4) * 4, segment[13]
        self.quotes = start
        if flags & SYN:
            self.their_port, self.their_first = source, sequence
            self.is_stamped = "stamps" in self.options and b"\x08\x0a" in segment[20:header]
        self.note_stamp(segment[20:header])
        if flags & RST:
            self.resets += 1
            return
        if flags & ACK:
            place = (acknowledgment - self.first - 1) & BITS32
            if place < 1 << 31:
                self.acked = max(self.acked or 0, place)
        if self.their_first is None:
            return
        place = (sequence - self.their_first - 1) & BITS32
        for i, byte in enumerate(segment[header:]):
            self.got.setdefault(place + i, byte)
        if flags & FIN:
            self.their_fin = place + len(segment) - header

    def note_stamp(self, options):
        at = options.find(b"\x08\x0a")
        if at >= 0 and len(options) >= at + 10:
            self.their_stamp = struct.unpack_from("!I", options, at + 2)[0]

    def got_end(self):
        """How far their text has come without a hole, their FIN included."""
        end = 0
        while end in self.got:
            end += 1
        return end + 1 if self.their_fin == end else end

    def text(self):
        end = 0
        while end in self.got:
            end += 1
        return bytes(self.got[i] for i in range(end))

    # ── What goes ───────────────────────────────────────────────────────────────────────────────

    def send(self, place, flags, text=b"", urgent=0, acknowledges=None):
        options = b""
        if flags & SYN:
            options = self.syn_options()
        elif self.is_stamped:
            options = b"\1\1\x08\x0a" + struct.pack("!II", self.stamp, self.their_stamp)
        self.stamp += 1
        theirs = self.got_end() if acknowledges is None else acknowledges
        acknowledgment = (self.their_first + 1 + theirs) & BITS32 if flags & ACK else 0
        if flags & ACK:
            self.told = max(self.told or 0, theirs)
        head = struct.pack("!HHIIBBHHH", self.port, self.their_port, (self.first + 1 + place)
                           & BITS32, acknowledgment, (20 + len(options)) // 4 << 4, flags, WINDOW,
                           0, urgent) + options + text
        pseudo = struct.pack("!4s4sBBH", socket.inet_aton(OURS), socket.inet_aton(THEIRS), 0, 6,
                             len(head))
        self.wire.send(6, head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:])

    def syn_options(self):
        made = b"\2\4" + struct.pack("!H", 1000)
        if "sack" in self.options:
            made += b"\4\2\1\1"
        if "stamps" in self.options:
            made += b"\1\1\x08\x0a" + struct.pack("!II", self.stamp, self.their_stamp)
        if "scale" in self.options:
            made += b"\1\3\3\0"
        return made

    def send_text(self, place, count, flags=PSH):
        """Never behind our own FIN: there Linux resets, and RFC 9293 3.10.7.4 ignores the text."""
        if self.end is not None:
            count = min(count, self.end - place)
        if count <= 0:
            return self.send_ack()
        self.sent_end = max(self.sent_end, place + count)
        if flags & FIN and self.end is None:
            self.end, self.has_fin = place + count, True
        elif self.end is not None:
            flags &= ~FIN
        urgent = count if flags & URG else 0
        return self.send(place, ACK | flags, content(self.number, place, count), urgent)

    def send_fin(self, place):
        """The same each time: a text ends once."""
        self.end = place if self.end is None else self.end
        self.has_fin = self.has_fin or self.end == self.sent_end
        self.send(self.end, ACK | FIN)

    def send_ack(self, **more):
        """In place, or a probe would be taken for one out of it."""
        self.has_fin = self.has_fin or (self.end is not None and self.end == self.sent_end)
        self.send(self.sent_end + self.has_fin, ACK, **more)

    def send_reset(self):
        self.is_over = True
        self.send(self.acked or 0, RST | ACK)

    def send_error(self, kind, code):
        """An ICMP error about the last packet of theirs."""
        message = struct.pack("!BBHI", kind, code, 0, 0) + self.quotes
        self.wire.send(1, message[:2] + struct.pack("!H", checksum(message)) + message[4:])

    def acknowledge(self):
        """All that has come, unless they know."""
        if self.their_first is not None and self.acked is not None and not self.resets:
            if self.told is not None and self.got_end() > self.told:
                self.send_ack()

    # ── What is compared ────────────────────────────────────────────────────────────────────────

    def seen(self):
        return {"acked": self.acked, "text": self.text().decode("latin-1"),
                "fin": self.their_fin is not None, "reset": self.resets != 0}
