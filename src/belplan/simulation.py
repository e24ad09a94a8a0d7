"""One call through a plan without a telephone: the simulator joined to the engine and to real webhooks."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from belplan.dialplan.company import Company, DialPlan
from belplan.drivers.simulator import Reaction, SimulatedExchange, SimulatedLeg
from belplan.drivers.simulator.scripted import ScriptedSender
from belplan.engine.attend import attend
from belplan.engine.call import Call
from belplan.engine.cdr import CallRecord
from belplan.engine.clock import Clock, VirtualLoop
from belplan.engine.events import Events, Watcher
from belplan.engine.leg import PhoneTarget, Target
from belplan.engine.ringing import Rota
from belplan.webhook.exchange import Answer, Request, Sender


class UnknownNumberError(ValueError):
    """Nothing of the company has the number that was called."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, when, and what they and the phones do.

    `number` "" is withheld. `keys` are pressed in turn, each when the plan next waits for one.
    `hang_up_after` is in seconds from the call's arrival. `reactions` are by internal or outside number,
    `replies` by a webhook's variable or path.
    """

    to: str
    number: str = "31612345678"
    keys: str = ""
    hang_up_after: float | None = None
    at: datetime | None = None
    reactions: Mapping[str, Reaction] = field(default_factory=dict[str, Reaction])
    replies: Mapping[str, Answer] = field(default_factory=dict[str, Answer])


class NoWebhooks:
    """Sends nothing: for plans that are tried without a network."""

    async def send(self, request: Request) -> Answer:
        return Answer("error", reason="refused", detail="no network in this simulation")


def entrance(company: Company, number: str) -> tuple[str, DialPlan | None]:
    """The number that is called in its one form, and the dial plan it has. Raises UnknownNumberError."""
    called = company.canonical(number)
    destination = company.destination(called)
    if destination is None:
        known = ", ".join([*company.external, *company.internal])
        raise UnknownNumberError(f"nothing of {company.settings.name} has the number {number}; there are {known}")
    return called, destination if isinstance(destination, DialPlan) else None


async def simulate(company: Company, caller: Caller, sender: Sender, *watchers: Watcher) -> CallRecord:
    """Walk one call, on a VirtualLoop in virtual time. Raises UnknownNumberError."""
    called, plan = entrance(company, caller.to)
    reactions = {company.canonical(number): reaction for number, reaction in caller.reactions.items()}

    def react(target: Target) -> Reaction:
        number = company.accounts[target.username].number if isinstance(target, PhoneTarget) else target.number
        return reactions.get(number, Reaction())

    scripted = ScriptedSender(caller.replies, sender)
    leg = SimulatedLeg("caller", caller.keys)
    call = Call(
        company=company,
        plan=plan,
        caller=leg,
        driver=SimulatedExchange(react),
        clock=Clock(caller.at),
        caller_number=company.canonical(caller.number),
        callee_number=called,
        sip_call_id="simulated",
        services={Sender: scripted, Rota: Rota()},
        events=Events(*watchers),
    )
    scripted.call = call
    if caller.hang_up_after is not None:
        asyncio.get_running_loop().call_later(caller.hang_up_after, leg.leave)
    return await attend(call)


def run(company: Company, caller: Caller, *watchers: Watcher, sender: Sender | None = None) -> CallRecord:
    """Walk one call, outside any event loop. Without a sender no webhook reaches anybody."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(simulate(company, caller, sender or NoWebhooks(), *watchers))
