#!/usr/bin/env bash
# Lays out the whole file system of the image: schemagate, what it is linked to, and what it reads of a system.
# The Dockerfile runs it, and `make packages` runs what it made.
#
# Usage: image-root.sh PROGRAM FOLDER
set -euo pipefail

if [ "$#" -ne 2 ]; then
    echo "usage: $0 PROGRAM FOLDER" >&2
    exit 2
fi
program=$1
root=$2
# As in the Dockerfile.
user=10001

install -D -m 0755 "$program" "$root/usr/local/bin/schemagate"
# The loader and every library, under the paths by which the program asks for them. glibc asks name servers by itself.
ldd "$program" | grep -o '/[^ ]*' | sort -u | while read -r library; do
    install -D -m 0755 "$(readlink -f "$library")" "$root$library"
done
# sslmode=verify-full and TLS upstreams are verified against them.
install -D -m 0644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
# Whoever asks for the user's name gets one.
echo "schemagate:x:$user:$user:schemagate:/var/lib/schemagate:/" >"$root/etc/passwd"
echo "schemagate:x:$user:" >"$root/etc/group"
echo "hosts: files dns" >"$root/etc/nsswitch.conf"
install -d -m 0755 "$root/etc/schemagate"
install -d -m 1777 "$root/tmp"
install -d -m 0700 "$root/var/lib/schemagate"
# Only root may give files away; in the image's build it is root.
if [ "$(id -u)" -eq 0 ]; then
    chown "$user:$user" "$root/var/lib/schemagate"
fi
