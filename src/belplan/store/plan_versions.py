"""The versions of plans that calls may still walk, each a file by its name: a call keeps the one it began with.

They hold whatever a plan holds, passwords of phones too: nobody else may read them.
"""

import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

from belplan.dialplan.company import Company
from belplan.store.line_writer import replace_lines

KEEP = 86_400.0  # seconds after which a version that is no longer in use is forgotten; no call lasts that long

_VERSION = re.compile(r"[0-9a-f]{20}")


class PlanVersions:
    """Versions in one folder. Everything here waits for the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, companies: Iterable[Company]) -> None:
        """Keep the versions that are in use, or were until now, and forget those of long ago. Raises OSError."""
        versions = {company.version: company for company in companies if company.version}
        if not versions:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for version, company in versions.items():
            path = self._path(version)
            if path.exists():
                os.utime(path)
            else:
                replace_lines(path, [company.source])
        for other in self._folder.glob("*.plan"):
            if other.stem not in versions and other.stat().st_mtime < time.time() - KEEP:
                other.unlink(missing_ok=True)

    def text(self, version: str) -> str | None:
        """What a version was read from. None where it is not here."""
        if not _VERSION.fullmatch(version):
            return None
        try:
            return self._path(version).read_text(encoding="utf-8")
        except OSError:
            return None

    def _path(self, version: str) -> Path:
        return self._folder / f"{version}.plan"
