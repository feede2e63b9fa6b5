#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the Debian packages, and proves them in a clean root where there can be one.
# Usage: tools/package.sh
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
export STRATA_ROOT=$root
source "$root/tools/build.sh"
build=$root/build/package packages=$root/build/package/packages

build_preset package
rm -rf "$packages"
(cd "$build" && cpack >"$root/build/logs/cpack.log" 2>&1) || {
  tail -n 20 "$root/build/logs/cpack.log" >&2
  exit 1
}
ls -l "$packages"/*.deb
if [[ $(id -u) -ne 0 ]] || ! command -v mmdebstrap >/dev/null; then
  echo "package: not tried in a clean root, which needs root and mmdebstrap"
  exit 0
fi

# ---- as a stranger would: a system with nothing but Debian's base, and these four files ----
clean=$(mktemp -d) space=strata-package-$$
leave() {
  ip netns delete "$space" 2>/dev/null || true
  rm -rf --one-file-system "$clean"
}
trap leave EXIT
mmdebstrap --quiet --variant=minbase --skip=cleanup/tmp bookworm "$clean/root"
# Its package lists are thrown away when it is made; names it learns as this machine does.
cat /etc/resolv.conf >"$clean/root/etc/resolv.conf"
mkdir "$clean/root/packages"
cp "$packages"/*.deb "$clean/root/packages/"
inside() { chroot "$clean/root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }
inside sh -c 'apt-get -q update && apt-get -q -y install /packages/*.deb' \
  >"$root/build/logs/package-install.log" 2>&1 || {
  tail -n 20 "$root/build/logs/package-install.log" >&2
  exit 1
}
inside strata --version
inside test -s /usr/share/man/man1/strata-up.1.gz
# The linker knows the library by its trigger, and not the modules, which are loaded by path.
inside sh -c 'ldconfig -p | grep libstrata && ! ldconfig -p | grep libstrata_'
inside sh -c 'cd /var/lib/dpkg/info && test -s libstrata0.shlibs && test ! -e libstrata0.postinst'
inside sh -c 'test -s /usr/lib/*/strata/libstrata_preload.so'

# A stack in there, asked by the kernel out here. A container of its own for /dev/net/tun only.
mkdir -p "$clean/root/dev/net" "$clean/root/run"
[[ -e $clean/root/dev/net/tun ]] || mknod "$clean/root/dev/net/tun" c 10 200
ip netns add "$space"
ip netns exec "$space" chroot "$clean/root" strata up --config /etc/strata/strata.toml &
stack=$!
for _ in $(seq 60); do
  ip netns exec "$space" ping -c 1 -W 1 10.77.0.2 >/dev/null 2>&1 && break
  sleep 0.5
done
ip netns exec "$space" ping -c 1 -W 2 10.77.0.2
kill "$stack"
wait "$stack"

# A program against the library, built in there.
inside apt-get -q -y install --no-install-recommends g++ pkg-config libc6-dev >/dev/null 2>&1
inside sh -c 'g++ -std=c++23 /usr/share/doc/strata/examples/udp_echo.cpp -o /tmp/udp_echo \
  $(pkg-config --cflags --libs strata) && /tmp/udp_echo'
inside apt-get -q -y purge strata libstrata0 libstrata-dev strata-doc >/dev/null 2>&1
inside sh -c '! command -v strata'
echo "package: installed, tried and removed in a clean Debian"
