"""Classes of values: all texts that no question of a plan can tell apart are one class.

A condition compares a variable in a few ways, and so cuts the texts that it may hold into finitely many
classes. A class is known by a witness, a text in it, of which every question is really asked. Where no
witness is found for a class that cannot be ruled out either, the class stays, and is marked: whoever
reaches something only through such a class *may* reach it.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

UNSET = 1
"""The mask of the class that every variable has first: it was not set."""

UNKNOWN = "?"
"""The answer of a class of which the answer cannot be told."""

_MOST_CLASSES = 256  # without a witness; beyond, they are one class of which nothing is known

Shape = tuple[str, str, bool]
"""How a text question looks into a text: (starts, ends, has or is; what; whether capitals are ignored)."""


@dataclass(frozen=True)
class Question:
    """Something that a plan asks about a variable: a comparison, a choice among cases, where a number leads.

    `exact` are the texts that it compares with as a whole, where it does nothing else: all other texts get
    one and the same answer. `shape` is what a yes means, where that can be said.
    """

    key: Hashable
    ask: Callable[[str | None], Hashable] = field(compare=False)
    exact: frozenset[str] | None = field(default=None, compare=False)
    tries: tuple[str, ...] = field(default=(), compare=False)
    shape: Shape | None = field(default=None, compare=False)
    kind: str = field(default="text", compare=False)


@dataclass(frozen=True, slots=True)
class Class:
    """Texts that no question tells apart. `witness` is one of them; None for a variable that was not set."""

    witness: str | None
    answers: tuple[Hashable, ...]
    sure: bool = True


class Dimension:
    """The classes of one variable, each a bit of a mask. The first is the variable that was not set."""

    def __init__(
        self,
        name: str,
        questions: Sequence[Question],
        constants: Iterable[str] = (),
        tries: Iterable[str] = (),
        normal: Callable[[str], str] = str.strip,
        clash: Callable[[Question, Hashable, Question, Hashable], bool | None] | None = None,
    ) -> None:
        self.name = name
        self.questions = tuple(questions)
        self._at = {question.key: index for index, question in enumerate(self.questions)}
        self._clash = clash or _undecided
        self._parts: dict[tuple[Hashable, int], tuple[tuple[Hashable, int], ...]] = {}
        exact = {normal(text) for question in self.questions for text in question.exact or ()}
        exact |= {normal(text) for text in constants}
        self.named = tuple(sorted(exact - {""}))
        candidates = [*tries, *(text for question in self.questions for text in question.tries)]
        others = [text for text in dict.fromkeys(candidates) if normal(text) and normal(text) not in exact]
        others.append(_another(exact))
        found: dict[tuple[bool, tuple[Hashable, ...]], Class] = {}
        for text in (None, "", *self.named, *others):
            answers = tuple(question.ask(text) for question in self.questions)
            found.setdefault((text is None, answers), Class(text, answers))
        rest = tuple(question.ask(others[-1]) for question in self.questions)
        for answers in self._unwitnessed({key[1] for key in found}, found, rest):
            found.setdefault((False, answers), Class(None, answers, sure=False))
        self.classes = tuple(found.values())
        self.full = (1 << len(self.classes)) - 1
        self.any_set = self.full & ~UNSET
        self.constants = {text: self.mask_of(text) for text in {"", *constants}}

    @cached_property
    def sure(self) -> int:
        """The mask of the classes that have a witness."""
        return sum(1 << index for index, one in enumerate(self.classes) if one.sure)

    def mask_of(self, text: str) -> int:
        """The class that a text is in."""
        answers = tuple(question.ask(text) for question in self.questions)
        for index, one in enumerate(self.classes):
            if index and one.answers == answers:
                return 1 << index
        return self.any_set

    def parts(self, key: Hashable, mask: int) -> tuple[tuple[Hashable, int], ...]:
        """The classes in a mask by the answer to a question. One of which nothing is known is in every part."""
        if (found := self._parts.get((key, mask))) is not None:
            return found
        at = self._at[key]
        parts: dict[Hashable, int] = {}
        unknown = 0
        for index in bits(mask):
            answer = self.classes[index].answers[at]
            if answer == UNKNOWN:
                unknown |= 1 << index
            else:
                parts[answer] = parts.get(answer, 0) | 1 << index
        if unknown:
            known = {one.answers[at] for one in self.classes} - {UNKNOWN}
            parts = {answer: parts.get(answer, 0) | unknown for answer in known}
        self._parts[key, mask] = result = tuple(parts.items())
        return result

    def _unwitnessed(
        self,
        seen: set[tuple[Hashable, ...]],
        found: dict[tuple[bool, tuple[Hashable, ...]], Class],
        rest: tuple[Hashable, ...],
    ) -> list[tuple[Hashable, ...]]:
        """Answers that no text tried gives, and that cannot be ruled out."""
        free = [index for index, question in enumerate(self.questions) if question.exact is None]
        if not free:
            return []
        options = [
            sorted({one.answers[index] for (unset, _), one in found.items() if not unset}, key=repr)
            if index in free
            else [rest[index]]
            for index in range(len(self.questions))
        ]
        together = {
            (one, a, other, b)
            for answers in seen
            for one, a in enumerate(answers)
            for other, b in enumerate(answers[:one])
        }
        combinations: list[tuple[Hashable, ...]] = []
        for combination in self._combined(options, (), together):
            combinations.append(combination)
            if len(combinations) > _MOST_CLASSES + len(seen):
                unknown = tuple(UNKNOWN if index in free else rest[index] for index in range(len(rest)))
                return [unknown]
        return [one for one in combinations if one not in seen]

    def _combined(
        self,
        options: Sequence[Sequence[Hashable]],
        chosen: tuple[Hashable, ...],
        together: set[tuple[int, Hashable, int, Hashable]],
    ) -> Iterator[tuple[Hashable, ...]]:
        at = len(chosen)
        if at == len(options):
            yield chosen
            return
        for answer in options[at]:
            if not any(self._excludes(at, answer, other, said, together) for other, said in enumerate(chosen)):
                yield from self._combined(options, (*chosen, answer), together)

    def _excludes(
        self,
        one: int,
        answer: Hashable,
        other: int,
        said: Hashable,
        together: set[tuple[int, Hashable, int, Hashable]],
    ) -> bool:
        if (one, answer, other, said) in together:
            return False
        first, second = self.questions[one], self.questions[other]
        judged = self._clash(first, answer, second, said)
        if judged is not None:
            return judged
        return clashes(first, answer, second, said) or clashes(second, said, first, answer)


def _undecided(first: Question, answer: Hashable, second: Question, said: Hashable) -> bool | None:
    return None


def clashes(first: Question, answer: Hashable, second: Question, said: Hashable) -> bool:
    """Whether a yes to the first question rules out this answer to the second."""
    if first.shape is None or second.shape is None or not _yes(answer):
        return False
    how, text, folded = first.shape
    other_how, other_text, other_folded = second.shape
    one, other = (text.casefold(), other_text.casefold()) if folded or other_folded else (text, other_text)
    if _yes(said):
        match how, other_how:
            case "starts", "starts":
                return not (one.startswith(other) or other.startswith(one))
            case "ends", "ends":
                return not (one.endswith(other) or other.endswith(one))
            case "is", "is":
                return one != other
            case "is", "starts":
                return not one.startswith(other)
            case "is", "ends":
                return not one.endswith(other)
            case "is", "has":
                return other not in one
            case _:
                return False
    if folded and not other_folded:
        return False  # capitals may make the difference
    match other_how:
        case "starts":
            return how in ("starts", "is") and one.startswith(other)
        case "ends":
            return how in ("ends", "is") and one.endswith(other)
        case "has":
            return how in ("starts", "ends", "has", "is") and other in one
        case "is":
            return how == "is" and one == other
        case _:
            return False


def _yes(answer: Hashable) -> bool:
    return answer is True or (isinstance(answer, tuple) and answer[0] is True)


def bits(mask: int) -> Iterator[int]:
    """The indexes of the bits that are on."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _another(exact: set[str]) -> str:
    """A text that is none of these."""
    word = "iets anders"
    while word in exact:
        word += "!"
    return word
