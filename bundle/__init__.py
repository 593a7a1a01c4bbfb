"""Puts syncd and the libraries it needs into a folder, from which packages and installations are made.

`python3 -m bundle.stage --help` is the way in. Standard library only: it runs on a machine that has nothing yet.

    targets    which machines there are, and what their wheels are called
    lock       wheels.lock: which wheels, by version and hash, for which target
    wheels     fetches them into a cache
    libraries  unpacks them, leaves out what nobody needs, strips
    bytecode   compiles, so that a router need not; compiler does it
    elf        reads what a compiled library says about itself
    files      which file of this repository goes where
    tree       all of that in one tree, for one target
    stage      the command: makes a tree and has it installed
    command    how a command ends
    install    puts a tree into its place; uninstall takes it away
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class BundleError(Exception):
    """Something is missing or wrong; the text says what, and what to do about it."""
