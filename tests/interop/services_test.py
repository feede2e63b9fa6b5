#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Servers and clients of others, each asked the same on the kernel and under `strata run`: the
answers must be the same, every byte must be in the capture of our stack, and the kernel must have
made no socket of the internet's families for it. The short ones always, all with STRATA_FULL=1;
docs/programs.md says which versions were tried."""
import hashlib
import os
import pathlib
import shutil
import struct
import subprocess

import bench
from bench import HOST4, STACK4

FULL = bool(os.environ.get("STRATA_FULL"))
FILE_BYTES = 1 << 20
POSTGRES = next(iter(sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))), None)
SSH = ("-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "
       "-o BatchMode=yes -i {folder}/client_key")
CONFIGS = {
    "https.conf": """
daemon off; worker_processes 2; user root; pid {folder}/https.pid; error_log {folder}/https.log;
events {{ worker_connections 256; }}
http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 443 ssl; root {folder}/www;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; }} }}
""",
    "dnsmasq.conf": """
port=53
bind-dynamic
no-resolv
no-hosts
user=root
address=/one.test/192.0.2.7
txt-record=long.test,{text}
txt-record=long.test,{text}
txt-record=long.test,{text}
txt-record=long.test,{text}
""",
    "haproxy.cfg": """
global
  maxconn 100
  nbthread 2
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend front
  bind :8080
  default_backend back
backend back
  server one {backend}:8090
""",
    "apache.conf": """
ServerRoot {folder}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.log
Listen 8082
ServerName apache.test
User www-data
Group www-data
DocumentRoot {folder}/www
""",
    "sshd.conf": """
Port 2222
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/client_key.pub
StrictModes no
UsePAM no
PidFile none
PermitRootLogin yes
Subsystem sftp internal-sftp
""",
    "lighttpd.conf": """
server.port = 8085
server.document-root = "{folder}/www"
""",
    "rsync.conf": """
use chroot = no
[files]
path = {folder}/www
""",
    "mosquitto.conf": """
listener 1883 0.0.0.0
allow_anonymous true
""",
    "stunnel.conf": """
foreground = yes
pid =
[web]
accept = 0.0.0.0:8444
connect = {backend}:8090
cert = {folder}/cert.pem
key = {folder}/key.pem
""",
    "tinyproxy.conf": """
Port 8888
Timeout 30
MaxClients 20
LogFile "{folder}/tinyproxy.log"
""",
    "xinetd.conf": """
service each
{{
 type = UNLISTED
 port = 8086
 socket_type = stream
 protocol = tcp
 wait = no
 user = root
 server = /bin/cat
}}
service all
{{
 type = UNLISTED
 port = 8087
 socket_type = dgram
 protocol = udp
 wait = yes
 user = root
 server = /usr/bin/python3
 server_args = {folder}/inherited.py
}}
""",
    "backend": "{backend}",
    "page.js": """
