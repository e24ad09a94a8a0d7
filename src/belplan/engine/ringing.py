"""Ringing people: whose phones, in which order, until somebody answers; and then they talk."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, cast

from belplan.dialplan import numbers
from belplan.dialplan.company import Company, Queue, RingGroup, User
from belplan.dialplan.fields import Prompt
from belplan.engine.call import Call
from belplan.engine.engaged import Engaged
from belplan.engine.fault import point
from belplan.engine.leg import (
    ABSENT,
    ANSWERED_ELSEWHERE,
    BUSY,
    NO_ANSWER,
    NO_USER_RESPONDING,
    NORMAL,
    REJECTED,
    Leg,
    LegEndedError,
    PhoneTarget,
    Shown,
    Target,
    TrunkTarget,
)
from belplan.engine.lines import Ringing, lines_of
from belplan.engine.listening import hearing, until_key
from belplan.engine.state import State
from belplan.engine.talking import Conversation

DEFAULT_TIMEOUT = 25.0  # seconds; about five rings
AT_ONCE = 0.1  # seconds after which ringing did not begin with its step

CONFIRM_KEY = "1"
CONFIRM_TRIES = 2
CONFIRM_WAIT = 5.0  # seconds for the key, each time
CONFIRM = {
    "nl": {
        "call": "Een gesprek voor {company}.",
        "from": "Een gesprek voor {company} van {name}.",
        "press": "Toets 1.",
    },
    "en": {
        "call": "A call for {company}.",
        "from": "A call for {company} from {name}.",
        "press": "Press 1 to take it.",
    },
}

_EXITS = {BUSY: "busy", REJECTED: "busy", NO_ANSWER: "no_answer", NO_USER_RESPONDING: "no_answer"}


@dataclass(frozen=True, slots=True)
class Phone:
    """One telephone to ring, and whose it is: an internal number, or the outside number itself."""

    number: str
    target: Target


@dataclass(frozen=True, slots=True)
class Round:
    """Phones that ring at once, for so many seconds."""

    phones: tuple[Phone, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class How:
    """How phones are rung: whose number they show, and whether whoever answers has to take the call with a key.

    One that `repeats` is of a step that may ring the same person again and again, as a queue does.
    """

    shows: Literal["caller", "company"] = "caller"
    confirm: bool = False
    repeats: bool = False


class _Ringing(NamedTuple):
    """Which round rings, and since when: that one and the first, in seconds after the step began."""

    round: int
    began: float
    first_began: float


@dataclass(slots=True)
class Rota:
    """Who had the last call, for groups that take turns. One for all calls of an exchange."""

    last: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    talked: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])

    def in_turn(self, company: Company, group: RingGroup) -> list[str]:
        """The members, beginning after the one who answered last (round robin)."""
        members = list(group.members)
        last = self.last.get((company.id, group.number))
        after = members.index(last) + 1 if last in members else 0
        return members[after:] + members[:after]

    def longest_idle(self, company: Company, group: RingGroup) -> list[str]:
        """The members, the one whose last conversation is longest ago first."""
        never = float("-inf")
        return sorted(group.members, key=lambda member: self.talked.get((company.id, member), never))

    def answered(self, company: Company, group: str, member: str, now: float) -> None:
        self.last[company.id, group] = member
        self.talked[company.id, member] = now


class Ringer(Protocol):
    """Whoever rings in the place of an exchange, and knows how it went: for a call of the past that is walked again."""

    async def ring(self, call: Call, number: str, timeout: float | None) -> str:
        """Gives the exit, as `connect` does, and leaves the call as it does."""
        ...

    async def wait(self, call: Call, queue: Queue) -> str:
        """The same for waiting in a queue: see belplan.engine.queueing.waiting."""
        ...


def rounds(company: Company, number: str, timeout: float | None, rota: Rota) -> list[Round]:
    """Which phones ring for a number, one round after the other. No round has no phone."""
    destination = company.destination(number)
    if isinstance(destination, RingGroup):
        return list(_group_rounds(company, destination, rota))
    seconds = timeout or DEFAULT_TIMEOUT
    if isinstance(destination, User):
        return [Round(phones, seconds)] if (phones := _phones(company, [number])) else []
    if destination is None and company.trunks:
        return [Round((Phone(number, TrunkTarget(company.trunks[0].name, number)),), seconds)]
    return []


def _group_rounds(company: Company, group: RingGroup, rota: Rota) -> Iterable[Round]:
    if group.strategy == "all":
        if phones := _phones(company, group.members):
            yield Round(phones, group.timeout)
        return
    order = {
        "in_order": lambda: list(group.members),
        "round_robin": lambda: rota.in_turn(company, group),
        "longest_idle": lambda: rota.longest_idle(company, group),
    }[group.strategy]()
    for member in order:
        if phones := _phones(company, [member]):
            yield Round(phones, group.timeout)


def _phones(company: Company, members: Iterable[str]) -> tuple[Phone, ...]:
    users = ((member, company.user(member)) for member in members)
    return tuple(Phone(member, PhoneTarget(phone.username)) for member, user in users if user for phone in user.phones)


async def connect(call: Call, number: str, *, timeout: float | None = None, how: How = How()) -> str:
    """Ring the phones behind a number until one answers, let them talk, and end the call after that.

    Gives the exit: answered, busy, no_answer or failed. `timeout` in seconds bounds the ringing.
    """
    if ringer := cast("Ringer | None", call.services.get(Ringer)):
        return await ringer.ring(call, number, timeout)
    if "talks_to" in call.kept:
        return await talk_on(call)
    rota = call.use(Rota)
    attempts = _as_before(call, rounds(call.company, number, timeout, rota))
    causes: list[int] = []
    began = call.clock.monotonic()
    winner: tuple[Phone, Leg] | None = None
    if not attempts:
        return "failed"
    try:
        async with hearing(call, "ringing"):
            winner = await _or_taken(
                call, number, attempts, lambda waiting: _first_answer(call, waiting, attempts, timeout, how, causes)
            )
    except BaseException:
        if winner:  # the caller went in the moment between the answer and the conversation
            await winner[1].hang_up(NORMAL)
        raise
    if not winner:
        return _exit(causes)
    phone, leg = winner
    call.detail["rang_ms"] = round((call.clock.monotonic() - began) * 1000, 1)
    rota.answered(call.company, number, phone.number, call.clock.monotonic())
    await talk(call, number, phone, leg)
    return "answered"


async def ring(call: Call, number: str, seconds: float, causes: list[int]) -> tuple[Phone, Leg] | None:
    """Ring one person, for so many seconds: all their phones, or an outside number, where they take it with a key.

    The phone that was answered and its leg, which is then the caller's of this function. None where nobody
    answers; `causes` then has why.
    """
    attempts = rounds(call.company, number, seconds, call.use(Rota))
    if not attempts:
        causes.append(ABSENT)
        return None
    how = How(confirm=any(isinstance(phone.target, TrunkTarget) for phone in attempts[0].phones), repeats=True)
    return await _or_taken(
        call, number, attempts, lambda waiting: _ring(call, waiting, attempts[0], seconds, how, causes)
    )


def _as_before(call: Call, attempts: list[Round]) -> list[Round]:
    """The rounds, in the order that they were begun in: whose turn it is may be another's after a restart."""
    order: list[str] = call.kept.get("order", [])
    places = {number: place for place, number in enumerate(order)}
    return sorted(attempts, key=lambda one: places.get(one.phones[0].number, len(order)))


