"""Everything that a plan asks about, cut into classes: callers, moments, diversions, and the values of variables."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, cast

import phonenumbers

from belplan.dialplan import numbers
from belplan.dialplan.company import Company
from belplan.dialplan.comparison import Comparison
from belplan.dialplan.fields import CALL_DATA, PLACEHOLDER, placeholders
from belplan.dialplan.places import tops
from belplan.dialplan.route import AppSettings
from belplan.proof import questions
from belplan.proof.classes import UNKNOWN, UNSET, Dimension, Question
from belplan.proof.moments import Moments
from belplan.proof.state import CALLER, DIVERSIONS, TIME, Cube, Spot, mask, put, slot
from belplan.simulation import USUAL_CALLER
from belplan.webhook.exchange import REASONS

OF_THE_CALLER = frozenset({"caller_number", "phonebook_caller_name"})
_KINDS = frozenset({"anonymous", "internal", "country", "mobile"})


@dataclass(frozen=True, slots=True)
class Failing:
    """A webhook that is only left by these exits, with this text as its answer; by any, where there are none."""

    exits: tuple[str, ...] = ()
    text: str | None = None


class World:
    """The classes of a company's calls. `also` are what rules compare, `targets` the outside numbers they name."""

    def __init__(
        self,
        company: Company,
        *,
        also: Iterable[Comparison] = (),
        targets: Iterable[str] = (),
        times: Iterable[str] = (),
        first: date,
        overridden: bool = False,
        failing: Mapping[str, Failing] | None = None,
    ) -> None:
        self.company = company
        self.failing = {
            id(spot.app): failing[spot.path]
            for top in tops(company)
            for spot in top.everything
            if failing and spot.path in failing
        }
        """What webhooks do, of which it is said; by the item."""
        self.tops = tops(company)
        self.targets = tuple(dict.fromkeys(targets))
        asked: dict[str, dict[Hashable, Question]] = defaultdict(dict)
        constants: dict[str, set[str]] = defaultdict(set)
        named_times: dict[str, None] = dict.fromkeys(times)
        for app in (spot.app for top in self.tops for spot in top.everything):
            for question, variable in self._of(app):
                asked[variable][question.key] = question
            for ref in app.refers():
                if ref.kind == "time":
                    named_times[ref.name] = None
            for name, value in _given(app):
                constants[name].add(value)
        for test in also:
            question = questions.comparison(test, company)
            asked[test.variable][question.key] = question
        self.asked = frozenset(asked)
        of_caller = [question for name in OF_THE_CALLER for question in self._on_the_caller(name, asked.pop(name, {}))]
        self.caller = Dimension(
            CALLER, of_caller, tries=self._callers(of_caller), normal=self._telephone, clash=_never_together
        )
        self.variables = {
            name: Dimension(
                name,
                list(found.values()),
                constants[name],
                tries=_attributes(name),
                clash=_digits_first,
            )
            for name, found in asked.items()
            if name not in CALL_DATA
        }
        self.constants = {name: dict(found) for name, found in asked.items() if name in CALL_DATA}
        self.moments = Moments(company, tuple(named_times), first, overridden=overridden)
        groups: dict[str, list[str]] = defaultdict(list)
        for diversion in company.diversions:
            groups[f"{DIVERSIONS}{diversion.group or diversion.name}"].append(diversion.name)
        self.groups: Mapping[str, Sequence[str]] = groups
        self.by_entrance = bool(asked.keys() & {"callee_number", "dp_ex_number"})

    @property
    def full(self) -> dict[str, int]:
        """What is possible at first, by slot."""
        rigid = {name: (2 << len(names)) - 1 for name, names in self.groups.items()}
        return {CALLER: self.caller.full & ~UNSET, TIME: self.moments.everything, **rigid}

    def start(self) -> Cube:
        """What is possible when a call arrives."""
        return put((), TIME, self.moments.full, self.moments.everything)

    def answers(self, spot: Spot, cube: Cube, name: str, key: Hashable) -> Iterator[tuple[Hashable, Cube]]:
        """The answers to a question about a variable, each with the calls that have it."""
        if name in OF_THE_CALLER:
            usual = self.caller.full & ~UNSET
            for answer, part in self.caller.parts(key, mask(cube, CALLER, usual)):
                yield answer, put(cube, CALLER, part, usual)
        elif name in CALL_DATA:
            yield self._of_the_call(spot, name, key), cube
        elif name not in self.variables:
            yield UNKNOWN, cube
        else:
            dimension = self.variables[name]
            for depth in range(spot.depth, -1, -1):
                here = slot(depth, name)
                possible = mask(cube, here, UNSET)
                for answer, part in dimension.parts(key, possible & ~UNSET):
                    yield answer, put(cube, here, part, UNSET)
                if not possible & UNSET:
                    return
                cube = put(cube, here, UNSET, UNSET)
            yield from ((answer, cube) for answer, _ in dimension.parts(key, UNSET))

    def named_callers(self, cube: Cube) -> Cube | None:
        """The cube without callers who withhold their number, where the plan tells them apart. None: no calls left."""
        usual = self.caller.full & ~UNSET
        withheld = self.caller.mask_of("")
        if withheld & self.caller.mask_of(USUAL_CALLER):
            return cube
        possible = mask(cube, CALLER, usual) & ~withheld
        return put(cube, CALLER, possible, usual) if possible else None

    def holds(self, spot: Spot, cube: Cube, test: Comparison, *, opposite: bool = False) -> Iterator[tuple[bool, Cube]]:
        """Whether a comparison, or its opposite, holds, each with the calls of which it is so."""
        for answer, part in self.answers(spot, cube, test.variable, questions.comparison_key(test)):
            if isinstance(answer, tuple):
                yield bool(cast("tuple[bool, bool]", answer)[1 if opposite else 0]), part
            else:
                yield True, part
                yield False, part

    def within(self, spot: Spot, cube: Cube, name: str, *, at_arrival: bool = False) -> Iterator[tuple[bool, Cube]]:
        """Whether a named time holds now, or when the call arrived."""
        everything = self.moments.everything
        possible = mask(cube, TIME, everything)
        if spot.late and not at_arrival:
            possible = self.moments.passing(possible)
        for held, part in self.moments.split(possible, name, at_arrival=at_arrival).items():
            yield held, put(cube, TIME, part, everything)

    def switched(self, cube: Cube, name: str) -> Iterator[tuple[bool, Cube]]:
        """Whether a diversion is on. At most one of a group is."""
        group, names = next((group, names) for group, names in self.groups.items() if name in names)
        usual = (2 << len(names)) - 1
        possible = mask(cube, group, usual)
        bit = 2 << names.index(name)
        for on, part in ((True, possible & bit), (False, possible & ~bit)):
            if part:
                yield on, put(cube, group, part, usual)

    def set(self, cube: Cube, depth: int, name: str, value: int) -> Cube:
        """The cube with what is possible of a variable from now on; where nothing asks about it, the same cube."""
        return put(cube, slot(depth, name), value, UNSET) if name in self.variables else cube

    def _of_the_call(self, spot: Spot, name: str, key: Hashable) -> Hashable:
        plan = self.company.plans.get(spot.plan) if spot.plan else None
        external = [self.company.canonical(number) for number in plan.external_numbers] if plan else []
        known = {
            "com_id": self.company.id,
            "dp_id": plan.id if plan else "",
            "dp_in_number": (plan.internal_number if plan else None) or "",
            "dp_ex_number": spot.called if spot.called in external else next(iter(external), ""),
            "callee_number": spot.called,
        }
        return self.constants[name][key].ask(known[name]) if name in known else UNKNOWN

    def _of(self, app: AppSettings) -> Iterator[tuple[Question, str]]:
        """What an item asks of its variables."""
        match app.app_name:
            case "condition":
                tests: Sequence[tuple[str, Comparison]] = getattr(app, "tests", ())
                for _, test in tests:
                    yield questions.comparison(test, self.company), test.variable
            case "switch":
                variable: str = getattr(app, "variable", "")
                cases: Mapping[str, Any] = getattr(app, "cases", {})
                folded = bool(getattr(app, "ignore_case", False))
                yield questions.case(variable, tuple(cases), folded, "otherwise", self.company), variable
            case "connect":
                for name in placeholders(whole) if PLACEHOLDER.fullmatch(whole := getattr(app, "to", "")) else ():
                    yield questions.destination(name, self.company, self.targets), name
            case _:
                pass

    def _on_the_caller(self, name: str, found: Mapping[Hashable, Question]) -> Iterator[Question]:
        for question in found.values():
            if name == "caller_number":
                yield question
                continue
            named = partial(_by_name, question, self.company)
            yield Question(question.key, named, frozenset(self.company.names), kind="name")

    def _telephone(self, number: str) -> str:
        return self.company.telephone(number)

    def _callers(self, asked: Sequence[Question]) -> Iterator[str]:
        """Numbers of callers, so many that they differ in whatever plans ask about callers."""
        company = self.company
        country = company.settings.country
        yield from questions.examples(country, "mobile")
        yield from questions.examples(country, "fixed")
        yield from (user.number for user in company.users)
        yield from company.accounts
        yield from company.names
        kinds = {question.kind for question in asked}
        if kinds & {"country", "mobile"}:
            for region in sorted(phonenumbers.SUPPORTED_REGIONS):
                for kind in ("mobile", "fixed", "other"):
                    yield from questions.examples(region, kind)
        yield "99999999999999"  # of no country
        for question in asked:
            if question.shape is None:
                continue
            how, text, _ = question.shape
            if how == "starts":
                yield from questions.lengthened(company, text + "*")
            else:
                digits = numbers.bare(text).removeprefix("+")
                for one in (*questions.examples(country, "mobile"), *questions.examples(country, "fixed")):
                    yield one[: -len(digits)] + digits
                yield "999999" + digits


