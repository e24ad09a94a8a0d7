"""Walks an extensions.conf in thought: every branch of it until each has ended, writing the route on the way.

What the dialplan itself sets is known and worked out; what only a call can tell becomes a condition. A branch always
ends (in `hangup`, `goto` or the route's own end): what follows a condition is what happens when it does not hold.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from belplan.migration.asterisk import timing
from belplan.migration.asterisk.conf import Context, DialplanFile, Extension, Step, arguments, matches, specificity
from belplan.migration.asterisk.expression import Both, Either, Leaf, Test, Unsaid, test_of, value_of
from belplan.migration.asterisk.text import Texts, Unknown, Value, constant
from belplan.migration.draft import Draft, Item

MOST_ITEMS = 4000  # of one import: beyond, branches multiply and nobody could read the plan
DEEPEST = 60  # routes within routes

END: list[Item] = [{"hangup": {}}]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call is: context, extension as it was called, and priority."""

    context: str
    extension: str
    priority: int


@dataclass(frozen=True, slots=True)
class State:
    """A call in thought: where it is, and what is known of its variables. Never changed."""

    place: Place
    known: tuple[tuple[str, Value], ...] = ()
    returns: tuple[tuple[Place, tuple[tuple[str, Value], ...]], ...] = ()
    """Where Gosub goes back to, with the arguments of before."""
    menu: str = ""
    """The menu whose route this is."""
    depth: int = 0
    seen: frozenset[Any] = field(default_factory=frozenset[Any])

    def at(self, priority: int) -> "State":
        return replace(self, place=replace(self.place, priority=priority))

    def next(self) -> "State":
        return self.at(self.place.priority + 1)

    def to(self, place: Place) -> "State":
        return replace(self, place=place)

    def setting(self, name: str, value: Value) -> "State":
        return replace(self, known=tuple(sorted({**dict(self.known), name: value}.items())))

    def deeper(self) -> "State":
        return replace(self, depth=self.depth + 1)


Translate = Callable[["Walker", Step, State], list[Item]]