async def _first_answer(
    call: Call,
    waiting: Ringing,
    attempts: Sequence[Round],
    timeout: float | None,
    how: How,
    causes: list[int],
) -> tuple[Phone, Leg] | None:
    """Ring one round after the other, `timeout` seconds in all. A round that ends early leaves its time to the next.

    When it is done again after a restart, it goes on with the round that was under way, for the time that is left.
    """
    order = [attempt.phones[0].number for attempt in attempts]
    ringing = _Ringing(*call.kept["ringing"]) if "ringing" in call.kept else _Ringing(0, 0.0, 0.0)
    until = call.clock.monotonic() + (timeout or float("inf"))
    if call.again:
        until -= _seconds_since(call) - ringing.first_began
    for number, attempt in enumerate(attempts):
        if call.again and number < ringing.round:
            call.legs += len(attempt.phones)
            continue
        again = call.again and number == ringing.round
        left = min(attempt.seconds, until - call.clock.monotonic())
        if again:
            # Also where its time is up: somebody may have answered.
            left = max(0.0, min(left, attempt.seconds - (_seconds_since(call) - ringing.began)))
        elif left <= 0:
            break
        else:
            began = _seconds_since(call)
            ringing = _Ringing(number, began, ringing.first_began if number else began)
            if len(attempts) > 1 or began > AT_ONCE:
                await call.keep(ringing=ringing, order=order)
        if winner := await _ring(call, waiting, attempt, left, how, causes):
            return winner
    return None


