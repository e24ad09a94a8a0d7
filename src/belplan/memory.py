"""What a company remembers when a simulated call arrives, in the words of a scenario's `state`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast, get_args

from belplan.dialplan import numbers
from belplan.dialplan.company import Company, RingGroup
from belplan.dialplan.fields import as_text
from belplan.dialplan.problem import did_you_mean, listed
from belplan.engine.engaged import Engaged
from belplan.engine.lines import Lines
from belplan.engine.mail import Mailer, Tray
from belplan.engine.outside import OutsideLines
from belplan.engine.queueing.line_up import Standing
from belplan.engine.queueing.lines import Queues, queues_of
from belplan.engine.ringing import Rota
from belplan.engine.secrets import EnvironmentSecrets, Secrets
from belplan.engine.state import State
from belplan.engine.voicemail.boxes import Boxes, Draft, Message, box_of
from belplan.engine.voicemail.imagined import ImaginedBoxes
from belplan.engine.voicemail.pins import Pins


@dataclass(frozen=True, slots=True)
class Memory:
    """The services that remember, and the letters that a call gave rise to."""

    rota: Rota = field(default_factory=Rota)
    state: State = field(default_factory=State)
    tray: Tray = field(default_factory=Tray)
    lines: Lines = field(default_factory=Lines)
    engaged: Engaged = field(default_factory=Engaged)
    queued: dict[str, int] = field(default_factory=dict[str, int])
    """How many callers came before, by queue."""
    busy: dict[str, float | None] = field(default_factory=dict[str, float | None])
    """Who is in another call, for how many seconds more; None is for the whole time."""
    boxes: ImaginedBoxes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "boxes", ImaginedBoxes(self.tray))

    @property
    def services(self) -> dict[type, object]:
        return {
            Rota: self.rota,
            State: self.state,
            OutsideLines: OutsideLines(),
            Mailer: self.tray,
            Lines: self.lines,
            Secrets: EnvironmentSecrets(),
            Engaged: self.engaged,
            Queues: Queues(self.state, self.engaged),
            Boxes: self.boxes,
            Pins: Pins(),
        }


def remember(company: Company, said: Mapping[str, Any]) -> Memory:
    """The memory that a scenario describes. Raises ValueError with a message for its author."""
    memory = Memory()
    for word, value in said.items():
        WORDS[word](memory, company, value)
    return memory


def _last_answered(memory: Memory, company: Company, said: Any) -> None:
    for word, given in _mapping(said, 'who had the last calls of a group as {"301": ["201", "202"]}').items():
        group = company.destination(word)
        if not isinstance(group, RingGroup):
            raise ValueError(f"{word} is no ring group")
        for ago, member in enumerate(reversed(cast("list[Any]", given) if isinstance(given, list) else [given])):
            number = str(as_text(member))
            if number not in group.members:
                raise ValueError(f"{number} is no member of {group.name}; there are {', '.join(group.members)}")
            memory.rota.talked[company.id, number] = -float(ago + 1)
            memory.rota.last.setdefault((company.id, group.number), number)


def _diversions(memory: Memory, company: Company, said: Any) -> None:
    for name, on in _mapping(said, "the diversions as {teamoverleg: on}").items():
        memory.state.switch(company, _known(name, company.switches, "diversion"), *_lasting(on, company))


def _times(memory: Memory, company: Company, said: Any) -> None:
    for name, on in _mapping(said, "the times that are overridden as {kantooruren: off}").items():
        memory.state.set_override(company, _known(name, company.times, "time condition"), *_lasting(on, company))


def _spoke(memory: Memory, company: Company, said: Any) -> None:
    form = 'who spoke to whom as {"0612345678": {user: "201", at: "2026-01-10T12:00"}}'
    for number, one in _mapping(said, form).items():
        fields = _mapping(one, form)
        user = str(as_text(fields.get("user")))
        if company.user(user) is None:
            raise ValueError(f"{user} is no user of {company.settings.name}")
        memory.state.spoke(company, company.canonical(number), user, _moment(fields.get("at"), company))


def _agents(memory: Memory, company: Company, said: Any) -> None:
    form = 'the agents as {"201": out}, or {"201": {"401": break}} for one queue'
    for word, given in _mapping(said, form).items():
        agent = company.canonical(word)
        queues = queues_of(company, agent)
        if not queues:
            raise ValueError(f"{word} is no agent of a queue")
        standings = cast("dict[str, Any]", given) if isinstance(given, dict) else dict.fromkeys(queues, given)
        for queue, standing in standings.items():
            if queue not in queues:
                raise ValueError(f"{word} is no agent of {queue}; they are of {listed(queues)}")
            if standing not in get_args(Standing):
                raise ValueError(f"{word} is {listed(get_args(Standing))}, not {standing!r}")
            memory.state.set_standing(company, queue, agent, cast("Standing", standing))


def _queued(memory: Memory, company: Company, said: Any) -> None:
    for queue, callers in _mapping(said, 'how many callers wait in a queue as {"401": 3}').items():
        if queue not in company.seats or not isinstance(callers, int):
            raise ValueError(
                f'write how many callers wait in a queue as {{"401": 3}}; queues are {listed(company.seats)}'
            )
        memory.queued[queue] = callers


def _busy(memory: Memory, company: Company, said: Any) -> None:
    """`["201"]`, or `{"201": 45}` for so many seconds."""
    people = cast("dict[Any, Any]", said) if isinstance(said, dict) else dict.fromkeys(cast("list[Any]", said))
    for number, seconds in people.items():
        memory.busy[company.canonical(str(as_text(number)))] = None if seconds is None else float(seconds)


def _messages(memory: Memory, company: Company, said: Any) -> None:
    form = 'the messages of a box as {"501": [{from: "0612345678", at: "2026-01-13T09:00", seconds: 12}]}'
    for word, given in _mapping(said, form).items():
        number = str(as_text(word))
        box = box_of(company, number)
        if box is None:
            raise ValueError(f"{number} is no voicemail box of {company.settings.name}")
        for index, one in enumerate(cast("list[Any]", given) if isinstance(given, list) else [given]):
            fields = _mapping(one, form)
            if unknown := fields.keys() - {"from", "at", "seconds", "heard"}:
                raise ValueError(f"a message has no {listed(sorted(unknown))}; write {form}")
            caller = company.telephone(str(as_text(fields.get("from", ""))))
            name = f"{number}-{index}"
            draft = Draft(
                id=name,
                company=company.id,
                box=number,
                box_name=box.name,
                leg="",
                began=_moment(fields.get("at"), company),
                caller_number=caller,
                caller=numbers.spoken_form(caller, company.settings.country),
                caller_name=company.names.get(caller, ""),
                language=box.language or company.settings.language,
                timezone=company.settings.timezone,
                mail_to=box.email,
                keep_days=box.keep_days,
            )
            seconds = float(fields.get("seconds", 10))
            memory.boxes.put(Message(draft, seconds, Path(f"{name}.wav"), heard=bool(fields.get("heard", False))))


def _moment(text: Any, company: Company) -> datetime:
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=company.zone)


def _lasting(value: Any, company: Company) -> tuple[bool, datetime | None]:
    """`on`, `off`, or `{is: off, until: 2026-01-13T15:00}`."""
    if not isinstance(value, dict):
        return _on(value), None
    fields = cast("dict[str, Any]", value)
    if fields.keys() != {"is", "until"}:
        raise ValueError("write on, off, or {is: off, until: 2026-01-13T15:00}")
    return _on(fields["is"]), _moment(fields["until"], company)


def _mapping(value: Any, form: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"write {form}")
    return cast("dict[str, Any]", value)


def _known(name: str, names: Mapping[str, object], what: str) -> str:
    if name not in names:
        raise ValueError(f'there is no {what} "{name}"{did_you_mean(name, names) or f"; there are {listed(names)}"}')
    return name


def _on(value: Any) -> bool:
    if value in (True, "on"):
        return True
    if value in (False, "off"):
        return False
    raise ValueError(f"write on or off, not {value!r}")


WORDS: dict[str, Callable[[Memory, Company, Any], None]] = {
    "last_answered": _last_answered,
    "diversions": _diversions,
    "times": _times,
    "spoke": _spoke,
    "agents": _agents,
    "queued": _queued,
    "busy": _busy,
    "messages": _messages,
}
"""What can be said of a company's memory. An app that keeps something adds a word here."""
