"""Answers that are kept for a while, where a plan asks for it."""

from collections import OrderedDict

from belplan.webhook.exchange import Answer

MOST = 10_000  # answers; the oldest goes first

Key = tuple[str, ...]


class AnswerCache:
    """Answers by whatever makes two requests the same. In memory only: they may be about people."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[Key, tuple[float, Answer]] = OrderedDict()

    def get(self, key: Key, now: float) -> Answer | None:
        """The answer, while it is fresh at `now` (seconds of a clock that never runs backwards)."""
        until, answer = self._kept.get(key, (now, None))
        if answer is not None and until <= now:
            del self._kept[key]
            return None
        return answer

    def put(self, key: Key, answer: Answer, until: float) -> None:
        """Keep it until then."""
        self._kept[key] = until, answer
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
