"""Fixtures of the command line's tests."""

from tests.cli.box import box

__all__ = ["box"]
