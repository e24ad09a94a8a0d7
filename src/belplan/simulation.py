"""One call through a plan without a telephone: the simulator joined to the engine and to real webhooks."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from belplan.apps import feature_route
from belplan.dialplan.company import Company
from belplan.drivers.simulator import Asked, Press, Reaction, Reply, ScriptedSender, SimulatedExchange, SimulatedLeg
from belplan.engine.attend import attend
from belplan.engine.call import Call
from belplan.engine.cdr import CallRecord
from belplan.engine.clock import Clock, VirtualLoop
from belplan.engine.entrance import Entrance, Features, entrance
from belplan.engine.events import Events, Watcher
from belplan.engine.leg import PhoneTarget, Shown, Target
from belplan.engine.mail import Letter
from belplan.engine.position import Frame
from belplan.engine.voicemail.boxes import Message
from belplan.memory import Memory, remember
from belplan.webhook.cache import AnswerCache
from belplan.webhook.exchange import Answer, Request, Sender

__all__ = [
    "Asked", "CallRecord", "Caller", "NoWebhooks", "Observation", "Rang", "UnknownNumberError",
    "VirtualLoop", "enter", "observe", "run", "simulate",
]  # fmt: skip


USUAL_CALLER = "31612345678"
_IN_PLACE = ("queue", "ended")
PATIENCE = 86_400.0  # seconds; whoever is left waiting for ever hangs up after a day


Attending = Callable[[Call, list[Frame] | None], Awaitable[CallRecord]]


class UnknownNumberError(ValueError):
    """Nothing of the company has the number that was called."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, when, and what they and the phones do.

    `number` "" is withheld. `keys` are pressed in turn, each when the plan next waits for one ("" lets
    it wait in vain), `presses` at moments of their own. `hang_up_after` is in seconds from the call's
    arrival. `reactions` are by internal or outside number or SIP account, and `replies` by a webhook's
    variable or path; several are given in turn, the last one again and again, as is `speaks`: how many
    seconds the caller says something for when they are recorded. `state` is what the
    company remembers when the call arrives: see belplan.memory.WORDS.
    """

    to: str
    number: str = USUAL_CALLER
    keys: Sequence[str] = ""
    presses: Sequence[Press] = ()
    hang_up_after: float | None = None
    at: datetime | None = None
    reactions: Mapping[str, Reaction | Sequence[Reaction]] = field(
        default_factory=dict[str, Reaction | Sequence[Reaction]]
    )
    replies: Mapping[str, Answer | Sequence[Reply]] = field(default_factory=dict[str, Answer | Sequence[Reply]])
    state: Mapping[str, Any] = field(default_factory=dict[str, Any])
    speaks: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Rang:
    """A phone that rang: whose (an internal number or the outside one), what it showed, seconds after the arrival."""

    number: str
    shown: Shown
    after: float


@dataclass(frozen=True, slots=True)
class Observation:
    """A simulated call from outside: its record, and what its record does not tell. Times are in seconds."""

    record: CallRecord
    asked: tuple[Asked, ...]
    rang: tuple[Rang, ...]
    lasted: float
    silence: float
    """The longest time that the caller heard nothing."""
    answered_after: float | None
    """From the arrival to the answer of a person; None where nobody answered."""
    mails: tuple[Letter, ...] = ()
    """What would have been sent by mail."""
    messages: tuple[Message, ...] = ()
    """What is in the voicemail boxes after it."""


class NoWebhooks:
    """Sends nothing: for plans that are tried without a network."""

    async def send(self, request: Request) -> Answer:
        return Answer("error", reason="refused", detail="no network in this simulation")


def enter(company: Company, number: str, caller: str = USUAL_CALLER) -> Entrance:
    """Where a call enters. Raises UnknownNumberError."""
    found = entrance(company, number, company.canonical(caller))
    if found is None:
        known = ", ".join([*company.external, *company.internal])
        raise UnknownNumberError(f"nothing of {company.settings.name} has the number {number}; there are {known}")
    return found


async def observe(
    company: Company,
    caller: Caller,
    sender: Sender,
    *watchers: Watcher,
    call_id: str | None = None,
    services: Mapping[type, object] | None = None,
    attending: Attending = attend,
) -> Observation:
    """Walk one call, on a VirtualLoop in virtual time, and look at it from all sides. Raises UnknownNumberError.

    `services` take the place of the simulation's own. `attending` is who takes the call through its plan, as
    `attend` does: an engine that dies on the way, say.
    """
    entered = enter(company, caller.to, caller.number)
    scripted = ScriptedSender(caller.replies, sender)
    phones = _Phones(company, caller.reactions)
    exchange = SimulatedExchange(phones)
    leg = SimulatedLeg("caller", caller.keys, caller.presses, caller.speaks)
    began = leg.now()
    memory = remember(company, caller.state)
    answered: list[float] = []
    call = Call(
        company=company,
        plan=entered.plan,
        caller=leg,
        driver=exchange,
        clock=Clock(caller.at),
        caller_number=company.canonical(caller.number),
        callee_number=entered.number,
        sip_call_id="simulated",
        services={
            Sender: scripted,
            AnswerCache: AnswerCache(),
            Features: Features(feature_route),
            **memory.services,
            **(services or {}),
        },
        events=Events(*watchers),
        id=call_id or str(uuid.uuid4()),
    )
    call.events.watch(lambda event: answered.append(event.at) if event.what == "answered" else None)
    leg.leave_after(PATIENCE if caller.hang_up_after is None else caller.hang_up_after)
    call.feature = entered.feature
    async with _others(call, memory, phones):
        record = await attending(call, feature_route(entered.feature) if entered.feature else None)
    await memory.boxes.settled()
    await memory.engaged.forget()
    ended = leg.ended_at if leg.ended_at is not None else leg.now()
    return Observation(
        record=record,
        asked=tuple(scripted.asked),
        rang=tuple(
            Rang(owner(company, target), shown, at - began)
            for (target, shown), at in zip(exchange.dialled, exchange.rang_at, strict=True)
        ),
        lasted=ended - began,
        silence=leg.ear.longest_silence(ended),
        answered_after=answered[0] - began if answered else None,
        mails=tuple(memory.tray.letters),
        messages=memory.boxes.everything,
    )


async def simulate(company: Company, caller: Caller, sender: Sender, *watchers: Watcher) -> CallRecord:
    """Walk one call, on a VirtualLoop in virtual time. Raises UnknownNumberError."""
    return (await observe(company, caller, sender, *watchers)).record


def run(company: Company, caller: Caller, *watchers: Watcher, sender: Sender | None = None) -> CallRecord:
    """Walk one call, outside any event loop. Without a sender no webhook reaches anybody."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(simulate(company, caller, sender or NoWebhooks(), *watchers))


