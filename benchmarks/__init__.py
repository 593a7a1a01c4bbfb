"""Measurements beside peers anyone can install; `make bench`. README.md says how to read them."""
