#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The program of conversation_test.py: makes the socket calls it is told, a line of JSON each time,
and answers what came of them. Plainly it is the kernel that answers, under `strata run` our stack.
Nothing in here waits."""
import errno
import json
import socket
import struct
import sys

listeners, streams = {}, {}


def listen(number, port):
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("0.0.0.0", port))
    made.listen(4)
    made.setblocking(False)
    listeners[number] = made


def accept(number, _):
    streams[number], _ = listeners[number].accept()
    streams[number].setblocking(False)


def connect(number, address):
    made = streams[number] = socket.socket()
    made.setblocking(False)
    made.connect(tuple(address))


def read(number, count):
    return streams[number].recv(count).decode("latin-1")


def write(number, text):
    return streams[number].send(text.encode("latin-1"))


def shut_down(number, how):
    streams[number].shutdown(how)


def close(number, _):
    streams.pop(number).close()


def abort(number, _):
    made = streams.pop(number)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    made.close()


def error(number, _):
    told = streams[number].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return errno.errorcode.get(told, told)


def name(number, _):
    """Our port, for a peer that has to answer."""
    return streams[number].getsockname()[1]


CALLS = {call.__name__: call for call in (listen, accept, connect, read, write, shut_down, close,
                                          abort, error, name)}


def outcome(number, call, argument):
    try:
        return CALLS[call](number, argument)
    except KeyError:
        return "no socket"
    except OSError as why:
        return errno.errorcode.get(why.errno, str(why.errno))


print("ready", flush=True)
for line in sys.stdin:
    print(json.dumps([outcome(*wanted) for wanted in json.loads(line)]), flush=True)
