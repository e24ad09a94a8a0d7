"""Debian packages, with all they need, unpacked in a folder of their own: no root, nothing installed.

apt itself resolves and fetches the closure, with a private state folder and an empty list of installed
packages; dpkg-deb unpacks it. The packages are newer than the machine (another suite), so their programs
are run by their own dynamic loader with their own libraries: `Tree.command`.

Everything of the machine's own apt configuration that says how to reach the network is kept (mirror,
keyring, proxy); nothing else of it is, so that its hooks do not run on our account.
"""

# ruff: noqa: S603, S607 - every command line here is our own, and apt is found where the user has it

import errno
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

SUITE = "forky"  # the first Debian suite with Asterisk 22
NEEDED = 900_000_000  # bytes free: packed, unpacked, package lists, and room to breathe

Report = Callable[[str, float], None]
"""Called with what is being done and how much of it is done, from 0 to 1."""

# What a running program never reads; half of the bytes.
_LEFT_OUT = ("usr/share/doc/*", "usr/share/man/*", "usr/share/locale/*", "usr/share/perl/*", "usr/lib/*/perl*", "var/*")


class InstallError(Exception):
    """The packages could not be had. The message says why, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where packages come from, and which key signed them (None: any that this machine trusts)."""

    uri: str
    keyring: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A folder of packages to be had: `check` is called with the new tree and raises when it does not work."""

    name: str
    packages: tuple[str, ...]
    check: Callable[["Tree"], None]

    @property
    def folder(self) -> str:
        """Its name in the cache: another list of packages is another folder."""
        recipe = "\n".join((SUITE, *self.packages, *_LEFT_OUT))
        return f"{self.name}-{SUITE}-{hashlib.sha256(recipe.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Tree:
    """Unpacked packages."""

    root: Path

    def program(self, name: str) -> Path | None:
        places = (self.root / "usr" / folder / name for folder in ("bin", "sbin", "libexec"))
        return next((place for place in places if place.is_file()), None)

    @property
    def libraries(self) -> Path:
        """The folder of the tree's shared libraries and its loader, `usr/lib/x86_64-linux-gnu` for instance."""
        return self._loader.parent

    @property
    def _loader(self) -> Path:
        # amd64 and arm64 keep it with the libraries, other architectures in usr/lib itself.
        for pattern in ("usr/lib/*/ld-linux*.so.[0-9]", "usr/lib/ld-linux*.so.[0-9]"):
            if found := sorted(self.root.glob(pattern)):
                return found[0]
        raise InstallError(f"there is no dynamic loader in {self.root}; remove that folder and install again")

    def command(self, name: str) -> list[str]:
        """The command line that runs a program of the tree with the tree's own libraries."""
        program = self.program(name)
        if program is None:
            raise InstallError(f"there is no {name} in {self.root}; remove that folder and install again")
        libraries = [self.libraries, self.root / "usr/lib", *sorted(self.libraries.glob("pulseaudio"))]
        path = ":".join(map(str, libraries))
        return [str(self._loader), "--library-path", path, "--argv0", name, str(program)]


