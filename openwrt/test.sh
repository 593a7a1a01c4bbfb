#!/bin/sh
# Called by the CI of the packages feed, in a container of OpenWrt where the package was just installed:
# test.sh PACKAGE VERSION
set -eu

[ "$1" = syncd ] || exit 0
syncd version | grep -F "$2"
/etc/init.d/syncd check 2>&1 | grep -F syncd.storage.path # nothing is known of a disk yet

uci set syncd.storage.path=/tmp/syncd-test
uci commit syncd
mkdir -p /tmp/syncd-test
syncd init --user test
syncd status --json | grep -F '"volume": "ok"'
