"""Writing a scenario from a call: what happened, as what is to happen from now on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from belplan.dialplan.company import Company, RingGroup, User
from belplan.drivers.simulator import Asked, Reaction
from belplan.engine.cdr import CallRecord, Step
from belplan.simulation import Caller
from belplan.webhook.exchange import Answer


class _Row(list[Any]):
    """A list that stands in one line of the file."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    _Row, lambda dumper, row: dumper.represent_sequence("tag:yaml.org,2002:seq", row, flow_style=True)
)


def scenario(
    company: Company,
    record: CallRecord,
    caller: Caller | None = None,
    asked: Iterable[Asked] | None = None,
    *,
    name: str = "",
    plan: str = "",
) -> str:
    """A scenario file that this call passes.

    `caller` says what the caller and the phones were told to do, where the call was simulated, and
    `asked` what the webhooks answered. Without them that is read from the record: keys from the way
    through menus, phones from how ringing them went, answers from the variables.
    """
    call = {"from": record.caller_number, "to": record.callee_number}
    if caller and caller.at:
        call["at"] = caller.at.isoformat()
    elif caller is None and record.arrived:
        call["at"] = record.arrived.isoformat(timespec="milliseconds")
    surroundings: dict[str, Any] = {
        "plan": plan,
        "call": call,
        "webhooks": _answers(_walked(record) if asked is None else asked),
        "keys": _keys(record, caller),
        "hang_up_after": caller.hang_up_after if caller else _patience(record),
        "phones": _told(caller.reactions) if caller else _phones(company, record),
        "state": dict(caller.state) if caller else _switched(record),
    }
    given = {word: value for word, value in surroundings.items() if value not in ({}, [], "", None)}
    return _file({"name": name or _named(record), **given, "expect": _expected(record, exactly=caller is not None)})


def scenarios(company: Company, records: Sequence[CallRecord], plan: str = "") -> str:
    """A scenario file that these calls pass, a scenario for each."""
    if len(records) == 1:
        return scenario(company, records[0], plan=plan)
    names = [_named(record) for record in records]
    told = [
        scenario(company, record, name=f"{name} ({record.uuid[:8]})" if names.count(name) > 1 else name)
        for record, name in zip(records, names, strict=True)
    ]
    return _file(({"plan": plan} if plan else {}) | {"scenarios": [yaml.safe_load(text) for text in told]})


def _file(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _switched(record: CallRecord) -> dict[str, Any]:
    """What people had switched when the call arrived, in the words of a scenario."""
    on: list[str] = list(record.state.get("diversions", ()))
    times: dict[str, bool] = dict(record.state.get("times", {}))
    return ({"diversions": dict.fromkeys(on, True)} if on else {}) | ({"times": times} if times else {})


def _named(record: CallRecord) -> str:
    came = f"is connected to {record.connected_to}" if record.connected_to else record.outcome
    return f"{record.caller_number or 'a withheld number'} calls {record.callee_number}: {came}"


def _expected(record: CallRecord, *, exactly: bool) -> dict[str, Any]:
    expected: dict[str, Any] = {
        "outcome": record.outcome,
        "cause": record.cause,
        "connected_to": record.connected_to,
        "answered_by": record.answered_by,
        "trace": [_Row((step.path, step.exit)) for step in record.trace],
        "variables": dict(record.variables),
    }
    if exactly:  # on a real line keys may have cut prompts short
        expected["heard"] = list(record.heard)
    return {word: value for word, value in expected.items() if value not in ({}, None)}


def _walked(record: CallRecord) -> list[Asked]:
    """The webhooks of a call of which only the record is there: a variable that was set twice has its last value."""
    return [
        Asked(step.path, str(step.detail.get("variable", "")), None, _answer(record, step), step.duration_ms / 1000)
        for step in record.trace
        if step.app == "webhook" and step.exit in ("ok", "error", "timeout", "abandoned")
    ]


def _answer(record: CallRecord, step: Step) -> Answer:
    if step.exit in ("timeout", "abandoned"):
        return Answer("timeout")
    if step.exit == "error":
        return Answer("error", reason=step.detail.get("reason"), status=step.detail.get("status"))
    return Answer("ok", record.variables.get(str(step.detail.get("variable", "")), ""))


def _answers(asked: Iterable[Asked]) -> dict[str, Any]:
    """By variable where no other webhook has that one, else by path."""
    given: dict[str, list[Any]] = {}
    variables: dict[str, str] = {}
    for one in asked:
        given.setdefault(one.path, []).append(_reply(one.answer, one.delay))
        variables[one.path] = one.variable
    names = list(variables.values())
    return {
        (variables[path] if variables[path] and names.count(variables[path]) == 1 else path): _once(replies)
        for path, replies in given.items()
    }


def _reply(answer: Answer, delay: float) -> Any:
    if answer.outcome == "timeout":
        return {"fault": "timeout"}
    reply: dict[str, Any] = {}
    if answer.outcome == "ok":
        reply["text"] = answer.text
    elif answer.reason not in ("status", None):
        reply["fault"] = answer.reason
    if answer.status not in (200, None):
        reply["status"] = answer.status
    if delay >= 0.001:
        reply["delay"] = round(delay, 3)
    return answer.text if reply.keys() == {"text"} else reply


def _once(values: Sequence[Any]) -> Any:
    """What stays the same is said once."""
    return values[0] if all(value == values[0] for value in values) else list(values)


def _keys(record: CallRecord, caller: Caller | None) -> Any:
    if caller is None:
        choices = [step.exit for step in record.trace if step.app == "menu" and not step.path.endswith(".menu")]
        keys: Sequence[str] = ["" if key == "no_input" else key for key in choices if key != "abandoned"]
    else:
        keys = list(caller.keys)
    timed: list[dict[str, Any]] = []
    for press in caller.presses if caller else ():
        moment = {"during": press.during} if press.during else {}
        timed.append({**moment, "after": press.after, "press": press.keys})
    return "".join(keys) if all(keys) and not timed else [*keys, *timed]


def _patience(record: CallRecord) -> float | None:
    if record.outcome != "abandoned":
        return None
    last = record.trace[-1] if record.trace else None
    return round((last.started_ms + last.duration_ms) / 1000, 3) if last else 0.0


def _told(reactions: Mapping[str, Reaction | Sequence[Reaction]]) -> dict[str, Any]:
    return {
        number: _reaction(given) if isinstance(given, Reaction) else _once([_reaction(one) for one in given])
        for number, given in reactions.items()
    }


def _reaction(reaction: Reaction) -> Any:
    does = reaction.does
    if reaction == Reaction(does):
        return does
    more: dict[str, Any] = {"keys": list(reaction.keys)} if reaction.keys else {}
    if reaction.transfers:
        more["transfers"] = reaction.transfers
    return {"does": does, "after": reaction.after, "talks": reaction.talks, **more}


def _phones(company: Company, record: CallRecord) -> dict[str, Any]:
    """What phones must have done for ringing them to have gone so, time after time."""
    did: dict[str, list[str]] = {}
    for step in record.trace:
        number = str(step.detail.get("to", ""))
        if step.app != "connect" or step.exit not in ("answered", "busy", "no_answer", "failed"):
            continue
        destination = company.destination(number)
        if isinstance(destination, RingGroup):
            members = destination.members
        elif isinstance(destination, User) or (destination is None and company.trunks):
            members = (number,)
        else:
            continue
        for member in members:
            answers = "answer" if member == step.detail.get("answered_by") else "no_answer"
            did.setdefault(member, []).append(answers if step.exit == "answered" else step.exit)
    return {number: _once(does) for number, does in did.items() if set(does) != {"answer"}}
