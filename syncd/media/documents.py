"""Photo or document? The heuristic of the MobiSync protocol page (docs: section 6.4), from brightness alone."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH = 200  # pixels that the picture is scaled to, small ones too
MIN_SIDE = 10
LIGHT, DARK = 240, 25  # brightness from here up, and down to here
MIN_MEAN = 120
MIN_RATIO = 0.28


def is_document(mean: int, ratio: float, width: int, height: int) -> bool:
    """The decision for a scaled picture: *mean* brightness 0..255, *ratio* of light and dark pixels 0..1."""
    if width < MIN_SIDE or height < MIN_SIDE:
        return False
    return mean >= MIN_MEAN and ratio >= MIN_RATIO


def scaled_height(width: int, height: int) -> int:
    """The height at WIDTH, in proportion, 0 for a picture that is a mere line."""
    return height * WIDTH // width


def brightness(histogram: Sequence[int]) -> tuple[int, float]:
    """Mean (whole) and ratio of light and dark pixels, from how often each brightness 0..255 occurs."""
    pixels = sum(histogram)
    if pixels == 0:
        return 0, 0.0
    mean = sum(value * count for value, count in enumerate(histogram)) // pixels
    return mean, (sum(histogram[LIGHT:]) + sum(histogram[: DARK + 1])) / pixels
