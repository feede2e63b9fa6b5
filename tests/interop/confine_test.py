#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a running stack has given up, as the kernel tells it in /proc/PID/status; what it serves all
the same; and the proof: gdb makes the calls of somebody who has taken it over, in its own process,
and none of them opens a file, starts a program or makes a socket."""
import http.client
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess

import bench
from bench import HOST4, STACK4, TAP, wait_until

NOBODY = pwd.getpwnam("nobody").pw_uid
NET_ADMIN = 1 << 12
# Mounts of its own, in which everybody may open /dev/net/tun.
WITH_TUN = ("sh", "-c", 'mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200 && '
            'chmod 666 /dev/net/tun && exec "$@"', "sh")
# Errors as Linux numbers them.
EPERM, EACCES = 1, 13


def facts(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {name: value.split() for name, value in re.findall(r"^(\w+):[ \t]*(.*)$", text, re.M)}


def is_confined(told, user=NOBODY, capabilities=0):
    return (told["Uid"] == [str(user)] * 4 and told["Seccomp"] == ["2"] and
            told["NoNewPrivs"] == ["1"] and
            all(int(told[which][0], 16) == 0 for which in ("CapInh", "CapAmb")) and
            int(told["CapEff"][0], 16) == int(told["CapPrm"][0], 16) == capabilities)


def children_of(pid):
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def ask(host, path="/page.txt"):
    with host.entered():
        client = http.client.HTTPConnection(STACK4, 80, timeout=10 * bench.PATIENCE)
        client.connect()
    client.request("GET", path)
    answer = client.getresponse()
    text = answer.read()
    client.close()
    return answer.status, text


def public_folder(lab, name):
    folder = lab.folder / name
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "page.txt").write_text("a page\n")
    return folder


def control(lab, *words):
    return lab.outside.run(lab.program, *words)


def serves(lab, host, stack, where, folder):
    lab.check(f"{where}: ping", host.run("ping", "-c2", "-i0.2", STACK4).returncode == 0)
    lab.check(f"{where}: a file over HTTP", ask(host) == (200, b"a page\n"), ask(host))
    (folder / "later.txt").write_text("made later\n")
    lab.check(f"{where}: one that was made later", ask(host, "/later.txt")[1] == b"made later\n")
    echo = host.udp(HOST4)
    echo.sendto(b"hello", (STACK4, 7))
    lab.check(f"{where}: echo", echo.recv(100) == b"hello")
    path = lab.folder / f"{where.replace(' ', '-')}.pcapng"
    capture = lab.outside.start(lab.program, "capture", "--control", stack.control, "-c", "2",
                                "-w", path, "icmp")
    wait_until(lambda: host.run("ping", "-c1", "-W1", STACK4) and capture.poll() is not None, 20)
    lab.check(f"{where}: a capture over the control socket", capture.poll() == 0 and
              path.stat().st_size > 200)


def by_root(lab):
    host = lab.namespace()
    folder = public_folder(lab, "www")
    stack = lab.up(host, "--device", f"tap:{TAP},host=10.77.0.1/24", "--address", f"{STACK4}/24",
                   "--serve", f"echo,http={folder}").wait(STACK4)
    told = facts(stack.process.pid)
    lab.check("root has become nobody, without a capability", is_confined(told), told)
    lab.check("without groups", not told["Groups"], told["Groups"])
    lab.check("and can get none back", int(told["CapBnd"][0], 16) == 0, told["CapBnd"])
    serves(lab, host, stack, "confined", folder)
    status(lab, stack)
    steward(lab, stack)
    devices(lab, host, stack)
    taken_over(lab, stack)
    lab.check("after all that it answers", stack.is_answering())
    lab.check("it ends in order", stack.stop() == 0, stack.output)
    lab.check("and its control socket has gone", not pathlib.Path(stack.control).exists())


def status(lab, stack):
    line = json.loads(stack.ask_control())["confinement"]
    lab.check("status tells what the kernel tells", line["confined"] and line["user"] == NOBODY and
              line["capabilities"] == "0" * 16 and line["seccomp"] and line["no_new_privileges"],
              line)
    words = control(lab, "status", "--control", stack.control).stdout
    lab.check("in words, too", f"Confined: user {NOBODY}, capabilities 0000000000000000, no new "
              "privileges, seccomp filter" in words, words)


def steward(lab, stack):
    """The one process that keeps something: CAP_NET_ADMIN, and no descriptor of the stack's."""
    children = children_of(stack.process.pid)
    lab.check("it has one child", len(children) == 1, children)
    told = facts(children[0])
    lab.check("the steward is confined, but for devices",
              is_confined(told, user=0, capabilities=NET_ADMIN), told)
    open_ones = {os.readlink(one) for one in pathlib.Path(f"/proc/{children[0]}/fd").iterdir()}
    lab.check("it holds nothing but its channel", all(
        one == "/dev/null" or one.startswith("socket:") for one in open_ones) and
        sum(one.startswith("socket:") for one in open_ones) == 1, open_ones)
    os.kill(children[0], signal.SIGTERM)
    os.kill(children[0], signal.SIGINT)
    lab.check("signals for the group are not for it", children_of(stack.process.pid) == children)


