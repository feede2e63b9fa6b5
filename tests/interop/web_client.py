# SPDX-License-Identifier: Apache-2.0
"""What the tests of the page speak: HTTP, JSON and websockets by hand, so that they can also be
held wrongly; and a stack that serves the page."""
import base64
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import socket
import struct

import bench
from bench import STACK4

TOKEN = "0123456789abcdef0123456789abcdef"


def connect(host, port=80, address=STACK4, seconds=10):
    with host.entered():
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    made.settimeout(seconds * bench.PATIENCE)
    made.connect((address, port))
    return made


def read_all(stream):
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := stream.recv(1 << 20):
            parts.append(part)
    return b"".join(parts)


def say(host, text, address=STACK4):
    """What comes back for these bytes until the stack has had enough of us."""
    stream = connect(host, address=address)
    stream.sendall(text)
    stream.shutdown(socket.SHUT_WR)
    with stream:
        return read_all(stream)


def ask(host, path, method="GET", body=None, address=STACK4, **fields):
    with host.entered():
        client = http.client.HTTPConnection(address, 80, timeout=10 * bench.PATIENCE)
        client.connect()
    client.request(method, path, body=body,
                   headers={name.replace("_", "-"): value for name, value in fields.items()})
    answer = client.getresponse()
    text = answer.read()
    client.close()
    return answer, text


def ask_json(host, path, **rest):
    answer, text = ask(host, path, **rest)
    return answer.status, json.loads(text)


class Live:
    """A websocket by hand, so that it can also be held wrongly."""

    def __init__(self, host, path="/api/live", fields=(), address=STACK4):
        self.stream = connect(host, address=address)
        key = base64.b64encode(os.urandom(16)).decode()
        name = f"[{address}]" if ":" in address else address
        head = [f"GET {path} HTTP/1.1", f"Host: {name}", "Upgrade: websocket",
                "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
                *fields]
        self.stream.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        self.kept = b""
        while b"\r\n\r\n" not in self.kept:
            part = self.stream.recv(1 << 16)
            if not part:
                break
            self.kept += part
        self.head, _, self.kept = self.kept.partition(b"\r\n\r\n")
        wanted = base64.b64encode(hashlib.sha1(
            key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        self.is_open = self.head.startswith(b"HTTP/1.1 101 ") and wanted in self.head

    def frame(self, opcode, payload, final=True, masked=True):
        first = opcode | (0x80 if final else 0)
        mask = os.urandom(4) if masked else b""
        size = len(payload)
        bits = 0x80 if masked else 0
        if size < 126:
            head = struct.pack("!BB", first, bits | size)
        elif size < 65536:
            head = struct.pack("!BBH", first, bits | 126, size)
        else:
            head = struct.pack("!BBQ", first, bits | 127, size)
        if masked:
            payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.stream.sendall(head + mask + payload)

    def say(self, **message):
        self.frame(1, json.dumps(message).encode())

    def _take(self, count):
        while len(self.kept) < count:
            part = self.stream.recv(1 << 16)
            if not part:
                raise EOFError
            self.kept += part
        taken, self.kept = self.kept[:count], self.kept[count:]
        return taken

    def receive(self):
        """Opcode and payload; None at the end."""
        try:
            first, size = self._take(2)
            if size & 127 == 126:
                size = struct.unpack("!H", self._take(2))[0]
            elif size & 127 == 127:
                size = struct.unpack("!Q", self._take(8))[0]
            return first & 15, self._take(size & (1 << 63) - 1)
        except (EOFError, ConnectionError):
            return None

    def find(self, wanted, tries=200):
        """The first message of this type, or for which `wanted(message)` is true."""
        for _ in range(tries):
            got = self.receive()
            if got is None:
                return None
            if got[0] != 1:
                continue
            message = json.loads(got[1])
            if message["type"] == wanted if isinstance(wanted, str) else wanted(message):
                return message
        return None

    def end(self):
        """The code of the close frame; None when there is none."""
        while got := self.receive():
            if got[0] == 8:
                return struct.unpack("!H", got[1][:2])[0]
        return None


def change(host, path, token=TOKEN, **what):
    fields = {"Authorization": f"Bearer {token}"} if token else {}
    answer, text = ask(host, path, "POST", json.dumps(what), **fields)
    return answer.status, json.loads(text)


def up(lab, host, *words, more=""):
    """A stack with echo, a token and a name of its own."""
    (lab.folder / "token").write_text(TOKEN + "\n")
    config = lab.folder / "up.toml"
    config.write_text(f'''serve = ["echo"]
dashboard_names = ["box.lan"]
dashboard_token = "{lab.folder}/token"
{more}
''')
    return lab.up(host, "--config", config, *words).wait()


def in_bounds(lab, stack):
    """What the stack took at most."""
    size = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(
        f"/proc/{stack.process.pid}/status").read_text())[1])
    lab.check("all that took less than 300 MB", size < 300_000, f"{size} kB")
