"""`python -m syncd`, and the `syncd` command."""

import sys

from syncd.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
