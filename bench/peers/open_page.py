#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What an open dashboard asks of a stack, without a browser: one websocket that watches the status,
the busiest connections and the packets, and reads what it is told until it is ended.

    bench/peers/open_page.py ADDRESS PORT [PATH OF THE DASHBOARD]
"""
import base64
import json
import os
import socket
import sys


def message(text):
    payload, mask = text.encode(), os.urandom(4)
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload)]) + mask + masked


def main():
    address, port, path = sys.argv[1], int(sys.argv[2]), (sys.argv[3:] or ["/"])[0]
    page = socket.create_connection((address, port), timeout=10)
    page.sendall("\r\n".join([
        f"GET {path}api/live HTTP/1.1", f"Host: {address}:{port}", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", "", ""]).encode())
    head = page.recv(65536)
    if not head.startswith(b"HTTP/1.1 101 "):
        sys.exit(f"open_page: {head[:200]!r}")
    for watch in ({"watch": "status"}, {"watch": "packets"},
                  {"watch": "connections", "sort": "-rate", "limit": 100}):
        page.sendall(message(json.dumps(watch)))
    page.settimeout(None)
    while page.recv(1 << 20):
        pass


if __name__ == "__main__":
    main()
