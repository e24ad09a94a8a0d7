"""`$[…]`: what Asterisk's expressions say, as tests that a plan's conditions can make.

The grammar is that of Asterisk's own page on expressions: `|`, `&`, comparisons, sums, `!`, parentheses and quotes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from belplan.migration.asterisk.text import Ref, Texts, Unknown, Value, constant, joined
from belplan.migration.draft import Item


@dataclass(frozen=True, slots=True)
class Leaf:
    """One test of a condition."""

    item: tuple[tuple[str, object], ...]

    def as_item(self) -> Item:
        return dict(self.item)


@dataclass(frozen=True, slots=True)
class Both:
    tests: tuple["Test", ...]


@dataclass(frozen=True, slots=True)
class Either:
    tests: tuple["Test", ...]


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A test that no condition can make: the original text."""

    text: str


Test = bool | Leaf | Both | Either | Unsaid

_TOKEN = re.compile(
    r'\s*(?:(?P<text>"[^"]*")|(?P<sign>\|\|?|&&?|!=|==|<=|>=|=~|[=<>:+*/%!()?-])|(?P<word>[^\s|&=<>:+*/%!()?"-]+))'
)
_SIGNS = ("=", "==", "!=", "<", ">", "<=", ">=", "=~", ":")
_SUMS = ("+", "-", "*", "/", "%")
_COMPARE: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
}
_WORDS = {"<": "less_than", ">": "more_than", "<=": "at_most", ">=": "at_least"}
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}
_MARK = "\x00{}\x01"  # stands for a variable while the expression is taken apart


def leaf(variable: str, **operator: object) -> Leaf:
    """A test of one variable."""
    return Leaf((("variable", variable), *operator.items()))


def test_of(text: str, texts: Texts) -> Test:
    """The test in GotoIf's first part: an expression, or a text, which holds unless it is nothing or 0."""
    text = text.strip()
    if text.startswith("$[") and text.endswith("]"):
        return _Reader(text[2:-1], texts).test()
    return _holds(texts.fill(text), text)


def value_of(text: str, texts: Texts) -> Value:
    """A text in which expressions may stand, worked out where they are known."""
    parts: list[object] = []
    at = 0
    while (start := text.find("$[", at)) >= 0:
        end = _end(text, start + 2)
        parts += texts.fill(text[at:start])
        inner = _Reader(text[start + 2 : end], texts).value()
        parts += inner if inner is not None else (Unknown(text[start : end + 1]),)
        at = end + 1
    parts += texts.fill(text[at:])
    return joined(parts)  # pyright: ignore[reportArgumentType] - parts of values


def negated(test: Test) -> Test:
    """The opposite, as Asterisk means it: what is not set is an empty text, and differs from every other."""
    match test:
        case bool():
            return not test
        case Both(tests):
            return Either(tuple(negated(one) for one in tests))
        case Either(tests):
            return Both(tuple(negated(one) for one in tests))
        case Leaf():
            item = test.as_item()
            if "is_set" in item:
                return leaf(item["variable"], is_set=not item["is_set"])
            turned = Leaf((*test.item, ("invert", True)))
            return Either((leaf(item["variable"], is_set=False), turned))
        case Unsaid():
            return test


