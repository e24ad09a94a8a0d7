"""Where packages come from, and what is said when they cannot be had."""

import errno
import fcntl
import os
import threading
from pathlib import Path

import pytest

from belplan.drivers.asterisk import debian
from belplan.drivers.asterisk.debian import InstallError, Mirror, Tree, Wanted, parse_sources

KEY = "/usr/share/keyrings/debian-archive-keyring.gpg"

DEB822 = f"""\
# A comment, then the archive and its security updates.
Types: deb deb-src
# another comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: {KEY}

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: {KEY}
"""


@pytest.mark.parametrize(
    ("name", "text", "mirrors"),
    [
        ("debian.sources", DEB822, [Mirror("http://mirror.example/debian", KEY)]),
        ("debian.sources", DEB822.replace("Types: deb deb-src", "Enabled: no\nTypes: deb"), []),
        ("debian.sources", DEB822.replace("Types: deb deb-src", "Types: deb-src"), []),
        (
            "two.sources",
            "Types: deb\nURIs: http://a.example/debian/\n https://b.example/debian\nSuites: sid\nComponents: main\n",
            [Mirror("http://a.example/debian", None), Mirror("https://b.example/debian", None)],
        ),
        (
            "key.sources",
            "Types: deb\nURIs: http://a.example/debian\nSuites: sid\nComponents: main\n"
            "Signed-By:\n -----BEGIN PGP\n .\n x\n",
            [Mirror("http://a.example/debian", None)],
        ),
        ("sources.list", "deb http://a.example/debian bookworm main\n", [Mirror("http://a.example/debian", None)]),
        (
            "sources.list",
            "# deb http://no.example/debian x main\n"
            f"deb [arch=amd64 signed-by={KEY}] http://a.example/debian/ sid main # c\n",
            [Mirror("http://a.example/debian", KEY)],
        ),
        ("sources.list", "deb-src http://a.example/debian bookworm main\n", []),
        ("sources.list", "deb http://a.example/debian bookworm non-free\n", []),
        ("sources.list", "deb http://a.example/debian-security bookworm-security main\n", []),
        ("sources.list", "deb http://a.example/debian bookworm-security main\n", []),
        ("sources.list", "deb cdrom:[Debian]/debian bookworm main\n", []),
        ("docker.list", "deb https://packages.example/linux/debian-like bookworm stable\n", []),
        ("empty.list", "", []),
    ],
)
def test_mirrors_of_the_machine(name, text, mirrors):
    assert parse_sources(name, text) == mirrors


def test_a_machine_without_debian_mirror_is_told_what_to_do(tmp_path):
    (tmp_path / "sources.list").write_text("deb http://archive.example/ubuntu noble main\n")
    with pytest.raises(InstallError, match="apt install asterisk"):
        debian.mirror(tmp_path)


def test_the_first_file_that_names_a_mirror_counts(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("# moved\n")
    (tmp_path / "sources.list.d/a.list").write_text("deb http://b.example/debian sid main\n")
    (tmp_path / "sources.list.d/debian.sources").write_text(DEB822)
    assert debian.mirror(tmp_path) == Mirror("http://mirror.example/debian", KEY)


WANTED = Wanted("exchange", ("asterisk",), lambda tree: None)


def unpacked(folder: Path, wanted: Wanted = WANTED) -> Path:
    root = folder / wanted.folder
    libraries = root / "usr/lib/x86_64-linux-gnu"
    libraries.mkdir(parents=True)
    (libraries / "ld-linux-x86-64.so.2").touch()
    (root / "usr/sbin").mkdir()
    (root / "usr/sbin/asterisk").touch()
    (root / "packages.txt").write_text("asterisk 22 amd64\n")
    return root


def test_what_is_there_is_not_fetched(tmp_path):
    root = unpacked(tmp_path)
    said = []
    assert debian.install([WANTED], lambda step, done: said.append(step), tmp_path) == [Tree(root)]
    assert said == []


def test_other_packages_are_another_folder():
    assert WANTED.folder != Wanted("exchange", ("asterisk", "more"), lambda tree: None).folder


def test_a_program_is_run_by_the_loader_of_its_tree(tmp_path):
    root = unpacked(tmp_path)
    libraries = root / "usr/lib/x86_64-linux-gnu"
    assert debian.command(Tree(root), "asterisk") == [
        str(libraries / "ld-linux-x86-64.so.2"),
        "--library-path",
        f"{libraries}:{root}/usr/lib",
        "--argv0",
        "asterisk",
        f"{root}/usr/sbin/asterisk",
    ]


def test_a_tree_that_lost_something_says_so(tmp_path):
    root = unpacked(tmp_path)
    with pytest.raises(InstallError, match="no sipp in"):
        Tree(root).command("sipp")
    (root / "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2").unlink()
    with pytest.raises(InstallError, match="no dynamic loader"):
        Tree(root).command("asterisk")


def test_arm64_has_another_loader(tmp_path):
    loader = tmp_path / "usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1"
    loader.parent.mkdir(parents=True)
    loader.touch()
    assert Tree(tmp_path).libraries == loader.parent


def test_no_room_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(debian, "NEEDED", 10**18)
    with pytest.raises(InstallError, match="no space left"):
        debian.install([WANTED], lambda step, done: None, tmp_path)


def test_no_apt(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InstallError, match="apt-get is not on this machine"):
        debian.install([WANTED], lambda step, done: None, tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InstallError, match="cannot install in"):
        debian.install([WANTED], lambda step, done: None, tmp_path / "file/cache")


def test_the_second_install_waits_for_the_first(tmp_path):
    root = unpacked(tmp_path)
    waiting = threading.Event()
    done = []

    def second():
        done.extend(debian.install([WANTED], lambda step, _: waiting.set() if "waiting" in step else None, tmp_path))

    with (tmp_path / ".lock").open("a") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(5)
        assert done == []
        fcntl.flock(first, fcntl.LOCK_UN)
    thread.join(5)
    assert done == [Tree(root)]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("W: Failed to fetch http://m/x  Temporary failure resolving 'm'", "no network"),
        ("E: Failed to fetch http://m/x  Could not connect to m:80 (1.2.3.4). - connect (111)", "no network"),
        ("E: You don't have enough free space in /x/archives/.", "no space left"),
        ("E: Unable to locate package asterisk", "apt failed while fetching: E: Unable to locate package"),
    ],
)
def test_what_apt_says_is_told_in_short(said, message):
    assert message in debian._apt_failed("fetching", said)


def test_disk_full_while_unpacking(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(debian, "_unpack_all", full)
    with pytest.raises(InstallError, match="no space left"):
        debian.install([WANTED], lambda step, done: None, tmp_path)
