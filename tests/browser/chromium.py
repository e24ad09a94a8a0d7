"""Debian's Chromium for the tests of the page: the machine's own, installed where this runs as root, else unpacked."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from belplan.drivers.asterisk import debian

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def _works(tree: debian.Tree) -> None:
    subprocess.run([str(_wrapper(tree)), "--version"], check=True, capture_output=True)


WANTED = debian.Wanted("chromium", ("chromium", "fonts-liberation"), _works)


def _wrapper(tree: debian.Tree) -> Path:
    """Chromium starts itself again: it needs its libraries by environment, and the machine's own loader."""
    script = tree.root / "chromium.sh"
    libraries = f"{tree.libraries}:{tree.root}/usr/lib"
    program = tree.root / "usr/lib/chromium/chromium"
    script.write_text(f'#!/bin/sh\nexport LD_LIBRARY_PATH="{libraries}"\nexec "{program}" "$@"\n')
    script.chmod(0o755)
    return script


def program() -> str | None:
    """How it is started, where there is one."""
    if found := shutil.which("chromium"):
        return found
    tree = debian.find(WANTED)
    return str(_wrapper(tree)) if tree else None


def bring() -> None:
    """See to it that there is one."""
    if program():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("· installing Chromium", flush=True)
        quiet = {"DEBIAN_FRONTEND": "noninteractive", **os.environ}
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
            if subprocess.run(["apt-get", *command], env=quiet, stdout=subprocess.DEVNULL).returncode:
                break
        else:
            return
    print("· unpacking Chromium", flush=True)
    debian.install([WANTED], lambda step, done: None)


if __name__ == "__main__":
    sys.exit(bring())
