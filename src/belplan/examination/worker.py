"""The process that reckons: a task on the first line of its input, records on those after it.

On its output, a line of JSON each: `{"done": 120}` now and then, at last `{"result": …}` or `{"error": "…"}`. A shadow
goes on for as long as records come, and says of each what came of it: `{"compared": …}`.
"""

import json
import sys
import time
from typing import Any

from belplan.dialplan.problem import PlanError
from belplan.examination.work import shadow, work

EVERY = 0.2  # seconds between words about how far it is


def _say(document: dict[str, Any]) -> None:
    print(json.dumps(document, ensure_ascii=True), flush=True)


def main() -> None:
    """Reckon, once."""
    told = time.monotonic()

    def say(done: int) -> None:
        nonlocal told
        if (now := time.monotonic()) - told >= EVERY:
            told = now
            _say({"done": done})

    try:
        task = json.loads(sys.stdin.readline())
        if task["what"] == "shadow":
            for one in shadow(task, sys.stdin):
                _say({"compared": one})
            return
        _say({"result": work(task, sys.stdin, say)})
    except PlanError as error:
        _say({"error": "; ".join(str(problem) for problem in error.problems)})
    except ValueError as error:
        _say({"error": str(error)})


if __name__ == "__main__":
    import logging

    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    main()
