#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that harm themselves under `strata run`: no descriptors, a thousand threads that wait in
calls, death in any call. Whoever lives goes on."""
import os

import bench

PYTHON = "/usr/bin/python3"
FULL = bool(os.environ.get("STRATA_FULL"))
EXHAUSTED = """
import errno, os, signal, socket, time
held = socket.create_server(('127.0.0.1', 0))
near = socket.create_connection(held.getsockname())
far, _ = held.accept()
def hoard():
  made = []
  try:
    while len(made) < 5000: made.append(socket.socket())
  except OSError as problem: return made, problem.errno
def child(tell):
  made, why = hoard()
  os.write(tell, b'%d %d;' % (why == errno.EMFILE, len(made)))
  signal.pause()
ends = os.pipe()
children = []
for _ in range(3):
  children.append(os.fork())
  if children[-1] == 0: child(ends[1])
told = b''
while told.count(b';') < 3: told += os.read(ends[0], 99)
why = all(part.startswith(b'1') for part in told.split(b';')[:3])
mine, mine_why = hoard()
mine_count = len(mine); mine.clear()
near.sendall(b'others go on'); said = far.recv(99)
far.setsockopt(6, 1, 1)
local = socket.socket(socket.AF_UNIX); local.close()
for one in children: os.kill(one, signal.SIGKILL); os.waitpid(one, 0)
for _ in range(50):
  try: again = socket.create_connection(held.getsockname()); break
  except OSError: time.sleep(0.1)
print(why, mine_why == errno.EMFILE, mine_count < {limit} // 2, said, far.getsockopt(6, 1),
      held.accept()[0] is not None)
"""
WAITING = """
import socket, threading
count, got = {count}, []
heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); heard.bind(('127.0.0.1', 0))
doors = socket.create_server(('127.0.0.1', 0), backlog=count)
def read(): got.append(heard.recvfrom(9)[0])
def accept(): got.append(doors.accept()[0])
threading.stack_size(65536)
threads = [threading.Thread(target=(read, accept)[n % 2]) for n in range(count)]
for one in threads: one.start()
sender, calls = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), []
for n in range(count):
  if n % 2: calls.append(socket.create_connection(doors.getsockname(), 5))
  else: sender.sendto(b'x', heard.getsockname())
for one in threads: one.join(15)
print(len(got) == count, sum(one.is_alive() for one in threads))
"""
DYING = """
import os, random, signal, socket, subprocess, sys, threading, time
if len(sys.argv) > 1:
  heard = socket.create_server(('127.0.0.1', 0))
  one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); one.bind(('127.0.0.1', 0))
  errors = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); errors.setsockopt(0, 11, 1)
  def work(which):
    while True:
      if which == 0: heard.accept()
      if which == 1: made = socket.create_connection(heard.getsockname()); made.send(b'x' * 9999)
      if which == 2: one.sendto(b'y' * 999, one.getsockname()); one.recvfrom(9)
      if which == 3: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).getsockname()
      if which == 4: errors.sendto(b'', ('127.0.0.1', 9)); time.sleep(0.001)
      if which == 5: one.recvfrom(9)
  for which in range(6): threading.Thread(target=work, args=(which,), daemon=True).start()
  time.sleep(9)
for seed in range({rounds}):
  child = subprocess.Popen([sys.executable, sys.argv[0], 'work'], stderr=subprocess.DEVNULL)
  time.sleep(0.1 + random.Random(seed).random() / 5)
  child.send_signal(signal.SIGKILL); child.wait()
heard = socket.create_server(('127.0.0.1', 7777))
near = socket.create_connection(heard.getsockname(), 5); far, _ = heard.accept()
near.sendall(b'still here'); print(far.recv(99))
"""


def run(lab, host, text, *before, timeout=40):
    program = lab.folder / "program.py"
    program.write_text(text)
    return host.run(*before, *lab.run_words(PYTHON, program), timeout=timeout).stdout


def main():
    with bench.Bench(needs=["prlimit"], seconds=170 if FULL else 58) as lab:
        host = lab.namespace()
        for limit in (64, 200):
            told = run(lab, host, EXHAUSTED.format(limit=limit), "prlimit",
                       f"--nofile={limit}:{limit}")
            lab.check(f"{limit} descriptors: EMFILE, and the others go on",
                      told.strip() == "True True True b'others go on' 1 True", told)
        count = 2000 if FULL else 300
        told = run(lab, host, WAITING.format(count=count))
        lab.check(f"{count} threads wait in calls, and all are served", told.strip() == "True 0",
                  told)
        told = run(lab, host, DYING.format(rounds=40 if FULL else 8))
        lab.check("programs are killed in any call: the next one is served",
                  told.strip() == "b'still here'", told)


main()
