"""The walk of a call through its plan: path, app, exit, next path.

A loop over an explicit stack. The app says by which exit the call leaves; here stands where that
leads. A hang-up cancels the task that walks. Before each step that the world can notice, the call is
written down as it is; from there another engine goes on.
"""

import asyncio
import contextlib
from collections.abc import Generator
from dataclasses import dataclass

import structlog

from belplan.dialplan.company import Queue, User
from belplan.engine import ringing
from belplan.engine.app import App, Move
from belplan.engine.call import Call, LimitError
from belplan.engine.entrance import Features
from belplan.engine.fault import point
from belplan.engine.leg import ABSENT, NORMAL, LegEndedError
from belplan.engine.position import (
    Frame,
    Place,
    early_items,
    key_frame,
    locate,
    menu_frame,
    places,
    plan_frame,
    user_frame,
)
from belplan.engine.queueing.waiting import wait
from belplan.engine.talking import TransferredError

# A menu that loops back on itself is normal; a call that never ends is not.
MAX_STEPS = 500

_HANG_UP_NOTICE = 0.1  # seconds within which the exchange tells of a hang-up that a command ran into

_log = structlog.get_logger()


@dataclass(slots=True)
class _Told:
    """A step under way, and the exit by which it will be left."""

    exit: str | Move = "failed"