def owner(company: Company, target: Target) -> str:
    """Whose phone it is: an internal number, or the outside number itself."""
    return company.accounts[target.username].number if isinstance(target, PhoneTarget) else target.number


@asynccontextmanager
async def _others(call: Call, memory: Memory, phones: "_Phones") -> AsyncGenerator[None]:
    """Whoever calls besides: those who talk to somebody, and those who came into a queue before this call."""
    loop, company = asyncio.get_running_loop(), call.company
    legs: list[SimulatedLeg] = []
    calls: list[asyncio.Task[CallRecord]] = []
    with ExitStack() as talking:
        for number, seconds in memory.busy.items():
            engaged = talking.enter_context(ExitStack())
            engaged.enter_context(memory.engaged.calling(company.id, number, "another"))
            if seconds is not None:
                loop.call_later(seconds, engaged.close)
        for queue, callers in memory.queued.items():
            for _ in range(callers):
                legs.append(SimulatedLeg("another"))
                other = Call(
                    company, None, legs[-1], SimulatedExchange(phones), call.clock, "", queue, services=call.services
                )
                joined = asyncio.Event()
                other.events.watch(lambda event, joined=joined: joined.set() if event.what in _IN_PLACE else None)
                calls.append(asyncio.ensure_future(attend(other)))
                await joined.wait()
        try:
            yield
        finally:
            for leg in legs:
                leg.leave()
            await asyncio.gather(*calls)


class _Phones:
    """What each phone does, time after time. One that nothing is said of answers."""

    def __init__(self, company: Company, reactions: Mapping[str, Reaction | Sequence[Reaction]]) -> None:
        self._company = company
        self._reactions = {
            number if number in company.accounts else company.canonical(number): reaction
            for number, reaction in reactions.items()
        }
        self._rang: dict[str, int] = {}

    def __call__(self, target: Target) -> Reaction:
        phone = target.username if isinstance(target, PhoneTarget) else target.number
        reactions = self._reactions.get(phone) or self._reactions.get(owner(self._company, target))
        if reactions is None:
            return Reaction()
        if isinstance(reactions, Reaction):
            return reactions
        times = self._rang.get(phone, 0)
        self._rang[phone] = times + 1
        return reactions[min(times, len(reactions) - 1)]
