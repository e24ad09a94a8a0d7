"""What the items and rules of a plan ask about variables, as questions that classes are made by."""

import itertools
from collections.abc import Hashable, Iterable, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, cast

from belplan.dialplan import numbers
from belplan.dialplan.company import Company, DialPlan, Queue, RingGroup, User, VoicemailBox
from belplan.dialplan.comparison import TELEPHONE, Comparison
from belplan.proof.classes import Question, Shape
from belplan.proof.patterns import plain, samples

_AMOUNTS = ("less_than", "at_most", "more_than", "at_least", "between")
_OF_NUMBERS = ("anonymous", "internal", "country", "mobile")


def comparison_key(test: Comparison) -> Hashable:
    """What tells one comparison from another."""
    operator = test.operator
    return ("test", test.variable, operator, getattr(test, operator), test.ignore_case, test.invert)


def comparison(test: Comparison, company: Company) -> Question:
    """A comparison. Its answers are (whether it holds, whether its opposite does): for what is not set, neither."""
    operator = test.operator
    expected: Any = getattr(test, operator)

    def ask(value: str | None) -> tuple[bool, bool]:
        return test.holds(value, company), test.holds(value, company, opposite=True)

    values = cast("tuple[str, ...]", expected if isinstance(expected, tuple) else (str(expected),))
    telephone = test.variable in TELEPHONE
    exact: frozenset[str] | None = None
    shape: Shape | None = None
    tries: tuple[str, ...] = values
    kind = "text"
    cased = test.ignore_case and any(text.lower() != text.upper() for text in values)
    if operator == "is_set":
        exact, tries = frozenset({""}), ()
    elif operator in _OF_NUMBERS:
        kind, tries = operator, ()
    elif telephone:
        tries = values if operator in ("equals", "one_of") else ()
        exact = frozenset(map(company.telephone, values)) if operator in ("equals", "one_of") else None
    elif operator in ("equals", "one_of") and not cased:
        exact = frozenset(text.strip() for text in values)
    elif operator in ("equals", "one_of"):
        tries = tuple(form for text in values for form in (text.lower(), text.upper(), text.swapcase(), text.title()))
        shape = ("is", values[0].strip(), True) if len(values) == 1 else None
    elif operator in _AMOUNTS:
        kind, tries = "amount", tuple(amounts(values))
    elif operator == "matches":
        shape, tries = _pattern(values[0], test.ignore_case), tuple(samples(values[0]))
    else:
        how = {"starts_with": "starts", "ends_with": "ends", "contains": "has"}[operator]
        shape, tries = (how, values[0].strip(), test.ignore_case), (values[0], values[0].swapcase())
    # A test that is turned round says no where the shape is seen.
    return Question(comparison_key(test), ask, exact, tries, None if test.invert else shape, kind)


def _pattern(pattern: str, folded: bool) -> Shape | None:
    text = plain(pattern)
    if text is None:
        return None
    start, inside, end = text
    return ("is" if start and end else "starts" if start else "ends" if end else "has", inside, folded)


def amounts(limits: Iterable[str]) -> list[str]:
    """Numbers at, between and beyond some limits."""
    points = sorted({Decimal(limit) for limit in limits})
    between = [(low + high) / 2 for low, high in itertools.pairwise(points)]
    beyond = [points[0] - 1, points[-1] + 1] if points else []
    return [f"{point:f}" for point in (*points, *between, *beyond)] + [
        f"{point:f}.0" for point in points if point % 1 == 0
    ]


def case_key(variable: str, cases: Sequence[str], ignore_case: bool) -> Hashable:
    return ("case", variable, tuple(cases), ignore_case)


