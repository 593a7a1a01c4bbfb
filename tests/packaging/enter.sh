#!/bin/sh
# Run a command with other folders laid over each other as its root, and one folder of ours in its usual place.
#
#   enter.sh LAYERS MOUNTPOINT SHARED UID COMMAND...
#
# LAYERS are folders joined by colons, the uppermost first; nothing can be written in them. MOUNTPOINT is an empty
# folder of ours. SHARED is seen under its own path and can be written. The mounts end with the command, whose process
# is this one. Called by root or, then with a user namespace, by anybody.
set -eu
if [ "${1:-}" != inside ]; then
    [ "$(id -u)" = 0 ] && map="" || map=--map-root-user
    # Unquoted on purpose: nothing, or one option.
    # shellcheck disable=SC2086
    exec unshare $map --mount --propagation private sh "$0" inside "$@"
fi
layers=$2
root=$3
shared=$4
uid=$5
shift 5

mount -t overlay overlay -o "lowerdir=$layers" "$root"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
top=$(printf '%s' "$shared" | cut -d / -f 2)
mount -t tmpfs -o mode=755 tmpfs "$root/$top" # a place for the path of SHARED, which the layers know nothing of
mkdir -p "$root$shared"
mount --bind "$shared" "$root$shared"
# In a namespace of our own there is no other user to become, and no right to try.
if [ "$uid" = 0 ]; then
    set -- "$root" "$@"
else
    set -- --userspec="$uid:$uid" "$root" "$@"
fi
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$(command -v chroot)" "$@"
