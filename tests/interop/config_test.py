#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Configuration: `strata config` beside a validator that knows the schema alone, the examples
brought up beside a kernel, and reloads of a running stack: what changes, what does not, and what
goes on."""
import fcntl
import hashlib
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import termios
import tomllib

import bench
from bench import PATIENCE

try:
    import jsonschema
except ImportError:
    bench.skip("python3-jsonschema is not installed (./dev setup)")

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples/config").glob("*.toml"))
HOST, STACK, OTHER = "10.88.0.1", "10.88.0.2", "10.88.0.3"
DEVICE = f'[[device]]\nspec = "tap:strata1,host={HOST}/24"\naddress = [{{addresses}}]\n'

# What neither the schema nor the program takes; and the place that the program names.
BROKEN = {
    'gatewy = "10.0.0.1"': "1:1: gatewy: unknown key, perhaps gateway",
    'gateway = 7': "1:11: gateway",
    'gateway = "a router"': "1:11: gateway",
    'log = "loud"': "1:7: log",
    'cores = 0': "1:9: cores",
    'cores = 65': "1:9: cores",
    'cores = 1.5': "1:9: cores",
    'dashboard = "yes"': "1:13: dashboard",
    'hosts = ""': "1:9: hosts",
    'serve = ["ftp"]': "1:10: serve",
    'publish = "80"': "1:11: publish",
    'seed = -1': "1:8: seed",
    'tls = { key = "k" }': "1:7: tls.certificate: missing",
    '[tcp]\necn = "maybe"': "2:7: tcp.ecn",
    '[tcp]\nsack = "on"': "2:8: tcp.sack",
    '[tcp]\ninitial_window = 65': "2:18: tcp.initial_window",
    '[device]\nspec = "tap:x"': "device: expected [[device]] tables",
    '[[device]]\nmtu = 1400': "device.spec: missing",
    '[[device]]\nspec = "tap:x"\nmtu = 67': "3:7: device.mtu",
    '[[device]]\nspec = "tap:x"\naddress = "10.0.0.1"': "3:11: device.address",
    '[[device]]\nspec = "tap:x"\n[[device.vlan]]\naddress = "10.0.0.1/8"': "device.vlan.id",
    '[[device]]\nspec = "tap:x"\n[[device.vlan]]\nid = 7': "4:6: device.vlan.id",
}


def run(lab, *words):
    return subprocess.run([lab.program, *map(str, words)], capture_output=True, text=True,
                          timeout=30 * PATIENCE, check=False)


def schema(lab):
    told = json.loads(run(lab, "config", "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(told)
    validator = jsonschema.Draft202012Validator(told)
    for path in [*EXAMPLES, ROOT / "packaging/strata.toml"]:
        faults = [one.message for one in validator.iter_errors(tomllib.loads(path.read_text()))]
        checked = run(lab, "config", "check", path)
        lab.check(f"{path.name}: good for the schema and for the program",
                  not faults and checked.returncode == 0 and checked.stdout == f"{path}: ok\n",
                  f"{faults} {checked.stdout}")
    file = lab.folder / "broken.toml"
    judged_alike = []
    for text, place in BROKEN.items():
        file.write_text(text + "\n")
        checked = run(lab, "config", "check", file)
        good = validator.is_valid(tomllib.loads(text))
        if good or checked.returncode != 1 or f"{file}:" not in checked.stdout or \
                place not in checked.stdout:
            judged_alike.append((text, good, checked.stdout))
    lab.check(f"{len(BROKEN)} broken files: neither takes one, and the program says where",
              not judged_alike, judged_alike)


def checks(lab):
    file = lab.folder / "many.toml"
    file.write_text('log = "loud"\ngatewy = "x"\n[[device]]\nadress = "10.0.0.1/8"\n')
    good = EXAMPLES[0]
    told = run(lab, "config", "check", file, good)
    lab.check("config check: all faults of all files, one line each, status 1",
              told.returncode == 1 and [line.split(": ")[1] for line in told.stdout.splitlines()] ==
              ["log", "gatewy", "device.spec", "device.adress", "ok"], told.stdout)
    objects = [json.loads(line) for line in
               run(lab, "config", "check", "--json", file, good).stdout.splitlines()]
    lab.check("config check --json",
              [one["ok"] for one in objects] == [False, True] and
              [(one["line"], one["column"]) for one in objects[0]["faults"]][:2] ==
              [(1, 7), (2, 1)], objects)
    file.write_text("log = \n")
    told = run(lab, "config", "check", file)
    lab.check("config check: where the syntax is wrong",
              told.returncode == 1 and told.stdout.startswith(f"{file}:1:"), told.stdout)
    told = run(lab, "config", "check", "/nonexistent.toml")
    lab.check("config check: a file that is not there",
              told.returncode == 1 and "cannot be read" in told.stdout, told.stdout)
    lab.check("config check without a file makes no sense",
              run(lab, "config", "check").returncode == 2)


def answers(lab, place, host, address, name):
    """Brings an example up in `place`, and pings the stack from `host`."""
    stack = lab.up(place, "--config", ROOT / "examples/config" / name)
    good = bench.wait_until(
        lambda: host.run("ping", "-c1", "-W1", address).returncode == 0, 20, pause=0.1)
    lab.check(f"{name}: the kernel's ping is answered", good, stack.output)
    lab.check(f"{name}: it ends well", stack.stop() == 0, stack.output)


def examples(lab):
    for name, address in (("host_tap", STACK), ("many_cores", STACK), ("host_router", "10.90.0.2")):
        host = lab.namespace()
        answers(lab, host, host, address, f"{name}.toml")
    for name in ("beside_host", "beside_host_xdp"):
        host, router = lab.namespace(), lab.namespace()
        lab.cable(host, "eth0", router, "eth0")
        router.must("ip", "address", "add", "192.0.2.1/24", "dev", "eth0")
        answers(lab, host, router, "192.0.2.80", f"{name}.toml")
    host = lab.namespace()
    host.must("ip", "link", "add", "br0", "type", "bridge")
    host.must("ip", "address", "add", "192.0.2.1/24", "dev", "br0")
    host.must("ip", "link", "set", "br0", "up")
    host.must("ip", "tuntap", "add", "strata1", "mode", "tap")
    host.must("ip", "link", "set", "strata1", "master", "br0", "up")
    answers(lab, host, host, "192.0.2.81", "bridge_port.toml")
    host = lab.namespace()
    stack = lab.up(host, "--config", ROOT / "examples/config/rootless.toml")
    page = host.run("curl", "-s", "-m", "9", "http://127.0.0.1:8080/").stdout
    lab.check("rootless.toml: the published port shows the dashboard", "<html" in page, page[:200])
    stack.stop()


class Configured:
    """A running `strata up --config FILE` whose file may be written again."""

    def __init__(self, lab, host, *flags, name="up"):
        self.lab, self.host = lab, host
        self.file = lab.folder / f"{name}.toml"
        self.flags = flags

    def write(self, top="", addresses=(STACK,), rest=""):
        quoted = ", ".join(f'"{one}/24"' for one in addresses)
        self.file.write_text(top + "\n" + DEVICE.format(addresses=quoted) + rest)

    def start(self):
        self.stack = self.lab.up(self.host, "--config", self.file, *self.flags)
        self.stack.wait(STACK)
        return self

    def reload(self, *flags):
        return run(self.lab, "reload", "--control", self.stack.control, *flags)

    def addresses(self):
        return {one["address"] for one in self.stack.addresses()}

    def pings(self, address):
        return self.host.run("ping", "-c1", "-W1", address).returncode == 0

    def fetch(self, port=80, *flags):
        return self.host.run("curl", "-s", "-m", "9", *flags, f"http://{STACK}:{port}/").stdout

    def echoes(self, port, local=None):
        with self.host.entered():
            client = socket.socket()
        client.settimeout(5 * PATIENCE)
        try:
            client.connect((STACK, port))
            client.sendall(b"as it was said")
            return client.recv(100) == b"as it was said"
        except OSError:
            return False
        finally:
            client.close()


def folders(lab):
    made = []
    for name in ("one", "two"):
        folder = lab.folder / name
        folder.mkdir()
        (folder / "index.html").write_text(f"folder {name}")
        made.append(folder)
    return made


def changes(lab, one, two):
    up = Configured(lab, lab.namespace())
    up.write(f'serve = ["echo", "http={one}"]')
    up.start()
    lab.check("before: the first folder, one address", up.fetch() == "folder one")
    up.write(f'log = "info"\nserve = ["echo:7007", "http={two}"]', [STACK, OTHER],
             '[tcp]\ncongestion = "reno"\n')
    told = up.reload()
    lab.check("reload: says what has changed, with status 0", told.returncode == 0 and
              {line.split(":")[1].strip() for line in told.stdout.splitlines()} ==
              {"log", "serve", "tcp.congestion", "device 1 address"}, told.stdout + told.stderr)
    lab.check("reload: the kernel reaches the new address",
              bench.wait_until(lambda: up.pings(OTHER), 20, pause=0.1), up.stack.status())
    lab.check("reload: the other folder is served", up.fetch() == "folder two")
    lab.check("reload: echo is at the other port, and no more at the first",
              up.echoes(7007) and not up.echoes(7))
    told_before = up.stack.output.count("configuration read again")
    up.write(f'log = "info"\nserve = "http={two}"', [OTHER])
    up.stack.process.send_signal(signal.SIGHUP)
    gone = bench.wait_until(lambda: not up.pings(STACK), 20, pause=0.1)
    lab.check("SIGHUP: the address is gone, the other one is there", gone and up.pings(OTHER))
    lab.check("SIGHUP: its ports are closed, and it runs on",
              not up.echoes(7007) and up.stack.is_running)
    lab.check("SIGHUP: standard error tells of it",
              up.stack.output.count("configuration read again") == told_before + 1,
              up.stack.output)
    up.write('cores = 2\nlog = "warning"', [OTHER])
    told = up.reload("--json")
    answer = json.loads(told.stdout)
    lab.check("reload --json: what needs a restart is told apart",
              [one["key"] for one in answer["needs_restart"]] == ["cores"] and
              {"serve"} <= {one["key"] for one in answer["changed"]}, told.stdout)
    told = up.reload()
    lab.check("and told again by the next one", "needs a restart: cores: 1 -> 2" in told.stdout and
              "changed" not in told.stdout, told.stdout)
    lab.check("it ends well", up.stack.stop() == 0, up.stack.output)


def refusals(lab, one):
    up = Configured(lab, lab.namespace(), "--serve", "daytime", name="refused")
    up.write(f'serve = ["echo", "http={one}"]')
    up.start()
    before = up.addresses()
    up.file.write_text('log = "loud"\nserve = "ftp"\n')
    told = up.reload()
    lab.check("a file with faults: all are told, with status 1", told.returncode == 1 and
              f"{up.file}:1:7: log" in told.stderr and f"{up.file}:2:9: serve" in told.stderr,
              told.stderr)
    up.write(f'dashboard_token = "{lab.folder}/none"', [OTHER])
    told = up.reload()
    lab.check("a file that is not there", told.returncode == 1 and "/none" in told.stderr,
              told.stderr)
    up.write('gateway = "192.0.2.1"', [OTHER])
    told = up.reload()
    lab.check("a router that nobody can reach",
              told.returncode == 1 and "192.0.2.1" in told.stderr, told.stderr)
    lab.check("none of that has changed anything",
              up.addresses() == before and up.pings(STACK) and not up.pings(OTHER),
              up.addresses())
    lab.check("the flags of the line hold on", up.echoes(7) is False and up.fetch() != "",
              up.stack.output)
    lab.check("standard error tells of the faults", "is not one of: debug" in up.stack.output,
              up.stack.output)
    up.stack.stop()
    plain = lab.up(lab.namespace())
    told = run(lab, "reload", "--control", plain.control)
    lab.check("a stack without a file says so", told.returncode == 1 and
              "--config FILE" in told.stderr, told.stderr)
    plain.stop()


def conversation(lab, up):
    """A connection of the kernel's to the stack's echo, which speaks when it is asked to."""
    with up.host.entered():
        client = socket.create_connection((STACK, 7), 9 * PATIENCE)

    def say(text):
        client.sendall(text)
        got = b""
        while len(got) < len(text) and (part := client.recv(65536)):
            got += part
        return got == text
    lab.closing.callback(client.close)
    return say


def under_transfer(lab, one, two, cores=1):
    name = f"{cores} core{'s' if cores > 1 else ''}"
    up = Configured(lab, lab.namespace(), name=f"transfer{cores}")
    body = os.urandom(1 << 20) * 48
    (one / "big").write_bytes(body)
    (two / "big").write_bytes(body)
    always = f"cores = {cores}\n"
    texts = (f'{always}serve = ["echo", "http={one}"]\nlog = "info"',
             f'{always}serve = ["echo", "daytime", "echo:7007", "http={two}"]\n'
             'dashboard_names = "box.lan"')
    up.write(texts[0])
    up.start()
    said = conversation(lab, up)
    curl = up.host.start("curl", "-s", "--limit-rate", "4M", f"http://{STACK}/big",
                         output=lab.folder / f"got{cores}")
    good = [said(b"before")]
    for number in range(50):
        second = number % 2 == 0
        up.write(texts[second], [STACK, OTHER] if second else [STACK],
                 '[tcp]\ncongestion = "bbr"\nsack = false\n' if second else "")
        told = up.reload()
        good.append(told.returncode == 0 and "changed: serve" in told.stdout and
                    said(b"turn %d" % number))
    lab.check(f"{name}: 50 reloads, each of them done, under a connection that speaks",
              all(good), good)
    lab.check(f"{name}: the transfer is under way still", curl.poll() is None)
    status = curl.wait(60 * PATIENCE)
    got = (lab.folder / f"got{cores}").read_bytes()
    lab.check(f"{name}: and arrives whole", status == 0 and
              hashlib.sha256(got).digest() == hashlib.sha256(body).digest(),
              f"status {status}, {len(got)} of {len(body)} bytes")
    up.write(texts[1])
    up.reload()
    reached = bench.wait_until(lambda: all(up.echoes(7007) for _ in range(20)), 10)
    lab.check(f"{name}: 20 connections to a new port, whatever core they are of", reached)
    lab.check(f"{name}: it ends well", up.stack.stop() == 0, up.stack.output)


def certificate(lab, number):
    folder = lab.folder
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    f"/CN=box{number}", "-keyout", f"{folder}/key.pem", "-out",
                    f"{folder}/cert.pem"], check=True, capture_output=True)
    (folder / "key.pem").chmod(0o644)


def shown(up):
    with up.host.entered():
        plain = socket.create_connection((STACK, 443), 9 * PATIENCE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with context.wrap_socket(plain) as made:
        return made.getpeercert(binary_form=True)


def renewal(lab):
    up = Configured(lab, lab.namespace(), name="tls")
    certificate(lab, 1)
    up.write(f'tls = {{ certificate = "{lab.folder}/cert.pem", key = "{lab.folder}/key.pem" }}')
    up.start()
    first = shown(up)
    certificate(lab, 2)
    lab.check("a certificate that was renewed is not shown before a reload", shown(up) == first)
    told = up.reload()
    lab.check("and is after it", told.returncode == 0 and shown(up) != first,
              told.stdout + told.stderr)
    second = shown(up)
    (lab.folder / "key.pem").write_text("nonsense")
    told = up.reload()
    lab.check("one whose key cannot be read changes nothing",
              told.returncode == 1 and "key.pem" in told.stderr and shown(up) == second,
              told.stderr)
    up.stack.stop()


def terminal(lab):
    """SIGHUP reloads while the terminal is there, and ends the stack when it is gone."""
    up = Configured(lab, lab.namespace(), name="terminal")
    up.write('serve = "echo"')
    master, slave = os.openpty()
    control = lab.folder / "terminal.sock"

    def own_terminal():
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    process = subprocess.Popen(
        up.host.command(lab.program, "up", "--config", up.file, "--control", control),
        stdin=slave, stdout=slave, stderr=slave, preexec_fn=own_terminal)
    os.close(slave)
    lab.processes.append(process)
    bench.wait_until(lambda: up.pings(STACK), 20, pause=0.1)
    up.write('serve = "echo:7007"')
    process.send_signal(signal.SIGHUP)
    lab.check("with its terminal: SIGHUP reads the file again",
              bench.wait_until(lambda: up.echoes(7007), 20, pause=0.1) and process.poll() is None)
    os.close(master)
    lab.check("without it: SIGHUP is the end",
              bench.wait_until(lambda: process.poll() is not None, 20) and
              process.returncode in (0, 1), process.poll())


def main():
    with bench.Bench(needs=["curl", "ping", "openssl"], seconds=240) as lab:
        schema(lab)
        checks(lab)
        examples(lab)
        lab.folder.chmod(0o755)  # a confined stack reads its files again as nobody
        one, two = folders(lab)
        changes(lab, one, two)
        refusals(lab, one)
        under_transfer(lab, one, two)
        under_transfer(lab, one, two, cores=2)
        renewal(lab)
        terminal(lab)


main()
