"""Attending a call: from its arrival to its record."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars

from belplan.engine.call import Call
from belplan.engine.cdr import CallRecord, Trace, record, switched
from belplan.engine.engaged import Engaged
from belplan.engine.fault import point
from belplan.engine.leg import NORMAL, TEMPORARY_FAILURE
from belplan.engine.position import Frame
from belplan.engine.walker import Walker

_log = structlog.get_logger()


async def attend(call: Call, stack: list[Frame] | None = None, before: Trace | None = None) -> CallRecord:
    """Walk a call through its plan until it ends or its caller hangs up. Its leg has ended when this returns.

    `stack` is where it begins, or goes on, when that is not the beginning of its plan. `before` is what is known
    of it from before another engine died.
    """
    age = (call.clock.now() - call.arrived).total_seconds()
    trace = Trace(call.clock.monotonic() - age)
    if before:
        # What came after the journal was written comes again.
        trace.steps, trace.heard = before.steps[: call.steps], before.heard
        trace.arrived, trace.state = before.arrived, before.state
    else:
        trace.state = switched(call)
    call.events.watch(trace)
    call.tell(
        "arrived" if call.phase == "start" else "resumed",
        caller_number=call.caller_number,
        callee_number=call.callee_number,
        dial_plan=call.began_in,
        company=call.company.id,
        version=call.company.number,
        began=trace.began,
        at=call.arrived.timestamp(),
        steps=call.steps,
    )
    point("call.arrived" if call.phase == "start" else "call.resumed")
    ended = asyncio.ensure_future(_caller_ends(call))
    try:
        # What goes wrong deep in a driver is logged with the call that it happens to.
        with _caller_engaged(call), bound_contextvars(call=call.id):
            await _until(ended, Walker(call, stack).walk())
    except Exception:
        _log.exception("walk.crashed", call=call.id, path=call.path)
    for task in call.early.values():
        task.cancel()
    if not ended.done():
        await call.caller.hang_up(TEMPORARY_FAILURE if call.cause is None else call.cause)
    await ended
    point("call.hung_up")
    # Whichever side hung up, a conversation and a caller's patience end normally.
    cause = NORMAL if call.outcome == "connected" or call.cause is None else call.cause
    finished = record(call, trace, cause)
    call.tell("ended", outcome=finished.outcome, cause=finished.cause)
    return finished


def _caller_engaged(call: Call) -> contextlib.AbstractContextManager[None]:
    """A colleague who calls is in a call."""
    engaged = call.services.get(Engaged)
    colleague = call.company.accounts.get(call.caller_number) or call.company.user(call.caller_number)
    if colleague is None or not isinstance(engaged, Engaged):
        return contextlib.nullcontext()
    return engaged.calling(call.company.id, colleague.number, call.id)


async def _caller_ends(call: Call) -> int:
    """Wait until nobody is left for whom the call is walked. A transfer may put another party in the caller's place."""
    while True:
        caller = call.caller
        cause = await caller.ended()
        if call.caller is caller:
            return cause


async def _until(ended: "asyncio.Future[int]", walk: Coroutine[Any, Any, None]) -> None:
    """Run the walk, and cancel it the moment the caller is gone."""
    walking = asyncio.ensure_future(walk)
    try:
        await asyncio.wait((walking, ended), return_when=asyncio.FIRST_COMPLETED)
    finally:
        walking.cancel()
        await asyncio.wait((walking,))
    if not walking.cancelled() and (error := walking.exception()):
        raise error
