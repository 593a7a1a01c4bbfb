"""`python -m syncd`, and the `syncd` command."""

import signal
import sys


def main() -> int:
    """Run one command; returns its exit code."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while the rest loads ends it without a traceback
    from syncd import cli

    signal.signal(signal.SIGINT, signal.default_int_handler)
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
