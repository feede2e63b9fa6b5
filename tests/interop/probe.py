# SPDX-License-Identifier: Apache-2.0
"""What socket calls do here, a line a case: run plainly it is the kernel that answers, under
`strata run` it is our stack. The lines should be the same. Everything stays on loopback.

The files named `*_probe.py` hold the cases; given names, they run these alone."""
import errno
import os
import select
import signal
import socket
import sys
import threading
import time

HERE, HERE6 = "127.0.0.1", "::1"
BITS = (("IN", select.POLLIN), ("OUT", select.POLLOUT), ("ERR", select.POLLERR),
        ("HUP", select.POLLHUP), ("RDHUP", select.POLLRDHUP))
CASES = []


def case(function):
    CASES.append(function)
    return function


def tcp(family=socket.AF_INET):
    return socket.socket(family, socket.SOCK_STREAM)


def udp(family=socket.AF_INET):
    return socket.socket(family, socket.SOCK_DGRAM)


def listener(family=socket.AF_INET, backlog=16):
    made = tcp(family)
    made.bind((HERE6 if family == socket.AF_INET6 else HERE, 0))
    made.listen(backlog)
    return made


def pair(family=socket.AF_INET):
    heard = listener(family)
    near = tcp(family)
    near.connect(heard.getsockname()[:2])
    far, _ = heard.accept()
    heard.close()
    return near, far


def events(made, wait_ms=0, asked=select.POLLIN | select.POLLOUT | select.POLLRDHUP):
    poller = select.poll()
    poller.register(made, asked)
    told = poller.poll(wait_ms)
    return "+".join(name for name, bit in BITS if told and told[0][1] & bit) or "-"


def until(made, wanted, seconds=3):
    """The events once they contain what is wanted."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        told = events(made)
        if set(wanted.split("+")) <= set(told.split("+")):
            return told
        time.sleep(0.005)
    return "never: " + events(made)


def outcome(call, *words):
    """What a call answers, or the name of its errno."""
    try:
        answer = call(*words)
    except socket.timeout:
        return "timeout"
    except OSError as why:
        return errno.errorcode.get(why.errno, str(why.errno))
    return "ok" if answer is None or isinstance(answer, (socket.socket, tuple)) else answer


def error_of(made):
    return errno.errorcode.get(made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 0)


class TooLong(BaseException):
    pass


def too_long(*_):
    raise TooLong


def main():
    wanted = sys.argv[1:]
    signal.signal(signal.SIGVTALRM, too_long)
    for function in CASES:
        if wanted and function.__name__ not in wanted:
            continue
        timer = threading.Timer(8, lambda: os.kill(os.getpid(), signal.SIGVTALRM))
        timer.start()
        try:
            told = function()
        except TooLong:
            told = "takes too long"
        except Exception as why:
            told = f"{type(why).__name__}: {why}"
        timer.cancel()
        print(f"{function.__name__}: {told}", flush=True)
    os._exit(0)  # whatever still waits in a call
