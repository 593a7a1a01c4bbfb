"""The optional tools: what is installed, found without running or importing any of it."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tools:
    """What was found: paths of the programs, the version of Pillow."""

    ffmpeg: str | None
    exiftool: str | None
    pillow: str | None


def find_tools() -> Tools:
    """Look for the optional programs, and for Pillow without importing it."""
    return Tools(shutil.which("ffmpeg"), shutil.which("exiftool"), _pillow_version())


def _pillow_version() -> str | None:
    """From the name of its metadata folder: importlib.metadata would cost the daemon a megabyte for this one word."""
    for folder in pillow_folder():
        for found in Path(folder).glob("[Pp]illow*.dist-info"):
            return found.name.removesuffix(".dist-info").rpartition("-")[2]
        return "yes"
    return None


def pillow_folder() -> list[str]:
    """Where PIL lies, for the worker to read."""
    spec = importlib.util.find_spec("PIL")
    return [str(Path(spec.origin).parent.parent)] if spec is not None and spec.origin else []


def tool_folders(tools: Tools) -> list[str]:
    """Where they lie, for the children to read."""
    programs = [path for path in (tools.ffmpeg, tools.exiftool) if path]
    return [*pillow_folder(), *(str(Path(path).resolve().parent) for path in programs)]