async def _or_taken(
    call: Call, number: str, attempts: Iterable[Round], ring: Callable[[Ringing], Awaitable[tuple[Phone, Leg] | None]]
) -> tuple[Phone, Leg] | None:
    """What the ringing comes to, unless a colleague picks the call up meanwhile."""
    users = (phone.number for attempt in attempts for phone in attempt.phones)
    with lines_of(call).ringing(call, number, users) as waiting:
        try:
            winner = await ring(waiting)
        except BaseException:
            if taken := _taken(call, waiting):
                await taken[1].hang_up(NORMAL)
            raise
        return winner or _taken(call, waiting)


def _taken(call: Call, waiting: Ringing) -> tuple[Phone, Leg] | None:
    """The phone of a colleague who picked the call up, as if it had been one of those that rang."""
    if taker := waiting.taker:
        call.driver.picked_up(call.caller, taker.leg)
        return Phone(taker.number, PhoneTarget(taker.account)), taker.leg
    return None


def _seconds_since(call: Call) -> float:
    """How long the step under way has lasted, over restarts."""
    return (call.clock.now() - call.since).total_seconds()


async def talk_on(call: Call) -> str:
    """Go back to a conversation that was under way when its engine died (`talks_to` is kept). Nobody notices."""
    number, answered_by, leg_id = call.kept["talks_to"]
    call.connected_to, call.answered_by, call.outcome = number, answered_by, "connected"
    call.detail |= {"to": number, "answered_by": answered_by}
    if callee := await call.driver.find(leg_id, call.caller):
        call.use(Engaged).talks(call.company.id, answered_by, call.id, callee)
        conversation = Conversation(call, callee, answered_by)
        try:
            await call.caller.answer()
            point("talk.goes_on")
            with contextlib.suppress(LegEndedError):
                await conversation.run()
        finally:
            await conversation.hang_up()
    await call.hang_up(NORMAL)
    return "answered"


async def talk(call: Call, number: str, phone: Phone, callee: Leg) -> None:
    """Let the caller talk to whoever answered, on a phone that was rung for `number`, and end the call after that."""
    picked_up = not callee.id.startswith(f"{call.id}-")  # else it was dialled, by call.next_leg_id
    conversation = Conversation(call, callee, phone.number, picked_up=picked_up)
    try:
        await call.keep(talks_to=(number, phone.number, callee.id))
        await call.caller.answer()
        call.connected_to = number
        call.answered_by = phone.number
        call.outcome = "connected"
        call.detail["answered_by"] = phone.number
        call.tell("answered", number=phone.number, target=phone.target, to=number)
        point("talk.begins")
        _remember(call, phone)
        with contextlib.suppress(LegEndedError):  # whoever answers and is gone at once has had the call
            await conversation.run()
    finally:
        await conversation.hang_up()
    await call.hang_up(NORMAL)


def _remember(call: Call, phone: Phone) -> None:
    """Keep who spoke to an outside number, called or calling, for the next time."""
    state = call.services.get(State)
    if not isinstance(state, State):
        return
    colleague = call.company.accounts.get(call.caller_number)
    if colleague and isinstance(phone.target, TrunkTarget):
        state.spoke(call.company, phone.number, colleague.number, call.clock.now())
    elif _from_outside(call) and call.company.user(phone.number):
        state.spoke(call.company, call.caller_number, phone.number, call.clock.now())


def _from_outside(call: Call) -> bool:
    number = call.caller_number
    return numbers.is_dialable(number) and number not in call.company.internal


async def _ring(
    call: Call, waiting: Ringing, attempt: Round, seconds: float, how: How, causes: list[int]
) -> tuple[Phone, Leg] | None:
    """Ring phones at once. The first that answers wins, the others stop; None where none does."""
    ringing = {asyncio.create_task(_ring_one(call, phone, seconds, how)): phone for phone in attempt.phones}
    winner: tuple[Phone, Leg] | None = None
    pending = set(ringing)
    try:
        while pending and not winner:
            done, _ = await asyncio.wait({*pending, waiting.taken}, return_when=asyncio.FIRST_COMPLETED)
            pending -= done
            winner = _taken(call, waiting)
            for task in (task for task in ringing if task in done):  # as listed, where several react at once
                if isinstance(answer := task.result(), int):
                    causes.append(answer)
                elif winner is None:
                    winner = ringing[task], answer
                    waiting.taken.cancel()  # too late for anybody else
    except BaseException:
        winner = None
        raise
    finally:
        for task in pending:
            task.cancel()
        interrupted = await _all_over(ringing)
        left = [_came_to(task) for task in ringing]
        _tell_reactions(call, attempt, left)
        # Two may answer in the same instant, and the caller may have gone, or be another's, meanwhile.
        chosen = winner[1] if winner and not interrupted else None
        for leg in left:
            if not isinstance(leg, (int, BaseException)) and leg is not chosen:
                await leg.hang_up(ANSWERED_ELSEWHERE)
    if interrupted:
        raise interrupted
    return winner


