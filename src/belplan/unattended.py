"""The records of calls that no engine attended: Asterisk rang the last resort by itself, and left a note of each."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid5

import structlog

from belplan.drivers.asterisk import fallen
from belplan.drivers.asterisk.fallen import Fallen
from belplan.engine.cdr import CallRecord, Step
from belplan.engine.companies import Companies
from belplan.engine.entrance import caller_number, entrance
from belplan.engine.leg import NO_CIRCUIT, NORMAL
from belplan.store.call_file import CallFile

EVERY = 3.0  # seconds between looks for notes

_log = structlog.get_logger()


async def take_in(
    data: Path, ids: UUID, companies: Companies, calls: CallFile, on_record: Callable[[CallRecord], None]
) -> None:
    """Keep a record of each such call that has ended, once, for ever. `data` is Asterisk's folder."""
    known = await asyncio.to_thread(calls.recorded)
    while True:
        try:
            notes = await asyncio.to_thread(fallen.take, data)
            if notes:
                for note in notes:
                    record = recorded(note, ids, companies)
                    if record and record.uuid not in known:
                        known.add(record.uuid)
                        calls.ended(record)
                        on_record(record)
                        _log.info("call.ended", call=record.uuid, outcome=record.outcome, without="engine")
                if await asyncio.to_thread(calls.written):
                    await asyncio.to_thread(fallen.done, data)
        except OSError as error:
            _log.error("fallen.not_taken", reason=str(error), next="the notes stay, and are taken later")
        await asyncio.sleep(EVERY)


def recorded(note: Fallen, ids: UUID, companies: Companies) -> CallRecord | None:
    """The record of such a call. None where its company has left."""
    company = companies.get(note.company)
    if note.trunk:
        company = companies.of_trunk(note.trunk, note.called) or company
    if company is None:
        return None
    caller = caller_number(company, note.caller, outside=bool(note.trunk))
    entered = entrance(company, note.called, caller)
    last_resort = company.canonical(company.settings.last_resort) if company.settings.last_resort else None
    user = company.accounts.get(note.phone)
    answered = user is not None
    lasted = (note.ended - note.began).total_seconds() * 1000
    step = Step(
        path="company.last_resort" if last_resort else "company",
        app="connect",
        exit="answered" if answered else "abandoned" if note.hung_up else "failed",
        started_ms=0.0,
        duration_ms=lasted,
        detail={"to": last_resort, "without": "engine"} | ({"answered_by": user.number} if user else {}),
    )
    return CallRecord(
        uuid=str(uuid5(ids, f"{note.channel} {note.began.timestamp():.0f}")),
        caller_number=caller,
        callee_number=entered.number if entered else company.canonical(note.called),
        dial_plan=entered.plan.name if entered and entered.plan else "",
        outcome="connected" if answered else "abandoned" if note.hung_up else "ended",
        cause=NORMAL if answered or note.hung_up else NO_CIRCUIT,
        connected_to=last_resort if answered else None,
        answered_by=user.number if user else None,
        variables={},
        heard=("ringing",),
        trace=(step,),
        arrived=note.began.astimezone(company.zone),
        company=company.id,
        version=company.number,
    )
