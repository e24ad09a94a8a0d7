"""What the operator does from the command line."""

import subprocess
import sys


def belplan(data, *words):
    code = "from belplan.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *words, "--data", str(data)], capture_output=True, text=True, timeout=60
    )


def test_somebody_is_made_listed_and_removed_and_all_of_it_backed_up(tmp_path):
    data = tmp_path / "data"
    made = belplan(data, "user", "add", "anna@example.nl", "--operator")
    assert made.returncode == 0, made.stderr
    assert "/invitation#" in made.stdout
    assert belplan(data, "user", "add", "anna@example.nl").returncode == 1
    assert "anna@example.nl" in belplan(data, "user", "list").stdout
    assert belplan(data, "backup", str(tmp_path / "b.zip")).returncode == 0
    assert belplan(data, "user", "remove", "anna@example.nl").returncode == 0
    assert belplan(data, "user", "list").stdout == ""
    assert belplan(data, "restore", str(tmp_path / "b.zip")).returncode == 1
    other = tmp_path / "other"
    assert belplan(other, "restore", str(tmp_path / "b.zip")).returncode == 0
    assert "anna@example.nl" in belplan(other, "user", "list").stdout
    assert belplan(data, "db", "upgrade").returncode == 0
    assert "nobody@example.nl" in belplan(data, "user", "reset", "nobody@example.nl").stderr
