"""Comparing a variable with what a plan says: the rules of the Condition app.

Text compares exactly, after trimming; numbers compare as numbers only with the numeric operators.
Telephone numbers are brought into one form on both sides first. A variable that is not set matches
nothing, inverted or not: only *is not set* holds for it.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Self, cast

import re2
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from belplan.dialplan import numbers
from belplan.dialplan.fields import Country, Settings, Text, refuse

if TYPE_CHECKING:
    from belplan.dialplan.company import Company

TELEPHONE = frozenset({"caller_number", "callee_number", "dp_in_number", "dp_ex_number"})

_NUMBER = re.compile(r"[-+]?[0-9]{1,40}(\.[0-9]{1,40})?")


def _amount(text: str) -> str:
    if not _NUMBER.fullmatch(text.strip()):
        raise refuse("invalid-value", f'"{text}" is not a number; write 10 or 9.95')
    return text.strip()


def _in_order(limits: tuple[str, str]) -> tuple[str, str]:
    if Decimal(limits[0]) > Decimal(limits[1]):
        raise refuse("invalid-value", f"no number is between {limits[0]} and {limits[1]}: write the smaller one first")
    return limits


def compiled(pattern: str) -> Any:
    """A regular expression that takes time in proportion to the text, whatever it is (RE2). Raises ValueError."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:  # pyright: ignore[reportUnknownVariableType]
        words: object = cast("Exception", error).args[0]
        raise ValueError(words.decode() if isinstance(words, bytes) else str(words)) from None


def _pattern(text: str) -> str:
    try:
        compiled(text)
    except ValueError as error:
        raise refuse("invalid-pattern", f"not a regular expression: {error}") from None
    return text


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Amount = Annotated[Text, AfterValidator(_amount)]
VariableRead = Annotated[
    str,
    Field(
        description="Name of a variable or of a call datum.",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}(\.(status|reason|ms))?$",
    ),
]


class Comparison(Settings):
    """One test of one variable, with exactly one operator."""

    variable: VariableRead = "caller_number"
    equals: Annotated[Text | None, Field(description="Is this text.")] = None
    one_of: Annotated[tuple[Text, ...] | None, Field(description="Is one of these texts.", min_length=1)] = None
    starts_with: Annotated[Text | None, Field(description="Begins with this text.")] = None
    ends_with: Annotated[Text | None, Field(description="Ends with this text.")] = None
    contains: Annotated[Text | None, Field(description="Has this text in it.")] = None
    matches: Annotated[
        Annotated[Text, AfterValidator(_pattern)] | None,
        Field(description="A regular expression (RE2) that occurs in it."),
    ] = None
    is_set: Annotated[bool | None, Field(description="Was set, and not to nothing.")] = None
    less_than: Annotated[Amount | None, Field(description="Is a smaller number.")] = None
    at_most: Annotated[Amount | None, Field(description="Is this number or a smaller one.")] = None
    more_than: Annotated[Amount | None, Field(description="Is a larger number.")] = None
    at_least: Annotated[Amount | None, Field(description="Is this number or a larger one.")] = None
    between: Annotated[
        Annotated[tuple[Amount, Amount], AfterValidator(_in_order)] | None,
        Field(description="Is a number from the first to the second, both included."),
    ] = None
    anonymous: Annotated[bool | None, Field(description="The number is withheld.")] = None
    internal: Annotated[bool | None, Field(description="The number is one of the company's own people.")] = None
    country: Annotated[
        Annotated[tuple[Country, ...], BeforeValidator(_one_or_more)] | None,
        Field(description="The number is of this country (ISO 3166), or of one of these.", min_length=1),
    ] = None
    mobile: Annotated[bool | None, Field(description="The number is a mobile one.")] = None
    ignore_case: Annotated[bool, Field(description="Capitals and small letters are the same.")] = False
    invert: Annotated[bool, Field(description="The opposite.")] = False

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.check_operators()
        return self

    def check_operators(self) -> None:
        """Raises PydanticCustomError unless there is exactly one operator."""
        given = self.operators()
        if not given:
            raise refuse(
                "missing-field", f"give one operator, such as equals or is_set; there are {', '.join(OPERATORS)}"
            )
        if len(given) > 1:
            raise refuse(
                "invalid-value", f"one operator each, here are {' and '.join(given)}; use all: or any: for several"
            )

    def operators(self) -> list[str]:
        """The operators that were given."""
        return [name for name in OPERATORS if getattr(self, name, None) is not None]

    @cached_property
    def operator(self) -> str:
        """The one operator of a comparison that was read."""
        return self.operators()[0]

    def holds(self, value: str | None, company: "Company", opposite: bool = False) -> bool:
        """Whether it, or its opposite, holds for a value; None is a variable that is not set: neither does."""
        invert = self.invert is not opposite
        operator = self.operator
        expected = getattr(self, operator)
        if operator == "is_set":
            return (bool(value and value.strip()) is expected) is not invert
        if value is None:
            return False
        value = value.strip()
        if operator in _OF_NUMBERS:
            held = _OF_NUMBERS[operator](company.telephone(value), expected, company)
        elif operator in _OF_AMOUNTS:
            held = bool(_NUMBER.fullmatch(value)) and _OF_AMOUNTS[operator](Decimal(value), expected)
        else:
            held = self._text_holds(operator, value, expected, company)
        return held is not invert

    def _text_holds(self, operator: str, value: str, expected: Any, company: "Company") -> bool:
        if self.variable in TELEPHONE:
            value = company.telephone(value)
            expected = _same_form(operator, expected, company)
        if operator == "matches":
            pattern = f"(?i){expected}" if self.ignore_case else cast("str", expected)
            return _search(pattern, value)
        wanted = [
            text.strip()
            for text in (cast("tuple[str, ...]", expected) if operator == "one_of" else (cast("str", expected),))
        ]
        if self.ignore_case:
            value, wanted = value.casefold(), [text.casefold() for text in wanted]
        return any(_OF_TEXT[operator](value, text) for text in wanted)


