"""What people get: a wheel that is the same whenever it is built, what is in it, and what it takes along."""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from belplan.cli import COMMANDS, app
from tests.docs.shell import play

ROOT = Path(__file__).parents[2]


def script(name: str):
    """A script of the project as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def wheel() -> Path:
    """The wheel of this source. Built twice, which fails where the two differ."""
    if not (ROOT / "src" / "belplan" / "web" / "index.html").exists():
        pytest.skip("`make page` first: building the page twice takes minutes")
    subprocess.run([ROOT / "scripts" / "wheel.sh"], check=True, capture_output=True, text=True)
    return max((ROOT / "dist").glob("belplan-*.whl"), key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The commands of an environment with nothing in it but the wheel and what it asks for."""
    environment = tmp_path_factory.mktemp("installed")
    uv = shutil.which("uv") or str(ROOT / ".venv-uv" / "bin" / "uv")
    python = environment / "bin" / "python"
    subprocess.run([uv, "venv", "-q", "--allow-existing", "--python", sys.executable, environment], check=True)
    subprocess.run(
        [uv, "pip", "install", "-q", "--python", python, "-c", ROOT / "requirements" / "lock.txt", wheel],
        check=True,
        env=os.environ | {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"},
    )
    return environment / "bin"


def test_two_builds_of_one_source_are_the_same_and_have_everything_in_them(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    code = {str(path.relative_to(ROOT / "src")) for path in (ROOT / "src" / "belplan").rglob("*.py")}
    committed = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert code & {line.removeprefix("src/") for line in committed.stdout.split()} <= names
    assert "belplan/py.typed" in names
    assert any(name.endswith("data/share/man/man1/belplan.1") for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "belplan/web/index.html" in names
    assert not {name for name in names if name.startswith("tests") or name.endswith((".pyc", ".log"))}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_who_installs_the_wheel_can_do_what_the_first_page_says(installed, language, tmp_path):
    assert play(ROOT / "docs" / language / "start.md", tmp_path, installed) >= 5


def test_where_there_is_no_node_the_page_is_there(installed, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    server = subprocess.Popen(
        [installed / "belplan", "serve", "--no-calls", "--http-port", str(port), "--data", tmp_path],
        env={"PATH": str(installed), "HOME": str(tmp_path)},
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        page = read(f"http://127.0.0.1:{port}/", server)
        script = re.search(r'src="(/[^"]+\.js)"', page)
        assert script
        assert len(read(f"http://127.0.0.1:{port}{script[1]}", server)) > 100_000
    finally:
        server.terminate()
        server.wait()


def read(address: str, server: subprocess.Popen[bytes]) -> str:
    """What is at an address, as soon as the server answers."""
    until = time.monotonic() + 30
    while True:
        try:
            with urlopen(address) as answer:
                return answer.read().decode()
        except URLError:
            assert server.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.asterisk
def test_from_the_wheel_the_demo_makes_its_calls(installed):
    done = subprocess.run(
        [installed / "belplan", "demo", "--once"], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("both ways  ✓") == 5


def test_the_list_of_packages_has_each_with_its_licence():
    sbom = script("sbom")
    document = sbom.sbom()
    names = {one["name"].lower() for one in document["components"]}
    assert {"aiohttp", "pydantic", "cyclopts"} <= names
    assert not names & {"pytest", "ruff", "flask", "belplan"}
    known = {one["bom-ref"] for one in (*document["components"], document["metadata"]["component"])}
    assert {ref for one in document["dependencies"] for ref in (one["ref"], *one["dependsOn"])} <= known


def test_no_package_that_is_taken_along_has_a_licence_that_binds_ours():
    sbom = script("sbom")
    terms = {one.name: sbom.licence(one) for one in sbom.taken()}
    assert not {name: said for name, said in terms.items() if "not said" in said}
    strong = {name for name, said in terms.items() if "GPL" in said.replace("LGPL", "")}
    assert not strong, "GPL programs run as processes of their own"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_every_command(shell):
    completion = app.generate_completion(shell=shell, prog_name="belplan")
    for place in COMMANDS:
        assert place.rpartition(":")[2].rstrip("_") in completion
