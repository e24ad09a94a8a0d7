"""Each protection of a call taken away, one at a time, and the tests that are to notice.

    python -m tests.unprotected [--asterisk]

The package is copied, one line of it is changed, and tests are run on that copy: at least one must fail. With
`--asterisk` also those that need a real Asterisk.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Protection:
    """A protection, and how the code is without it."""

    what: str
    file: str
    line: str
    without: str
    tests: tuple[str, ...]
    asterisk: bool = False


DYING = ("tests/scenarios/test_dying.py",)
SUPERVISOR = ("tests/unit/test_supervisor.py",)
SURVIVAL = "tests/asterisk/test_survival.py"

PROTECTIONS = (
    Protection("the journal before each step", "engine/walker.py", "        await call.note()\n", "", DYING),
    Protection(
        "what a step has achieved is kept", "engine/call.py", "        self.kept |= facts\n", "", DYING
    ),
    Protection(
        "a leg has the same id again", "engine/call.py", 'f"{self.id}-{self.legs}-{number}"',
        'f"{self.id}-{self.legs}-{number}-{__import__(\'uuid\').uuid4()}"', DYING,
    ),
    Protection(
        "counters are as they were when the step began", "engine/walker.py",
        "        call.counts = (call.steps, call.legs, call.webhooks)\n", "        call.counts = (0, 0, 0)\n", DYING,
    ),
    Protection(
        "two who answer at once: one is let go, though the ringing was cancelled", "engine/ringing.py",
        "interrupted = await _all_over(ringing)",
        "interrupted = await asyncio.gather(*ringing, return_exceptions=True) and None",
        ("tests/scenarios/test_queue.py",),
    ),
    Protection(
        "an engine that hangs is ended", "supervisor.py",
        "                os.kill(self.pid, signal.SIGKILL)\n", "", SUPERVISOR,
    ),
    Protection(
        "an engine without its keeper ends", "supervisor.py",
        "        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)\n", "", SUPERVISOR,
    ),
    Protection(
        "a program that cannot be loaded is not", "supervisor.py", "return tried.returncode == 0",
        "return True", SUPERVISOR,
    ),
    Protection(
        "a call that no engine attends leaves a note", "drivers/asterisk/dialplan_conf.py",
        " same => n,Set(CHANNEL(hangup_handler_push)=fallen,s,1)\n", "", (f"{SURVIVAL}::"
        "test_callers_whom_no_engine_attends_come_to_the_last_resort_and_have_one_record_each",), asterisk=True,
    ),
    Protection(
        "whoever loses the lease stops acting", "drivers/asterisk/ari.py",
        '        if what == "ApplicationReplaced":\n', '        if what == "Nothing":\n', (f"{SURVIVAL}::"
        "test_another_engine_takes_over_and_the_first_leaves_everything_as_it_is",), asterisk=True,
    ),
    Protection(
        "calls are taken up after the line was cut", "drivers/asterisk/ari.py",
        "            if self.on_connected:\n", "            if False:\n", (f"{SURVIVAL}::"
        "test_an_engine_that_is_killed_again_and_again_loses_no_call",), asterisk=True,
    ),
)  # fmt: skip


def noticed(protection: Protection) -> str:
    """The first test that fails without it; "" where none does."""
    with tempfile.TemporaryDirectory(prefix="belplan-unprotected-") as name:
        package = Path(name) / "belplan"
        shutil.copytree(ROOT / "src/belplan", package, ignore=shutil.ignore_patterns("__pycache__", "web"))
        path = package / protection.file
        text = path.read_text()
        assert protection.line in text, f"{protection.file} has no such line any more: {protection.line}"
        path.write_text(text.replace(protection.line, protection.without, 1))
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *protection.tests]
        environment = {**os.environ, "PYTHONPATH": name}
        ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    failed = [line for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].removeprefix("FAILED ").partition(" - ")[0] if failed else ""


def main() -> int:
    """As the text above says."""
    unnoticed = 0
    for protection in PROTECTIONS:
        if protection.asterisk and "--asterisk" not in sys.argv:
            continue
        test = noticed(protection)
        unnoticed += not test
        print(f"{protection.what}: {test or 'NOBODY NOTICES'}", flush=True)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
