"""Debian packages of syncd, made of the tree that `make install` makes. Run: python3 -m debian.mkdeb. Plain Python."""