require('http').createServer((q, r) => r.end('a page of node\\n')).listen(8083);
""",
}
# What a server is started with, its port, and what is asked, by a shell, at {address}. The capture
# has at least so many bytes of TCP. Quick ones need only what the tests need anyway.
SERVICES = {
    "nginx with TLS": (["nginx", "-e", "{folder}/early.log", "-c", "{folder}/https.conf"], 443,
                       "curl -sk -m 5 https://{address}/big", FILE_BYTES, True),
    "dnsmasq": (["dnsmasq", "-k", "-C", "{folder}/dnsmasq.conf"], 53,
                "/usr/bin/python3 {folder}/ask.py {address} one.test long.test", 0, True),
    "memcached, four threads": (["memcached", "-u", "root", "-t", "4"], 11211,
                                "/usr/bin/python3 {folder}/cache.py {address}", 200_000, False),
    "haproxy": (["haproxy", "-f", "{folder}/haproxy.cfg"], 8080,
                "for i in 1 2 3; do curl -s -m 5 http://{address}:8080/big; done", 6 * FILE_BYTES,
                False),
    "apache2": (["apache2", "-X", "-f", "{folder}/apache.conf"], 8082,
                "curl -s -m 5 http://{address}:8082/big", FILE_BYTES, False),
    "node": (["node", "{folder}/page.js"], 8083,
             "for i in $(seq 20); do curl -s -m 5 http://{address}:8083/; done", 0, False),
    "netcat": (["sh", "-c", "nc -l -p 8084 | md5sum > {folder}/sum; mv {folder}/sum {folder}/told"],
               None, "for i in $(seq 200); do nc -N {address} 8084 < {folder}/www/big 2>/dev/null "
               "&& break; sleep 0.1; done; for i in $(seq 200); do test -e {folder}/told && break; "
               "sleep 0.1; done; cat {folder}/told", FILE_BYTES, False),
    "openssl": (["env", "-C", "{folder}/www", "openssl", "s_server", "-quiet", "-accept", "8443",
                 "-cert", "{folder}/cert.pem", "-key", "{folder}/key.pem", "-WWW"], 8443,
                "printf 'GET /big HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -connect "
                f"{{address}}:8443 2>/dev/null | tail -c {FILE_BYTES} | md5sum", FILE_BYTES, True),
    "git": (["git", "daemon", "--export-all", "--reuseaddr", "--base-path={folder}", "--port=9418",
             "{folder}"], 9418,
            "git clone -q git://{address}/all.git {folder}/out; md5sum < {folder}/out/big",
            FILE_BYTES, False),
    "rsync": (["rsync", "--daemon", "--no-detach", "--port=8730", "--config={folder}/rsync.conf"],
              8730, "rsync rsync://{address}:8730/files/big {folder}/got; md5sum < {folder}/got",
              FILE_BYTES, False),
    "lighttpd": (["lighttpd", "-D", "-f", "{folder}/lighttpd.conf"], 8085,
                 "curl -s -m 9 http://{address}:8085/big; "
                 "curl -s -m 9 -r 100-199 http://{address}:8085/big", FILE_BYTES, False),
    "mosquitto": (["mosquitto", "-c", "{folder}/mosquitto.conf"], 1883,
                  "mosquitto_pub -h {address} -t t -r -q 1 -f {folder}/www/big; "
                  "mosquitto_sub -h {address} -t t -q 1 -C 1 -W 30 | md5sum", 2 * FILE_BYTES,
                  False),
    "stunnel": (["stunnel4", "{folder}/stunnel.conf"], 8444,
                "for i in 1 2; do curl -sk -m 9 https://{address}:8444/big | md5sum; done",
                2 * FILE_BYTES, False),
    "tinyproxy": (["tinyproxy", "-d", "-c", "{folder}/tinyproxy.conf"], 8888,
                  "for i in 1 2; do curl -s -m 9 -x http://{address}:8888 "
                  "http://$(cat {folder}/backend):8090/big | md5sum; done", 2 * FILE_BYTES, False),
    "xinetd": (["xinetd", "-dontfork", "-f", "{folder}/xinetd.conf"], 8086,
               "/usr/bin/python3 {folder}/inetd.py {address} < {folder}/www/big", 2 * FILE_BYTES,
               False),
    "OpenSSH": (["/usr/sbin/sshd", "-D", "-e", "-f", "{folder}/sshd.conf"], 2222,
                f"ssh {SSH} -p 2222 root@{{address}} 'echo over ssh; md5sum' < {{folder}}/www/big;"
                f"scp {SSH} -P 2222 {{folder}}/www/big root@{{address}}:{{folder}}/copied &&"
                "md5sum < {folder}/copied", 2 * FILE_BYTES, False),
    "PostgreSQL": (["runuser", "-u", "postgres", "--", f"{POSTGRES}/postgres", "-D",
                    "{folder}/base", "-c", "listen_addresses=*", "-c",
                    "unix_socket_directories=", "-c", "fsync=off"], 5432,
                   "export PGHOST={address} PGUSER=postgres PGDATABASE=postgres PATH=$PATH:" +
                   f"{POSTGRES}; pgbench -i -q >/dev/null 2>&1; pgbench -c 4 -j 2 -t 50 "
                   "2>/dev/null | grep -E 'processed|failed';"
                   "psql -t -c 'select count(*), sum(bid) from pgbench_accounts'", 100_000, False),
}
# Programs that ask the kernel's server on the other side.
CLIENTS = {
    "ab": ("ab -q -n 300 -c 10 http://{address}:8090/index.html | grep -E 'Complete|Failed'", True),
    "wrk": ("wrk -t2 -c10 -d1s http://{address}:8090/index.html | grep -c 'requests in'", False),
    "bash": ("bash -c 'exec 3<>/dev/tcp/{address}/8090;"
             "printf \"GET /big HTTP/1.0\\r\\n\\r\\n\" >&3; tail -c 1000 <&3 | md5sum'", True),
    "netcat": ("printf 'GET /big HTTP/1.0\\r\\n\\r\\n' | nc {address} 8090 | tail -c 1000 | md5sum",
               False),
}
ASK = """
import socket, struct, sys
for name in sys.argv[2:]:
  kind = 1 if name.startswith('one') else 16
  text = b''.join(bytes([len(part)]) + part.encode() for part in name.split('.')) + b'\\0'
  query = struct.pack('!6H', 7, 0x100, 1, 0, 0, 0) + text + struct.pack('!2H', kind, 1)
  asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
  asked.settimeout(3)
  asked.sendto(query, (sys.argv[1], 53))
  answer = asked.recv(4096)
  if answer[2] & 2:
    asked = socket.create_connection((sys.argv[1], 53), 3)
    asked.sendall(struct.pack('!H', len(query)) + query)
    answer = asked.recv(4096)[2:]
  print(answer.hex())
