"""The record of a call: where it went, how it ended, and every step on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from belplan.engine.call import Call
from belplan.engine.events import Event
from belplan.engine.state import State


@dataclass(frozen=True, slots=True)
class Step:
    """One item that the call walked through. Times are in ms; `started_ms` counts from the call's arrival.

    `item` is the mark of the item's settings (AppSettings.mark); "" where no item stands at the path.
    `values` are the variables that it set.
    """

    path: str
    app: str
    exit: str
    started_ms: float
    duration_ms: float
    detail: dict[str, Any]
    item: str = ""
    values: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(slots=True)
class Trace:
    """Listens to one call's events and keeps its steps and what was heard."""

    began: float
    steps: list[Step] = field(default_factory=list[Step])
    heard: list[str] = field(default_factory=list[str])
    arrived: dict[str, Any] = field(default_factory=dict[str, Any])  # the facts of its arrival
    state: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What people had switched when the call arrived."""

    def __call__(self, event: Event) -> None:
        if event.what == "arrived":
            self.arrived = event.facts
        elif event.what == "left":
            facts = event.facts
            started = round((facts["began"] - self.began) * 1000, 1)
            step = Step(
                event.path,
                facts["app"],
                facts["exit"],
                started,
                round(facts["duration_ms"], 1),
                facts["detail"],
                facts["item"],
                facts["values"],
            )
            self.steps.append(step)
        elif event.what == "heard" and (not self.heard or self.heard[-1] != event.facts["sound"]):
            self.heard.append(event.facts["sound"])


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call that has ended.

    `outcome` is connected, voicemail, queued, ended (by the plan) or abandoned (by the caller);
    `cause` is Q.850's. `connected_to` is the destination as the plan names it, `answered_by` who answered.
    `arrived` is in the company's time zone, and `state` what people had switched by then: the diversions that
    were on, and the named times that were said to hold or not. From a record a call can be walked again.
    `recordings` are the names of the recorded conversations. `version` is the number of the published plan that it
    walked, 0 where that has none.
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
    arrived: datetime | None = None
    state: Mapping[str, Any] = field(default_factory=dict[str, Any])
    company: str = ""
    version: int = 0
    recordings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The form that `belplan call --json` prints."""
        return {
            "call": {
                "uuid": self.uuid,
                "caller_number": self.caller_number,
                "callee_number": self.callee_number,
                "dial_plan": self.dial_plan,
            },
            "company": self.company,
            "version": self.version,
            "arrived": self.arrived.isoformat() if self.arrived else None,
            "state": dict(self.state),
            "outcome": self.outcome,
            "cause": self.cause,
            "connected_to": self.connected_to,
            "answered_by": self.answered_by,
            "variables": self.variables,
            "heard": list(self.heard),
            "recordings": list(self.recordings),
            "trace": [
                {
                    "path": step.path,
                    "item": step.item,
                    "app": step.app,
                    "exit": step.exit,
                    "started_ms": step.started_ms,
                    "duration_ms": step.duration_ms,
                    "detail": step.detail,
                    "values": dict(step.values),
                }
                for step in self.trace
            ],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """A record from the form that `as_json` gives. Raises ValueError where something in it is missing or wrong."""
        try:
            call = document["call"]
            return cls(
                uuid=call["uuid"],
                caller_number=call["caller_number"],
                callee_number=call["callee_number"],
                dial_plan=call["dial_plan"],
                outcome=document["outcome"],
                cause=document["cause"],
                connected_to=document["connected_to"],
                answered_by=document["answered_by"],
                variables=dict(document["variables"]),
                heard=tuple(document["heard"]),
                trace=tuple(Step(**step) for step in document["trace"]),
                arrived=datetime.fromisoformat(arrived) if (arrived := document.get("arrived")) else None,
                state=document.get("state") or {},
                company=document.get("company") or "",
                version=document.get("version") or 0,
                recordings=tuple(document.get("recordings") or ()),
            )
        except KeyError as missing:
            raise ValueError(f"not the record of a call: it has no {missing}") from None
        except (TypeError, AttributeError) as wrong:
            raise ValueError(f"not the record of a call: {wrong}") from None


def switched(call: Call) -> dict[str, Any]:
    """What people have switched by now, as the `state` of a record."""
    state, company, now = call.services.get(State), call.company, call.clock.now()
    if not isinstance(state, State):
        return {}
    on = [name for name in company.switches if state.is_on(company, name, now)]
    said = {name: holds for name in company.times if (holds := state.override(company, name, now)) is not None}
    return ({"diversions": on} if on else {}) | ({"times": said} if said else {})


def record(call: Call, trace: Trace, cause: int) -> CallRecord:
    """Write down a call that has ended with this cause."""
    return CallRecord(
        uuid=call.id,
        # As it arrived: a transfer changes them.
        caller_number=trace.arrived.get("caller_number", call.caller_number),
        callee_number=trace.arrived.get("callee_number", call.callee_number),
        dial_plan=call.began_in,
        outcome=call.outcome or ("abandoned" if call.cause is None else "ended"),
        cause=cause,
        connected_to=call.connected_to,
        answered_by=call.answered_by,
        variables=call.variables.all(),
        heard=tuple(trace.heard),
        recordings=tuple(call.recordings),
        trace=tuple(trace.steps),
        arrived=call.arrived.astimezone(call.company.zone),
        state=trace.state,
        company=call.company.id,
        version=call.company.number,
    )
