"""The page in LuCI as an .ipk of its own. What it is called and needs stands in its Makefile, which is the feed's."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from bundle import ROOT, BundleError
from openwrt import ipk

SOURCE = ROOT / "openwrt" / "luci-app-syncd"

# Where luci.mk puts the two folders.
PLACES = {"htdocs": "www", "root": "."}

# As luci.mk has it: LuCI keeps its menu in a cache, and rpcd reads new rights only when told.
SCRIPTS = {
    "postinst-pkg": """\
[ -n "${IPKG_INSTROOT}" ] || {
	rm -f /tmp/luci-indexcache.*
	rm -rf /tmp/luci-modulecache/
	/etc/init.d/rpcd reload
}
"""
}


def tree(root: Path) -> None:
    """Fill the empty folder *root* with the page's files."""
    for folder, place in PLACES.items():
        shutil.copytree(SOURCE / folder, root / place, dirs_exist_ok=True)


def control(version: str, maintainer: str) -> ipk.Control:
    """What the package says about itself."""
    makefile = (SOURCE / "Makefile").read_text()
    return ipk.Control(
        package="luci-app-syncd",
        version=version,
        depends=("libc", *(name.removeprefix("+") for name in _variable(makefile, "LUCI_DEPENDS").split())),
        license=_variable(makefile, "PKG_LICENSE"),
        section="luci",
        maintainer=maintainer,
        architecture=_variable(makefile, "LUCI_PKGARCH"),
        description=_variable(makefile, "LUCI_TITLE") + "\n" + _variable(makefile, "LUCI_DESCRIPTION"),
    )


def _variable(makefile: str, name: str) -> str:
    found = re.search(rf"^{name}:=(.+)$", makefile, re.MULTILINE)
    if found is None:
        raise BundleError(f"openwrt/luci-app-syncd/Makefile does not say {name}")
    return found[1].strip()