def devices(lab, host, stack):
    def device(*words):
        return control(lab, "device", *words, "--control", stack.control)
    done = device("add", "tap:second,host=10.78.0.1/24", "--address", "10.78.0.2/24")
    lab.check("a TAP device is added to a confined stack", done.returncode == 0, done.stdout)
    lab.check("and answers", wait_until(lambda: stack.is_answering("10.78.0.2"), 20))
    done = device("replace", "second", "null:sink")
    lab.check("it is replaced", done.returncode == 0, done.stdout)
    lab.check("the interface has gone with it",
              host.run("ip", "link", "show", "second").returncode != 0)
    for spec, text in (("packet:lo", "this stack is confined"), ("pcap:/etc/passwd", "is confined"),
                       ("xdp:lo", "is confined"), ("tap:x,netns=other", "its own network only")):
        done = device("replace", "second", spec)
        lab.check(f"{spec} is refused", done.returncode == 1 and text in done.stdout and
                  "--no-confine" in done.stdout, done.stdout)


def in_process(pid, *calls):
    """What each call answers inside the process, and errno after it."""
    words = ["gdb", "-q", "-batch", "-nx", "-p", str(pid), "-iex", "set debuginfod enabled off",
             "-ex", "set confirm off"]
    for call in calls:
        words += ["-ex", f"print (int){call}", "-ex", "print *((int*(*)())__errno_location)()"]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, timeout=120)
    numbers = [int(one) for one in re.findall(r"^\$\d+ = (-?\d+)$", done.stdout, re.M)]
    return list(zip(numbers[::2], numbers[1::2])), done.stdout


CALLS = {
    'open a file': '((int(*)(const char*,int))open)("/etc/passwd", 0)',
    'make a file': '((int(*)(const char*,int,int))open)("/tmp/strata-taken", 0101, 0600)',
    'start a program': '((int(*)(const char*,void*,void*))execve)("/bin/true", 0, 0)',
    'make a process': '((int(*)())fork)()',
    'make a socket': '((int(*)(int,int,int))socket)(2, 1, 0)',
    'become root': '((int(*)(int))setuid)(0)',
}


def taken_over(lab, stack):
    if shutil.which("gdb") is None:
        print("skipped: gdb is not installed (./dev setup): nobody takes the stack over")
        return
    answers, text = in_process(stack.process.pid, *CALLS.values())
    lab.check("gdb made every call", len(answers) == len(CALLS), text)
    for name, answer in zip(CALLS, answers):
        # The folder of HTTP may be read: there Landlock refuses what the filter lets through.
        lab.check(f"taken over, it cannot {name}", answer in ((-1, EPERM), (-1, EACCES)), answer)


def without(lab):
    """The same calls, unconfined: they do what they say, and so the proof can fail."""
    host = lab.namespace()
    stack = lab.up(host, "--no-confine").wait(STACK4)
    told = facts(stack.process.pid)
    lab.check("--no-confine keeps all", told["Uid"] == ["0"] * 4 and told["Seccomp"] == ["0"] and
              int(told["CapEff"][0], 16) & NET_ADMIN, told)
    words = control(lab, "status", "--control", stack.control).stdout
    lab.check("and status says so", "Not confined" in words, words)
    if shutil.which("gdb") is not None:
        answers, text = in_process(stack.process.pid, CALLS['open a file'], CALLS['make a socket'])
        lab.check("where nothing is refused, gdb opens a file and makes a socket",
                  len(answers) == 2 and all(answer[0] >= 0 for answer in answers), text)
    lab.check("it ends in order", stack.stop() == 0, stack.output)


