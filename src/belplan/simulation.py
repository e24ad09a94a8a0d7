"""One call through a plan without a telephone: the simulator joined to the engine and to real webhooks."""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from belplan.dialplan.company import Company, DialPlan, RingGroup
from belplan.dialplan.fields import as_text
from belplan.drivers.simulator import Asked, Press, Reaction, Reply, ScriptedSender, SimulatedExchange, SimulatedLeg
from belplan.engine.attend import attend
from belplan.engine.call import Call
from belplan.engine.cdr import CallRecord
from belplan.engine.clock import Clock, VirtualLoop
from belplan.engine.events import Events, Watcher
from belplan.engine.leg import PhoneTarget, Shown, Target
from belplan.engine.ringing import Rota
from belplan.webhook.cache import AnswerCache
from belplan.webhook.exchange import Answer, Request, Sender

__all__ = [
    "SERVICES", "Asked", "CallRecord", "Caller", "NoWebhooks", "Observation", "Rang", "UnknownNumberError",
    "VirtualLoop", "entrance", "observe", "run", "simulate",
]  # fmt: skip


USUAL_CALLER = "31612345678"
PATIENCE = 86_400.0  # seconds; whoever is left waiting for ever hangs up after a day


class UnknownNumberError(ValueError):
    """Nothing of the company has the number that was called."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, when, and what they and the phones do.

    `number` "" is withheld. `keys` are pressed in turn, each when the plan next waits for one ("" lets
    it wait in vain), `presses` at moments of their own. `hang_up_after` is in seconds from the call's
    arrival. `reactions` are by internal or outside number or SIP account, and `replies` by a webhook's
    variable or path; several are given in turn, the last one again and again. `state` is what the
    company remembers when the call arrives: see SERVICES.
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


class NoWebhooks:
    """Sends nothing: for plans that are tried without a network."""

    async def send(self, request: Request) -> Answer:
        return Answer("error", reason="refused", detail="no network in this simulation")


def _rota(company: Company, last_answered: Any) -> tuple[type, object]:
    """`{"301": ["202", "201"]}`: who of a group had calls before this one, the latest last."""
    rota = Rota()
    if last_answered is not None and not isinstance(last_answered, dict):
        raise ValueError('write who had the last calls of a group as {"301": ["201", "202"]}, the latest last')
    for word, given in cast("dict[str, Any]", last_answered or {}).items():
        group = company.destination(word)
        if not isinstance(group, RingGroup):
            raise ValueError(f"{word} is no ring group")
        for ago, member in enumerate(reversed(cast("list[Any]", given) if isinstance(given, list) else [given])):
            number = str(as_text(member))
            if number not in group.members:
                raise ValueError(f"{number} is no member of {group.name}; there are {', '.join(group.members)}")
            rota.talked[company.id, number] = -float(ago + 1)
            rota.last.setdefault((company.id, group.number), number)
    return Rota, rota


SERVICES: dict[str, Callable[[Company, Any], tuple[type, object]]] = {"last_answered": _rota}
"""What a company remembers between calls, by the word that a scenario's `state` has for it.

An app that keeps something adds a function here. It is asked once for each simulated call, gets what
the scenario says (None where it says nothing), and gives the service that the app finds with `call.use`.
It raises ValueError with a message for the scenario's author.
"""


def entrance(company: Company, number: str) -> tuple[str, DialPlan | None]:
    """The number that is called in its one form, and the dial plan it has. Raises UnknownNumberError."""
    called = company.canonical(number)
    destination = company.destination(called)
    if destination is None:
        known = ", ".join([*company.external, *company.internal])
        raise UnknownNumberError(f"nothing of {company.settings.name} has the number {number}; there are {known}")
    return called, destination if isinstance(destination, DialPlan) else None


async def observe(
    company: Company, caller: Caller, sender: Sender, *watchers: Watcher, call_id: str | None = None
) -> Observation:
    """Walk one call, on a VirtualLoop in virtual time, and look at it from all sides. Raises UnknownNumberError."""
    called, plan = entrance(company, caller.to)
    scripted = ScriptedSender(caller.replies, sender)
    exchange = SimulatedExchange(_Phones(company, caller.reactions))
    leg = SimulatedLeg("caller", caller.keys, caller.presses)
    began = leg.now()
    services = dict(maker(company, caller.state.get(word)) for word, maker in SERVICES.items())
    answered: list[float] = []
    call = Call(
        company=company,
        plan=plan,
        caller=leg,
        driver=exchange,
        clock=Clock(caller.at),
        caller_number=company.canonical(caller.number),
        callee_number=called,
        sip_call_id="simulated",
        services={Sender: scripted, AnswerCache: AnswerCache(), **services},
        events=Events(*watchers),
        id=call_id or str(uuid.uuid4()),
    )
    call.events.watch(lambda event: answered.append(event.at) if event.what == "answered" else None)
    leg.leave_after(PATIENCE if caller.hang_up_after is None else caller.hang_up_after)
    record = await attend(call)
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
