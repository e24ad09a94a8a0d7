"""Which Asterisk is run, and the other programs that come along: this machine's own, else private ones."""

# ruff: noqa: S603 - every command line here is our own

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from belplan.drivers.asterisk import debian
from belplan.drivers.asterisk.debian import InstallError, Tree, Wanted

OLDEST = 20  # the first Asterisk with all of ARI that is used here

Report = Callable[[str, float], None]
"""Called with what is being done, and how much of it is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Program:
    """An Asterisk that can be run."""

    command: tuple[str, ...]
    version: str  # "22.10.1"
    directories: Mapping[str, Path] = field(default_factory=dict[str, Path])  # for asterisk.conf, where it is private
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    private: bool = False


def install(report: Report | None = None, *, with_phones: bool = False) -> Program:
    """The Asterisk to run: the system's own, 20 or newer, else Debian's, unpacked in the user's cache if need be.

    `with_phones` also brings SIPp and baresip, for tests and the demo. Blocks for some 20 s the first time.
    Raises InstallError, which says what to do.
    """
    report = report or (lambda step, done: None)
    own = _system()
    wanted = [_phones()] if with_phones else []
    if own is None:
        wanted.insert(0, _exchange())
    elif _speech_tree() is None and not shutil.which("espeak-ng"):
        wanted.insert(0, _speech())
    try:
        debian.install(wanted, report)
    except InstallError:
        # The exchange is there and can do without: nothing is spoken then, and the check of the plan says so.
        if own is None or with_phones:
            raise
    program = find()
    if program is None:
        raise InstallError("Asterisk was unpacked, and does not run")
    return program


def find() -> Program | None:
    """The Asterisk that `install` gives, if it is there."""
    if own := _system():
        return own
    tree = debian.find(_exchange())
    return _private(tree) if tree else None


def espeak() -> list[str] | None:
    """The command line of espeak-ng, the system's own or a private one. None where it is not there."""
    if own := shutil.which("espeak-ng"):
        return [own]
    tree = _speech_tree()
    return [*tree.command("espeak-ng"), f"--path={tree.libraries}"] if tree else None


def phone(name: str) -> list[str] | None:
    """The command line of a SIP program that `install(with_phones=True)` brought: `sipp` or `baresip`."""
    tree = debian.find(_phones())
    return tree.command(name) if tree else None


def phone_modules() -> Path | None:
    """The folder of baresip's modules, for its configuration file."""
    tree = debian.find(_phones())
    return tree.root / "usr/lib/baresip/modules" if tree else None


def packages() -> list[str]:
    """The private packages that are there, as "name version architecture"."""
    trees = [tree for wanted in (_exchange(), _speech(), _phones()) if (tree := debian.find(wanted))]
    return [line for tree in trees for line in (tree.root / "packages.txt").read_text().splitlines()]


def _exchange() -> Wanted:
    packages = ("asterisk", "asterisk-core-sounds-en-gsm", "asterisk-moh-opsound-gsm", "espeak-ng")
    return Wanted("exchange", packages, _finish)


def _speech() -> Wanted:
    return Wanted("speech", ("espeak-ng",), lambda tree: _runs(tree, "espeak-ng", "--version"))


def _phones() -> Wanted:
    return Wanted("phones", ("sip-tester", "baresip-core"), lambda tree: _runs(tree, "baresip", "-h"))


def _speech_tree() -> Tree | None:
    return debian.find(_exchange()) or debian.find(_speech())


def _finish(tree: Tree) -> None:
    # Debian does this with update-alternatives when the package is configured.
    (tree.root / "usr/share/asterisk/sounds/en").symlink_to("en_US_f_Allison")
    _private(tree)
    _runs(tree, "espeak-ng", "--version")


def _private(tree: Tree) -> Program:
    command = tuple(tree.command("asterisk"))
    # OpenSSL reads the configuration of the machine's own, older version otherwise.
    environment = {"OPENSSL_CONF": "/dev/null"}
    directories = {"astmoddir": tree.libraries / "asterisk/modules", "astdatadir": tree.root / "usr/share/asterisk"}
    version = _version(command)
    if version is None:
        raise InstallError(f"the Asterisk in {tree.root} does not run here; remove that folder and install again")
    return Program(command, version, directories, environment, private=True)


def _system() -> Program | None:
    path = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin:/usr/local/sbin")
    version = _version((path,)) if path else None
    if path is None or version is None or int(version.split(".")[0]) < OLDEST:
        return None
    return Program((path,), version)


def _version(command: tuple[str, ...]) -> str | None:
    try:
        said = subprocess.run([*command, "-V"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    # "Asterisk 22.10.1+dfsg…", "Asterisk certified/20.7-cert1", "Asterisk GIT-master-…"
    match = re.search(r"Asterisk (?:certified[/-])?([0-9]+(?:\.[0-9]+)*)", said)
    return match[1] if match else None


def _runs(tree: Tree, name: str, *arguments: str) -> None:
    done = subprocess.run([*tree.command(name), *arguments], capture_output=True, text=True, timeout=20, check=False)
    if done.returncode not in (0, 99) and not done.stdout:
        raise InstallError(f"{name} of Debian {debian.SUITE} does not run here: {done.stderr.strip()[-300:]}")
