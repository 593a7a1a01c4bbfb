# The settings are made from /etc/config/syncd; here too when they are not, or no longer, what stands there. Not for
# calls that name other settings (the init script's own) or need none.
settings=wanted
for argument in "$@"; do # each by itself: a name may have such a word in it
    case "$argument" in
    -h | --help | --version | --reference | --config | --config=*) settings= ;;
    esac
done
case "${1-}" in
"" | version | pair | sync) settings= ;;
esac
if [ "$settings" = wanted ] && [ "$(id -u)" = 0 ]; then
    if [ -e /etc/syncd/syncd.conf ] && [ ! -L /etc/syncd/syncd.conf ]; then # sed -i makes a file of it, for one
        echo "syncd: /etc/syncd/syncd.conf is no longer a link to /var/etc/syncd/syncd.conf, and counts for nothing." \
            "Keep it: mv it to own.conf, uci set syncd.main.conffile=/etc/syncd/own.conf. Or remove it. Then:" \
            "ln -s /var/etc/syncd/syncd.conf /etc/syncd/syncd.conf" >&2
        exit 78
    fi
    # Made within the same second is not newer for the shell, and may not be what stands there now.
    if ! [ /etc/syncd/syncd.conf -nt /etc/config/syncd ]; then
        /etc/init.d/syncd render || exit 78 # else the program would take its defaults, and put accounts into RAM
    fi
fi
