"""A plan taken over from an extensions.conf decides as that file does on a real Asterisk."""

import asyncio
import itertools
import random
import re
from collections import Counter
from pathlib import Path

from belplan import simulation
from belplan.apps import APPS
from belplan.dialplan.check import read
from belplan.dialplan.company import Company
from belplan.drivers.simulator import Reaction
from belplan.migration.asterisk.importing import Files, draft_of
from belplan.webhook.exchange import Answer
from tests.asterisk.original import RINGING, WAITING, Phones, Played, crm, original
from tests.migration.deciding import decisions

FILE = Path(__file__).parents[1] / "migration" / "files" / "extensions.conf"
SAYS = {"0201111111": "openstaand", "0202222222": "ticket", "0203333333": "klacht"}
PEOPLE = ("anna", "bram", "carla", "daan")

ANY = {
    "to": ("0102380095", "0102380095", "0102380095", "0102380096"),
    "caller": ("0612345678", "0612345678", "0612345678", *SAYS, "0900123456", ""),
    "at": (
        "2026-01-13 12:00:00", "2026-01-13 08:29:59", "2026-01-13 17:00:59", "2026-01-13 17:01:00",
        "2026-01-17 12:00:00", "2026-12-26 12:00:00", "2026-01-13 23:00:00", "2026-01-13 06:00:00",
    ),
    "keys": ("", "1", "2", "91", "0", "51", "9"),
    "phones": ("answer", "busy", "no_answer", "failed", "first busy"),
}  # fmt: skip


def scenarios(count: int) -> list[Played]:
    """So many calls out of all that there could be, always the same."""
    chosen = random.Random(10).sample(list(itertools.product(*ANY.values())), count)
    calls: list[Played] = []
    for number, (to, caller, at, keys, does) in enumerate(chosen, 10):
        phones = dict.fromkeys(PEOPLE, "answer" if does == "first busy" else does)
        if does == "first busy":
            phones |= {"anna": "busy", "carla": "busy"}
        calls.append(Played(number, to, caller, at, keys, phones, SAYS.get(caller, "")))
    return calls


def taken_over(text: str) -> Company:
    draft = draft_of(Files(text), "Voorbeeld BV", "NL")
    company, problems = read(draft.text("extensions.conf"), APPS)
    assert company, problems
    return company


def simulated(company: Company, call: Played) -> list[tuple[str, object]]:
    who = simulation.Caller(
        to=call.to,
        number=call.caller,
        keys=call.keys,
        at=_moment(company, call.at),
        reactions={phone: Reaction(does, after=0.1) for phone, does in call.phones.items()},
        replies={"klant": Answer("ok", call.says)},
    )
    return decisions(company, simulation.run(company, who))


def _moment(company: Company, text: str):
    from datetime import datetime

    return datetime.fromisoformat(text).replace(tzinfo=company.zone)


async def test_fifty_calls_go_as_they_went(program):
    calls = scenarios(50)
    by_number = {call.number: call for call in calls}
    phones = Phones(lambda number, phone: by_number[number].phones[phone])
    with crm(lambda number: SAYS.get(number, "")) as port:
        text = FILE.read_text().replace(":8090", f":{port}")
        text = (
            text.replace("RINGS=2", f"RINGS={RINGING}")
            .replace("(response)=1", f"(response)={WAITING}")
            .replace("WaitExten(1)", "WaitExten(3)")
        )
        company = taken_over(text)
        async with original(program, text, PEOPLE, phones) as asterisk:
            for call in calls:
                asterisk.place(call)
            await asyncio.gather(*(asterisk.ended(call.number) for call in calls))
            there = {call.number: asterisk.decisions(call.number) for call in calls}
    here = await asyncio.to_thread(lambda: {call.number: simulated(company, call) for call in calls})
    different = {
        number: (by_number[number], there[number], here[number]) for number in there if there[number] != here[number]
    }
    assert not different
    # The phones that rang are those that were to ring: the log is believed for a reason.
    for number, phones_rung in phones.rang.items():
        dialled = [sorted(who) for what, who in there[number] if what == "ring"]
        assert sorted(phones_rung) == sorted(itertools.chain(*dialled))
    kinds = Counter(re.sub(r"\W.*", "", what) for decided in there.values() for what, _ in decided)
    assert set(kinds) == {"play", "ring", "voicemail", "hangup"}
    assert len({repr(decided) for decided in there.values()}) >= 15