"""
CACHE = """
import socket, sys
made = [socket.create_connection((sys.argv[1], 11211), 3) for _ in range(8)]
for number, one in enumerate(made):
  value = bytes([65 + number]) * 20000
  one.sendall(b'set k%d 0 0 %d\\r\\n%s\\r\\nget k%d\\r\\n' % (number, len(value), value, number))
for one in made:
  got = b''
  while not got.endswith(b'END\\r\\n'): got += one.recv(65536)
  print(len(got), got[:40])
"""

# What inetd gives to a program, once for all datagrams of a while.
INHERITED = """
import socket
ours = socket.socket(fileno=0)
ours.settimeout(1)
try:
  while True:
    text, peer = ours.recvfrom(2000)
    ours.sendto(text.upper(), peer)
except TimeoutError: pass
"""
INETD = """
import socket, sys, threading
data = sys.stdin.buffer.read()
made = socket.create_connection((sys.argv[1], 8086), 9)
def send():
  made.sendall(data)
  made.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
got = b''
while part := made.recv(65536): got += part
print(got == data)
asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asked.settimeout(9)
for word in b'one', b'two':
  asked.sendto(word, (sys.argv[1], 8087))
  print(asked.recv(100))
"""

# Where the first word is not the program that must be there.
TOOLS = {"netcat": "nc", "openssl": "openssl", "PostgreSQL": f"{POSTGRES}/postgres"}


def has(*words):
    return all(shutil.which(word) for word in words)


def is_heard(place, port, address):
    probe = f"import socket; socket.create_connection(('{address}', {port}), 1)"
    return port is None or bench.wait_until(
        lambda: place.run("/usr/bin/python3", "-c", probe).returncode == 0, 15, pause=0.1)


def tcp_bytes(capture):
    """How many bytes of TCP payload a pcapng of Ethernet frames has."""
    data, at, total = capture.read_bytes(), 0, 0
    while at + 12 <= len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind == 6:
            frame = data[at + 28:at + 28 + struct.unpack_from("<I", data, at + 20)[0]]
            if frame[12:14] == b"\x08\x00" and frame[23] == 6:
                header = 14 + (frame[14] & 15) * 4
                length = struct.unpack_from("!H", frame, 16)[0]
                total += length - (frame[14] & 15) * 4 - (frame[header + 12] >> 4) * 4
        at += size
    return total


def family_of(pid):
    """The process and all below it."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += family_of(int(child))
    return found


def kernel_sockets(launcher):
    """Sockets of the internet's families that programs of a launcher have of the kernel."""
    known = set()
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "icmp", "icmp6"):
        path = pathlib.Path(f"/proc/{launcher.pid}/net/{table}")
        for line in path.read_text().splitlines()[1:] if path.exists() else []:
            known.add(f"socket:[{line.split()[9]}]")
    held = set()
    for pid in family_of(launcher.pid):
        for number in pathlib.Path(f"/proc/{pid}/fd").glob("*"):
            try:
                held.add(os.readlink(number))
            except OSError:
                pass
    return held & known


