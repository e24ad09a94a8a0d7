"""The companies' memory on disk: it survives ends, power cuts and full disks."""

import errno
import json
import os
import time

import pytest

from belplan.engine.state import Change
from belplan.store import line_writer
from belplan.store.state_file import NewerFileError, StateFile

ON = {"on": True, "until": None}


def change(name: str, value: object = ON) -> Change:
    return Change("0" * 32, "diversion", name, value)


def keep(path, *changes: Change) -> None:
    with StateFile(path) as file:
        for one in changes:
            file.keep(one)


def test_what_was_kept_is_read_at_the_next_start(tmp_path):
    path = tmp_path / "state.jsonl"
    keep(path, change("a"), change("b"), change("a", {"on": True, "until": "2026-01-01T00:00:00+00:00"}))
    keep(path, change("b", None))
    assert StateFile(path).read() == [change("a", {"on": True, "until": "2026-01-01T00:00:00+00:00"})]


def test_a_start_leaves_the_fewest_lines(tmp_path):
    path = tmp_path / "state.jsonl"
    keep(path, *(change("a", {"on": bool(turn % 2), "until": None}) for turn in range(1000)))
    assert len(path.read_text().splitlines()) == 1001
    keep(path)
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.parametrize("tail", ['["0000', '{"ver', "\x00\x00", "[]", '["a", "b"]', "12"])
def test_a_line_that_was_cut_off_costs_only_itself(tmp_path, tail):
    path = tmp_path / "state.jsonl"
    keep(path, change("a"))
    with path.open("a") as file:
        file.write(tail)
    keep(path, change("b"))
    assert StateFile(path).read() == [change("a"), change("b")]


def test_a_file_of_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "state.jsonl"
    path.write_text(json.dumps({"version": 99}) + "\n")
    with pytest.raises(NewerFileError), StateFile(path):
        pass
    assert path.read_text() == json.dumps({"version": 99}) + "\n"


def test_nobody_else_may_read_it(tmp_path):
    path = tmp_path / "state.jsonl"
    keep(path, change("a"))
    assert path.stat().st_mode & 0o077 == 0


def test_without_a_file_nothing_is_remembered(tmp_path):
    assert StateFile(tmp_path / "state.jsonl").read() == []


def test_a_name_may_hold_whatever_a_text_can(tmp_path):
    path = tmp_path / "state.jsonl"
    changes = [change(f"a{letter}b") for letter in '\u2028\u2029\x85\x1c\n\r\t"é']
    keep(path, *changes)
    keep(path)
    assert StateFile(path).read() == changes


def full_disk(monkeypatch, times: float) -> list[int]:
    """The disk is full so many times that something is written."""
    sync, failures = os.fsync, []

    def fsync(number: int) -> None:
        if len(failures) < times and not os.path.isdir(f"/proc/self/fd/{number}"):
            failures.append(number)
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(number)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(line_writer, "AGAIN_AFTER", 0.01)
    return failures


def test_what_a_full_disk_did_not_take_is_written_when_there_is_room(tmp_path, monkeypatch):
    path = tmp_path / "state.jsonl"
    keep(path, change("before"))
    with StateFile(path) as file:
        failures = full_disk(monkeypatch, 3)
        file.keep(change("a"))
        while len(failures) < 3:
            time.sleep(0.005)
        file.keep(change("b"))
    assert [kept.name for kept in StateFile(path).read()] == ["before", "a", "b"]


def test_a_disk_that_stays_full_does_not_hold_up_the_end(tmp_path, monkeypatch):
    path = tmp_path / "state.jsonl"
    keep(path, change("before"))
    with StateFile(path) as file:
        full_disk(monkeypatch, float("inf"))
        file.keep(change("a"))
    monkeypatch.undo()
    assert [kept.name for kept in StateFile(path).read()] == ["before"]


def test_keeping_waits_for_no_disk(tmp_path):
    with StateFile(tmp_path / "state.jsonl") as file:
        began = time.perf_counter()
        for turn in range(10_000):
            file.keep(change(str(turn)))
        assert time.perf_counter() - began < 0.5
    assert len(StateFile(tmp_path / "state.jsonl").read()) == 10_000
