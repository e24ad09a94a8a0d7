"""The journal of a call: what another engine must know to go on with it.

It is one text, small and without secrets, that `Leg.note` keeps where the call itself is kept. It is written
before everything that the world notices, and holds what is decided: where the call is, its variables, how
many legs, webhooks and steps it has had. What follows from that is not in it: the ids of legs and webhooks
come from the counters, so a step that is done again does again what it did, under the same ids.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from belplan.dialplan.company import Company
from belplan.engine.entrance import Feature
from belplan.engine.position import Frame, Place, find_stack

if TYPE_CHECKING:
    from belplan.engine.call import Call

VERSION = 2
"""Of the form. An engine reads those up to its own; a newer one's call it takes from the beginning of its plan."""

_USUAL: dict[str, Any] = {
    "feature": None,
    "transferred_by": "",
    "scopes": [{}],
    "past": {},
    "personal": [],
    "prefix": "",
    "counts": [0, 0, 0],
    "early": {},
    "kept": {},
    "outcome": "",
    "connected_to": None,
    "answered_by": None,
}
"""What a journal does not say: it goes to Asterisk and back before each step of every call."""


class UnreadableError(Exception):
    """It is not a journal, or one of a newer engine, or of a plan that is not this one."""


@dataclass(frozen=True, slots=True)
class Journal:
    """What was written down last of one call. Moments are with their zone."""

    call: str
    company: str
    version: str  # of the company's plan
    feature: Feature | None
    fields: dict[str, Any]

    def stack(self, company: Company, feature: list[Frame]) -> list[Frame]:
        """Where the call is. `feature` is the route of what a phone has dialled. Raises UnreadableError."""
        if self.fields.get("phase") == "start":
            return feature
        try:
            return find_stack(company, [Place(*place) for place in self.fields["stack"]], feature)
        except (LookupError, TypeError, StopIteration) as error:
            raise UnreadableError(f"the plan has no such place: {error}") from error

    def restore(self, call: "Call") -> None:
        """Give a call what was written down. Raises UnreadableError."""
        try:
            self._restore(call)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise UnreadableError(repr(error)) from error

    def _restore(self, call: "Call") -> None:
        fields = self.fields
        call.caller_number, call.callee_number = fields["caller"], fields["callee"]
        call.transferred_by = fields["transferred_by"]
        call.feature = self.feature
        call.rta_call_id = fields["rta"]
        call.plan = call.company.plans[fields["plan"]] if fields["plan"] is not None else None
        call.began_in = fields["began_in"]
        call.arrived = _moment(fields["arrived"])
        call.entered = _moment(fields["entered"])
        call.since = _moment(fields["since"])
        call.phase = fields["phase"]
        call.variables.restore(fields["scopes"], fields["past"])
        call.personal = set(fields["personal"])
        call.prefix = fields["prefix"]
        call.steps, call.legs, call.webhooks = call.counts = tuple(fields["counts"])
        call.early_from = {path: int(webhooks) for path, webhooks in fields["early"].items()}
        call.kept = dict(fields["kept"])
        call.outcome = fields["outcome"]
        call.connected_to, call.answered_by = fields["connected_to"], fields["answered_by"]


def written(call: "Call") -> str:
    """The journal of a call as it is now."""
    return orjson.dumps(_unusual(call), default=tuple).decode()  # a named tuple is none to it


def _unusual(call: "Call") -> dict[str, Any]:
    everything: dict[str, Any] = {
        "v": VERSION,
        "call": call.id,
        "company": call.company.id,
        "version": call.version,
        "feature": [call.feature.kind, call.feature.name] if call.feature else None,
        "caller": call.caller_number,
        "callee": call.callee_number,
        "transferred_by": call.transferred_by,
        "rta": call.rta_call_id,
        "plan": call.plan.name if call.plan else None,
        "began_in": call.began_in,
        "arrived": call.arrived.timestamp(),
        "entered": call.entered.timestamp(),
        "since": call.since.timestamp(),
        "phase": call.phase,
        "stack": call.position,
        "scopes": call.variables.scopes(),
        "past": call.variables.past(),
        "personal": sorted(call.personal),
        "prefix": call.prefix,
        "counts": list(call.counts),
        "early": {path: webhooks for path, webhooks in call.early_from.items() if path in call.early},
        "kept": call.kept,
        "outcome": call.outcome,
        "connected_to": call.connected_to,
        "answered_by": call.answered_by,
    }
    return {name: value for name, value in everything.items() if name not in _USUAL or value != _USUAL[name]}


def read(text: str) -> Journal:
    """Raises UnreadableError."""
    try:
        fields = _USUAL | orjson.loads(text)
        if fields["v"] > VERSION:
            raise UnreadableError(f"it is of a newer version of Belplan ({fields['v']})")
        feature = Feature(*fields["feature"]) if fields["feature"] else None
        return Journal(str(fields["call"]), str(fields["company"]), str(fields["version"]), feature, fields)
    except (ValueError, LookupError, TypeError) as error:
        raise UnreadableError(repr(error)) from error


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
