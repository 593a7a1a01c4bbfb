"""syncd: one small daemon to which every phone, laptop and app of a household syncs."""

__version__ = "0.1.0"