def _same_form(operator: str, expected: Any, company: "Company") -> Any:
    country = company.settings.country
    match operator:
        case "equals":
            return company.telephone(expected)
        case "one_of":
            return tuple(company.telephone(number) for number in expected)
        case "starts_with":
            return numbers.prefix(expected, country)
        case "ends_with" | "contains":
            return numbers.bare(expected).removeprefix("+")
        case _:
            return expected


_patterns: dict[str, Any] = {}


def _search(pattern: str, value: str) -> bool:
    if pattern not in _patterns:
        if len(_patterns) > 10_000:
            _patterns.clear()
        _patterns[pattern] = compiled(pattern)
    return _patterns[pattern].search(value) is not None


_OF_TEXT: dict[str, Callable[[str, str], bool]] = {
    "equals": str.__eq__,
    "one_of": str.__eq__,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "contains": str.__contains__,
}

_OF_AMOUNTS: dict[str, Callable[[Decimal, Any], bool]] = {
    "less_than": lambda value, limit: value < Decimal(limit),
    "at_most": lambda value, limit: value <= Decimal(limit),
    "more_than": lambda value, limit: value > Decimal(limit),
    "at_least": lambda value, limit: value >= Decimal(limit),
    "between": lambda value, limits: Decimal(limits[0]) <= value <= Decimal(limits[1]),
}

_OF_NUMBERS: dict[str, Callable[[str, Any, "Company"], bool]] = {
    "anonymous": lambda number, wanted, _: (number == "") is wanted,
    "internal": lambda number, wanted, company: (number in company.internal) is wanted,
    "country": lambda number, countries, _: numbers.country_of(number) in countries,
    "mobile": lambda number, wanted, _: (numbers.kind_of(number) == "mobile") is wanted,
}

OPERATORS = (
    "equals", "one_of", "starts_with", "ends_with", "contains", "matches", "is_set", *_OF_AMOUNTS, *_OF_NUMBERS,
)  # fmt: skip
