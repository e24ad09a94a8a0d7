"""What was put is there after whatever happened, and whoever puts never waits."""

import os

from belplan.store.spool import Spool, read_lines


def lines(paths):
    return [line for path in paths for line in read_lines(path)]


def test_what_was_put_is_read_in_its_order_and_removed_by_its_reader(tmp_path):
    with Spool(tmp_path / "spool") as spool:
        for n in range(100):
            spool.put(f"line {n}")
        sealed = spool.seal().result(5)
        assert lines(sealed) == [f"line {n}" for n in range(100)]
        for path in sealed:
            path.unlink()
        spool.put("after")
        assert lines(spool.seal().result(5)) == ["after"]


def test_its_size_is_what_the_database_does_not_have(tmp_path):
    with Spool(tmp_path) as spool:
        spool.put("123456789")
        (segment, *_) = spool.seal().result(5)
        assert spool.size() == 10
        segment.unlink()
        assert spool.size() == 0


def test_nothing_is_lost_when_nobody_came_for_it(tmp_path):
    for n in range(3):
        with Spool(tmp_path) as spool:
            spool.put(f"of start {n}")
    with Spool(tmp_path) as spool:
        assert lines(spool.seal().result(5)) == ["of start 0", "of start 1", "of start 2"]


def test_a_line_that_a_power_cut_left_unfinished_is_left_out(tmp_path):
    (tmp_path / "7.jsonl").write_bytes(b"whole\nhal\xc3")
    with Spool(tmp_path) as spool:
        spool.put("later")
        assert lines(spool.seal().result(5)) == ["whole", "later"]


def test_a_disk_that_takes_nothing_for_a_while_costs_nothing(tmp_path, monkeypatch):
    refuses = [True]
    write = os.fsync

    def fsync(descriptor):
        if refuses:
            refuses.pop()
            raise OSError(28, "No space left on device")
        write(descriptor)

    monkeypatch.setattr("belplan.store.spool.os.fsync", fsync)
    monkeypatch.setattr("belplan.store.spool.AGAIN_AFTER", 0.01)
    with Spool(tmp_path) as spool:
        spool.put("one")
        spool.put("two")
        assert lines(spool.seal().result(5)) == ["one", "two"]


def test_nobody_else_may_read_it(tmp_path):
    with Spool(tmp_path / "spool") as spool:
        spool.put("a number")
        path = spool.seal().result(5)[0]
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
