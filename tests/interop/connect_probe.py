#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What calls about connecting and listening do, see probe.py."""
import errno
import os
import select
import signal
import socket
import struct
import threading
import time

from probe import HERE, case, error_of, events, listener, main, outcome, pair, tcp, udp, until

# ── Connecting ──────────────────────────────────────────────────────────────────────────────────

def closed_port():
    made = tcp()
    made.bind((HERE, 0))
    port = made.getsockname()[1]
    made.close()
    return port


@case
def connect_blocking_refused_then_again():
    port = closed_port()
    near = tcp()
    first = outcome(near.connect, (HERE, port))
    heard = tcp()
    heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    heard.bind((HERE, port))
    heard.listen()
    return first, outcome(near.connect, (HERE, port)), outcome(near.send, b"x")


@case
def connect_non_blocking():
    heard = listener()
    near = tcp()
    near.setblocking(False)
    first = near.connect_ex(heard.getsockname())
    told = until(near, "OUT")
    return errno.errorcode.get(first), told, error_of(near), outcome(near.getpeername)


@case
def connect_non_blocking_refused():
    near = tcp()
    near.setblocking(False)
    first = near.connect_ex((HERE, closed_port()))
    told = until(near, "ERR+OUT")  # a pair that is closed tells ERR a moment before OUT
    return errno.errorcode.get(first), told, error_of(near), error_of(near)


@case
def connect_non_blocking_refused_then_again():
    heard = listener()
    near = tcp()
    near.setblocking(False)
    near.connect_ex((HERE, closed_port()))
    until(near, "ERR")
    error_of(near)
    near.setblocking(True)
    while outcome(near.connect, heard.getsockname()) == "ECONNABORTED":
        pass  # once, from Linux, when poll() and SO_ERROR have told of the failure
    far, _ = heard.accept()
    near.send(b"again")
    return error_of(near), far.recv(10), events(near)


@case
def connect_tells_of_the_failure_before():
    heard = listener()
    near = tcp()
    near.setblocking(False)
    near.connect_ex((HERE, closed_port()))
    until(near, "ERR")
    near.setblocking(True)
    return outcome(near.connect, heard.getsockname()), outcome(near.connect, heard.getsockname())


@case
def connect_with_epoll_edge():
    heard = listener()
    near = tcp()
    near.setblocking(False)
    near.connect_ex(heard.getsockname())
    watcher = select.epoll()
    watcher.register(near, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
    told = watcher.poll(3)
    return [bits for _, bits in told], watcher.poll(0)


@case
def connect_twice():
    near, far = pair()
    return outcome(near.connect, far.getsockname())


@case
def connect_errors():
    near = tcp()
    return (outcome(near.getpeername), outcome(near.shutdown, socket.SHUT_WR), outcome(near.listen),
            outcome(near.connect, (HERE, 9)))


# ── Listening ───────────────────────────────────────────────────────────────────────────────────

@case
def accept_names():
    heard = listener()
    near = tcp()
    near.connect(heard.getsockname())
    far, told = heard.accept()
    return (told == near.getsockname(), far.getpeername() == near.getsockname(),
            far.getsockname() == heard.getsockname(), near.getpeername() == heard.getsockname())


@case
def accept_readiness():
    heard = listener()
    empty = events(heard)
    heard.setblocking(False)
    nobody = outcome(heard.accept)
    first, second = tcp(), tcp()
    first.connect(heard.getsockname())
    second.connect(heard.getsockname())
    one = until(heard, "IN")
    heard.accept()
    two = until(heard, "IN")
    heard.accept()
    return empty, nobody, one, two, events(heard), outcome(heard.accept)


@case
def accept_times_out():
    heard = listener()
    heard.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 100000))
    begun = time.monotonic()
    answer = outcome(heard.accept)
    return answer, 0.05 < time.monotonic() - begun < 2


@case
def accept_is_interrupted():
    heard = listener()

    def stop(*_):
        raise InterruptedError(errno.EINTR, "by hand")
    former = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    answer = outcome(heard.accept)
    signal.signal(signal.SIGALRM, former)
    near = tcp()
    near.connect(heard.getsockname())
    return answer, outcome(heard.accept)


@case
def accept_in_many_threads():
    heard = listener(backlog=64)
    got = []

    def wait():
        far, _ = heard.accept()
        got.append(far.recv(10))
    threads = [threading.Thread(daemon=True, target=wait) for _ in range(16)]
    for one in threads:
        one.start()
    near = [tcp() for _ in threads]
    for number, one in enumerate(near):
        one.connect(heard.getsockname())
        one.send(b"%d" % number)
    for one in threads:
        one.join(5)
    return sorted(map(int, got))


@case
def messages_without_a_peer():
    told = []
    for alone in (tcp(), listener()):
        told.append((outcome(alone.recvmsg, 1), outcome(alone.sendmsg, [b"x"]),
                     outcome(alone.send, b"x", socket.MSG_MORE)))
    refused = tcp()
    told.append((outcome(refused.connect, (HERE, closed_port())), outcome(refused.recvmsg, 1)))
    return told


@case
def bytes_without_a_peer():
    told = []
    refused = tcp()
    for alone in (tcp(), listener(), refused):
        if alone is refused:
            outcome(refused.connect, (HERE, closed_port()))
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 50000))
        told.append((outcome(alone.recv, 1), outcome(os.read, alone.fileno(), 1),
                     outcome(alone.send, b"x"), outcome(os.write, alone.fileno(), b"x")))
    return told


@case
def accept_without_listening():
    return outcome(tcp().accept), outcome(udp().accept), outcome(udp().listen)


@case
def listener_closes_with_connections_waiting():
    heard = listener()
    near = tcp()
    near.connect(heard.getsockname())
    until(heard, "IN")
    heard.close()
    return outcome(near.recv, 10)


@case
def listener_shut_down():
    heard = listener()
    heard.shutdown(socket.SHUT_RD)
    return outcome(heard.accept)


@case
def reuseport_shares():
    first = tcp()
    first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    first.bind((HERE, 0))
    first.listen(64)
    second = tcp()
    second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound = outcome(second.bind, first.getsockname())
    second.listen(64)
    near = [tcp() for _ in range(40)]
    for one in near:
        one.connect(first.getsockname())
    time.sleep(0.1)
    counts = []
    for heard in (first, second):
        heard.setblocking(False)
        count = 0
        while outcome(heard.accept) == "ok":
            count += 1
        counts.append(count)
    return bound, sum(counts), min(counts) > 0


main()
