"""`python -m syncd`, and the `syncd` command."""

import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while the rest loads ends it without a traceback

from syncd.cli import main  # noqa: E402

signal.signal(signal.SIGINT, signal.default_int_handler)

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