def case(variable: str, cases: Sequence[str], ignore_case: bool, otherwise: str, company: Company) -> Question:
    """Which case of a switch a value has."""
    telephone = variable in TELEPHONE

    def form(value: str) -> str:
        value = company.telephone(value) if telephone else value
        return value.casefold() if ignore_case else value

    forms = {form(word): word for word in reversed(cases)}

    def ask(value: str | None) -> str:
        return otherwise if value is None else forms.get(form(value.strip()), otherwise)

    looks_inside = ignore_case and any(word.lower() != word.upper() for word in cases)
    exact = None if looks_inside else frozenset(company.telephone(word) if telephone else word for word in cases)
    tries = tuple(text for word in cases for text in (word, word.upper(), word.lower(), word.swapcase()))
    return Question(case_key(variable, cases, ignore_case), ask, exact, tries)


Target = tuple[str, str]
"""Where a number leads: plan and its name; user, ring (a group) or outside and a number; or failed."""

FAILED: Target = ("failed", "")


def leads_to(company: Company, text: str, *, written: bool) -> Target:
    """Where connecting to a number leads. `written` is one that the plan itself names; others obey the rules."""
    number = company.canonical(text)
    destination = company.destination(number)
    match destination:
        case DialPlan():
            return "plan", destination.name
        case User():
            return "user", destination.number
        case RingGroup():
            return "ring", destination.number
        case Queue():
            return "queue", destination.number
        case VoicemailBox():
            return FAILED
        case None:
            pass
    if not numbers.is_dialable(number) or not company.trunks:
        return FAILED
    if not written and (not company.may_call(number) or numbers.is_emergency(number, company.settings.country)):
        return FAILED
    return "outside", number


def destination(variable: str, company: Company, targets: Iterable[str]) -> Question:
    """Where a variable leads whose value is the number to connect to. `targets` are outside numbers that rules name."""
    named = tuple(targets)

    def ask(value: str | None) -> Target:
        kind, name = leads_to(company, value or "", written=False)
        return (
            kind,
            ",".join(target for target in named if is_number(company, name, target)) if kind == "outside" else name,
        )

    country = company.settings.country
    own = [*company.internal, *company.external]
    spaced = [f"tel:{number}" for number in own] + [f"+{number}" for number in company.external]
    outside = [example for kind in ("mobile", "fixed") for example in examples(country, kind)]
    asked = [text for target in named for text in lengthened(company, target)]
    return Question(("to", variable), ask, None, (*own, *spaced, *outside, *asked, "112", "99999999999999"), kind="to")


def is_number(company: Company, number: str, target: str) -> bool:
    """Whether a number in its one form is the one, or one of those, that a rule names (`201`, `+49*`)."""
    if target.endswith("*"):
        return number.startswith(numbers.prefix(target[:-1], company.settings.country))
    return number == company.canonical(target)


@cache
def examples(country: str, kind: str) -> tuple[str, ...]:
    """Numbers of a country, in their one form."""
    import phonenumbers
    from phonenumbers import PhoneNumberType

    types = {
        "mobile": (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE),
        "fixed": (PhoneNumberType.FIXED_LINE,),
        "other": (PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.VOIP),
    }[kind]
    found = (phonenumbers.example_number_for_type(country, one) for one in types)
    return tuple(phonenumbers.format_number(one, phonenumbers.PhoneNumberFormat.E164)[1:] for one in found if one)


def lengthened(company: Company, beginning: str) -> list[str]:
    """Numbers that begin so (`+49*`, `06`): valid ones and others."""
    import phonenumbers

    start = numbers.prefix(beginning.removesuffix("*"), company.settings.country)
    found = [start] if not beginning.endswith("*") else []
    for region in phonenumbers.SUPPORTED_REGIONS:
        code = str(phonenumbers.country_code_for_region(region))
        if start.startswith(code) or code.startswith(start):
            for kind in ("mobile", "fixed"):
                found += [start + one[len(start) :] for one in examples(region, kind) if len(one) > len(start)]
    return [*found, (start + "000000")[: max(8, len(start) + 2)], (start + "1234567")[:15]]
