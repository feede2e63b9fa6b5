#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What epoll sets tell of streams, see probe.py. Nothing here but epoll waits: poll() would change
what is tested (docs/design/012-preload-lease.md)."""
import os
import select
import socket
import threading
import time

from probe import case, main, pair

IN, OUT, EDGES, ONCE = select.EPOLLIN, select.EPOLLOUT, select.EPOLLET, select.EPOLLONESHOT
ROUNDS = 300


def busy_pair():
    """As connections are that have carried something: with a lease, where there are any."""
    near, far = pair()
    for _ in range(6):
        near.send(b"x")
        far.recv(1)
        far.send(b"y")
        near.recv(1)
    return near, far


def told(watcher, made, seconds=3):
    """The events of one descriptor, or 0."""
    for number, mask in watcher.poll(seconds):
        if number == made.fileno():
            return mask
    return 0


def echo(far, rounds=ROUNDS):
    """Answers each byte, at once or a little later, so that some are asleep by then."""
    def run():
        for i in range(rounds):
            byte = far.recv(1)
            for _ in range(i % 200):
                pass
            far.send(byte)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@case
def ping_pong_level():
    near, far = busy_pair()
    watcher = select.epoll()
    watcher.register(near, IN)
    echo(far)
    rounds = 0
    for _ in range(ROUNDS):
        near.send(b"x")
        rounds += told(watcher, near) == IN and near.recv(10) == b"x"
    return rounds


@case
def ping_pong_edges():
    near, far = busy_pair()
    near.setblocking(False)
    watcher = select.epoll()
    watcher.register(near, IN | EDGES)
    echo(far)
    rounds = 0
    for _ in range(ROUNDS):
        near.send(b"x")
        rounds += told(watcher, near) == IN and near.recv(10) == b"x"
    return rounds


@case
def ping_pong_as_redis_has_it():
    near, far = busy_pair()
    watcher = select.epoll()
    echo(far)
    rounds = 0
    for _ in range(ROUNDS):
        watcher.register(near, OUT)
        is_writable = told(watcher, near) == OUT
        near.send(b"x")
        watcher.modify(near, IN)
        rounds += is_writable and told(watcher, near) == IN and near.recv(10) == b"x"
        watcher.unregister(near)
    return rounds, told(watcher, near, 0)


@case
def both_sides_in_one_set():
    near, far = busy_pair()
    watcher = select.epoll()
    for made in (near, far):
        made.setblocking(False)
        watcher.register(made, IN)
    near.send(b"x")
    moved = 0
    by_number = {near.fileno(): (near, far), far.fileno(): (far, near)}
    while moved < ROUNDS:
        ready = watcher.poll(3)
        if not ready:
            break
        for number, _ in ready:
            made, _other = by_number[number]
            made.send(made.recv(10))
            moved += 1
    return moved


@case
def wanted_by_another_thread():
    near, far = busy_pair()
    watcher = select.epoll()
    watcher.register(near, OUT)
    told(watcher, near)
    watcher.modify(near, 0)
    far.send(b"there")
    time.sleep(0.05)
    timer = threading.Timer(0.1, watcher.modify, (near, IN))
    timer.start()
    first = told(watcher, near)
    timer.join()
    timer = threading.Timer(0.1, watcher.modify, (near, OUT))
    watcher.modify(near, 0)
    timer.start()
    second = told(watcher, near)
    return first, second, near.recv(10)


@case
def pipes_beside_busy_streams():
    near, far = busy_pair()
    reading, writing = os.pipe()
    watcher = select.epoll()
    watcher.register(near, IN)
    watcher.register(reading, IN)
    far.send(b"unread")
    told(watcher, near)
    os.write(writing, b"x")
    numbers = {number for _ in range(20) for number, _ in watcher.poll(3)}
    return near.fileno() in numbers, reading in numbers


@case
def ends_and_what_is_before_them():
    near, far = busy_pair()
    watcher = select.epoll()
    watcher.register(near, IN)
    far.send(b"last")
    first = told(watcher, near), near.recv(10)
    far.close()
    return first, told(watcher, near), near.recv(10), told(watcher, near)


@case
def sets_in_sets_and_in_poll():
    near, far = busy_pair()
    inner, outer, other = select.epoll(), select.epoll(), select.poll()
    inner.register(near, IN)
    for byte in (b"a", b"b"):
        far.send(byte)
        inner.poll(3)
        near.recv(1)
    outer.register(inner, IN)
    other.register(inner, select.POLLIN)
    quiet = outer.poll(0), other.poll(0)
    far.send(b"c")
    return quiet, len(outer.poll(3)), len(other.poll(3000)), told(inner, near), near.recv(10)


@case
def polled_beside_a_set():
    near, far = busy_pair()
    watcher, poller = select.epoll(), select.poll()
    watcher.register(near, IN)
    watcher.poll(0)
    far.send(b"x")
    in_set = told(watcher, near)
    poller.register(near, select.POLLIN)
    by_poll = len(poller.poll(3000))
    by_select = len(select.select([near], [], [], 3)[0])
    near.recv(10)
    nothing = poller.poll(0), told(watcher, near, 0)
    threading.Timer(0.1, far.send, (b"y",)).start()
    return in_set, by_poll, by_select, nothing, len(poller.poll(3000)), told(watcher, near)


@case
def read_waits_beside_a_set():
    near, far = busy_pair()
    watcher = select.epoll()
    watcher.register(near, IN)
    watcher.poll(0)
    threading.Timer(0.1, far.send, (b"abc",)).start()
    first = near.recv(1)
    return first, told(watcher, near), near.recv(10), told(watcher, near, 0)


@case
def copied_sets():
    near, far = busy_pair()
    watcher = select.epoll()
    watcher.register(near, IN)
    watcher.poll(0)
    far.send(b"x")
    told(watcher, near)
    copy = select.epoll.fromfd(os.dup(watcher.fileno()))
    both = told(watcher, near), told(copy, near)
    near.recv(10)
    threading.Timer(0.1, far.send, (b"y",)).start()
    return both, told(copy, near), told(watcher, near)


@case
def two_sets():
    near, far = busy_pair()
    first, second = select.epoll(), select.epoll()
    first.register(near, IN)
    first.poll(0)
    far.send(b"x")
    told(first, near)
    second.register(near, IN)
    return told(first, near), told(second, near), near.recv(10), told(second, near, 0)


@case
def once_only():
    near, far = busy_pair()
    watcher = select.epoll()
    watcher.register(near, IN | ONCE)
    far.send(b"x")
    first = told(watcher, near), told(watcher, near, 0)
    watcher.modify(near, IN | ONCE)
    return first, told(watcher, near), near.recv(10)


@case
def threads_at_one_set():
    near, far = busy_pair()
    near.setblocking(False)
    watcher = select.epoll()
    watcher.register(near, IN)
    echo(far)
    done = []
    is_over = threading.Event()

    def look():
        while not is_over.is_set():
            if not watcher.poll(0.2):
                continue
            try:
                done.append(near.recv(10))
            except BlockingIOError:
                continue
            if len(done) < ROUNDS:
                near.send(b"x")
            else:
                is_over.set()
    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    near.send(b"x")
    is_over.wait(15)
    is_over.set()
    for thread in threads:
        thread.join()
    return len(done)


@case
def child_of_a_fork():
    near, far = busy_pair()
    watcher = select.epoll()
    watcher.register(near, IN)
    watcher.modify(near, IN | OUT)
    child = os.fork()
    if child == 0:
        os._exit(told(watcher, near))
    _, status = os.waitpid(child, 0)
    far.send(b"x")
    watcher.modify(near, IN)
    return os.waitstatus_to_exitcode(status), told(watcher, near), near.recv(10)


@case
def closed_members():
    near, far = busy_pair()
    watcher = select.epoll()
    watcher.register(near, IN)
    watcher.modify(near, OUT)
    number = near.fileno()
    far.send(b"x")
    again, _far = busy_pair()
    os.dup2(again.fileno(), number)
    return watcher.poll(0)


main()