def prepare(lab, name, backend):
    """A folder of its own for each run: what a server writes does not meet another's."""
    folder = lab.folder / hashlib.md5(f"{name} {backend}".encode()).hexdigest()[:8]
    (folder / "www").mkdir(parents=True)
    for path in (lab.folder, folder, folder / "www"):
        path.chmod(0o755)
    (folder / "www/big").write_bytes(lab.file)
    (folder / "www/index.html").write_text("a page\n")
    for file, text in CONFIGS.items():
        (folder / file).write_text(text.format(folder=folder, backend=backend, text="x" * 200))
    (folder / "ask.py").write_text(ASK)
    for file, text in ("cache.py", CACHE), ("inherited.py", INHERITED), ("inetd.py", INETD):
        (folder / file).write_text(text)
    make = lambda *words: subprocess.run(words, check=True, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
    if name in ("nginx with TLS", "openssl", "stunnel"):
        make("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
             "/CN=x", "-keyout", folder / "key.pem", "-out", folder / "cert.pem")
    if name == "OpenSSH":
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        for key in ("host_key", "client_key"):
            make("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key)
    if name == "git":
        make("git", "init", "-b", "main", folder / "www")
        who = ("-c", "user.name=x", "-c", "user.email=x@example.test")
        make("git", "-C", folder / "www", "add", ".")
        make("git", "-C", folder / "www", *who, "commit", "-m", "all")
        make("git", "clone", "--bare", folder / "www", folder / "all.git")
    if name == "PostgreSQL":
        folder.chmod(0o777)
        make("runuser", "-u", "postgres", "--", POSTGRES / "initdb", "-D", folder / "base",
             "-A", "trust")
        with open(folder / "base/pg_hba.conf", "a", encoding="ascii") as rules:
            rules.write("host all all 10.77.0.0/24 trust\n")
    return folder


def answers(host, folder, script, address):
    return host.run("sh", "-c", script.format(folder=folder, address=address)).stdout


def serve(lab, name):
    words, port, script, bytes_least, _ = SERVICES[name]
    plain = lab.namespace()
    folder = prepare(lab, name, "127.0.0.1")
    web = ["/usr/bin/python3", "-m", "http.server", "8090", "--directory", folder / "www"]
    plain.start(*web)
    is_heard(plain, 8090, "127.0.0.1")
    server = plain.start(*(word.format(folder=folder) for word in words))
    is_heard(plain, port, "127.0.0.1")
    wanted = answers(plain, folder, script, "127.0.0.1")
    bench.end(server)

    host = lab.namespace()
    folder = prepare(lab, name, HOST4)
    web[-1] = folder / "www"
    host.start(*web)
    is_heard(host, 8090, "127.0.0.1")
    capture = lab.folder / "capture.pcapng"
    capture.unlink(missing_ok=True)
    log = lab.folder / "server.log"
    server = host.start(*lab.run_words(*(word.format(folder=folder) for word in words),
                                       flags=("--capture", capture)), output=log)
    lab.check(f"{name}: comes up", is_heard(host, port, STACK4), log.read_text())
    got = answers(host, folder, script, STACK4)
    lab.check(f"{name}: answers as on the kernel", got == wanted != "", f"{got[-200:]!r}, "
              f"kernel {wanted[-200:]!r}")
    held = kernel_sockets(server)
    lab.check(f"{name}: no socket of the kernel's", held == set(), held)
    bench.end(server)
    count = tcp_bytes(capture)
    lab.check(f"{name}: every byte crossed our stack", count >= bytes_least, count)


def ask(lab, name):
    script, _ = CLIENTS[name]
    host = lab.namespace()
    folder = prepare(lab, f"{name} asks", HOST4)
    host.start("/usr/bin/python3", "-m", "http.server", "8090", "--directory", folder / "www")
    is_heard(host, 8090, "127.0.0.1")
    wanted = answers(host, folder, script, "127.0.0.1")
    got = host.run(*lab.run_words("sh", "-c", script.format(address=HOST4))).stdout
    lab.check(f"{name}: is answered as on the kernel", got == wanted != "", f"{got!r}, {wanted!r}")


def resolver(lab):
    """A program whose /etc/resolv.conf names a resolver on loopback finds names by --dns."""
    host = lab.namespace()
    folder = prepare(lab, "resolver", HOST4)
    place = pathlib.Path(f"/etc/netns/{host.name}")
    place.mkdir(parents=True)
    lab.closing.callback(shutil.rmtree, place, ignore_errors=True)
    (place / "resolv.conf").write_text("nameserver 127.0.0.53\noptions timeout:2 attempts:2\n")
    host.start("dnsmasq", "-k", "-C", folder / "dnsmasq.conf")
    is_heard(host, 53, "127.0.0.1")
    look = "import socket; print(socket.gethostbyname('one.test'))"
    program = lab.run_words("/usr/bin/python3", "-c", look, flags=("--dns", HOST4))
    got = host.run(*program).stdout
    lab.check("port 53 of a loopback resolver leads to --dns", got == "192.0.2.7\n", got)
    asking = lab.run_words("/usr/bin/python3", folder / "ask.py", "127.0.0.11", "one.test")
    got = host.run(*asking).stdout
    lab.check("without a server it says at once that it has failed", got[:8] == "00078182", got)


def main():
    with bench.Bench(needs=["curl", "openssl"], seconds=420 if FULL else 58) as lab:
        lab.file = os.urandom(FILE_BYTES)
        if has("dnsmasq"):
            resolver(lab)
        for name, (words, _, _, _, is_quick) in SERVICES.items():
            tool = TOOLS.get(name, words[0])
            if not has(tool):
                print(f"skipped: {name} is not installed")
            elif FULL or is_quick:
                serve(lab, name)
        for name, (script, is_quick) in CLIENTS.items():
            tool = TOOLS.get(name, name)
            if not has(tool):
                print(f"skipped: {name} is not installed")
            elif FULL or is_quick:
                ask(lab, name)


main()
