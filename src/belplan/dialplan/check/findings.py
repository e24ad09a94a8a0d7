"""What the checks of a plan have found so far, and what they must not speak of."""

from collections.abc import Collection, Sequence
from typing import Any, cast

from belplan.dialplan import source
from belplan.dialplan.load import Loaded
from belplan.dialplan.places import Keys, Spot, Top, inner_keys
from belplan.dialplan.problem import Problem, Severity, did_you_mean, join

# Pairs of words compared for "did you mean": half a second's worth. Beyond, the messages do without.
MAX_COMPARISONS = 20_000


class Findings:
    """The problems of a plan. Nothing is said twice, nor of what could not be read."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.company = loaded.company
        self._problems = list(loaded.problems)
        self._said = {(problem.path, problem.code) for problem in loaded.problems}
        self._hints: dict[str, str] = {}
        self._comparisons = 0

    def say(self, keys: Keys, code: str, message: str, severity: Severity = "error", *, always: bool = False) -> None:
        """Add a problem at a place of the file; unless `always`, only if what stands there was not refused already."""
        path = join(*keys)
        if (path, code) in self._said or (path in self.loaded.broken and not always):
            return
        self._said.add((path, code))
        self._problems.append(Problem(path, code, message, severity, *source.place(self.loaded.raw, keys)))

    def say_of(self, spot: Spot, setting: str, code: str, message: str, severity: Severity = "error") -> None:
        """Add a problem with a setting of an item, unless its author never wrote it."""
        keys = (*spot.keys, *inner_keys(setting))
        if self.written(spot, setting):
            self.say(keys, code, message, severity)

    def written(self, spot: Spot, setting: str) -> bool:
        """Whether the author wrote this setting of an item: one that could not be read has those of a stand-in."""
        if spot.path not in self.loaded.broken:
            return True
        if spot.path in self.loaded.stood_in:
            return False
        return inner_keys(setting)[0] in _mapping(self.raw(spot.keys))

    def forget_stand_ins(self, everything: Sequence[Top]) -> None:
        """Leave out the variables that only the stand-in of an item sets."""
        if self.loaded.broken:
            for top in everything:
                for spot in top.everything:
                    if spot.path in self.loaded.broken:
                        spot.sets = tuple(pair for pair in spot.sets if self.written(spot, pair[1]))

    def raw(self, keys: Keys) -> Any:
        """What stands at a place of the file; None where nothing does."""
        value = self.loaded.raw
        for key in keys:
            try:
                value = value[key]
            except (LookupError, TypeError):
                return None
        return value

    def entry(self, section: str, index: int) -> Keys:
        """Where an entry of the company stands in the file."""
        return section, self.loaded.kept[section][index]

    def has(self, keys: Keys, name: str) -> bool:
        """Whether an entry has this field from its author, and right."""
        return name in _mapping(self.raw(keys)) and join(*keys, name) not in self.loaded.broken

    def lost(self, name: str, *sections: str) -> bool:
        """Whether a name may belong to something that could not be read, or to an entry of such a section."""
        return name in self.loaded.lost or any(section in self.loaded.broken for section in sections)

    def nearest(self, word: str, known: Collection[str]) -> str:
        """` (did you mean "klant"?)`, or nothing."""
        if word not in self._hints:
            self._comparisons += len(known)
            self._hints[word] = did_you_mean(word, known) if self._comparisons <= MAX_COMPARISONS else ""
        return self._hints[word]

    def in_order(self) -> list[Problem]:
        """All problems, from the top of the file to its end."""
        return sorted(self._problems, key=lambda problem: (problem.line, problem.column))


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