class Walker:
    """Walks one call. `stack` is its position."""

    def __init__(self, call: Call, stack: list[Frame] | None = None) -> None:
        self.call = call
        self.stack = stack or []
        self._most = MAX_STEPS
        self._again = call.phase != "start"  # the first step is done again

    async def walk(self) -> None:
        """Walk from the position given, else from where the called number leads, to the end of the call.

        The company's last resort is part of it.
        """
        call = self.call
        try:
            if call.phase == "start":
                if not self.stack:
                    self._enter()
                call.phase = "route"
            else:
                self._begin_early_again()
            if call.phase == "route":
                await self._walk_on()
            if call.cause is None:
                await self._at_the_end()
        except LimitError as limit:
            _log.warning("call.limit", call=call.id, limit=str(limit), path=call.path)
            self._most = call.steps + 1  # ringing the last resort is a step too
            await self._at_the_end()
        except LegEndedError:
            # The caller is gone; whoever attends the call knows by now, or will at once.
            await call.caller.ended()

    def _enter(self) -> None:
        destination = self.call.company.destination(self.call.callee_number)
        if self.call.plan:
            self._push(plan_frame(self.call.company, self.call.plan.name))
        elif isinstance(destination, User) and destination.route.items:
            self._personal(destination.number)

    async def _walk_on(self) -> None:
        """Walk on, also from where a transfer takes the call. Whoever transferred it gets it back from there."""
        call = self.call
        while call.cause is None:
            try:
                if self.stack:
                    await self._walk_stack()
                else:
                    await self._connect("", call.callee_number)
                if not call.transferred_by:
                    return
                call.callee_number, call.transferred_by = call.transferred_by, ""
            except TransferredError as transfer:
                self._transfer(transfer)

    def _transfer(self, transfer: TransferredError) -> None:
        """Begin where a colleague has sent the call."""
        call, to = self.call, transfer.to
        while self.stack:
            self._leave(self.stack.pop())
        call.callee_number, call.transferred_by = to.number, transfer.by
        call.personal.clear()
        if to.plan:
            call.enter(to.plan)
        else:
            call.plan = None
        call.feature = to.feature
        if to.feature:
            self.stack = call.use(Features).route(to.feature)
        else:
            self._enter()

    async def _walk_stack(self) -> None:
        while self.stack and self.call.cause is None:
            frame = self.stack[-1]
            position = places(self.stack)
            if following := frame.next():
                path, item = following
                app = item.app
                if isinstance(app, App) and app.acts:
                    await self._note(position)
                leave = await self._step(path, app) if isinstance(app, App) else "next"
                if isinstance(leave, Move):
                    self._move(leave)
                elif branch := app.branch(leave):
                    self.stack.append(Frame(f"{path}.{branch[0]}", branch[1]))
            elif context := frame.context:
                path = frame.path.removesuffix(".start")
                await self._note(position)
                leave = await self._choose(path, context.timeout)
                leave = leave if leave in context.keys or leave == "no_input" else "invalid"
                if leave in context.keys or frame.tries == 1:
                    frame.context = None  # its keys are read no more; a goto begins it anew
                else:
                    frame.tries -= 1
                    frame.index = 0
                if keyed := key_frame(path, context, leave):
                    self.stack.append(keyed)
            else:
                self._leave(self.stack.pop())

    async def _note(self, position: list[Place]) -> None:
        """Write down where the call is before a step, which is new unless it is the one that is done again."""
        call = self.call
        call.position = position
        if self._again:
            return
        call.counts = (call.steps, call.legs, call.webhooks)
        call.since, call.kept = call.clock.now(), {}
        await call.note()

    async def _step(self, path: str, app: App) -> str | Move:
        """Run one app. What goes wrong in it costs the call this step, never more."""
        with self._told(path, app.app_name, app.mark) as told:
            try:
                told.exit = await self.act(path, app)
            except LimitError:
                told.exit = "limit"
                raise
            except TransferredError:
                raise
            except LegEndedError as end:
                if await self._caller_gone():
                    raise
                self.call.detail["cause"] = end.cause
            except Exception:
                _log.exception("app.crashed", call=self.call.id, path=path)
                self.call.detail["reason"] = "crashed"
        return told.exit

    # What the walk asks of the world. Whoever walks a call of the past answers from what is known of it.

    async def act(self, path: str, app: App) -> str | Move:
        """What an app does, and the exit."""
        return await app.run(self.call)

    async def pressed(self, timeout: float) -> str:
        """The key that is pressed within so many seconds, or `no_input`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                point("menu.reading")
                return await self.call.caller.read_digit()
        return "no_input"

    def begin_early(self, path: str, app: App) -> None:
        """Begin what an app collects later."""
        app.start_early(self.call, path)

    async def _choose(self, path: str, timeout: float) -> str:
        """The key that the caller presses, or `no_input` after so many seconds."""
        with self._told(path, "menu") as told:
            told.exit = "no_input"
            self.call.detail |= {"menu": self._innermost().name, "context": path.partition(".contexts.")[2]}
            told.exit = await self.pressed(timeout)
            return told.exit

    async def _connect(self, path: str, number: str) -> str:
        """Ring a number without an app that says so: one that was called directly, or the last resort."""
        if not path:
            await self._note([])
        queue = self.call.company.destination(number)
        with self._told(path or self._entry_path(number), "queue" if isinstance(queue, Queue) else "connect") as told:
            self.call.detail["to"] = number
            if isinstance(queue, Queue):
                told.exit = await wait(self.call, queue)
            else:
                told.exit = await ringing.connect(self.call, number)
            return told.exit

    async def _at_the_end(self) -> None:
        """Nothing is left to do: the last resort rings where there is one, else the call ends."""
        last_resort = self.call.company.settings.last_resort
        self.call.phase = "end"
        await self._note([])
        if last_resort:
            await self._connect("company.last_resort", self.call.company.canonical(last_resort))
        if self.call.cause is None:
            await self.call.hang_up(NORMAL if self.call.caller.answered else ABSENT)

    @contextlib.contextmanager
    def _told(self, path: str, app: str, item: str = "") -> Generator[_Told]:
        """Count the step, and tell the watchers when it begins and by which exit it is left."""
        call, told = self.call, _Told()
        call.steps += 1
        if call.steps > self._most:
            raise LimitError(f"more than {MAX_STEPS} steps in one call")
        call.path, call.detail = path, {"again": True} if self._again else {}
        call.again, self._again = self._again, False
        call.variables.written = {}
        call.in_menu_start = self._in_menu_start()
        began = call.clock.monotonic()
        call.tell("step", app=app)
        try:
            yield told
        except (asyncio.CancelledError, LegEndedError):
            # Whoever hangs up in a conversation has been answered.
            told.exit = "answered" if "answered_by" in call.detail else "abandoned"
            raise
        except TransferredError:
            told.exit = "transferred"
            raise
        finally:
            leave = told.exit.exit if isinstance(told.exit, Move) else told.exit
            lasted = (call.clock.monotonic() - began) * 1000
            call.tell(
                "left",
                app=app,
                item=item,
                exit=leave,
                began=began,
                duration_ms=lasted,
                detail=call.detail,
                values=call.variables.written,
            )

    def _move(self, move: Move) -> None:
        company = self.call.company
        if move.context:
            while self.stack[-1].scope != "menu":
                self.stack.pop()
            self.stack[-1] = menu_frame(company, self.stack[-1].name, move.context)
            return
        if not move.returns:
            while self.stack:
                self._leave(self.stack.pop())
        if move.dial_plan:
            self.call.enter(company.plans[move.dial_plan])
            self._push(plan_frame(company, move.dial_plan))
        elif move.user:
            self._personal(move.user)
        else:
            self.call.variables.enter()
            self._push(menu_frame(company, move.menu))

    def _push(self, frame: Frame) -> None:
        """Begin a plan or menu, and in it whatever may begin early."""
        self.stack.append(frame)
        for path, item in early_items(frame):
            if isinstance(item.app, App):
                self.call.early_from[path] = self.call.webhooks
                self.begin_early(path, item.app)

    def _begin_early_again(self) -> None:
        """Begin anew, under the same ids, what had begun early and was not collected when its engine died."""
        call = self.call
        webhooks = call.webhooks
        for path, before in sorted(call.early_from.items(), key=lambda one: one[1]):
            stack = locate(call.company, path)
            app = stack[-1].route.items[stack[-1].index].app
            if isinstance(app, App):
                call.webhooks = before
                app.start_early(call, path)
        call.webhooks = webhooks

    def _personal(self, user: str) -> None:
        # Their own number in their own plan means their phones.
        self.call.personal.add(user)
        self.stack.append(user_frame(self.call.company, user))

    def _leave(self, frame: Frame) -> None:
        if frame.scope == "menu":
            self.call.variables.leave()

    def _in_menu_start(self) -> bool:
        base = next((frame for frame in reversed(self.stack) if frame.scope), None)
        return base is not None and base.scope == "menu" and base.context is not None

    def _innermost(self) -> Frame:
        """The menu that a key is read for."""
        return next(frame for frame in reversed(self.stack) if frame.scope == "menu")

    def _entry_path(self, number: str) -> str:
        """The path of what has this number: `users[0]`, `ring_groups[1]`."""
        for section in ("users", "ring_groups", "queues", "voicemail_boxes"):
            for index, entry in enumerate(getattr(self.call.company, section)):
                if entry.number == number:
                    return f"{section}[{index}]"
        return "company"

    async def _caller_gone(self) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HANG_UP_NOTICE):
                await self.call.caller.ended()
                return True
        return False