class _Reader:
    """Reads one expression. Variables are marked first, so that what is in them is no sign."""

    def __init__(self, text: str, texts: Texts) -> None:
        self._text = text
        self._values: list[Value] = []
        marked = ""
        for part in texts.fill(text):
            if isinstance(part, str):
                marked += part
            else:
                marked += _MARK.format(len(self._values))
                self._values.append((part,))
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(marked.rstrip()):
            found = _TOKEN.match(marked, at)
            if not found:
                self._tokens = [("bad", marked)]
                break
            kind = found.lastgroup or ""
            self._tokens.append((kind, found[kind]))
            at = found.end()
        self._at = 0

    def test(self) -> Test:
        test = self._any()
        return test if self._at == len(self._tokens) else Unsaid(f"$[{self._text}]")

    def value(self) -> Value | None:
        """A sum, or a test as 1 and 0. None where it is not known."""
        number = self._sum()
        if number is not None and self._at == len(self._tokens):
            return number
        self._at = 0
        test = self.test()
        return (str(int(test)),) if isinstance(test, bool) else None

    def _any(self) -> Test:
        tests = [self._all()]
        while self._sign("|", "||"):
            tests.append(self._all())
        if True in tests:
            return True
        tests = [test for test in tests if test is not False]
        return tests[0] if len(tests) == 1 else Either(tuple(tests)) if tests else False

    def _all(self) -> Test:
        tests = [self._one()]
        while self._sign("&", "&&"):
            tests.append(self._one())
        if False in tests:
            return False
        tests = [test for test in tests if test is not True]
        return tests[0] if len(tests) == 1 else Both(tuple(tests)) if tests else True

    def _one(self) -> Test:
        if self._sign("!"):
            return negated(self._one())
        began = self._at
        if self._sign("("):
            test = self._any()
            if self._sign(")") and not self._peek(*_SIGNS, *_SUMS):
                return test
            self._at = began
        left = self._sum()
        if left is None:
            return Unsaid(f"$[{self._text}]")
        sign = next((one for one in _SIGNS if self._sign(one)), "")
        if not sign:
            return _holds(left, self._text)
        right = self._sum()
        if right is None:
            return Unsaid(f"$[{self._text}]")
        return _compared(left, "=" if sign == "==" else sign, right, self._text)

    def _sum(self) -> Value | None:
        left = self._atom()
        while left is not None and (sign := self._peek(*_SUMS)):
            self._at += 1
            right = self._atom()
            one, other = _number(left), _number(right)
            if one is None or other is None or (sign in "/%" and not other):
                return None
            results = {"+": one + other, "-": one - other, "*": one * other}
            number = results[sign] if sign in results else one // other if sign == "/" else one % other
            left = (str(number),)
        return left

    def _atom(self) -> Value | None:
        if self._sign("("):
            inner = self._sum()
            return inner if self._sign(")") else None
        minus = self._sign("-")
        # Words that stand side by side are one text, as in Asterisk: `a b`.
        parts: list[object] = []
        while self._at < len(self._tokens) and self._tokens[self._at][0] in ("text", "word"):
            kind, text = self._tokens[self._at]
            self._at += 1
            parts += self._unmarked(text[1:-1] if kind == "text" else text)
        if minus:
            parts = ["-", *parts]
        if not parts and not (self._at and self._tokens[self._at - 1] == ("text", '""')):
            # Nothing at all: `$[${x} = ]` compares with an empty text.
            return () if self._at == len(self._tokens) or self._peek(*_SIGNS, "&", "&&", "|", "||", ")") else None
        return joined(parts)  # pyright: ignore[reportArgumentType] - parts of values

    def _unmarked(self, text: str) -> list[object]:
        pieces = re.split("\x00(\\d+)\x01", text)
        return [part for i, one in enumerate(pieces) for part in (self._values[int(one)] if i % 2 else (one,))]

    def _peek(self, *signs: str) -> str:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            return text if kind == "sign" and text in signs else ""
        return ""

    def _sign(self, *signs: str) -> bool:
        found = bool(self._peek(*signs))
        self._at += found
        return found


def _number(value: Value | None) -> int | None:
    text = constant(value) if value is not None else None
    try:
        return int(text) if text is not None else None
    except ValueError:
        return 0 if text == "" else None


def _holds(value: Value, original: str) -> Test:
    """A value alone: it holds unless it is nothing or 0."""
    text = constant(value)
    if text is not None:
        return text.strip() not in ("", "0")
    if len(value) == 1 and isinstance(value[0], Ref):
        ref = value[0]
        if ref.question:
            return _asked(ref, "!=", "0", original)
        if ref.whole:
            return Both((leaf(ref.name, is_set=True), leaf(ref.name, equals="0", invert=True)))
    return Unsaid(original)


