"""What people get: a wheel that is the same whenever it is built, what is in it, and what it takes along."""

import importlib.util
import subprocess
import zipfile
from pathlib import Path

import pytest

from belplan.cli import COMMANDS, app

ROOT = Path(__file__).parents[2]


def script(name: str):
    """A script of the project as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_two_builds_of_one_source_are_the_same_and_have_everything_in_them():
    if not (ROOT / "src" / "belplan" / "web" / "index.html").exists():
        pytest.skip("`make page` first: building the page twice takes minutes")
    subprocess.run([ROOT / "scripts" / "wheel.sh"], check=True, capture_output=True, text=True)
    wheel = max((ROOT / "dist").glob("belplan-*.whl"), key=lambda path: path.stat().st_mtime)
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
