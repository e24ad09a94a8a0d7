"""The example with an existing CRM: Tryton runs, its REST API is asked, and the call goes where the page says."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docs.commands import belplan
from tests.docs.pages import ROOT

EXAMPLE = ROOT / "examples" / "tryton"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The example, its CRM and its receiver running."""
    folder = tmp_path_factory.mktemp("tryton")
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("crm", "crm-packages"))
    crm = ROOT / ".venv-crm" / "bin" / "python"
    assert crm.exists(), "`make .venv-crm/.ready` installs the CRM"
    with program([crm, "crm.py"], folder, {}) as port:
        tryton = {"TRYTON_URL": f"http://127.0.0.1:{port}/crm"}
        with program([sys.executable, "receiver.py"], folder, tryton) as asked:
            plan = folder / "plan.yaml"
            plan.write_text(plan.read_text().replace("8090", str(asked)))
            yield folder


@contextmanager
def program(words: list[str | Path], folder: Path, environment: dict[str, str]) -> Iterator[int]:
    """A server of the example on a free port, once it can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    process = subprocess.Popen([*words, str(port)], cwd=folder, env=os.environ | environment, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60  # making the CRM's database takes some six seconds
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None, f"{words[1]} ended"
                assert time.monotonic() < until, f"{words[1]} did not start"
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize(
    ("caller", "reaches"),
    [("0612345678", "Finance (301)"), ("0207654321", "Bram Visser (202)"), ("0687654321", "Eva de Wit (205)")],
)
def test_the_crm_decides_where_the_caller_goes(folder, caller, reaches):
    code, said, complained = belplan(
        ["call", "plan.yaml", "--to", "0102380095", "--from", caller], folder, dict(os.environ) | {"NO_COLOR": "1"}
    )
    assert code == 0, complained
    assert f"connected to {reaches}" in said
    assert "→ ok" in said
