#!/bin/sh
# Prepare this folder for `make run` and `make test`: system packages where apt is at hand, then .venv.
# Safe to repeat; the Makefile does so only when setup.cfg, pyproject.toml or this file has changed.
set -eu
cd "$(dirname "$0")/.."

missing=""

program() { # NAME PACKAGE: a program that is used if it is there, from wherever
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

package() { # NAME...: Debian packages that leave no program to look for
    for name in "$@"; do
        case "$(dpkg-query -W -f='${db:Status-Abbrev}' "$name" 2>/dev/null)" in
        ii*) ;;
        *) missing="$missing $name" ;;
        esac
    done
}

if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "syncd needs python3, version 3.11 or newer" >&2
    exit 1
fi

program ffmpeg ffmpeg
program exiftool libimage-exiftool-perl
program bwrap bubblewrap
program chromium chromium # the tests look at the dashboard with it
program strace strace # the tests watch the order of writes with it
program ip iproute2 # the tests cut networks of their own with these two
program nft nftables
program systemd-analyze systemd # the tests have the unit files judged by it
program groff groff-base # and the manual pages by these two
program mandoc mandoc
program curl curl # and what docs tell people to paste with this one
program busybox busybox-static # the shell of routers: the tests run what is for OpenWrt with it
program dash dash
program shellcheck shellcheck
# Debian's own python3 leaves these two out; one built from source has them.
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
python3 -c 'import os, sysconfig as s; open(os.path.join(s.get_path("include"), "Python.h"))' 2>/dev/null ||
    headers=python3-dev
# There are ready-made packages of Pillow for 64-bit ARM; pillow-simd is always compiled.
if [ "$(uname -m)" != aarch64 ]; then
    program cc gcc
    missing="$missing ${headers:-}"
    package libc6-dev libjpeg62-turbo-dev zlib1g-dev libwebp-dev libtiff-dev liblcms2-dev libavif-dev
fi

# Unquoted on purpose: one word for each package.
# shellcheck disable=SC2086
set -- $missing
if [ $# -gt 0 ] && command -v apt-get >/dev/null; then
    root=""
    [ "$(id -u)" = 0 ] || root=sudo
    echo "+ $root apt-get install --yes --no-install-recommends $*"
    $root apt-get update -q || true # old lists may still do
    $root env DEBIAN_FRONTEND=noninteractive apt-get install --yes -q --no-install-recommends "$@" ||
        echo "apt-get failed: going on without; thumbnails or some tests may miss $*" >&2
elif [ $# -gt 0 ]; then
    echo "no apt-get here: please install what your system calls $*; going on" >&2
fi

echo "+ python3 -m venv .venv && .venv/bin/pip install --editable .[test,qr,client,signin,lint]"
[ -x .venv/bin/pip ] || python3 -m venv --clear .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,qr,client,signin,lint]'
# The tests sign in with a real provider of OpenID Connect, where there is node to run it.
if command -v npm >/dev/null; then
    echo "+ npm ci --prefix tests/signin/provider"
    (cd tests/signin/provider && npm ci --silent) || echo "npm failed: going on without a provider" >&2
fi
touch .venv/ready
