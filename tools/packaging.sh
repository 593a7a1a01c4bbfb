#!/bin/sh
# Install what the heavy tests of packages need: those that download, build, emulate or boot. Safe to repeat.
set -eu

missing=""
need() { # NAME...: Debian packages
    for name in "$@"; do
        case "$(dpkg-query -W -f='${db:Status-Abbrev}' "$name" 2>/dev/null)" in
        ii*) ;;
        *) missing="$missing $name" ;;
        esac
    done
}

command -v apt-get >/dev/null || exit 0 # the tests tell what they miss

need binutils binutils-aarch64-linux-gnu binutils-arm-linux-gnueabihf # strip for the other machines
need lintian shellcheck
need qemu-user-static busybox-static openssl # to run what is for the other machines
need gcc libc6-dev make perl tcl # to build a Python for musl
need mmdebstrap debian-archive-keyring systemd-container # a Debian of its own, booted

# Unquoted on purpose: one word for each package.
# shellcheck disable=SC2086
set -- $missing
[ $# -gt 0 ] || exit 0
root=""
[ "$(id -u)" = 0 ] || root=sudo
echo "+ $root apt-get install --yes --no-install-recommends $*"
$root apt-get update -q || true # old lists may still do
$root env DEBIAN_FRONTEND=noninteractive apt-get install --yes -q --no-install-recommends "$@"