def threads(lab):
    host = lab.namespace()
    stack = lab.up(host, "--cores", "2").wait(STACK4)
    tasks = list(pathlib.Path(f"/proc/{stack.process.pid}/task").iterdir())
    told = [facts(f"{stack.process.pid}/task/{task.name}") for task in tasks]
    lab.check("every thread of several cores is confined", len(told) >= 2 and
              all(is_confined(one) for one in told), told)
    lab.check("it ends in order", stack.stop() == 0, stack.output)
    lab.check("and its control socket has gone", not pathlib.Path(stack.control).exists())


def users(lab):
    host = lab.namespace()
    other = next(one for one in pwd.getpwall() if one.pw_name in ("daemon", "bin", "games"))
    stack = lab.up(host, "--user", other.pw_name).wait(STACK4)
    told = facts(stack.process.pid)
    lab.check(f"--user {other.pw_name}", is_confined(told, other.pw_uid), told)
    lab.check("it ends in order", stack.stop() == 0, stack.output)
    file = lab.folder / "user.toml"
    file.write_text(f'user = "{other.pw_name}"\n')
    for flags, wanted in (((), other.pw_uid), (("--user", "nobody"), NOBODY)):
        stack = lab.up(host, "--config", file, *flags).wait(STACK4)
        told = facts(stack.process.pid)
        lab.check(f"user = in the file, {flags} on the line", is_confined(told, wanted), told)
        lab.check("it ends in order", stack.stop() == 0, stack.output)
    done = host.run(lab.program, "up", "--user", "strata-no-such-user")
    lab.check("a user who is not there is refused", done.returncode == 1 and
              "there is no user 'strata-no-such-user'" in done.stdout, done.stdout)
    private = lab.folder / "private"
    private.mkdir(mode=0o700)
    (private / "page.txt").write_text("private\n")
    stack = lab.up(host, "--serve", f"http={private}").wait(STACK4)
    told = facts(stack.process.pid)
    lab.check("for a folder that nobody reaches root stays, without capabilities",
              is_confined(told, user=0), told)
    lab.check("the folder is served", ask(host) == (200, b"private\n"))
    words = control(lab, "status", "--control", stack.control).stdout
    lab.check("and status says why", "still root, for " in words and str(private) in words, words)
    lab.check("it ends in order", stack.stop() == 0, stack.output)
    done = host.run(lab.program, "up", "--user", "nobody", "--serve", f"http={private}")
    lab.check("a user who was named and cannot reach it is refused", done.returncode == 1 and
              "out of the reach of nobody" in done.stdout, done.stdout)


def self_signed(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True,
                   capture_output=True)
    (folder / "cert.pem").chmod(0o644)


def shown(host):
    """The certificate that HTTPS shows."""
    with host.entered():
        plain = socket.create_connection((STACK4, 443), 9 * bench.PATIENCE)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with context.wrap_socket(plain) as client:
        return client.getpeercert(binary_form=True)


def reloads(lab):
    """What is read again does not keep root; and what it lets nobody read is told at the start."""
    if shutil.which("openssl") is None:
        print("skipped: openssl is not installed (./dev setup)")
        return
    host = lab.namespace()
    live, first, second = (public_folder(lab, name) for name in ("live", "archive1", "archive2"))
    archive = public_folder(lab, "archive")
    for folder, name in ((first, "one"), (second, "two")):
        self_signed(folder, name)
    shutil.copy(first / "cert.pem", archive / "cert1.pem")
    shutil.copy(first / "key.pem", archive / "key1.pem")
    for name in ("cert", "key"):
        (live / f"{name}.pem").symlink_to(f"../archive/{name}1.pem")
    key = archive / "key1.pem"
    key.chmod(0o600)
    file = live / "x.toml"
    file.write_text(f'log = "warning"\n[tls]\ncertificate = "{live}/cert.pem"\n'
                    f'key = "{live}/key.pem"\n')
    stack = lab.up(host, "--config", file).wait(STACK4)
    told = facts(stack.process.pid)
    lab.check("for a private key root does not stay", is_confined(told), told)
    lab.check("the start says that a reload cannot read it", stack.output.count(
        f"strata reload cannot read {live}/key.pem") == 1 and "--no-confine" in stack.output,
        stack.output)
    before = shown(host)
    done = control(lab, "reload", "--control", stack.control)
    lab.check("so does the reload", done.returncode == 1 and
              f"strata reload cannot read {live}/key.pem" in done.stdout, done.stdout)
    # Renewed, as certbot does it: another file beside the former, another link in its place.
    shutil.copy(second / "cert.pem", archive / "cert2.pem")
    shutil.copy(second / "key.pem", archive / "key2.pem")
    for name in ("cert", "key"):
        (archive / f"{name}2.pem").chmod(0o644)
        (live / "fresh").symlink_to(f"../archive/{name}2.pem")
        (live / "fresh").rename(live / f"{name}.pem")
    done = control(lab, "reload", "--control", stack.control)
    lab.check("a certificate behind a link is read again", done.returncode == 0 and
              shown(host) != before, done.stdout)
    lab.check("it ends in order", stack.stop() == 0, stack.output)
    private = lab.folder / "secret"
    private.mkdir(mode=0o700)
    (private / "x.toml").write_text("")
    stack = lab.up(host, "--config", private / "x.toml", "--user", "nobody").wait(STACK4)
    lab.check("nor does a file out of reach refuse a user who was named",
              is_confined(facts(stack.process.pid)) and
              f"cannot read {private}/x.toml" in stack.output, stack.output)
    lab.check("it ends in order", stack.stop() == 0, stack.output)


