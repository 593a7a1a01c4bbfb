#!/bin/sh
# Starts syncd. Nothing from the environment (-E) or from a home folder (-s) gets into it, and it writes nothing
# beside its own code (-B).
python=@INTERPRETER@
if [ ! -x "$python" ]; then
    echo "syncd: $python is missing; install @PACKAGE@" >&2
    exit 1
fi
@SETTINGS@exec "$python" -s -E -B @PREFIX@/lib/syncd "$@"