def cache() -> Path:
    """The folder for what can be fetched again: `$XDG_CACHE_HOME/belplan`, or `~/.cache/belplan`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "belplan"


def command(tree: Tree, name: str) -> list[str]:
    """As `Tree.command`."""
    return tree.command(name)


def find(wanted: Wanted, folder: Path | None = None) -> Tree | None:
    """The tree, where it was unpacked before."""
    root = (folder or cache()) / wanted.folder
    return Tree(root) if (root / "packages.txt").is_file() else None


def install(wanted: Sequence[Wanted], report: Report, folder: Path | None = None) -> list[Tree]:
    """Unpack what is not there yet, in a private folder. Takes about ten seconds each; blocks.

    Two processes may do so at once: the second waits for the first. One that was killed can be repeated.
    """
    folder = folder or cache()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder, report) as lock:
            missing = [one for one in wanted if find(one, folder) is None]
            if missing:
                _unpack_all(missing, folder, report, lock)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise InstallError(f"no space left in {folder}; about {NEEDED // 1_000_000} MB are needed") from error
        raise InstallError(f"cannot install in {folder}: {error}") from error
    return [Tree(folder / one.folder) for one in wanted]


def parse_sources(name: str, text: str) -> list[Mirror]:
    """The Debian mirrors that a file of apt names, `.sources` (deb822) or one-line style: binary, enabled, `main`."""
    entries = _deb822(text) if name.endswith(".sources") else _one_line(text)
    return [
        Mirror(uri.rstrip("/"), keyring)
        for uris, suites, components, keyring in entries
        for uri in uris
        if urlsplit(uri).scheme in ("http", "https", "file", "ftp")
        # The archive itself: not debian-security, not somebody's own packages.
        and urlsplit(uri).path.rstrip("/").endswith("/debian")
        and "main" in components
        and not all("security" in suite for suite in suites)
    ]


_Entry = tuple[list[str], list[str], list[str], str | None]


def _one_line(text: str) -> Iterator[_Entry]:
    # sources.list(5): deb [ option1=value1 ] uri suite [component1] …
    for line in text.splitlines():
        if match := re.match(r"deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)", line.strip()):
            options, uri, suite, components = match.groups()
            key = re.search(r"signed-by=(\S+)", options or "", re.IGNORECASE)
            yield [uri], [suite], components.split(), _keyring(key[1] if key else None)


def _deb822(text: str) -> Iterator[_Entry]:
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        last = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():
                fields[last] = f"{fields.get(last, '')}\n{line.strip()}"
            elif ":" in line:
                last, value = line.split(":", 1)
                last = last.strip().lower()
                fields[last] = value.strip()
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() not in ("no", "false"):
            lists = (fields.get(key, "").split() for key in ("uris", "suites", "components"))
            uris, suites, components = lists
            yield uris, suites, components, _keyring(fields.get("signed-by"))


def _keyring(signed_by: str | None) -> str | None:
    """A Signed-By that names a file. With a fingerprint, or a key in place, any key that the machine trusts will do."""
    return signed_by if signed_by and re.fullmatch(r"/[^\s,]+", signed_by) else None


def mirror(etc: Path = Path("/etc/apt")) -> Mirror:
    """The Debian mirror that this machine uses itself."""
    parts = etc / "sources.list.d"
    for file in (etc / "sources.list", *sorted(parts.glob("*.sources")), *sorted(parts.glob("*.list"))):
        if file.is_file() and (found := parse_sources(file.name, file.read_text(errors="replace"))):
            break
    else:
        raise InstallError(
            f"no Debian mirror found under {etc}; on another system, install Asterisk 20 or newer with its own means"
            " (Ubuntu: sudo apt install asterisk) and Belplan uses that"
        )
    usual = (Path("/usr/share/keyrings") / f"debian-archive-keyring.{end}" for end in ("pgp", "gpg"))
    keyring = found[0].keyring or next((str(path) for path in usual if path.exists()), None)
    return Mirror(found[0].uri, keyring)


@contextmanager
def _alone(folder: Path, report: Report) -> Generator[int]:
    """One install at a time. The lock also goes to the children: one that outlives a killed install still holds it."""
    with (folder / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("waiting for another install to end", 0)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _unpack_all(wanted: Sequence[Wanted], folder: Path, report: Report, lock: int) -> None:
    for tool in ("apt-get", "apt-config", "dpkg", "dpkg-deb", "tar"):
        if not shutil.which(tool):
            raise InstallError(
                f"{tool} is not on this machine, so Debian's Asterisk cannot be fetched;"
                " install Asterisk 20 or newer with the system's own means and Belplan uses that"
            )
    if (free := shutil.disk_usage(folder).free) < NEEDED:
        raise OSError(errno.ENOSPC, f"{free // 1_000_000} MB free")
    work = folder / ".unpacking"
    shutil.rmtree(work, ignore_errors=True)
    try:
        apt = _Apt(work / "apt", lock)
        apt.update(report)
        for one in wanted:
            root = work / one.name
            packages = apt.fetch(one.packages, lambda step, done, name=one.name: report(f"{step} ({name})", done))
            _unpack(packages, root, lambda done, name=one.name: report(f"unpacking ({name})", done), lock)
            one.check(Tree(root))
            lines = (unquote(package.stem).replace("_", " ") for package in sorted(packages))
            (root / "packages.txt").write_text("".join(f"{line}\n" for line in lines))
            # A folder under its final name is whole: it appears in one step.
            shutil.rmtree(folder / one.folder, ignore_errors=True)
            root.rename(folder / one.folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _unpack(packages: Sequence[Path], root: Path, report: Callable[[float], None], lock: int) -> None:
    (root / "usr").mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):  # Debian's merged /usr
        (root / "usr" / name).mkdir()
        (root / name).symlink_to(f"usr/{name}")
    tar = ["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", str(root)]
    tar += [f"--exclude=./{pattern}" for pattern in _LEFT_OUT]

    def unpack(package: Path) -> None:
        read = ["dpkg-deb", "--fsys-tarfile", str(package)]
        with subprocess.Popen(read, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=(lock,)) as archive:
            written = subprocess.run(tar, stdin=archive.stdout, stderr=subprocess.PIPE, text=True, pass_fds=(lock,))
        if written.returncode or archive.returncode:
            if "No space left" in written.stderr:
                raise OSError(errno.ENOSPC, written.stderr)
            raise InstallError(f"{package.name} could not be unpacked: {written.stderr.strip()[-300:]}")

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for done, _ in enumerate(pool.map(unpack, packages), 1):
            report(done / len(packages))


class _Apt:
    """apt with a state folder of its own."""

    def __init__(self, state: Path, lock: int) -> None:
        self._lock = lock
        self._archives = state / "archives"
        for folder in (state / "lists/partial", state / "nothing/partial", self._archives / "partial"):
            folder.mkdir(parents=True)
        (state / "status").touch()  # nothing is installed: so everything that is needed is fetched
        found = mirror()
        architecture = _output(["dpkg", "--print-architecture"])
        options = f"arch={architecture}" + (f" signed-by={found.keyring}" if found.keyring else "")
        (state / "sources.list").write_text(f"deb [{options}] {found.uri} {SUITE} main\n")
        settings = {
            "APT::Architecture": architecture,
            "APT::Get::Assume-Yes": "true",
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": _output(["id", "-un"]),
            # A mirror that is a frozen copy has a Release file that is out of date, and still signed.
            "Acquire::Check-Valid-Until": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            "Debug::NoLocking": "true",
            "Dir::State": str(state),
            "Dir::State::status": str(state / "status"),
            "Dir::Cache": str(state),
            "Dir::Cache::archives": str(self._archives),
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::parts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::Etc::sourcelist": str(state / "sources.list"),
            "Dir::Etc::sourceparts": "/dev/null",
            "pkgCacheGen::Essential": "none",
        }
        self._configuration = state / "apt.conf"
        lines = [*_network_settings(), *(f'{key} "{value}";' for key, value in settings.items())]
        self._configuration.write_text("\n".join(lines) + "\n")

    def update(self, report: Report) -> None:
        self._run(["update"], "reading the package lists", report)

    def fetch(self, packages: Sequence[str], report: Report) -> list[Path]:
        """Download packages and all that they need. Their files."""
        # What was fetched before is left out of this list, so let apt look where nothing is.
        nothing = f"Dir::Cache::archives={self._archives.parent / 'nothing'}"
        uris = self._run(["install", "--print-uris", "-o", nothing, *packages], "resolving", report)
        # 'https://mirror/pool/main/a/asterisk/…deb' asterisk_1%3a22.10.1_amd64.deb 1860000 SHA256:…
        names = re.findall(r"^'[^']+' (\S+\.deb) ", uris, re.MULTILINE)
        if not names:
            raise InstallError(f"apt found nothing to fetch for {', '.join(packages)} in Debian {SUITE}")
        self._run(["install", "--download-only", *packages], "fetching the packages", report)
        return [self._archives / name for name in names]

    def _run(self, arguments: Sequence[str], step: str, report: Report) -> str:
        report(step, 0)
        reading, writing = os.pipe()
        # apt-get's own messages go to files, not pipes: nobody empties those while we read its progress.
        with (self._configuration.parent / "output").open("w+") as output, os.fdopen(reading) as progress:
            process = subprocess.Popen(
                ["apt-get", "-qq", "-o", f"APT::Status-Fd={writing}", *arguments],
                env=os.environ | {"APT_CONFIG": str(self._configuration), "LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(writing, self._lock),
            )
            os.close(writing)
            for line in progress:
                if match := re.match(r"dlstatus:\d+:([0-9.]+):", line):
                    report(step, min(1.0, float(match[1]) / 100))
            status = process.wait()
            output.seek(0)
            said = output.read()
        # `update` may fail with status 0 and a warning: the next step then finds no packages.
        if status or re.search(r"^(Err|E):|Failed to fetch", said, re.MULTILINE):
            raise InstallError(_apt_failed(step, said))
        report(step, 1)
        return said


def _apt_failed(step: str, said: str) -> str:
    lines = [line for line in said.splitlines() if line.startswith(("E:", "W:", "Err:"))]
    detail = " ".join(lines or said.splitlines()[-2:])[:600]
    if re.search(r"resolv|[Cc]onnect|Network is unreachable|timed out|No route", said):
        return f"no network: the Debian mirror cannot be reached while {step}. apt says: {detail}"
    if "No space left" in said or "don't have enough free space" in said:
        return f"no space left while {step}; about {NEEDED // 1_000_000} MB are needed"
    return f"apt failed while {step}: {detail}"


def _network_settings() -> list[str]:
    """What the machine's own configuration of apt says about reaching its mirror: proxies, certificates, IPv4 only …"""
    dump = _output(["apt-config", "dump"])
    return re.findall(r'^Acquire::(?:[a-z]+::.*|Force.*|Queue-Mode) "[^"]*";$', dump, re.MULTILINE)


def _output(arguments: Iterable[str]) -> str:
    done = subprocess.run(list(arguments), capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallError(f"{' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout.strip()
