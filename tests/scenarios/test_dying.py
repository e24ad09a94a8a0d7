"""An engine dies at any moment of any call, another takes it up, and the call goes the same way.

Every scenario file is played whole, and then once for each thing that the engine does in it: it dies just before
that, in its midst, and just after. A second side effect would show: a phone that rings twice, a webhook under
another id, another mail.
"""

import asyncio
import os
from pathlib import Path

import pytest

from belplan.apps import APPS
from belplan.dialplan.check import read
from belplan.engine.clock import VirtualLoop
from belplan.scenarios import source
from belplan.scenarios.run import NOBODY, caller_of, find, plan_beside
from belplan.simulation import Observation, observe
from tests.scenarios.dying import Cable, GoneError, Moment, dying

ROOT = Path(__file__).parents[2]
FILES = find([ROOT / "tests/scenarios"])
# A prompt that is played again takes its time again, and these are about a second.
ALL = ("way", "ended", "variables", "rang", "asked", "mails", "heard", "began")
# What may come out otherwise, and why.
OTHERWISE = {
    # Which agent it becomes, and when, is the line-up's to say, which begins anew with the engine.
    "queue": frozenset({"way", "ended", "rang", "heard"}),
    # A message that was begun is an old one when it is played again, and a wrong PIN has been counted.
    "listen": frozenset({"heard", "way"}),
    # Whoever asks for a transfer in the moment in which the engine dies asks again.
    # Its boxes are not behind the cable: what the dying engine does with them in its last throes is done.
    "voicemail": frozenset({"way", "ended", "heard", "mails"}),
    "transfer": frozenset({"way", "ended", "rang", "heard"}),
}
BY_THE_CLOCK = {
    "Een seconde eerder nog niet",
    "Digits pressed while it is said that there were too few skip the question",
}
EVERY = bool(os.environ.get("BELPLAN_CHAOS"))  # `make chaos` takes all three for each; else one, in turn
MOMENTS: tuple[Moment, ...] = ("before", "while", "after")


def seen(call: Observation) -> dict[str, object]:
    """What the world has seen of a call."""
    record = call.record
    return {
        "way": [(step.path, step.app, step.exit) for step in record.trace],
        "ended": (record.outcome, record.cause, record.connected_to, record.answered_by),
        "variables": record.variables,
        "rang": sorted((one.number, one.shown.number, one.shown.name) for one in call.rang),
        "asked": sorted({one.request.webhook_id for one in call.asked if one.request}),
        "mails": len({letter.id for letter in call.mails}),
        "heard": set(record.heard),
        "began": (record.uuid, record.dial_plan),
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_whenever_the_engine_dies_the_call_goes_the_same_way(file: Path):
    named, written = source.read(file.read_text(encoding="utf-8"))
    plan = plan_beside(file, named)
    company, _ = read(plan.read_text(encoding="utf-8-sig"), APPS, secrets=lambda name: True)
    assert company
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        for one in written:
            if one.scenario.webhooks == "real" or one.scenario.name in BY_THE_CLOCK:
                continue

            def call(cable: Cable, one=one) -> Observation:
                runner.get_loop().rewind()
                return runner.get_loop().run_until_complete(
                    observe(company, caller_of(company, one), NOBODY, call_id="c", attending=dying(cable))
                )

            whole = Cable()
            same = frozenset(ALL) - OTHERWISE.get(file.parent.name, frozenset())
            expected = {what: value for what, value in seen(call(whole)).items() if what in same}
            for at in range(whole.used):
                for moment in MOMENTS if EVERY else (MOMENTS[at % 3],):
                    try:
                        got = seen(call(Cable(at, moment)))
                        got = {what: value for what, value in got.items() if what in same}
                    except GoneError:
                        continue
                    assert got == expected, f"{one.scenario.name}: died {moment} {whole.did[at]} (number {at})"
