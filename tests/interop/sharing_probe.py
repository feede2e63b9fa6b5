#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What becomes of a socket that several processes and descriptors have, see probe.py."""
import ctypes
import os
import platform
import select
import signal
import socket
import struct
import time

from probe import HERE, case, listener, main, outcome, pair, tcp, until

@case
def fork_and_dup():
    near, far = pair()
    copy = os.dup(near.fileno())
    child = os.fork()
    if child == 0:
        near.send(b"child ")
        os._exit(0)
    os.waitpid(child, 0)
    near.close()
    still = until(far, "IN")
    os.write(copy, b"copy")
    got = far.recv(10, socket.MSG_WAITALL)
    os.close(copy)
    return still, got, until(far, "RDHUP")


@case
def copied_by_number():
    """By syscall(), where the number is known."""
    near, far = pair()
    for _ in range(3):  # a lease begins, where there are any
        near.send(b"x")
        far.recv(1)
    at = os.open("/dev/null", os.O_RDONLY)
    if platform.machine() == "x86_64":
        ctypes.CDLL(None).syscall(33, near.fileno(), at)
    else:
        os.dup2(near.fileno(), at)
    near.send(b"one ")
    os.write(at, b"other")
    return far.recv(9, socket.MSG_WAITALL)


@case
def passed_by_message():
    near, far = pair()
    here, there = socket.socketpair()
    child = os.fork()
    if child == 0:
        near.close()
        _, notes, _, _ = there.recvmsg(1, socket.CMSG_SPACE(4))
        descriptor = struct.unpack("i", notes[0][2][:4])[0]
        given = socket.socket(fileno=descriptor)
        given.send(b"%d" % (given.getpeername() == far.getsockname()))
        os._exit(0)
    socket.send_fds(here, [b"x"], [near.fileno()])
    near.close()
    os.waitpid(child, 0)
    return far.recv(10), until(far, "RDHUP")


@case
def inherited_by_exec():
    near, far = pair()
    os.set_inheritable(near.fileno(), True)
    child = os.fork()
    if child == 0:
        os.dup2(near.fileno(), 1)
        os.execvp("echo", ["echo", "-n", "executed"])
    os.waitpid(child, 0)
    return far.recv(8, socket.MSG_WAITALL)


@case
def dies_with_a_connection():
    heard = listener()
    child = os.fork()
    if child == 0:
        near = tcp()
        near.connect(heard.getsockname())
        signal.pause()
    far, _ = heard.accept()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return until(far, "RDHUP"), far.recv(1)


@case
def port_is_free_after_close():
    first = tcp()
    first.bind((HERE, 0))
    name = first.getsockname()
    second = tcp()
    taken = outcome(second.bind, name)
    first.close()
    return taken, outcome(second.bind, name), outcome(second.bind, name)


@case
def epoll_mixed():
    near, far = pair()
    reader, writer = os.pipe()
    watcher = select.epoll()
    watcher.register(far, select.EPOLLIN | select.EPOLLET)
    watcher.register(reader, select.EPOLLIN)
    outer = select.epoll()
    outer.register(watcher, select.EPOLLIN)
    nothing = outer.poll(0)
    near.send(b"x")
    os.write(writer, b"y")
    time.sleep(0.1)
    first = sorted(bits for _, bits in watcher.poll(1, 10))
    far_again = [fd == reader for fd, _ in watcher.poll(0, 10)]
    near.send(b"z")
    time.sleep(0.1)
    return nothing, first, far_again, len(watcher.poll(1, 10)), len(outer.poll(0))


main()
