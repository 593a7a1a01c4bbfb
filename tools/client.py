"""`make client`: the folder client alone, as one file for computers that have no server: build/syncd-client.pyz.

Run it with any Python from 3.11 on that has aiohttp and pathspec (tqdm draws the bar, if it is there).
"""

from __future__ import annotations

import shutil
import tempfile
import zipapp
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = ("__init__.py", "model.py", "errors.py", "clock.py", "client")
MAIN = "from syncd.client.__main__ import main\nraise SystemExit(main())\n"


def build(target: Path) -> None:
    """Write the archive; it holds the client and the ground it stands on, nothing of the server."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "syncd"
        package.mkdir()
        for name in MODULES:
            source = ROOT / "syncd" / name
            if source.is_dir():
                shutil.copytree(source, package / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, package / name)
        (Path(folder) / "__main__.py").write_text(MAIN)
        zipapp.create_archive(folder, target, interpreter="/usr/bin/env python3", compressed=True)


if __name__ == "__main__":
    build(ROOT / "build" / "syncd-client.pyz")
    print("build/syncd-client.pyz: needs python3 with aiohttp and pathspec; try: python3 build/syncd-client.pyz --help")
