#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Unpacks a Debian kernel into build/guest, where tests/interop/guest.py boots it in QEMU: it has
# what a host's kernel may lack (8021q, netem, dctcp, bbr). Nothing is installed.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
guest=$root/build/guest
compgen -G "$guest/boot/vmlinuz-*" >/dev/null && exit 0

package=$(apt-cache depends --important linux-image-amd64 |
  awk '/Depends: linux-image-/ { print $2; exit }')
[[ -n $package ]] || {
  echo "guest_kernel: apt knows no linux-image-amd64; on this machine there is no guest" >&2
  exit 1
}
mkdir -p "$guest.new"
cd "$guest.new"
apt-get -q download "$package"
dpkg -x "$package"_*.deb .
rm "$package"_*.deb
depmod -b . "$(ls lib/modules)"
rm -rf "$guest"
mv "$guest.new" "$guest"
