# SPDX-License-Identifier: Apache-2.0
"""A Linux of its own beside the test: a kernel of Debian's in QEMU, for what the host's kernel has
not (8021q, netem, dctcp, bbr). Its only file system is made here and lives in its memory.

    machine = guest.boot(lab, namespace, tap="guest0", modules=["8021q"])
    machine.must("ip link add link eth0 name v10 type vlan id 10")

Its shell is on the serial line: a command goes in, its output comes back until the mark that
tells the exit status. `tools/guest_kernel.sh` brings the kernel.
"""
import os
import pathlib
import platform
import re
import shutil
import subprocess
import threading
import time

import bench

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ("/usr/sbin/ip", "/usr/sbin/tc")
NETWORK_CARD = ("virtio_pci", "virtio_net")
INIT = """#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do insmod /modules/$module; done
ip link set lo up; ip link set eth0 up
stty -echo; export PS1= PS2=
echo guest is up
exec sh
"""


def kernel():
    """(the kernel, the folder of its modules, its version), or a skipped test."""
    folder = ROOT / "build/guest"
    found = sorted(folder.glob("boot/vmlinuz-*"))
    if not found:
        bench.skip("there is no guest kernel (tools/guest_kernel.sh)")
    version = found[-1].name.removeprefix("vmlinuz-")
    return found[-1], folder, version


def _module_files(folder, version, names):
    """Files of these modules and of all they need, each after what it needs."""
    files = []
    for name in names:
        told = subprocess.run(["modprobe", "--show-depends", "-d", folder, "-S", version, name],
                              capture_output=True, text=True, check=True).stdout
        for path in re.findall(r"^insmod (\S+)", told, re.M):
            if path not in files:
                files.append(path)
    return files


def _put_program(tree, path):
    """A program with the libraries it wants, at the places where it looks for them."""
    told = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
    for file in [path, *re.findall(r"(/\S+) \(0x", told)]:
        target = tree / file.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)


def _file_system(lab, folder, version, modules):
    """The first file system: busybox, the tools that busybox has in a small edition, modules."""
    tree = lab.folder / "guest"
    for name in ("bin", "modules", "proc", "sys", "dev", "tmp", "www"):
        (tree / name).mkdir(parents=True)
    shutil.copy("/usr/bin/busybox", tree / "bin/busybox")
    for applet in subprocess.run([tree / "bin/busybox", "--list"], capture_output=True, text=True,
                                 check=True).stdout.split():
        if applet not in ("busybox", "ip", "tc"):
            (tree / "bin" / applet).symlink_to("busybox")
    for tool in TOOLS:
        _put_program(tree, os.path.realpath(tool))
        (tree / "bin" / pathlib.Path(tool).name).symlink_to(os.path.realpath(tool))
    files = _module_files(folder, version, [*NETWORK_CARD, *modules])
    for file in files:
        shutil.copy(file, tree / "modules")
    (tree / "modules/order").write_text("\n".join(os.path.basename(file) for file in files) + "\n")
    (tree / "init").write_text(INIT)
    (tree / "init").chmod(0o755)
    image = lab.folder / "guest.cpio"
    subprocess.run(f"find . | cpio --quiet -o -H newc > {image}", shell=True, cwd=tree, check=True)
    return image


class Guest:
    def __init__(self, process):
        self.process, self.text, self.commands = process, "", 0
        self.changed = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while data := os.read(self.process.stdout.fileno(), 4096):
            with self.changed:
                self.text += data.decode(errors="replace").replace("\r", "")
                self.changed.notify_all()

    def wait_for(self, pattern, seconds):
        """What the serial line has said up to the pattern; it is forgotten then."""
        end = time.monotonic() + seconds
        with self.changed:
            while not (found := re.search(pattern, self.text, re.S)):
                left = end - time.monotonic()
                if left <= 0:
                    raise RuntimeError(f"the guest is silent after {seconds} s: {self.text[-500:]}")
                self.changed.wait(left)
            self.text = self.text[found.end():]
        return found

    def run(self, command, seconds=30):
        """(exit status, output) of a line for the guest's shell."""
        self.commands += 1
        mark = f"mark-{self.commands}"
        line = f"{{ {command}\n}} 2>&1; echo; echo {mark} $?\n"
        self.process.stdin.write(line.encode())
        self.process.stdin.flush()
        found = self.wait_for(rf"^(.*?)\n?{mark} (\d+)\n", seconds)
        return int(found.group(2)), found.group(1)

    def must(self, command, seconds=30):
        status, output = self.run(command, seconds)
        if status != 0:
            raise RuntimeError(f"in the guest: {command}: {output.strip()[-500:]}")
        return output


def boot(lab, namespace, tap, modules=()):
    """A guest whose card is the other end of the TAP device `tap`, which is made here."""
    if platform.machine() != "x86_64":
        bench.skip("the guest is one for x86-64")
    image, folder, version = kernel()
    namespace.must("ip", "tuntap", "add", tap, "mode", "tap", "vnet_hdr")
    namespace.must("ip", "link", "set", tap, "up")
    command = namespace.command(
        "qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-cpu", "max", "-m", "512",
        "-nographic", "-no-reboot", "-nodefaults", "-serial", "stdio", "-kernel", image,
        "-initrd", _file_system(lab, folder, version, modules),
        "-append", "console=ttyS0 quiet panic=-1",
        "-netdev", f"tap,id=net0,ifname={tap},script=no,downscript=no",
        "-device", "virtio-net-pci,netdev=net0,romfile=")
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    lab.processes.append(process)
    machine = Guest(process)
    machine.wait_for("guest is up", 90)
    for tool in TOOLS:  # busybox prefers its own ones to what is in the path
        name = pathlib.Path(tool).name
        machine.must(f'{name}() {{ /bin/{name} "$@"; }}')
    return machine
