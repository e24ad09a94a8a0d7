"""Whoever keeps the engine running: real processes, whose engines say which one they are."""

import os
import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PROGRAM = """
import os, signal, structlog, sys, time
from belplan import supervisor
from belplan.watchdog import BEAT

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

def alive():
    os.write(int(os.environ[BEAT]), b".")

def engine(life):
    print(life, os.getpid(), flush=True)
{engine}

supervisor.SILENT = 1
sys.exit(supervisor.supervise(engine))
"""


@pytest.fixture
def supervised(tmp_path):
    """Runs an engine, given by its lines; what it says is its output."""
    running = []

    def run(engine, **variables):
        program = tmp_path / "program.py"
        program.write_text(PROGRAM.format(engine=textwrap.indent(textwrap.dedent(engine), "    ")))
        command = [sys.executable, str(program)]
        environment = {**os.environ, **variables}
        running.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
        )
        return running[-1]

    yield run
    for process in running:
        process.kill()
        process.communicate()


def engine_of(line):
    life, pid = line.split()
    return int(life), int(pid)


def test_one_that_dies_or_crashes_has_its_successor_and_its_own_end_is_the_end(supervised):
    process = supervised("""
        if life == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if life == 1:
            raise ValueError("no")
        return 3
    """)
    said, _ = process.communicate(timeout=30)
    assert [engine_of(line)[0] for line in said.splitlines()] == [0, 1, 2]
    assert process.returncode == 3


def test_one_that_hangs_is_ended_and_has_its_successor(supervised):
    process = supervised("""
        alive()
        if life:
            return 0
        os.kill(os.getpid(), signal.SIGSTOP)
    """)
    said, _ = process.communicate(timeout=30)
    assert [engine_of(line)[0] for line in said.splitlines()] == [0, 1]
    assert process.returncode == 0


def test_one_that_is_told_to_stop_ends_as_it_wants_to(supervised):
    process = supervised("""
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(os._exit(4)))
        alive()
        print("ready", flush=True)
        time.sleep(60)
    """)
    process.stdout.readline()
    process.stdout.readline()
    process.terminate()
    assert process.wait(timeout=30) == 4


def test_it_is_not_left_behind(supervised):
    process = supervised("time.sleep(60)")
    _, pid = engine_of(process.stdout.readline())
    line = os.pidfd_open(pid)
    process.kill()
    process.wait()
    assert select.select([line], [], [], 10)[0]
    os.close(line)


NEXT = """
    def leave(*_):
        print("left", flush=True)
        os._exit(0)
    signal.signal(signal.SIGUSR1, leave)
    alive()
    print("ready", flush=True)
    if life and supervisor.os.environ.get("ONCE"):
        return 0
    time.sleep(60)
"""


def test_the_program_is_loaded_anew_and_the_engine_leaves_everything_to_the_next_one(supervised):
    process = supervised(NEXT, ONCE="1")
    assert engine_of(process.stdout.readline())[0] == 0
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGUSR2)
    said, _ = process.communicate(timeout=30)
    left, begun, ready = said.splitlines()
    assert (left, engine_of(begun)[0], ready) == ("left", 1, "ready")
    assert process.returncode == 0


def test_a_program_that_cannot_be_loaded_leaves_the_one_before_running(supervised):
    process = supervised(NEXT)
    _, pid = engine_of(process.stdout.readline())
    process.stdout.readline()
    program = Path(process.args[1])
    before = program.read_text()
    tried = program.with_name("tried")
    program.write_text(f"open({str(tried)!r}, 'w'); raise SystemExit(1)")
    process.send_signal(signal.SIGUSR2)
    while not tried.exists():
        assert process.poll() is None
    program.write_text(before)
    os.kill(pid, signal.SIGUSR1)  # it is there to hear it
    assert process.stdout.readline() == "left\n"
    assert process.wait(timeout=30) == 0
