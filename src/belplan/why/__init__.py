"""Why a call went where it went, in one sentence, and where it would have gone otherwise."""

from belplan.dialplan.company import Company
from belplan.engine.cdr import CallRecord
from belplan.why.cause import explain
from belplan.why.sentence import LANGUAGES, sentence
from belplan.why.turnings import turnings

__all__ = ["turnings", "why"]


def why(company: Company, record: CallRecord) -> dict[str, str]:
    """One sentence about a call in each language: `{"nl": …, "en": …}`. `company` is the version that it walked.

    The last decision that sent the call off its way, and what one other answer had led to: that is walked, not
    guessed. It does not say who called. Needs no event loop, and takes a few milliseconds.
    """
    found = explain(company, record)
    return {language: sentence(company, found, language) for language in LANGUAGES}
