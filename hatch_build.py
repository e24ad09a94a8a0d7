"""The page is built when the package is: wheels and source packages carry it, an installation needs no Node."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Page(BuildHookInterface[Any]):
    """Runs scripts/page.py; not for an editable installation, which `make` builds by itself."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            script = Path(self.root) / "scripts" / "page.py"
            if script.is_file():
                subprocess.run([sys.executable, str(script)], check=True)  # noqa: S603
