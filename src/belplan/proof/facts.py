"""How each app takes part in a proof: by which ways a call may leave it, how long that takes, and who is rung.

One function for each app, by its name. An app that has none may leave by any of its exits after any time,
in silence, and may set its variables to anything or leave them unset.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

from belplan.apps.record import SAYS as RECORDED
from belplan.apps.voicemail import CHOICE
from belplan.dialplan.comparison import Comparison
from belplan.dialplan.fields import PLACEHOLDER, Prompt, placeholders
from belplan.dialplan.route import AppSettings
from belplan.drivers.simulator.hearing import SPEECH_RATE, seconds_of
from belplan.engine.app import Move
from belplan.engine.listening import FIRST_DIGIT
from belplan.engine.ringing import Rota, Round, rounds
from belplan.engine.voicemail.boxes import box_of
from belplan.proof import questions
from belplan.proof.classes import UNKNOWN, UNSET
from belplan.proof.state import Cube, Spot
from belplan.proof.world import World

MAX_SPOKEN = 1000  # characters of an announcement after its variables were filled in
EVER = float("inf")
LAST_RING = 60.0  # seconds that an agent may still ring when the longest wait is over
_AS_A_QUEUE_LEAVES = {"answered": "answered", "full": "busy", "timeout": "no_answer", "nobody": "failed"}


@dataclass(frozen=True, slots=True)
class Ring:
    """Somebody who is rung: the number that the plan names, and whose phones. "" is an outside number not known."""

    to: str
    phones: tuple[str, ...]
    surely: bool = True
    """Whether all of them ring each time, at once; of a group whose members ring in turn, perhaps only the first."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way out of an item. `seconds` is the longest it takes, `quiet` the longest silence meanwhile."""

    exit: str
    cube: Cube
    seconds: float = 0.0
    quiet: float = 0.0
    speaks: bool = False
    answers: bool = False
    ring: Ring | None = None
    box: str = ""
    """The voicemail box that takes a message."""
    move: Move | None = None
    phase: str = ""
    """How the call is over, where it is."""
    webhooks: int = 0


Fact = Callable[[World, Spot, Cube, Any], Iterator[Way]]


def ways(world: World, spot: Spot, cube: Cube, app: AppSettings) -> Iterator[Way]:
    """The ways out of an item for the calls in a cube."""
    if not app.ready:
        # One that is not there yet is left at once, by its last exit.
        yield Way(app.exits[-1], cube)
        return
    yield from FACTS.get(app.app_name, unknown)(world, spot, cube, app)


def unknown(world: World, spot: Spot, cube: Cube, app: AppSettings) -> Iterator[Way]:
    """An app of which nothing is known here."""
    for name, _ in app.sets():
        cube = world.set(cube, spot.depth, name, world.variables[name].full) if name in world.variables else cube
    for leave in app.ways_out():
        phase = "connected" if leave in app.closing else "ended" if app.ends else ""
        yield Way(leave, cube, EVER, quiet=EVER, phase=phase)


