"""The record of a call: where it went, how it ended, and every step on the way."""

from dataclasses import dataclass, field
from typing import Any

from belplan.engine.call import Call
from belplan.engine.events import Event


@dataclass(frozen=True, slots=True)
class Step:
    """One item that the call walked through. Times are in ms; `started_ms` counts from the call's arrival."""

    path: str
    app: str
    exit: str
    started_ms: float
    duration_ms: float
    detail: dict[str, Any]


@dataclass(slots=True)
class Trace:
    """Listens to one call's events and keeps its steps and what was heard."""

    began: float
    steps: list[Step] = field(default_factory=list[Step])
    heard: list[str] = field(default_factory=list[str])

    def __call__(self, event: Event) -> None:
        if event.what == "left":
            facts = event.facts
            started = round((facts["began"] - self.began) * 1000, 1)
            step = Step(
                event.path, facts["app"], facts["exit"], started, round(facts["duration_ms"], 1), facts["detail"]
            )
            self.steps.append(step)
        elif event.what == "heard" and (not self.heard or self.heard[-1] != event.facts["sound"]):
            self.heard.append(event.facts["sound"])


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call that has ended.

    `outcome` is connected, voicemail, queued, ended (by the plan) or abandoned (by the caller);
    `cause` is Q.850's. `connected_to` is the destination as the plan names it, `answered_by` who answered.
    """

    uuid: str
    caller_number: str
    callee_number: str
    dial_plan: str
    outcome: str
    cause: int
    connected_to: str | None
    answered_by: str | None
    variables: dict[str, str]
    heard: tuple[str, ...]
    trace: tuple[Step, ...]

    def as_json(self) -> dict[str, Any]:
        """The form that `belplan call --json` prints."""
        return {
            "call": {
                "uuid": self.uuid,
                "caller_number": self.caller_number,
                "callee_number": self.callee_number,
                "dial_plan": self.dial_plan,
            },
            "outcome": self.outcome,
            "cause": self.cause,
            "connected_to": self.connected_to,
            "answered_by": self.answered_by,
            "variables": self.variables,
            "heard": list(self.heard),
            "trace": [
                {
                    "path": step.path,
                    "app": step.app,
                    "exit": step.exit,
                    "started_ms": step.started_ms,
                    "duration_ms": step.duration_ms,
                    "detail": step.detail,
                }
                for step in self.trace
            ],
        }


def record(call: Call, trace: Trace, began_in: str, cause: int) -> CallRecord:
    """Write down a call that has ended with this cause. `began_in` is the name of its first dial plan."""
    return CallRecord(
        uuid=call.id,
        caller_number=call.caller_number,
        callee_number=call.callee_number,
        dial_plan=began_in,
        outcome=call.outcome or ("abandoned" if call.cause is None else "ended"),
        cause=cause,
        connected_to=call.connected_to,
        answered_by=call.answered_by,
        variables=call.variables.all(),
        heard=tuple(trace.heard),
        trace=tuple(trace.steps),
    )
