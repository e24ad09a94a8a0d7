"""Connect (Doorverbinden): ring somebody, and let them talk."""

from typing import Annotated, Literal

from pydantic import Field

from belplan.dialplan import numbers
from belplan.dialplan.company import Company, DialPlan, Queue, User
from belplan.dialplan.fields import Text, placeholders
from belplan.dialplan.route import Reading, Reference, Route
from belplan.engine import ringing
from belplan.engine.app import App, Move
from belplan.engine.call import Call
from belplan.engine.queueing.waiting import wait

_AS_A_QUEUE_LEAVES = {"answered": "answered", "full": "busy", "timeout": "no_answer", "nobody": "failed"}


class Connect(App):
    """Ring a user, a ring group or an outside number, and end the call after their conversation.

    Busy, no answer and failure go on below, or by a route of their own. Of a queue these are: full, waited too
    long, and nobody logged in. A variable that leads to the dial plan where the call is leads nowhere: that has failed.
    """

    app_name = "connect"
    exits = ("answered", "busy", "no_answer", "failed")
    branches = {"busy": "on_busy", "no_answer": "on_no_answer", "failed": "on_failed"}
    example = {"to": "201", "timeout": 25}

    to: Annotated[
        Text,
        Field(
            description="Number of a user, group, dial plan or queue, an outside number, or {variable}.", min_length=1
        ),
    ]
    timeout: Annotated[
        float | None,
        Field(description="Seconds to ring at most: 25, or what the ring group or queue has.", gt=0, le=600),
    ] = None
    caller_id: Annotated[Literal["caller", "company"], Field(description="Whose number the phones show.")] = "caller"
    confirm: Annotated[
        bool,
        Field(description="Whoever answers takes the call with key 1, so that a mobile's own voicemail does not."),
    ] = False
    on_busy: Annotated[Route, Field(description="Walked when it is busy.")] = Route()
    on_no_answer: Annotated[Route, Field(description="Walked when nobody answers in time.")] = Route()
    on_failed: Annotated[Route, Field(description="Walked when it cannot be rung.")] = Route()

    def reads(self) -> tuple[Reading, ...]:
        return tuple(Reading(name, "to") for name in placeholders(self.to))

    def refers(self) -> tuple[Reference, ...]:
        return () if placeholders(self.to) else (Reference("number", self.to, "to"),)

    def waits(self) -> bool:
        return True

    async def run(self, call: Call) -> str | Move:
        number = call.company.canonical(call.fill(self.to))
        call.detail["to"] = number
        destination = call.company.destination(number)
        if isinstance(destination, DialPlan):
            if destination is call.plan and placeholders(self.to):
                call.detail["reason"] = "circle"  # whose server answers so would send its callers round for ever
                return "failed"
            return Move(dial_plan=destination.name)
        if isinstance(destination, User) and destination.route.items and destination.number not in call.personal:
            return Move(user=destination.number, returns=True)
        if isinstance(destination, Queue):
            return _AS_A_QUEUE_LEAVES[await wait(call, destination, longest=self.timeout)]
        if destination is None and not self._may_dial(number, call.company):
            return "failed"
        how = ringing.How(self.caller_id, self.confirm)
        return await ringing.connect(call, number, timeout=self.timeout, how=how)

    def _may_dial(self, number: str, company: Company) -> bool:
        """Whether an outside number may be dialled: the plan's own always, a webhook's within the rules."""
        if not numbers.is_dialable(number):
            return False
        if not placeholders(self.to):
            return True
        # A server that answers 112 is broken or hostile: nobody asked for the emergency services.
        return company.may_call(number) and not numbers.is_emergency(number, company.settings.country)