def _announce(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    seconds = prompt_seconds(cast("Prompt", app))
    yield Way("played", cube, seconds, speaks=True, answers=app.answer)
    yield Way("failed", cube, seconds, answers=app.answer)


def prompt_seconds(prompt: Prompt) -> float:
    """How long a prompt lasts at most."""
    if prompt.say is not None and placeholders(prompt.say):
        return MAX_SPOKEN / SPEECH_RATE
    return min(seconds_of(prompt), MAX_SPOKEN / SPEECH_RATE)


def _webhook(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    names = [name for name, _ in app.sets()]
    failing = world.failing.get(id(app))
    for leave in failing.exits if failing and failing.exits else ("ok", "error", "timeout"):
        after = cube
        for name in names:
            if name in world.variables:
                dimension = world.variables[name]
                value = UNSET if leave != "ok" else dimension.any_set if name == app.save_as else dimension.full
                if leave == "ok" and failing and failing.text is not None:
                    value = dimension.mask_of(failing.text)
                after = world.set(after, spot.depth, name, value)
            after = _told_of_itself(world, spot, after, name, leave)
        yield Way(leave, after, app.timeout, webhooks=1)


def _told_of_itself(world: World, spot: Spot, cube: Cube, name: str, leave: str) -> Cube:
    """`klant.status`, `klant.reason` and `klant.ms`, after a webhook was left by an exit."""
    for attribute in ("status", "reason", "ms"):
        full = f"{name}.{attribute}"
        if full not in world.variables:
            continue
        dimension = world.variables[full]
        value = dimension.any_set
        if attribute == "reason" and leave != "error":
            value = dimension.mask_of("" if leave == "ok" else "timeout")
        elif attribute == "reason":
            value &= ~dimension.mask_of("timeout") | dimension.mask_of("x")
        cube = world.set(cube, spot.depth, full, value)
    return cube


def _condition(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    opposite = app.invert and bool(app.all_of or app.any_of)
    wants_one = bool(app.any_of) is not opposite
    tests = [test for _, test in app.tests]
    for held, part in decided(world, spot, cube, tests, wants_one=wants_one, opposite=opposite):
        yield Way("true" if held else "false", part)


def decided(
    world: World, spot: Spot, cube: Cube, tests: list[Comparison], *, wants_one: bool, opposite: bool
) -> Iterator[tuple[bool, Cube]]:
    """Whether one of some tests holds, or all do: each time with the calls of which it is so."""
    if not tests:
        yield not wants_one, cube
        return
    for held, part in world.holds(spot, cube, tests[0], opposite=opposite):
        if held is wants_one:
            yield held, part
        else:
            yield from decided(world, spot, part, tests[1:], wants_one=wants_one, opposite=opposite)


def _switch(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    key = questions.case_key(app.variable, tuple(app.cases), app.ignore_case)
    for answer, part in world.answers(spot, cube, app.variable, key):
        for leave in app.ways_out() if answer == UNKNOWN else (str(answer),):
            yield Way(leave, part)


def _set(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    if app.name in world.variables:
        dimension = world.variables[app.name]
        value = dimension.any_set if placeholders(app.value) else dimension.constants[app.value]
        cube = world.set(cube, spot.depth, app.name, value)
    yield Way("set", cube)


def _time(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    for held, part in world.within(spot, cube, app.when):
        yield Way("true" if held is not app.invert else "false", part)


def _diversion(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    for on, part in world.switched(cube, app.name):
        yield Way("true" if on is not app.invert else "false", part)


def _connect(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    company = world.company
    names = placeholders(app.to)
    if not names:
        target = questions.leads_to(company, app.to, written=True)
        yield from _connected(world, spot, cube, target, app.timeout, written=True)
    elif PLACEHOLDER.fullmatch(app.to):
        for answer, part in world.answers(spot, cube, names[0], ("to", names[0])):
            if answer == UNKNOWN:
                yield from _anywhere(world, spot, part, app.timeout)
            else:
                yield from _connected(world, spot, part, cast("questions.Target", answer), app.timeout)
    else:
        yield from _anywhere(world, spot, cube, app.timeout)


def _anywhere(world: World, spot: Spot, cube: Cube, timeout: float | None) -> Iterator[Way]:
    """A number that is put together: it may lead anywhere."""
    company = world.company
    for number in (*company.internal, *(company.external)):
        yield from _connected(world, spot, cube, questions.leads_to(company, number, written=False), timeout)
    yield from _connected(world, spot, cube, ("outside", ",".join(world.targets)), timeout)
    yield from _connected(world, spot, cube, questions.FAILED, timeout)


def _connected(
    world: World, spot: Spot, cube: Cube, target: questions.Target, timeout: float | None, *, written: bool = False
) -> Iterator[Way]:
    company, (kind, name) = world.company, target
    match kind:
        case "plan" if name == spot.plan and not written:
            yield Way("failed", cube)
        case "plan":
            yield Way("moved", cube, move=Move(dial_plan=name))
            return
        case "failed":
            yield Way("failed", cube)
            return
        case "user" if name not in spot.personal and (user := company.user(name)) and user.route.items:
            yield Way("moved", cube, move=Move(user=name, returns=True))
            return
        case "queue":
            for way in _waited(world, cube, name, timeout):
                yield replace(way, exit=_AS_A_QUEUE_LEAVES[way.exit])
        case "outside":
            if not company.trunks:
                yield Way("failed", cube)
                return
            yield from rung(cube, Ring(name, (name,)), timeout or 25.0)
        case _:
            yield from ring_number(world, cube, name, timeout)


def ring_number(world: World, cube: Cube, number: str, timeout: float | None = None) -> Iterator[Way]:
    """The ways out of ringing a number of the company, or an outside one."""
    attempts = rounds(world.company, number, timeout, Rota())
    if not attempts:
        yield Way("failed", cube)
        return
    phones = tuple(dict.fromkeys(phone.number for attempt in attempts for phone in attempt.phones))
    yield from rung(cube, Ring(number, phones, len(attempts) == 1), ringing_seconds(attempts, timeout))


def ringing_seconds(attempts: list[Round], timeout: float | None) -> float:
    """How long ringing lasts at most."""
    return min(sum(attempt.seconds for attempt in attempts), timeout or EVER)


def rung(cube: Cube, ring: Ring, seconds: float) -> Iterator[Way]:
    """The ways out of ringing somebody."""
    yield Way("answered", cube, seconds, speaks=True, answers=True, ring=ring, phase="connected")
    for leave in ("no_answer", "busy", "failed"):
        yield Way(leave, cube, seconds, ring=ring)


def _same_colleague(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    yield Way("nobody", cube)
    known = world.named_callers(cube)
    for user in world.company.users if known is not None else ():
        cube = known or cube
        yield from ring_number(world, cube, user.number, app.timeout)


def _queue(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    yield from _waited(world, cube, app.number, None)


def _waited(world: World, cube: Cube, number: str, longest: float | None) -> Iterator[Way]:
    """The ways out of waiting in a queue: at once, or after the longest wait, while agents rang or none did."""
    queue = next(one for one in world.company.queues if one.number == number)
    agents = tuple(agent.user or world.company.canonical(agent.number or "") for agent in queue.agents)
    ring = Ring(queue.number, agents, surely=False) if agents else None
    greeting = prompt_seconds(queue.greeting) if queue.greeting else 0.0
    most = greeting + min(queue.max_wait, longest or EVER) + LAST_RING
    for leave in ("full", "nobody"):
        yield Way(leave, cube)
    waited = Way("nobody", cube, most, speaks=queue.greeting is not None, answers=True)
    for rang in (None, ring) if ring else (None,):
        yield replace(waited, ring=rang)
        yield replace(waited, exit="timeout", ring=rang)
    if ring:
        yield Way("answered", cube, most, speaks=True, answers=True, ring=ring, phase="connected")


def _voicemail(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    box = box_of(world.company, app.box)
    for leave in app.ways_out():
        if leave == "listened" and box and not box.pin:
            continue  # without a PIN nobody listens by calling
        # Who speaks hears themselves; nothing is said of how long. Who is asked for a key may wait.
        if leave == "recorded":
            yield Way(leave, cube, 0.0, quiet=CHOICE, speaks=True, answers=True, box=app.box, phase="voicemail")
        else:
            quiet = max(CHOICE, FIRST_DIGIT) if leave == "listened" else 0.0
            phase = "ended" if leave in app.closing else ""
            yield Way(leave, cube, EVER, quiet=quiet, speaks=True, answers=True, phase=phase)


def _record(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    told = app.on and app.announce
    said = app.announcement or Prompt(say=RECORDED[world.company.settings.language])
    seconds = prompt_seconds(said) if told else 0.0
    yield Way("on" if app.on else "off", cube, seconds, speaks=told, answers=told)
    if told:
        yield Way("failed", cube, seconds, answers=True)


def _collect(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    asked = app.tries * (prompt_seconds(app.prompt) + app.timeout * app.maximum)
    for leave in app.ways_out():
        after = cube
        if app.save_as in world.variables:
            value = world.variables[app.save_as].any_set if leave == "collected" else UNSET
            after = world.set(cube, spot.depth, app.save_as, value)
        yield Way(leave, after, asked, quiet=app.timeout * app.maximum, speaks=True, answers=True)


def _email(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    yield Way("sent", cube)
    yield Way("failed", cube)


def _menu(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    yield Way("entered", cube, answers=True, move=Move(menu=app.name, returns=True))


def _goto(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    move = Move(dial_plan=app.dial_plan or "", menu=app.menu or "", context=app.context or "")
    yield Way("moved", cube, move=move)


def _hangup(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    yield Way("ended", cube, phase="ended")


def _prefix(world: World, spot: Spot, cube: Cube, app: Any) -> Iterator[Way]:
    yield Way("set", cube)


FACTS: dict[str, Fact] = {
    "announce": _announce,
    "webhook": _webhook,
    "condition": _condition,
    "switch": _switch,
    "set": _set,
    "time": _time,
    "diversion": _diversion,
    "connect": _connect,
    "same_colleague": _same_colleague,
    "queue": _queue,
    "voicemail": _voicemail,
    "record": _record,
    "collect": _collect,
    "email": _email,
    "menu": _menu,
    "goto": _goto,
    "hangup": _hangup,
    "prefix": _prefix,
}
"""What is known of each app. A new app adds its line here; until then it is `unknown`."""