async def _all_over(tasks: Collection[asyncio.Task[Any]]) -> asyncio.CancelledError | None:
    """Wait for tasks that end at once, also where this one is cancelled meanwhile: that is then returned."""
    interrupted = None
    while not all(task.done() for task in tasks):
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError as error:
            interrupted = error
    return interrupted


def _came_to(task: "asyncio.Task[Leg | int]") -> Leg | int | BaseException:
    if task.cancelled():
        return asyncio.CancelledError()
    return task.exception() or task.result()


def _tell_reactions(call: Call, attempt: Round, came: Sequence[Leg | int | BaseException]) -> None:
    """Keep in the trace what each phone did: how it left, or that others were quicker (`stopped`)."""
    rang: dict[str, str] = call.detail.setdefault("rang", {})
    for phone, answer in zip(attempt.phones, came, strict=True):
        if isinstance(answer, int):
            did = _EXITS.get(answer, "failed")
        else:
            did = "stopped" if isinstance(answer, BaseException) else "answered"
        if rang.get(phone.number) != "answered":
            rang[phone.number] = did


async def _ring_one(call: Call, phone: Phone, seconds: float, how: How) -> Leg | int:
    """The leg of a phone that answered, or the cause why it did not."""
    leg_id = call.next_leg_id(phone.number)
    if (known := call.kept.get("over", {}).get(leg_id)) is not None:
        return known
    call.tell("dialled", number=phone.number, target=phone.target)
    dialling = call.driver.dial(
        leg_id,
        phone.target,
        caller=call.caller,
        shown=_shown(call, phone.target, how.shows),
        timeout=seconds,
    )
    engaged, company = call.use(Engaged), call.company.id
    try:
        with engaged.ringing(company, phone.number):
            async with dialling as dialled:
                point("phone.dialled")
                await dialled.answered()
                point("phone.answered")
                engaged.talks(company, phone.number, call.id, dialled.leg)
                if how.confirm and not await _takes(call, dialled.leg):
                    await dialled.leg.hang_up(NORMAL)
                    return NO_ANSWER
                return dialled.leg
    except LegEndedError as end:
        cause = NO_ANSWER if end.cause == NORMAL else end.cause
        # Whoever refused is not rung again after a restart, while others of the same round still ring.
        if not how.repeats:
            await call.keep(over={**call.kept.get("over", {}), leg_id: cause})
        return cause


async def _takes(call: Call, leg: Leg) -> bool:
    """Whether whoever answered takes the call, by a key: the voicemail of a mobile phone presses none."""
    language, name = call.company.settings.language, call.phonebook_name
    said = CONFIRM[language]
    text = f"{said['from' if name else 'call']} {said['press']}".format(company=call.company.settings.name, name=name)
    for _ in range(CONFIRM_TRIES):
        await until_key(leg, Prompt(say=text, language=language))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONFIRM_WAIT):
                return await leg.read_digit() == CONFIRM_KEY
    return False


def _shown(call: Call, target: Target, shows: Literal["caller", "company"]) -> Shown:
    """Who the phone shows. To the outside only numbers that the trunk may show."""
    number, name = call.caller_number, call.phonebook_name or call.caller_name
    if colleague := call.company.accounts.get(number):
        number, name = colleague.number, colleague.name
    if shows == "company":
        number, name = _company_number(call), call.company.settings.name
    if isinstance(target, TrunkTarget):
        allowed = next(trunk.numbers for trunk in call.company.trunks if trunk.name == target.trunk)
        if number not in map(call.company.canonical, allowed):
            number = call.company.canonical(allowed[0]) if allowed else number
        return Shown(number)
    if call.prefix:
        name = f"{call.prefix} {name or number}"
    return Shown(number, name)


def _company_number(call: Call) -> str:
    own: Sequence[str] = call.plan.external_numbers if call.plan else ()
    return call.company.canonical(own[0]) if own else call.callee_number


def _exit(causes: Sequence[int]) -> str:
    """The exit of several phones that did not answer: one that rang counts more than one that was busy."""
    exits = {_EXITS.get(cause, "failed") for cause in causes or (ABSENT,)}
    return next(name for name in ("no_answer", "busy", "failed") if name in exits)
