#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Programs of others under `strata run`, each against the kernel on the other side of a TAP device.
docs/programs.md says which versions were tried."""
import hashlib
import os
import re
import shutil
import signal
import subprocess

import bench
from bench import HOST4, STACK4, STACK6

PYTHON = "/usr/bin/python3"
FILE_BYTES = 4 << 20
NGINX = """
worker_processes 2; daemon off; user root; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 256; }}
http {{ access_log off; sendfile on; tcp_nopush on; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 80; listen [::]:80; root {folder}/www; }} }}
"""
GO = """
package main
import ("fmt"; "io"; "net/http"; "os")
func main() {
  if os.Args[1] == "serve" {
    http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "go\\n") })
    panic(http.ListenAndServe(":8080", nil))
  }
  answer, problem := http.Get(os.Args[1])
  if problem != nil { panic(problem) }
  io.Copy(os.Stdout, answer.Body)
}
"""


def has(tool):
    return shutil.which(tool) is not None


def is_heard(place, port, address=STACK4):
    probe = f"import socket; socket.create_connection(('{address}', {port}), 1)"
    return bench.wait_until(
        lambda: place.run(PYTHON, "-c", probe).returncode == 0, 10, pause=0.1)


def fetch(host, url):
    return host.run("curl", "-s", "-m", "10", url)


def digest_of(host, lab, url):
    copy = lab.folder / "copy"
    copy.unlink(missing_ok=True)
    host.run("curl", "-s", "-m", "10", "-o", copy, url)
    return hashlib.md5(copy.read_bytes()).hexdigest() if copy.exists() else None


def clients(lab, host, folder, digest):
    web = host.start(PYTHON, "-m", "http.server", "80", "--bind", "0.0.0.0", cwd=folder)
    is_heard(host, 80, "127.0.0.1")
    page, big = f"http://{HOST4}/index.html", f"http://{HOST4}/big"
    for words in (["curl", "-s", page], ["wget", "-q", "-O", "-", page],
                  ["busybox", "wget", "-q", "-O", "-", page],
                  ["node", "-e", f"fetch('{page}').then(r => r.text()).then("
                                 "t => process.stdout.write(t))"]):
        if not has(words[0]):
            continue
        got = host.run(*lab.run_words(*words)).stdout
        lab.check(f"{words[0]} {words[1]}: a page", got == "a page\n", got)
    for words in (["curl", "-s", "-o"], ["wget", "-q", "-O"], ["busybox", "wget", "-q", "-O"]):
        if not has(words[0]):
            continue
        copy = lab.folder / "fetched"
        copy.unlink(missing_ok=True)
        host.run(*lab.run_words(*words, copy, big))
        got = hashlib.md5(copy.read_bytes()).hexdigest() if copy.exists() else None
        lab.check(f"{' '.join(words[:2])}: 4 MiB unchanged", got == digest, got)
    bench.end(web)


def nginx(lab, host, folder, digest):
    config = lab.folder / "nginx.conf"
    config.write_text(NGINX.format(folder=lab.folder))
    server = host.start(*lab.run_words("nginx", "-e", lab.folder / "early.log", "-c", config))
    lab.check("nginx: comes up", is_heard(host, 80))
    lab.check("nginx: a page over IPv6", fetch(host, f"http://[{STACK6}]/").stdout == "a page\n")
    got = digest_of(host, lab, f"http://{STACK4}/big")
    lab.check("nginx: 4 MiB by sendfile", got == digest, got)
    loop = f"for i in $(seq 150); do curl -s -m 5 http://{STACK4}/; done"
    load = subprocess.Popen(host.command("sh", "-c", loop), stdout=subprocess.PIPE, text=True)
    master = int((lab.folder / "nginx.pid").read_text())
    for _ in range(2):
        bench.wait_until(lambda: False, 0.4)
        os.kill(master, signal.SIGHUP)
    pages = load.communicate(timeout=30)[0].count("a page\n")
    lab.check("nginx: two reloads under load lose no request", pages == 150, pages)
    lab.check("nginx: ends by SIGTERM", bench.end(server) == 0, server.returncode)


def redis(lab, host):
    server = host.start(*lab.run_words("redis-server", "--bind", "0.0.0.0", "--protected-mode",
                                       "no", "--dir", lab.folder, "--save", ""))
    lab.check("redis: comes up", is_heard(host, 6379))

    def ask(*words):
        return host.run("redis-cli", "-h", STACK4, *words).stdout.strip()
    ask("set", "key", "value")
    lab.check("redis: remembers", ask("get", "key") == "value")
    ask("bgsave")
    saved = bench.wait_until(lambda: (lab.folder / "dump.rdb").exists(), 5)
    lab.check("redis: saves from a child", saved)
    lab.check("redis: answers after fork", ask("get", "key") == "value")
    done = host.run("redis-benchmark", "-h", STACK4, "-n", "3000", "-c", "50", "-P", "16", "-q",
                    "-t", "set,get")
    rates = re.findall(r"([GS]ET): ([\d.]+) requests", done.stdout)
    lab.check("redis: 50 clients with pipelines", len(rates) >= 2, done.stdout)
    bench.end(server)


def iperf3(lab, host):
    """A server that runs one test, for it opens its listener anew after each."""
    for name, flags in (("TCP", []), ("TCP, from it", ["-R"]), ("UDP", ["-u", "-b", "20M"]),
                        ("UDP, from it", ["-u", "-b", "20M", "-R"])):
        server = host.start(*lab.run_words("iperf3", "-s", "-1"))
        bench.wait_until(lambda: host.run("ping", "-c1", "-W1", STACK4).returncode == 0, 5)
        bench.wait_until(lambda: False, 0.5)
        done = host.run("iperf3", "-c", STACK4, "-t", "1", *flags)
        lab.check(f"iperf3 -s: {name}", done.returncode == 0, done.stdout)
        bench.end(server)
    for name, flags in (("TCP, three streams", ["-P", "3"]), ("UDP", ["-u", "-b", "20M"])):
        server = host.start("iperf3", "-s", "-1")
        bench.wait_until(lambda: False, 0.3)
        done = host.run(*lab.run_words("iperf3", "-c", HOST4, "-t", "1", *flags))
        lab.check(f"iperf3 -c: {name}", done.returncode == 0, done.stdout)
        bench.end(server)


def small_servers(lab, host, folder):
    if has("busybox"):
        server = host.start(*lab.run_words("busybox", "httpd", "-f", "-p", "8081", "-h", folder))
        is_heard(host, 8081)
        got = fetch(host, f"http://{STACK4}:8081/index.html").stdout
        lab.check("busybox httpd, which forks", got == "a page\n", got)
        bench.end(server)
    if has("socat"):
        server = host.start(*lab.run_words("socat", "TCP-LISTEN:9000,fork,reuseaddr", "EXEC:cat"))
        is_heard(host, 9000)
        talk = (f"import socket; s = socket.create_connection(('{STACK4}', 9000), 3);"
                "s.sendall(b'through a child'); s.shutdown(1); print(s.recv(99))")
        got = host.run(PYTHON, "-c", talk).stdout
        lab.check("socat with a child for each connection", "through a child" in got, got)
        bench.end(server)


def go(lab, host, folder):
    source, program = lab.folder / "main.go", lab.folder / "program"
    source.write_text(GO)
    built = subprocess.run(["go", "build", "-o", program, source], capture_output=True, text=True,
                           env=dict(os.environ, CGO_ENABLED="0", GOCACHE=str(lab.folder / "go")))
    lab.check("go: a static program is built", built.returncode == 0, built.stderr)
    server = host.start(*lab.run_words(program, "serve"))
    is_heard(host, 8080)
    lab.check("go: serves", fetch(host, f"http://{STACK4}:8080/").stdout == "go\n")
    bench.end(server)
    web = host.start(PYTHON, "-m", "http.server", "80", "--bind", "0.0.0.0", cwd=folder)
    is_heard(host, 80, "127.0.0.1")
    got = host.run(*lab.run_words(program, f"http://{HOST4}/")).stdout
    lab.check("go: fetches", got == "a page\n", got)
    bench.end(web)


def main():
    is_full = bool(os.environ.get("STRATA_FULL"))
    with bench.Bench(needs=["curl"], seconds=170 if is_full else 58) as lab:
        host = lab.namespace()
        folder = lab.folder / "www"
        folder.mkdir()
        lab.folder.chmod(0o755)
        data = os.urandom(FILE_BYTES)
        (folder / "big").write_bytes(data)
        (folder / "index.html").write_text("a page\n")
        digest = hashlib.md5(data).hexdigest()
        clients(lab, host, folder, digest)
        if has("nginx"):
            nginx(lab, host, folder, digest)
        if has("redis-server"):
            redis(lab, host)
        small_servers(lab, host, folder)
        if has("iperf3"):
            iperf3(lab, host)
        # Minutes of compiling on a cold machine: only where somebody asked for everything.
        if has("go") and is_full:
            go(lab, host, folder)


main()
