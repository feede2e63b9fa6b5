#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Names, asked of dnsmasq in a namespace: aliases, answers too long for UDP, names that are not
there, servers that are silent or not there at all, search lists, and what tshark thinks of it."""
import json
import re
import time

import bench
from bench import HOST4, HOST6, STACK4, TAP

SILENT = "10.77.0.9"
TEXTS = [f"{number:02}" + "x" * 200 for number in range(12)]


def serve(lab, host):
    """dnsmasq on the kernel's end of the TAP device."""
    log = lab.folder / "dnsmasq.log"
    command = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
               "--no-hosts", "--user=root", f"--pid-file={lab.folder}/dnsmasq.pid",
               f"--listen-address={HOST4},{HOST6}", "--bind-interfaces", "--local=/test/",
               "--local-ttl=60", "--log-queries", f"--log-facility={log}",
               "--host-record=www.example.test,10.77.0.1,fd77::1",
               "--host-record=four.example.test,192.0.2.4",
               "--host-record=six.example.test,2001:db8::6",
               "--cname=alias.example.test,www.example.test",
               "--cname=again.example.test,alias.example.test",
               "--srv-host=_http._tcp.example.test,www.example.test,80,1,2",
               "--ptr-record=4.2.0.192.in-addr.arpa,four.example.test"]
    command += [f"--txt-record=big.example.test,{text}" for text in TEXTS]
    host.start(*command)
    if not bench.wait_until(lambda: log.exists() and "started" in log.read_text(), 10):
        raise RuntimeError("dnsmasq does not start")
    return log


class Asker:
    def __init__(self, lab, host):
        self.lab, self.host = lab, host
        self.stack = ["--device", f"tap:{TAP}", "--address", f"{STACK4}/24", "--address",
                      "fd77::2/64"]

    def resolve(self, *words, dns=(HOST4,)):
        flags = [word for server in dns for word in ("--dns", server)]
        return self.host.run(self.lab.program, "resolve", *self.stack, *flags, *words)

    def addresses(self, *words, **options):
        return self.resolve(*words, **options).stdout.split()


def found(lab, ask, log):
    lab.check("a name has an address of each family",
              sorted(ask.addresses("www.example.test")) == sorted([HOST4, HOST6]))
    lab.check("one family alone", ask.addresses("-6", "www.example.test") == [HOST6])
    lab.check("aliases of aliases are followed",
              sorted(ask.addresses("again.example.test")) == sorted([HOST4, HOST6]))
    lab.check("case does not matter", ask.addresses("-4", "WWW.Example.TEST") == [HOST4])
    lab.check("over IPv6", ask.addresses("four.example.test", dns=[HOST6]) == ["192.0.2.4"])
    lab.check("search list", ask.addresses("-4", "www", "--search", "nowhere.test", "--search",
                                           "example.test") == [HOST4])
    chain = ask.resolve("again.example.test", "A").stdout.splitlines()
    lab.check("records of a type come with their chain",
              [line.split()[3] for line in chain] == ["CNAME", "CNAME", "A"], chain)
    lab.check("SRV", ask.resolve("_http._tcp.example.test", "SRV").stdout.split()[3:]
              == ["SRV", "1", "2", "80", "www.example.test."])
    lab.check("PTR", ask.resolve("4.2.0.192.in-addr.arpa", "ptr").stdout.split()[-1]
              == "four.example.test.")
    before = len(re.findall(r"query\[", log.read_text()))
    lab.check("localhost is not asked for", sorted(ask.addresses("localhost"))
              == ["127.0.0.1", "::1"])
    lab.check("... of any server", len(re.findall(r"query\[", log.read_text())) == before)
    hosts = lab.folder / "hosts"
    hosts.write_text("192.0.2.77 printer # in the corner\n")
    lab.check("hosts file", ask.addresses("printer", "--hosts", hosts) == ["192.0.2.77"])
    hosts.write_text("192.0.2.77 printer\nwhat is this\n")
    wrong = ask.resolve("printer", "--hosts", hosts)
    lab.check("a fault in the hosts file is told by its line",
              wrong.returncode == 1 and f"{hosts}:2:" in wrong.stdout, wrong.stdout)


def not_found(lab, ask):
    gone = ask.resolve("nowhere.example.test")
    lab.check("a name that is not there", gone.returncode == 1 and
              "there is no such name" in gone.stdout, gone.stdout)
    other = ask.resolve("-6", "four.example.test")
    lab.check("a name without this family", other.returncode == 1 and
              "no such records" in other.stdout, other.stdout)
    none = ask.resolve("www.example.test", dns=[])
    lab.check("without a server it says what to do", none.returncode == 1 and
              "--dns" in none.stdout, none.stdout)
    usage = ask.resolve("www.example.test", "NONSENSE")
    lab.check("an unknown type is a matter of usage", usage.returncode == 2, usage.stdout)


