"""The releases of Debian and the machines that packages are made for."""

from __future__ import annotations

from dataclasses import dataclass

from bundle import BundleError


@dataclass(frozen=True, slots=True)
class Release:
    """A release of Debian: *mark* goes into the version, so that an upgrade of the system finds a newer package."""

    mark: str
    python: str
    next_python: str  # compiled libraries are for one minor version of Python alone


RELEASES = {one.mark: one for one in (Release("deb12", "3.11", "3.12"), Release("deb13", "3.13", "3.14"))}
TARGETS = {"amd64": "x86_64-gnu", "arm64": "aarch64-gnu", "armhf": "armv7-gnu"}


@dataclass(frozen=True, slots=True)
class Package:
    """One package. *upstream* is the version of syncd, *revision* that of its packaging."""

    release: Release
    architecture: str
    upstream: str
    revision: str = "1"

    @property
    def version(self) -> str:
        return f"{self.upstream}-{self.revision}~{self.release.mark}"

    @property
    def target(self) -> str:
        """What the bundle calls this machine."""
        return TARGETS[self.architecture]

    @property
    def file_name(self) -> str:
        return f"syncd_{self.version}_{self.architecture}.deb"


def release(mark: str) -> Release:
    """The release *mark*; raises BundleError if there is none."""
    if mark not in RELEASES:
        raise BundleError(f"there is no release {mark}; there are: {' '.join(RELEASES)}")
    return RELEASES[mark]
