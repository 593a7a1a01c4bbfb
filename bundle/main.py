# What `python3 <prefix>/lib/syncd` runs. It stays a source, and one that any Python 3 can read, because
# compiled code beside it can't even be loaded by another minor version than the one it was made by.
import sys

NEEDED = "@PYTHON@"
FOUND = "%d.%d" % sys.version_info[:2]  # noqa: UP031 - read by every Python 3
if FOUND != NEEDED:
    sys.stderr.write("syncd needs Python %s, found %s: @HINT@\n" % (NEEDED, FOUND))  # noqa: UP031 - as above
    sys.exit(1)

from syncd.__main__ import main  # noqa: E402 - only after the look at the version

sys.exit(main())