def _by_name(question: Question, company: Company, number: str | None) -> Hashable:
    return question.ask(company.names.get(number or "", ""))


def _given(app: AppSettings) -> Iterator[tuple[str, str]]:
    """The values that an item gives to variables, where they are plain text."""
    if app.app_name == "set" and not placeholders(getattr(app, "value", "")):
        yield from ((name, str(getattr(app, "value", ""))) for name, _ in app.sets())


def _attributes(name: str) -> Sequence[str]:
    """What webhooks tell of themselves."""
    match name.rpartition(".")[2] if "." in name else "":
        case "reason":
            return (*REASONS, "timeout")
        case "status":
            return ("200", "204", "404", "500", "503")
        case "ms":
            return ("1", "100", "2500")
        case _:
            return ()


def _never_together(first: Question, answer: Hashable, second: Question, said: Hashable) -> bool | None:
    """Of callers' numbers: what no number of all countries' shows together does not go together.

    But for what looks into the digits.
    """
    if first.kind == second.kind == "text" and (first.shape is None or second.shape is None):
        return False
    if first.kind in _KINDS or second.kind in _KINDS or "name" in (first.kind, second.kind):
        return True
    return None


def _digits_first(first: Question, answer: Hashable, second: Question, said: Hashable) -> bool | None:
    """Of destinations: an internal number begins with its own first digit, whatever marks stand in it."""
    for one, leads, other, holds in ((first, answer, second, said), (second, said, first, answer)):
        yes = isinstance(holds, tuple) and cast("tuple[Any, ...]", holds)[0] is True
        if one.kind != "to" or other.shape is None or not isinstance(leads, tuple) or not yes:
            continue
        how, text, _ = other.shape
        kind, name = cast("tuple[str, str]", leads)
        if how == "starts" and kind in ("user", "ring") and text[:1] in set("123456789"):
            return not name.startswith(text[:1])
    return None