def long_answers(lab, host, ask, log):
    done = ask.resolve("big.example.test", "TXT")
    strings = sorted(re.findall(r'TXT "([^"]*)"', done.stdout))
    lab.check("an answer too long for UDP comes whole, over TCP", strings == sorted(TEXTS),
              done.stdout)
    # Twice on the server's side: once cut, once over TCP.
    lab.check("... after it was cut", log.read_text().count("query[TXT] big.example.test") == 2)


def faulty_servers(lab, host, ask):
    start = time.monotonic()
    lab.check("a silent server gives way to the next",
              ask.addresses("-4", "www.example.test", dns=[SILENT, HOST4]) == [HOST4])
    lab.check("... within seconds", time.monotonic() - start < 6)
    start = time.monotonic()
    host.must("ip", "address", "add", "10.77.0.8/24", "dev", TAP)
    lab.check("a server that is not there gives way at once",
              ask.addresses("-4", "www.example.test", dns=["10.77.0.8", HOST4]) == [HOST4])
    lab.check("... at once, that is", time.monotonic() - start < 1.5)


def programs(lab, ask, capture):
    ping = ask.host.run(lab.program, "ping", *ask.stack, "--dns", HOST4, "-c", "2",
                        "--capture", capture, "www.example.test")
    lab.check("ping takes a name", ping.returncode == 0 and "2 received" in ping.stdout,
              ping.stdout)
    trace = ask.host.run(lab.program, "traceroute", *ask.stack, "--dns", HOST4, "-n",
                         "www.example.test")
    lab.check("so does traceroute", trace.returncode == 0, trace.stdout)
    lost = ask.host.run(lab.program, "ping", *ask.stack, "--dns", HOST4, "nowhere.example.test")
    lab.check("a name that is not there is said to be so", lost.returncode == 1 and
              "there is no such name" in lost.stdout, lost.stdout)


def wire(lab, ask, capture):
    ask.resolve("big.example.test", "TXT", "--capture", f"{capture}.2")
    for path in (capture, f"{capture}.2"):
        text = ask.host.run("tshark", "-r", path, "-V", "-Y", "dns").stdout
        lab.check("tshark reads every message", "Domain Name System" in text and
                  "alformed" not in text, text[-500:])
    ports = ask.host.run("tshark", "-r", capture, "-Y", "dns.flags.response == 0", "-T", "fields",
                         "-e", "udp.srcport", "-e", "dns.id").stdout.split("\n")
    ports = [line.split() for line in ports if re.fullmatch(r"\d+\s0x[0-9a-f]+", line)]
    lab.check("each question has a port and an id of its own",
              len(ports) >= 2 and len({one[0] for one in ports}) == len(ports) and
              len({one[1] for one in ports}) == len(ports), ports)


def configured(lab, host):
    path = lab.folder / "names.toml"
    path.write_text(f'dns = ["{HOST4}"]\nsearch = ["example.test"]\n'
                    f'[[device]]\nspec = "tap:{TAP}"\naddress = "{STACK4}/24"\n')
    done = host.run(lab.program, "resolve", "--config", path, "-4", "--json", "www")
    lab.check("servers and domains from a file, an answer as JSON",
              json.loads(done.stdout) == {"name": "www", "addresses": [HOST4], "result": "found"},
              done.stdout)
    path.write_text('dns = "nowhere"\n')
    wrong = host.run(lab.program, "resolve", "--config", path, "www")
    lab.check("a fault in the file is told by line and key", wrong.returncode == 2 and
              f"{path}:1:7: dns:" in wrong.stdout, wrong.stdout)


def main():
    with bench.Bench(needs=["dnsmasq", "tshark"]) as lab:
        host = lab.namespace()
        host.must("ip", "tuntap", "add", "dev", TAP, "mode", "tap")
        host.must("ip", "address", "add", f"{HOST4}/24", "dev", TAP)
        host.must("ip", "address", "add", f"{HOST6}/64", "dev", TAP, "nodad")
        host.must("ip", "link", "set", TAP, "up")
        log = serve(lab, host)
        ask = Asker(lab, host)
        capture = lab.folder / "names.pcapng"
        found(lab, ask, log)
        not_found(lab, ask)
        long_answers(lab, host, ask, log)
        faulty_servers(lab, host, ask)
        programs(lab, ask, capture)
        wire(lab, ask, capture)
        configured(lab, host)


main()