def by_capabilities(lab):
    """As `strata doctor` advises: an ordinary user, and a program with file capabilities."""
    if shutil.which("setcap") is None or shutil.which("setpriv") is None:
        print("skipped: setcap or setpriv is not installed (./dev setup)")
        return
    host = lab.namespace()
    home = public_folder(lab, "home")
    program = shutil.copy(lab.program, home / "strata")
    advice = json.loads(host.run(program, "doctor", "--json").stdout)["setcap"].split()
    lab.check("doctor advises setcap for this very program",
              advice[:2] == ["sudo", "setcap"] and advice[-1] == str(program), advice)
    if host.run(*advice[1:]).returncode != 0:
        print("skipped: this file system keeps no capabilities of files")
        return
    home.chmod(0o777)
    log = lab.folder / "capable.log"
    process = host.start(*WITH_TUN, "setpriv", "--reuid", "nobody", "--clear-groups", program, "up",
                         "--control", home / "control", output=log)
    is_up = wait_until(lambda: "Ctrl-C" in log.read_text() or process.poll() is not None, 20)
    lab.check("an ordinary user has a TAP device", is_up and process.poll() is None and
              host.run("ping", "-c1", "-W2", STACK4).returncode == 0, log.read_text())
    told = facts(process.pid)
    lab.check("and gives up what the file gave", is_confined(told), told)
    lab.check("it ends in order", bench.end(process) == 0, log.read_text())
    lab.check("and its control socket has gone", not (home / "control").exists())


def rootless(lab):
    """The gateway makes sockets of the host for every flow: those it may, and no others."""
    host = lab.namespace()
    server = host.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.bind(("127.0.0.1", 8088))
    server.listen()
    stack = lab.up(host, "--device", "rootless", "-p", "8080:80", "--serve",
                   f"http={lab.folder / 'www'}:80")
    told = facts(stack.process.pid)
    lab.check("the rootless gateway is confined", is_confined(told), told)
    with host.entered():
        client = http.client.HTTPConnection("127.0.0.1", 8080, timeout=10 * bench.PATIENCE)
        client.connect()
    client.request("GET", "/page.txt")
    lab.check("a published port leads to it", client.getresponse().read() == b"a page\n")
    if shutil.which("gdb") is not None:
        answers, text = in_process(stack.process.pid, CALLS['make a socket'],
                                   '((int(*)(int,int,int))socket)(17, 3, 0)',
                                   CALLS['start a program'])
        lab.check("taken over, it has sockets of the internet, and nothing else",
                  len(answers) == 3 and answers[0][0] >= 0 and
                  answers[1] == answers[2] == (-1, EPERM), text)
    lab.check("it ends in order", stack.stop() == 0, stack.output)


def other_verbs(lab):
    host = lab.namespace()
    path = lab.folder / "row.pcapng"
    for words in (("ping", "-i", "1", HOST4), ("switch", "tap:a", "tap:b", "--control",
                                                lab.folder / "switch.sock"),
                  ("capture", "--device", "tap:seen", "-w", path),
                  ("pktgen", "receive", "--device", "tap:counted")):
        process = host.start(lab.program, *words)
        told = wait_until(lambda p=process: p.poll() is not None or
                          (lambda one: is_confined(one) and one)(facts(p.pid)), 10)
        lab.check(f"{words[0]} is confined", isinstance(told, dict), words)
        bench.end(process, signal.SIGINT)


with bench.Bench(needs=["ping"], seconds=150) as test:
    # Nobody must be able to walk through it.
    test.folder.chmod(0o711)
    test.outside = test.namespace()
    by_root(test)
    without(test)
    threads(test)
    users(test)
    reloads(test)
    by_capabilities(test)
    rootless(test)
    other_verbs(test)