def _compared(left: Value, sign: str, right: Value, original: str) -> Test:
    one, other = constant(left), constant(right)
    if one is not None and other is not None:
        return _known(one, sign, other)
    if one is not None and sign in _TURNED:
        left, right, sign, other = right, left, _TURNED[sign], one
    if other is None or len(left) != 1 or not isinstance(left[0], Ref):
        return _same_ends(left, sign, other, original)
    ref = left[0]
    if ref.question:
        return _asked(ref, sign, other, original)
    if not ref.whole:
        return _cut(ref, sign, other, original)
    if sign in ("=", "!="):
        if other.strip() == "":
            return leaf(ref.name, is_set=sign == "!=")
        if ref.name == "caller_number" and other.lower() in ("anonymous", "unknown", "withheld", "private"):
            hidden = leaf(ref.name, is_set=False)
            return hidden if sign == "=" else negated(hidden)
        equal = leaf(ref.name, equals=other)
        return equal if sign == "=" else negated(equal)
    if sign in ("=~", ":"):
        return leaf(ref.name, matches=other if sign == "=~" else f"^(?:{other})")
    return leaf(ref.name, **{_WORDS[sign]: other}) if re.fullmatch(r"-?\d+(\.\d+)?", other) else Unsaid(original)


def _same_ends(left: Value, sign: str, other: str | None, original: str) -> Test:
    """`"x${a}" = "x1"`: the same text on both sides around one variable says nothing; old plans are full of it."""
    refs = [part for part in left if not isinstance(part, str)]
    if other is None or len(refs) != 1 or not isinstance(refs[0], Ref):
        return Unsaid(original)
    at = left.index(refs[0])
    before, after = constant(left[:at]) or "", constant(left[at + 1 :]) or ""
    if other.startswith(before) and other.endswith(after) and len(other) >= len(before) + len(after):
        return _compared((refs[0],), sign, joined([other[len(before) : len(other) - len(after)]]), original)
    return {"=": False, "!=": True}.get(sign, Unsaid(original))


def _cut(ref: Ref, sign: str, other: str, original: str) -> Test:
    """`${x:0:2} = 06` is how a dialplan says that x begins with 06; `${x:-2} = 95` that it ends with 95."""
    if sign not in ("=", "!=") or not other:
        return Unsaid(original)
    test: Test
    if ref.first == 0 and ref.length == len(other):
        test = leaf(ref.name, starts_with=other)
    elif ref.first < 0 and -ref.first == len(other) and ref.length in (None, len(other)):
        test = leaf(ref.name, ends_with=other)
    else:
        return Unsaid(original)
    return test if sign == "=" else negated(test)


def _asked(ref: Ref, sign: str, other: str, original: str) -> Test:
    """What a function says of a variable, compared with a number: LEN, EXISTS, ISNULL, REGEX."""
    if ref.question == "LEN":
        sizes = {size: _known(str(size), sign, other) for size in (0, 1, 1000)}
        if sizes[1] == sizes[1000] != sizes[0]:
            return leaf(ref.name, is_set=bool(sizes[1]))
        return Unsaid(original)
    yes, no = _known("1", sign, other), _known("0", sign, other)
    if yes == no:
        return yes
    test: Test
    if ref.question == "REGEX":
        test = leaf(ref.name, matches=ref.pattern)
    else:
        test = leaf(ref.name, is_set=ref.question == "EXISTS")
    return test if yes else negated(test)


def _known(one: str, sign: str, other: str) -> bool:
    """A comparison of two texts: as numbers where both are, else as texts."""
    if sign in ("=~", ":"):
        return re.search(other, one) is not None if sign == "=~" else re.match(other, one) is not None
    try:
        left, right = Decimal(one.strip()), Decimal(other.strip())
    except InvalidOperation:
        signs = {"=": one == other, "!=": one != other, "<": one < other, ">": one > other}
        return signs.get(sign, one <= other if sign == "<=" else one >= other)
    return left != right if sign == "!=" else _COMPARE[sign](left, right)


def _end(text: str, at: int) -> int:
    depth = 1
    while at < len(text):
        depth += text[at] in "[{"
        depth -= text[at] in "]}"
        if not depth:
            return at
        at += 1
    return len(text)
