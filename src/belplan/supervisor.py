"""Keeps an engine running: one that dies, or shows no sign of life any more, has its successor at once.

The engine is a fork of this process, which has loaded everything beforehand and does nothing else: the next one takes
calls a moment after the last one died, without Python's start in between.

    SIGTERM, SIGINT   the engine ends as it does by itself, and this process with it
    SIGUSR2           this program is loaded anew, as it is on disk now; then the next engine takes over from the last
"""

import contextlib
import ctypes
import gc
import itertools
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from typing import Literal

import structlog

from belplan.watchdog import BEAT, tell

SILENT = 10  # seconds without a sign of life after which an engine is taken for hung; it shows one each second
LEAVING = 8.0  # seconds that an engine has to leave everything to the next one
AGAIN_AFTER = (
    0.0,
    0.0,
    0.1,
    0.5,
    2.0,
)  # seconds before the next engine, where one after the other dies before it shows life
CRASHED = 70  # exit status (sysexits.h: EX_SOFTWARE)

_LEAVING = "BELPLAN_LEAVING"  # the engine that goes on while this program is loaded anew: its process id
_CHECKING = "BELPLAN_CHECKING"  # say by the exit status whether this program could run, and do nothing
_PR_SET_PDEATHSIG = 1  # prctl(2)

_log = structlog.get_logger()


def supervise(engine: Callable[[int], int]) -> int:
    """Run `engine` in a process of its own until it ends by itself, and give its exit status.

    It is told which one it is, 0 where there was none before; `belplan.watchdog.watched` gives its signs of life. One
    that a signal, an exception or the status CRASHED has ended is followed by the next.
    """
    if os.environ.pop(_CHECKING, ""):
        return 0
    # What is there now is there for good: looking through it for rubbish would copy it for each engine.
    gc.collect()
    gc.freeze()
    with _Signals() as signals:
        if leaving := os.environ.pop(_LEAVING, ""):
            _leave(int(leaving))
        young = 0
        for life in itertools.count(1 if leaving else 0):
            running = _Engine(engine, life, signals)
            status = running.run()
            if os.WIFEXITED(status) and os.WEXITSTATUS(status) != CRASHED:
                tell("STOPPING=1")
                return os.WEXITSTATUS(status)
            if signals.stopping:
                return 0
            died_of = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else "an error"
            young = 0 if running.lived else young + 1
            again_after = AGAIN_AFTER[min(young, len(AGAIN_AFTER) - 1)]
            _log.error(
                "engine.died",
                of=died_of,
                life=life,
                pid=running.pid,
                next="calls go on with the next one",
                after=again_after,
            )
            signals.wait(again_after)
    raise AssertionError


class _Engine:
    """One engine, and the pipe over which it tells that it lives."""

    def __init__(self, engine: Callable[[int], int], life: int, signals: "_Signals") -> None:
        self.lived = False  # it has shown a sign of life
        self._signals = signals
        self._line, told = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        keeper = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._line)
            signals.forget()
            os._exit(_live(engine, life, told, keeper))
        os.close(told)
        os.set_blocking(self._line, False)

    def run(self) -> int:
        """Watch it until it ends. The status that `waitpid` gives."""
        try:
            self._watch()
        finally:
            os.close(self._line)
        return os.waitpid(self.pid, 0)[1]

    def _watch(self) -> None:
        silent = 0
        while True:
            # Counted, not measured: a machine that stood still has not heard anything either.
            told = self._signals.wait(1.0, self._line)
            if told == "signal":
                self._act()
            elif told == b"":
                return  # its end of the pipe is closed: it has ended
            elif told != "silence":
                if not self.lived:
                    tell("READY=1")
                tell("WATCHDOG=1")
                self.lived, silent = True, 0
            elif self.lived and (silent := silent + 1) >= SILENT:
                _log.error("engine.hung", seconds=silent, next="it is ended, and calls go on with the next one")
                os.kill(self.pid, signal.SIGKILL)

    def _act(self) -> None:
        signals = self._signals
        if signals.stopping:
            os.kill(self.pid, signal.SIGTERM)
        elif signals.taken(signal.SIGUSR2) and _could_run():
            _log.info("server.loaded_anew")
            os.environ[_LEAVING] = str(self.pid)
            # execv(2) forgets who handles a signal, and keeps what is blocked and has come meanwhile.
            signal.pthread_sigmask(signal.SIG_BLOCK, signals.NUMBERS)
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this very program


class _Signals:
    """The signals that this process was sent, to be waited for together with a pipe."""

    NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2)

    def __init__(self) -> None:
        self._came: set[int] = set()
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def __enter__(self) -> "_Signals":
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, lambda came, _: self._came.add(came)) for number in self.NUMBERS}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self.NUMBERS)
        return self

    def __exit__(self, *error: object) -> None:
        self.forget()

    def forget(self) -> None:
        """Be as before: in the engine, whose signals are its own."""
        signal.set_wakeup_fd(-1)
        for number, before in self._before.items():
            signal.signal(number, before)
        os.close(self._reader)
        os.close(self._writer)

    @property
    def stopping(self) -> bool:
        """Whether this process was told to end."""
        return bool(self._came & {signal.SIGTERM, signal.SIGINT})

    def taken(self, number: int) -> bool:
        """Whether this signal came since it was last asked for."""
        came = number in self._came
        self._came.discard(number)
        return came

    def wait(self, seconds: float, line: int | None = None) -> bytes | Literal["signal", "silence"]:
        """What comes over the line, b"" where it is closed; or that a signal came; or that nothing did in time."""
        poll = select.poll()
        for descriptor in (self._reader, line):
            if descriptor is not None:
                poll.register(descriptor, select.POLLIN)
        came = [descriptor for descriptor, _ in poll.poll(seconds * 1000)]
        if self._reader in came:
            os.read(self._reader, 64)
            return "signal"
        return os.read(came[0], 4096) if came else "silence"


def _live(engine: Callable[[int], int], life: int, told: int, keeper: int) -> int:
    """What the engine's own process does: its exit status."""
    try:
        # Without whoever keeps it running it would be in the way of the next one.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:
            return CRASHED
        os.environ[BEAT] = str(told)
        return engine(life)
    except BaseException:
        traceback.print_exc()
        return CRASHED
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()


def _could_run() -> bool:
    """Whether the program that is on disk now could run in place of this one: as it was told, up to the engine."""
    command = [sys.executable, *sys.orig_argv[1:]]
    tried = subprocess.run(command, env={**os.environ, _CHECKING: "1"}, stdout=subprocess.DEVNULL)  # noqa: S603
    if tried.returncode:
        _log.error("server.not_loaded_anew", status=tried.returncode, next="the program goes on as it was")
    return tried.returncode == 0


def _leave(pid: int) -> None:
    """Have the engine of before leave everything to the next one, and wait for its end."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGUSR1)
    until = time.monotonic() + LEAVING
    while time.monotonic() < until:
        with contextlib.suppress(ChildProcessError):
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                time.sleep(0.01)
                continue
        return
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
