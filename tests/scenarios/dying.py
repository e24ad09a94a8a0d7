"""An engine that dies at a chosen moment of a call, and the one that takes the call up.

It reaches the simulated exchange over a cable. At the moment the cable is cut, everything that the dying engine still
does in its last throes reaches nobody, as with `kill -9`. The parties, the phones and the customer's server notice
nothing.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from belplan.apps import feature_route
from belplan.engine import journal
from belplan.engine.attend import attend
from belplan.engine.call import Call
from belplan.engine.cdr import CallRecord, Trace
from belplan.engine.events import Event, Events
from belplan.engine.mail import Mailer
from belplan.webhook.exchange import Sender

Moment = Literal["before", "while", "after"]
WHILE = 0.4  # seconds that something lasts before the engine dies in its midst


class GoneError(Exception):
    """The caller has gone before the engine died, or with it."""


@dataclass
class Cable:
    """Counts what the engine does, and is cut at number `at`: before it, in its midst, or just after."""

    at: int = -1
    moment: Moment = "before"
    used: int = 0
    cut: asyncio.Event = field(default_factory=asyncio.Event)
    did: list[str] = field(default_factory=list)
    noted: dict[str, str] = field(default_factory=dict)
    scripts: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    """Legs, with what the caller was going to press when the journal was written last, and a phone when it rang."""
    held: list[object] = field(default_factory=list)  # scopes: nobody leaves them for a dead engine, nor does Python

    def check(self) -> None:
        if self.cut.is_set():
            raise asyncio.CancelledError

    def _dies(self, number: int, moment: Moment) -> None:
        if number == self.at and moment == self.moment:
            self.cut.set()
        self.check()

    def next(self, name: str) -> int:
        self.check()
        self.used += 1
        self.did.append(name)
        return self.used - 1

    async def carry(self, name: str, work: Callable[[], Awaitable[Any]]) -> Any:
        number = self.next(name)
        self._dies(number, "before")
        if number == self.at and self.moment == "while" and name != "hang_up":  # which takes no time
            doing = asyncio.ensure_future(work())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WHILE):
                    await asyncio.shield(doing)
            doing.cancel()
            await asyncio.wait((doing,))
            self._dies(number, "while")
        result = await work()
        self._dies(number, "after")
        return result

    def carry_now(self, name: str, work: Callable[[], Any]) -> Any:
        number = self.next(name)
        self._dies(number, "before")
        result = work()
        self._dies(number, "after")
        return result


def script(leg: Any) -> tuple[list[Any], ...]:
    """What a simulated caller is still going to press."""
    return list(leg._keys), list(leg._pressed), list(leg._cues)


class Far:
    """A leg, a dialling or a driver at the other end of the cable."""

    def __init__(self, near: Any, cable: Cable) -> None:
        self._near = near
        self._cable = cable

    def __getattr__(self, name: str) -> Any:
        near, cable = getattr(self._near, name), self._cable
        if not callable(near):
            return Far(near, cable) if name == "leg" else near
        if name in ("playing", "recording", "dial"):
            return lambda *a, **k: self._scope(name, near, *map(_near, a), **{key: _near(v) for key, v in k.items()})
        if name == "show":
            return lambda shown: cable.cut.is_set() or near(shown)
        if name == "hang_up" and cable.cut.is_set():
            return _nothing
        if name in ("ended", "digit_pressed"):
            return lambda: self._wait(near)

        near = self._note if name == "note" else near

        async def carried(*a: Any, **k: Any) -> Any:
            result = await cable.carry(name, lambda: near(*map(_near, a), **k))
            return self._far(result, a)

        return carried

    async def _note(self, written: Callable[[], str]) -> None:
        self._cable.noted[self._near.id] = written()
        self._cable.scripts[self._near.id] = (self._near, script(self._near))

    def _far(self, result: Any, arguments: tuple[Any, ...]) -> Any:
        if result is None or isinstance(result, (str, int, bool)) or not hasattr(result, "hang_up"):
            return result
        return next((one for one in arguments if _near(one) is result), Far(result, self._cable))

    async def _wait(self, near: Callable[[], Awaitable[Any]]) -> Any:
        self._cable.check()
        return await near()

    @contextlib.asynccontextmanager
    async def _scope(self, name: str, near: Any, *arguments: Any, **options: Any):
        scope = near(*arguments, **options)
        self._cable.held.append(scope)
        inside = await self._cable.carry(name, scope.__aenter__)
        if name == "dial":
            self._cable.scripts.setdefault(inside.leg.id, (inside.leg, script(inside.leg)))
        try:
            # A recording goes on without an engine, and whoever keeps it waits for its end.
            yield inside if name == "recording" else Far(inside, self._cable)
        finally:
            if not self._cable.cut.is_set():
                await scope.__aexit__(None, None, None)


def _near(one: Any) -> Any:
    return one._near if isinstance(one, Far) else one


async def _nothing(*_: Any) -> None:
    return None


class FarMailer:
    def __init__(self, mailer: Any, cable: Cable) -> None:
        self._mailer, self._cable = mailer, cable

    def post(self, *arguments: Any) -> bool:
        return self._cable.carry_now("post", lambda: self._mailer.post(*arguments))


def dying(cable: Cable):
    """Attends a call as `attend` does, dies with the cable, and takes the call up again."""

    async def attending(call: Call, stack: Any) -> CallRecord:
        leg, driver, services, tell = call.caller, call.driver, call.services, call.events.tell
        feature = [replace(frame) for frame in stack or []]
        known = Trace(call.clock.monotonic())

        def hear(event: Event) -> None:
            if not cable.cut.is_set():
                known(event)
                tell(event)

        call.events = Events(hear)
        call.caller, call.driver = Far(leg, cable), Far(driver, cable)
        sender = Far(services[Sender], cable)
        call.services = {**services, Sender: sender, Mailer: FarMailer(services[Mailer], cable)}
        engine = asyncio.ensure_future(attend(call, stack))
        cut = asyncio.ensure_future(cable.cut.wait())
        await asyncio.wait((engine, cut), return_when=asyncio.FIRST_COMPLETED)
        cut.cancel()
        if not cable.cut.is_set():
            return engine.result()
        for task in (engine, *call.early.values()):
            task.cancel()
        await asyncio.wait((engine, *call.early.values()))
        if leg.gone:
            raise GoneError
        for one, as_it_was in cable.scripts.values():
            for part, whole in zip((one._keys, one._pressed, one._cues), as_it_was, strict=True):
                part.clear()
                part.extend(whole)  # who sees nothing come of a key presses it again
        written = journal.read(cable.noted[leg.id]) if leg.id in cable.noted else None
        again = Call(
            company=call.company,
            plan=call.plan if written is None else None,
            caller=leg,
            driver=driver,
            clock=call.clock,
            caller_number=call.caller_number,
            callee_number=call.callee_number,
            caller_name=call.caller_name,
            sip_call_id=call.sip_call_id,
            feature=call.feature,
            id=call.id,
            services=services,
            events=Events(tell),
        )
        if written is None:
            return await attend(again, feature)
        assert written.call == call.id
        written.restore(again)
        route = feature_route(written.feature) if written.feature else []
        return await attend(again, written.stack(call.company, route), known)

    return attending