class Walker:
    """Writes routes into a draft. `applications` says what each application becomes."""

    def __init__(self, file: DialplanFile, draft: Draft, applications: dict[str, Translate]) -> None:
        self.file = file
        self.draft = draft
        self.variables: dict[str, int] = {}
        """How often a webhook sets each variable."""
        self._applications = applications
        self._items = 0
        self._globals = tuple(sorted((name, (text,)) for name, text in file.variables.items()))
        self.asked: set[str] = set()
        """Names that were read since somebody last looked."""

    def route(self, context: str, extension: str, **known: str) -> list[Item]:
        """The route of a call that is sent to this extension. A last `hangup` says nothing, and is left out."""
        values = dict(self._globals) | {"EXTEN": (extension,)} | {name: (text,) for name, text in known.items()}
        state = State(Place(context, extension, 1), tuple(sorted(values.items())))
        route = self.enter(state)
        return route[:-1] if route[-1:] == END else route

    def enter(self, state: State) -> list[Item]:
        """Go to an extension, which may be found in what its context includes at certain times."""
        found = self.find(state.place.context, state.place.extension)
        route: list[Item] = []
        for when, context, extension in found:
            inside = state.to(replace(state.place, context=context.name))
            if not when:
                return [*route, *self.walk(inside, extension)]
            then = self.walk(inside.deeper(), extension)
            if not self._timed(route, when, then, f"context {context.name}"):
                return route + END
        return route + END

    def find(
        self, context: str, extension: str, seen: frozenset[str] = frozenset()
    ) -> list[tuple[str, Context, Extension]]:
        """Where an extension is: itself first, then in what is included; with the times within which it is there."""
        here = self.file.contexts.get(context)
        if here is None or context in seen:
            return []
        names = sorted((name for name in here.extensions if matches(name, extension)), key=specificity)
        if names:
            return [("", here, here.extensions[names[0]])]
        found: list[tuple[str, Context, Extension]] = []
        for include in here.includes:
            for when, where, what in self.find(include.context, extension, seen | {context}):
                found.append((include.timing or when, where, what))
                if not (include.timing or when):
                    return found
        return found

    def walk(self, state: State, extension: Extension | None = None) -> list[Item]:
        """The route from here to every end."""
        place = state.place
        if extension is None:
            found = self.find(place.context, place.extension)
            if not found:
                self.draft.say("lost", place.context, f"there is no extension {place.extension}: the call ends there")
                return END
            return self.enter(state) if place.priority == 1 else self.walk(state, found[0][2])
        step = extension.steps.get(place.priority)
        if step is None:
            return self.back(state) if state.returns else END
        state = state.setting("EXTEN", (place.extension,)).setting("CONTEXT", (place.context,))
        mark = (place, state.known, len(state.returns))
        if mark in state.seen:
            self.draft.say(
                "lost", self.where(step), "a circle in which nothing waits for the caller; the call ends there"
            )
            return END
        if self._items > MOST_ITEMS or state.depth > DEEPEST:
            self.draft.say("lost", self.where(step), "too many branches to write them all out; the call ends there")
            return END
        self._items += 1
        state = replace(state, seen=state.seen | {mark})
        translate = self._applications.get(step.application.lower())
        if translate is None:
            what = f"{step.application}({step.arguments}) has no counterpart; the call goes on after it"
            self.draft.say("lost", self.where(step), what)
            return self.walk(state.next(), extension)
        return translate(self, step, state)

    def on(self, state: State) -> list[Item]:
        """What happens at the next priority."""
        return self.walk(state.next(), self._extension(state))

    def back(self, state: State) -> list[Item]:
        """Return from Gosub, or END outside of one."""
        if not state.returns:
            return END
        place, before = state.returns[-1]
        kept = {name: value for name, value in state.known if not name.startswith(("ARG", "LOCAL("))}
        old = {name: value for name, value in before if name.startswith("ARG")}
        after = replace(state.to(place), returns=state.returns[:-1], known=tuple(sorted((kept | old).items())))
        return self.walk(after, self._extension(after))

    def branch(self, test: Test, then: Callable[[State], list[Item]], state: State, step: Step) -> list[Item]:
        """What is walked when a test holds; the route goes on below when it does not."""
        match test:
            case bool():
                return then(state) if test else []
            case Leaf():
                return [{"condition": {**test.as_item(), "then": then(state.deeper())}}]
            case Both(tests) | Either(tests) if all(isinstance(one, Leaf) for one in tests):
                leaves = [one.as_item() for one in tests if isinstance(one, Leaf)]
                several = _one_of(leaves) if isinstance(test, Either) else None
                test_item = several or {"all" if isinstance(test, Both) else "any": leaves}
                return [{"condition": {**test_item, "then": then(state.deeper())}}]
            case Both(tests):
                first, *others = tests
                inner = Both(tuple(others)) if len(others) > 1 else others[0]
                return self.branch(first, lambda deeper: self.branch(inner, then, deeper, step), state, step)
            case Either(tests):
                return [item for one in tests for item in self.branch(one, then, state, step)]
            case Unsaid(text):
                self.draft.say("lost", self.where(step), f"{text} cannot be said in a condition; taken as not holding")
                return []

    def fork(self, test: Test, then: Callable[[State], list[Item]], rest: Callable[[State], list[Item]],
             state: State, step: Step) -> list[Item]:  # fmt: skip
        """Two ways: `then` when a test holds, `rest` when it does not."""
        if isinstance(test, bool):
            return then(state) if test else rest(state)
        return [*self.branch(test, then, state, step), *rest(state)]

    def timed(self, words: str, then: Callable[[State], list[Item]], rest: Callable[[State], list[Item]],
              state: State, step: Step) -> list[Item]:  # fmt: skip
        """Two ways: within certain times, and outside of them."""
        route: list[Item] = []
        if words.replace(",", "").replace("|", "").replace("*", "").strip() == "":
            return then(state)
        self._timed(route, words, then(state.deeper()), self.where(step))
        return [*route, *rest(state)]

    def _timed(self, route: list[Item], words: str, then: list[Item], where: str) -> bool:
        try:
            parts = timing.parts_of(words)
        except ValueError as error:
            self.draft.say("lost", where, f"the times {words}: {error}; taken as not holding")
            return True
        for number, part in enumerate(reversed(parts), 1):
            name = timing.name_of(words) + (f" ({number})" if len(parts) > 1 else "")
            then = [{"time": {"when": self.draft.time(name, **part), "then": then}}]
        route += then
        return True

    def test(self, text: str, state: State) -> Test:
        return test_of(text, self.texts(state))

    def value(self, text: str, state: State) -> Value:
        return value_of(text, self.texts(state))

    def fixed(self, text: str, state: State) -> str | None:
        """A text that is known before any call; None for others."""
        return constant(self.value(text, state))

    def texts(self, state: State) -> Texts:
        return Texts(dict(state.known), self.asked.add)

    def target(self, text: str, state: State, step: Step) -> Place | None:
        """Where `context,extension,priority` leads. None where that cannot be known; then the author is told."""
        filled = self.value(text, state)
        words = arguments(constant(filled) or "")
        if constant(filled) is None or not text:
            what = "".join(part if isinstance(part, str) else "…" for part in filled)
            self.draft.say(
                "lost", self.where(step), f"a jump to {what or text}, which only the call can tell; it ends there"
            )
            return None
        priority = words[-1]
        extension = words[-2] if len(words) > 1 else state.place.extension
        context = words[-3] if len(words) > 2 else state.place.context
        if priority.isdigit():
            return Place(context, extension, int(priority))
        found = self.find(context, extension)
        for _, where, one in found:
            if priority in one.labels:
                return Place(where.name, extension, one.labels[priority])
        if priority == "n":
            return Place(context, extension, state.place.priority + 1)
        self.draft.say("lost", self.where(step), f"there is no {text}: the call ends there")
        return None

    def jump(self, text: str, state: State, step: Step) -> list[Item]:
        """Go where a text says."""
        place = self.target(text, state, step)
        if place is None:
            return END
        if place.context != state.place.context and place.context not in self.file.contexts:
            self.draft.say("lost", self.where(step), f"there is no context {place.context}: the call ends there")
            return END
        return self.walk(state.to(place))

    def where(self, step: Step) -> str:
        return f"line {step.line}"

    def _extension(self, state: State) -> Extension | None:
        found = self.find(state.place.context, state.place.extension)
        return found[0][2] if found else None


def _one_of(leaves: list[Item]) -> Item | None:
    """Several texts that one variable may be, as one test."""
    if len({leaf["variable"] for leaf in leaves}) == 1 and all(set(leaf) == {"variable", "equals"} for leaf in leaves):
        return {"variable": leaves[0]["variable"], "one_of": [leaf["equals"] for leaf in leaves]}
    return None


def unknown(value: Value) -> str:
    """The parts of a value that could not be read, for a message."""
    return ", ".join(part.text for part in value if isinstance(part, Unknown))
