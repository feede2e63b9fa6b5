#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An echo over Strata from Python, by ctypes: two stacks, a link in memory, virtual time.
Usage: c_api.py PATH/TO/libstrata.so"""
import ctypes
import sys

TCP, IPV4 = 1, 4
READABLE, WRITABLE = 1, 2


class Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("seed", ctypes.c_uint64),
                ("is_virtual", ctypes.c_uint32), ("packets", ctypes.c_uint32)]


class Event(ctypes.Structure):
    _fields_ = [("what", ctypes.c_uint32), ("socket", ctypes.c_int32), ("data", ctypes.c_uint64)]


lib = ctypes.CDLL(sys.argv[1])
lib.strata_error_text.restype = ctypes.c_char_p
lib.strata_error_text.argtypes = [ctypes.c_int64]
lib.strata_now.restype = ctypes.c_uint64
for name in ("strata_read", "strata_write"):
    getattr(lib, name).restype = ctypes.c_int64
    getattr(lib, name).argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]


def check(result):
    if result < 0:
        raise OSError(-result, lib.strata_error_text(result).decode())
    return result


class Stack:
    def __init__(self, seed):
        options = Options(ctypes.sizeof(Options), seed, 1, 0)
        self.handle = ctypes.c_void_p()
        check(lib.strata_stack_create(ctypes.byref(options), ctypes.byref(self.handle)))

    def wait_for(self, socket, what):
        check(lib.strata_watch(self.handle, socket, what, ctypes.c_uint64(0)))
        events = (Event * 4)()
        for _ in range(100):
            for event in events[:check(lib.strata_wait(self.handle, events, 4, 1000))]:
                if event.socket == socket and event.what & what:
                    return
        raise TimeoutError

    def socket(self):
        return check(lib.strata_socket(self.handle, TCP, IPV4))

    def write(self, socket, data):
        return check(lib.strata_write(self.handle, socket, data, len(data)))

    def read(self, socket):
        buffer = ctypes.create_string_buffer(100)
        count = check(lib.strata_read(self.handle, socket, buffer, len(buffer)))
        return buffer.raw[:count]

    def close(self):
        lib.strata_stack_destroy(self.handle)


server, client = Stack(1), Stack(2)
check(lib.strata_join(server.handle, b"10.0.0.1/24", client.handle, b"10.0.0.2/24"))

listener = server.socket()
check(lib.strata_bind(server.handle, listener, b"10.0.0.1", ctypes.c_uint16(7)))
check(lib.strata_listen(server.handle, listener, 4))
asking = client.socket()
lib.strata_connect(client.handle, asking, b"10.0.0.1", ctypes.c_uint16(7))  # in progress
client.wait_for(asking, WRITABLE)
server.wait_for(listener, READABLE)
accepted = check(lib.strata_accept(server.handle, listener))

client.write(asking, b"hello, strata")
server.wait_for(accepted, READABLE)
server.write(accepted, server.read(accepted).upper())
client.wait_for(asking, READABLE)
answer = client.read(asking)
print(answer.decode())
client.close()
server.close()
sys.exit(answer != b"HELLO, STRATA")
