# The settings are made from /etc/config/syncd; here too when they are not, or no longer, what stands there. Not for
# calls that name other settings (the init script's own) or need none.
case " $* " in
"  " | " version " | " --version " | " -h " | " --help " | " pair "* | " sync "* | *" --config"*) ;;
*)
    if [ "$(id -u)" = 0 ] && { [ ! -e /etc/syncd/syncd.conf ] || [ /etc/config/syncd -nt /etc/syncd/syncd.conf ]; }; then
        /etc/init.d/syncd render || exit 78 # else the program would take its defaults, and put accounts into RAM
    fi
    ;;
esac
