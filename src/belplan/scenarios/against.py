"""A scenario held against its plan: what it names must be there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from belplan.apps import APPS, FEATURES
from belplan.dialplan import numbers
from belplan.dialplan.company import Company, RingGroup, User
from belplan.dialplan.places import tops
from belplan.dialplan.problem import Key, Problem, did_you_mean, listed
from belplan.memory import WORDS, remember
from belplan.scenarios.source import Written
from belplan.scenarios.values import Step
from belplan.simulation import USUAL_CALLER, UnknownNumberError, enter

# Exits that no app names itself: the walk ended or broke off there.
_BREAKS = frozenset({"abandoned", "failed", "limit", "transferred"})
# The exits of these are the plan's own words: keys, and the cases of a switch.
_OPEN = frozenset({"menu", "switch"})


@dataclass(frozen=True)
class Plan:
    """A company with what scenarios may name of it, looked up once."""

    company: Company

    @cached_property
    def webhooks(self) -> Mapping[str, str]:
        """Every webhook's path, by that path and by the variables it sets."""
        found: dict[str, str] = {}
        for top in tops(self.company):
            for spot in top.everything:
                if spot.app.app_name == "webhook":
                    found[spot.path] = spot.path
                    found |= {name: spot.path for name, _ in spot.sets}
        return found

    @cached_property
    def phones(self) -> frozenset[str]:
        """Numbers of users, and the accounts of their phones."""
        return frozenset({*self.company.accounts, *(user.number for user in self.company.users)})

    def no_webhook(self, name: str) -> str:
        """Why no webhook can be meant by this name; "" where one is."""
        if name in self.webhooks:
            return ""
        hint = did_you_mean(name, self.webhooks)
        return f'the plan has no webhook "{name}"{hint}; name it by its variable or its path'

    def no_phone(self, number: str) -> str:
        """Why no phone can be meant by this number or account; "" where one may be, outside the company too."""
        canonical = self.company.canonical(number)
        if number in self.phones or canonical in self.phones:
            return ""
        destination = self.company.destination(canonical)
        if isinstance(destination, RingGroup):
            members = listed(destination.members)
            return f"{number} is the ring group {destination.name}; say it of its members, {members}"
        if destination is not None and not isinstance(destination, User):
            return f"{number} is {destination.name}, which is no phone"
        if len(canonical) <= numbers.INTERNAL_LENGTH:
            return f"nobody has the number {number}{did_you_mean(number, self.phones)}"
        return ""


def problems(plan: Plan, written: Written) -> list[Problem]:
    """Everything in a scenario that its plan does not have."""
    return [*_call(plan, written), *_webhooks(plan, written), *_phones(plan, written), *_way(written)]


def _call(plan: Plan, written: Written) -> Iterable[Problem]:
    scenario = written.scenario
    try:
        caller = scenario.call.caller
        enter(plan.company, scenario.call.to or "", USUAL_CALLER if caller is None else caller)
    except UnknownNumberError as error:
        yield written.problem(str(error), "call", "to", code="unknown-destination")
    for word, value in scenario.state.items():
        if word not in WORDS:
            hint = did_you_mean(word, WORDS) or f"; there are {listed(WORDS)}"
            yield written.problem(f'nothing remembers "{word}"{hint}', "state", word, code="unknown-field")
            continue
        try:
            remember(plan.company, {word: value})
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            yield written.problem(str(error), "state", word)


def _webhooks(plan: Plan, written: Written) -> Iterable[Problem]:
    scenario = written.scenario
    answered: Iterable[str] = () if isinstance(scenario.webhooks, str) else scenario.webhooks
    named: list[tuple[Key, ...]] = [("webhooks", name) for name in answered]
    named += [("expect", "webhooks", name) for name in scenario.expect.webhooks]
    for keys in named:
        if message := plan.no_webhook(str(keys[-1])):
            yield written.problem(message, *keys, code="unknown-variable")


def _phones(plan: Plan, written: Written) -> Iterable[Problem]:
    for number in written.scenario.phones:
        if message := plan.no_phone(number):
            yield written.problem(message, "phones", number, code="unknown-destination")


def _way(written: Written) -> Iterable[Problem]:
    trace = written.scenario.expect.trace
    sections: tuple[tuple[tuple[Key, ...], tuple[Step, ...]], ...] = (
        ((), trace.exactly or ()),
        (("includes",), trace.includes),
        (("never",), trace.never),
    )
    for keys, steps in sections:
        for index, (item, leave) in enumerate(steps):
            where: tuple[Key, ...] = ("expect", "trace", *keys, index)
            name = item.rpartition(".")[2]
            app = APPS.get(name) or FEATURES.get(name)
            # The wait for a key has the path of its context and the exit of the key.
            if app is None and "." not in item:
                yield written.problem(f'there is no app "{item}"{did_you_mean(item, APPS)}', *where, code="unknown-app")
            elif app and name not in _OPEN and leave is not None and leave not in {*app.exits, *_BREAKS}:
                message = f'{name} is left by {listed(app.exits)}, not by "{leave}"'
                yield written.problem(message, *where)
