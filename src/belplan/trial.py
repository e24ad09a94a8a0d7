"""Trying one webhook of a plan for real, and the way that a call would take after it."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from belplan import ladder
from belplan.dialplan.company import Company, DialPlan
from belplan.drivers.simulator import SimulatedExchange, SimulatedLeg
from belplan.engine.attend import attend
from belplan.engine.call import Call
from belplan.engine.cdr import CallRecord, Step
from belplan.engine.clock import Clock, real_time
from belplan.engine.position import locate
from belplan.engine.secrets import EnvironmentSecrets, Secrets
from belplan.memory import Memory
from belplan.webhook.cache import AnswerCache
from belplan.webhook.exchange import Answer, Request, Sender


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it: the answer, and the steps that followed, with every phone answering."""

    company: Company
    path: str
    answer: Answer
    record: CallRecord

    @property
    def way(self) -> tuple[Step, ...]:
        return self.record.trace[1:]

    def as_json(self) -> dict[str, Any]:
        answer = self.answer
        return {
            "path": self.path,
            "exit": answer.outcome,
            "status": answer.status,
            "reason": answer.reason,
            "detail": answer.detail,
            "phases": dict(answer.phases),
            "value": answer.text if answer.outcome == "ok" else None,
            "variables": self.record.variables,
            "way": [{"path": step.path, "app": step.app, "exit": step.exit} for step in self.way],
            "outcome": self.record.outcome,
            "connected_to": self.record.connected_to,
        }

    def print(self, console: Console) -> None:
        """For people: phases, value, way."""
        answer = self.answer
        mark = "[green]✓[/]" if answer.outcome == "ok" else "[red]✗[/]"
        said = f"status {answer.status}" if answer.status else answer.reason or answer.outcome
        console.print(f"{mark} {answer.outcome}: {said} {answer.detail}")
        for phase, ms in answer.phases.items():
            console.print(f"    {phase:<11}{ms:8.1f} ms")
        if answer.outcome == "ok":
            console.print(f"  value: {answer.text!r}")
            if not answer.text:
                console.print("  [yellow]an empty answer sets the variable to nothing: “is set” says no[/]")
        console.print("  the call would go on:")
        ladder.print_steps(console, self.company, self.way)
        console.print(f"  · {ladder.ending(self.company, self.record)}")


class _Once:
    """Sends the first webhook for real, and no other."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self.answer: Answer | None = None

    async def send(self, request: Request) -> Answer:
        if self.answer is None:
            with real_time():
                self.answer = await self._sender.send(request)
            return self.answer
        return Answer("error", reason="refused", detail="only one webhook is sent in a trial")


async def try_webhook(
    company: Company, path: str, caller: str, sender: Sender, secrets: Secrets | None = None
) -> Trial:
    """Send the webhook at `path`, for a call from `caller`. Raises LookupError where no webhook stands there.

    Runs on a VirtualLoop.
    """
    stack = locate(company, path)
    if stack[-1].next_name() != "webhook":
        raise LookupError(f"there is no webhook at {path}")
    plan = next((plan for plan in company.dial_plans if stack[0].scope == "plan" and plan.name == stack[0].name), None)
    plan = plan or next(iter(company.dial_plans), None)
    once = _Once(sender)
    call = Call(
        company=company,
        plan=plan,
        caller=SimulatedLeg("caller"),
        driver=SimulatedExchange(),
        clock=Clock(),
        caller_number=company.canonical(caller),
        callee_number=_called(company, plan),
        sip_call_id="trial",
        services={
            Sender: once,
            AnswerCache: AnswerCache(),
            **Memory().services,
            Secrets: secrets or EnvironmentSecrets(),
        },
    )
    record = await attend(call, stack)
    return Trial(company, path, once.answer or Answer("error", reason="blocked", detail="it was never sent"), record)


def _called(company: Company, plan: DialPlan | None) -> str:
    if plan is None:
        return ""
    return company.canonical(plan.external_numbers[0]) if plan.external_numbers else plan.internal_number or ""
