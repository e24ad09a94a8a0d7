"""The world of a call that is walked again: the answers of its past, each taking the time that it took."""

import asyncio
from typing import Any

from belplan.apps.webhook import Webhook
from belplan.dialplan.company import Queue
from belplan.dialplan.fields import Prompt
from belplan.drivers.simulator.hearing import seconds_of
from belplan.engine import ringing
from belplan.engine.app import App
from belplan.engine.call import Call
from belplan.engine.cdr import Step
from belplan.engine.entrance import entrance
from belplan.engine.leg import NORMAL
from belplan.engine.state import State
from belplan.engine.talking import TransferredError
from belplan.replay.past import Fault, Faulty, Past, UnknownError, answer_in
from belplan.replay.still import Caller, Clock

_TOUCH = 0.05  # seconds that a moment on a real line may be off


class HungUpError(asyncio.CancelledError):
    """The caller is gone: at this moment they hung up then."""


class World:
    """The answers of the past, each taking its time."""

    def __init__(self, past: Past, call: Call, caller: Caller, clock: Clock, faulty: Faulty, silent: bool) -> None:
        self._past = past
        self._call = call
        self._caller = caller
        self._clock = clock
        self._faulty = faulty
        self._silent = silent
        self._step = 0
        self.app: App | None = None
        """The item that the call is at."""
        self._in_step = True
        self.state = State()
        self._remember()

    def at(self, path: str, app: App | None) -> None:
        """Come to an item. As long as the call goes the way it went, its moments are those of then."""
        self.app = app
        trace = self._past.record.trace
        if self._in_step and self._step < len(trace) and trace[self._step].path == path:
            self._clock.reach(trace[self._step].started_ms / 1000)
            self._step += 1
        else:
            self._in_step = False

    def webhook(self, app: Webhook, path: str) -> str:
        self._call.count_webhook()
        fault = self._faulty(app, path)
        step = self._past.webhook(app, path)
        if not step and not fault and self._silent:
            fault = Fault()
        if step:
            self._past.use(step)
        elif not fault or fault.slower:
            name = app.save_as or next(iter(app.extract), path)
            raise UnknownError("webhook", name, f"the webhook {name} was not asked then")
        if fault and not (fault.slower and step and step.exit in ("timeout", "abandoned")):
            return self._goes_wrong(app, fault, step)
        if not step or (answer := answer_in(step, app.timeout)) is None:
            name = app.save_as or path
            raise UnknownError("webhook", name, f"the webhook {name} was given up before it now would be")
        took = answer.duration_ms / 1000
        if took >= app.timeout and answer.item != app.mark:
            return self.answered(app, "timeout", {}, app.timeout, {})
        if answer.exit == "abandoned":
            self._lasts(float("inf"))
        wanted = {name for name, _ in app.sets()}
        if answer.exit == "ok" and (missing := wanted - answer.values.keys() - _absent(app, answer)):
            name = min(missing)
            raise UnknownError("webhook", name, f"nobody kept what the answer had for {name}")
        values = {name: value for name, value in answer.values.items() if name in wanted}
        return self.answered(app, answer.exit, values, took, answer.detail)

    def _goes_wrong(self, app: Webhook, fault: Fault, step: Step | None) -> str:
        took = fault.seconds + (step.duration_ms / 1000 if fault.slower and step else 0.0)
        if took >= app.timeout:
            return self.answered(app, "timeout", {}, app.timeout, {})
        if fault.slower and step:
            values = {name: value for name, value in step.values.items() if name in dict(app.sets())}
            return self.answered(app, step.exit, values, took, step.detail)
        if fault.text is None:
            return self.answered(app, "error", {}, took, {"reason": "refused"})
        if app.extract:
            return self.answered(app, "error", {}, took, {"reason": "content", "status": 200})
        return self.answered(app, "ok", {app.save_as: fault.text} if app.save_as else {}, took, {"status": 200})

    def answered(self, app: Webhook, leave: str, values: dict[str, str], took: float, told: dict[str, Any]) -> str:
        """Be left by an exit, with these variables set and all others of the webhook not."""
        variables, detail = self._call.variables, self._call.detail
        detail |= {name: told[name] for name in ("status", "reason") if told.get(name)}
        detail |= {"variable": app.save_as} if app.save_as else {}
        for name, _ in app.sets():
            variables.clear(name)
        for name, value in values.items():
            variables.set(name, value)
        for name, _ in app.sets():
            variables.set(f"{name}.status", str(told.get("status") or ""))
            variables.set(f"{name}.reason", "" if leave == "ok" else str(told.get("reason") or leave))
            variables.set(f"{name}.ms", str(round(told.get("phases", {}).get("total", took * 1000))))
        self._lasts(took)
        return leave

    async def ring(self, call: Call, number: str, timeout: float | None) -> str:
        """How ringing a number went. What it is for: belplan.engine.ringing.Ringer."""
        step = self._past.ring(number)
        attempts = ringing.rounds(call.company, number, timeout, ringing.Rota())
        if not attempts:
            return "failed"
        if step is None:
            raise UnknownError("phone", number, f"{number} did not ring then")
        self._past.use(step)
        call.detail |= step.detail
        phones = {phone.number for attempt in attempts for phone in attempt.phones}
        rang: dict[str, str] = step.detail.get("rang", {})
        who = step.detail.get("answered_by")
        if who is not None and who not in phones:
            raise UnknownError("phone", number, f"{who} answered then, and does not ring now")
        if who is None and (more := phones - rang.keys()) and rang:
            raise UnknownError("phone", number, f"{min(more)} did not ring then")
        as_it_was = self.app is not None and step.item == self.app.mark
        limit = min(sum(attempt.seconds for attempt in attempts), timeout or float("inf"))
        if who is not None and step.detail.get("rang_ms", 0) / 1000 >= limit + _TOUCH:
            self._call.detail.pop("answered_by")
            self._lasts(limit)
            return "no_answer"
        if (
            not (as_it_was and len(attempts) == 1)
            and step.exit == "no_answer"
            and limit > step.duration_ms / 1000 + 0.25
        ):
            raise UnknownError(
                "phone", number, f"{number} rang {step.duration_ms / 1000:.0f} s then, not {limit:.0f} s"
            )
        if who is not None:
            call.connected_to, call.answered_by, call.outcome = number, who, "connected"
        if step.exit == "abandoned":
            self._clock.pass_by(step.duration_ms / 1000)
            raise HungUpError
        self._lasts(step.duration_ms / 1000)
        self._transferred(step)
        if who is not None:
            await call.hang_up(NORMAL)
        return step.exit

    def _transferred(self, step: Step) -> None:
        """Go on where a colleague sent the call then."""
        if step.exit != "transferred":
            return
        number, by = step.detail["transferred_to"], step.detail["transferred_by"]
        self._caller.answered = True
        to = entrance(self._call.company, number, by)
        if to is None:
            raise UnknownError("phone", number, f"nothing has the number {number}, to which {by} sent the call then")
        raise TransferredError(to, by)

    async def wait(self, call: Call, queue: Queue) -> str:
        """How waiting in a queue went."""
        step = self._past.queue(queue.number)
        if step is None:
            raise UnknownError("app", "queue", f"the call did not come to the queue {queue.number} then")
        self._past.use(step)
        call.detail |= step.detail
        if "place" in step.detail:
            self._caller.answered = True
            call.outcome = "queued"
        if who := step.detail.get("answered_by"):
            call.connected_to, call.answered_by, call.outcome = queue.number, who, "connected"
        if step.exit == "abandoned":
            self._clock.pass_by(step.duration_ms / 1000)
            raise HungUpError
        self._lasts(step.duration_ms / 1000)
        self._transferred(step)
        if who:
            await call.hang_up(NORMAL)
        else:
            call.outcome = ""
        return step.detail["left"]

    def pressed(self, timeout: float) -> str:
        detail = self._call.detail
        key = self._past.key(detail["menu"], detail["context"], timeout)
        if key == "abandoned":
            self._lasts(float("inf"))
        self._lasts(timeout if key == "no_input" else 0.0)
        return key

    def other(self, app: App) -> str:
        """An app of which nothing more is known than how it was left then."""
        step = self._past.same(app)
        if step is None:
            return self._never_was(app)
        self._past.use(step)
        self._call.detail |= step.detail
        self._answers(app)
        for name, _ in app.sets():
            self._call.variables.clear(name)
        for name, value in step.values.items():
            self._call.variables.set(name, value)
        if step.exit == "abandoned":
            if self._past.is_last(step):  # whoever hangs up while they speak has left a message
                self._call.outcome = self._past.record.outcome
            self._clock.pass_by(step.duration_ms / 1000)
            raise HungUpError
        self._lasts(step.duration_ms / 1000)
        if step.exit in app.closing or app.ends:
            was = self._past.record
            self._call.outcome, self._call.cause = was.outcome, was.cause
            self._call.connected_to, self._call.answered_by = was.connected_to, was.answered_by
        return step.exit

    def _never_was(self, app: App) -> str:
        """An app that is new. What it does is known where its caller has no part in it."""
        if not app.ready:
            return app.exits[-1]
        if app.app_name == "announce" and isinstance(app, Prompt):
            self._answers(app)
            self._lasts(seconds_of(self._call.spoken(app)))
            return "played"
        if app.app_name == "email":
            return "sent"
        raise UnknownError("app", app.app_name, f"the call did not come to this {app.app_name} then")

    def _answers(self, app: App) -> None:
        """Whoever is spoken to has been answered, unless the item says that this comes later."""
        if app.app_name != "email" and getattr(app, "answer", True):
            self._caller.answered = True

    def recall(self, app: App) -> None:
        """Have people's switches stand as they stood, where the call asked about them then."""
        company = self._call.company
        for step in self._past.record.trace:
            if step.item != app.mark:
                continue
            if app.app_name == "diversion" and "on" in step.detail:
                self.state.switch(company, app.refers()[0].name, step.detail["on"])
            elif app.app_name == "time" and step.detail.get("overridden"):
                self.state.set_override(company, app.refers()[0].name, step.detail["held"])
        if app.app_name == "same_colleague":
            self._recall_colleague(app)

    def _recall_colleague(self, app: App) -> None:
        asked = [step for step in self._past.record.trace if step.app == "same_colleague"]
        if not asked and self._silent:
            return
        if not asked:
            raise UnknownError("app", app.app_name, "nobody asked then who had spoken to the caller")
        if to := asked[0].detail.get("to"):
            self.state.spoke(self._call.company, self._call.caller_number, to, self._clock.now())
        elif asked[0].item != app.mark:
            raise UnknownError("app", app.app_name, "nobody asked then who had spoken to the caller in another time")

    def _remember(self) -> None:
        company, state = self._call.company, self._past.record.state
        for name in state.get("diversions", ()):
            if name in company.switches:
                self.state.switch(company, name, True)
        for name, holds in state.get("times", {}).items():
            if name in company.times:
                self.state.set_override(company, name, holds)

    def _lasts(self, seconds: float) -> None:
        """Let time go by, unless the caller had hung up by then."""
        patience = self._past.patience
        if patience is not None and self._clock.monotonic() + seconds > patience + _TOUCH:
            self._clock.reach(patience)
            raise HungUpError
        self._clock.pass_by(seconds)


def _absent(app: Webhook, answer: Step) -> set[str]:
    """Variables that the same webhook did not find in this answer: it had none."""
    return {name for name, _ in app.sets()} if answer.item == app.mark else set()
