#!/usr/bin/env bash
# Installs a Debian package over this machine's file system, upgrades it and purges it, and touches nothing of the machine: all
# that is written goes to memory that ends with this script. For root, on Debian or Ubuntu.
#
# Usage: unshare --mount try-deb.sh PACKAGE
set -euo pipefail

package=$(readlink -f "$1")
layers=$(mktemp -d)
mount -t tmpfs tmpfs "$layers"
mkdir "$layers/upper" "$layers/work" "$layers/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$layers/upper,workdir=$layers/work" "$layers/root"
cp "$package" "$layers/root/package.deb"

chroot "$layers/root" sh -eu <<'SH'
install() { DEBIAN_FRONTEND=noninteractive dpkg --install /package.deb >/install.log 2>&1 || { cat /install.log; exit 1; }; }
install
# The user is there, and may read the configuration, which others may not.
[ "$(stat -c '%U %G %a' /etc/schemagate /etc/schemagate/proxy.toml | tr '\n' ' ')" = "root schemagate 750 root schemagate 640 " ]
su -s /bin/sh schemagate -c 'DATABASE_URL=postgresql://app@127.0.0.1/app schemagate check --config /etc/schemagate/proxy.toml'
if su -s /bin/sh nobody -c 'cat /etc/schemagate/proxy.toml' 2>/dev/null; then exit 1; fi
systemd-analyze verify /lib/systemd/system/schemagate.service
[ ! -e /etc/systemd/system/multi-user.target.wants/schemagate.service ]
for brought in man/man1/schemagate-doctor.1.gz bash-completion/completions/schemagate schemagate/proxy.schema.json doc/schemagate/proxy.toml; do
    [ -s "/usr/share/$brought" ]
done
# An upgrade keeps what was written by hand, and a purge takes all away.
sed -i 's/^mode = "observe"/mode = "enforce"/' /etc/schemagate/proxy.toml
install
grep -q '^mode = "enforce"' /etc/schemagate/proxy.toml
dpkg --purge schemagate >/install.log 2>&1
[ ! -e /etc/schemagate ] && [ ! -e /usr/bin/schemagate ]
SH
