"""From a plan as it is kept to a company that takes calls, with everything that is wrong on the way."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from belplan.apps import APPS
from belplan.apps.webhook import Webhook
from belplan.dialplan.check import check
from belplan.dialplan.company import Company
from belplan.dialplan.fields import Prompt, placeholders
from belplan.dialplan.load import load
from belplan.dialplan.places import tops
from belplan.dialplan.problem import PlanError, Problem
from belplan.dialplan.scope import Scopes, lexical
from belplan.engine.companies import account, on_exchange
from belplan.webhook import Policy, check_url

LONGEST_ACCOUNT = 64  # characters of a SIP account on the exchange
LONGEST_TRUNK = 40

_URLS = ("url", "fallback_url")  # of a webhook


@dataclass(frozen=True, slots=True)
class Examined:
    """A plan that was looked at. `company` is absent where a problem is an error.

    `scope` are the variables above each place of a route, by its path without the app (`dial_plans[0].route[2]`); the
    place below the last item is one too.
    """

    company: Company | None
    problems: tuple[Problem, ...]
    scope: dict[str, list[str]]

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "error"]


def examine(
    plan: dict[str, Any], policy: Policy | None, secrets: Callable[[str], bool] | None, handle: str = ""
) -> Examined:
    """Look at a plan as JSON has it. It takes a while for a large one: do it in a thread.

    `handle` is the company's on an exchange of many; `secrets` says whether there is a value of that name.
    """
    try:
        loaded = load(plan, APPS)
    except PlanError as error:
        return Examined(None, error.problems, {})
    problems = check(loaded, secrets=secrets)
    if policy:
        problems += refused_webhooks(loaded.company, policy)
    if handle:
        problems += _long_accounts(loaded.company, handle)
    whole = not any(problem.severity == "error" for problem in problems)
    everything = tops(loaded.company, loaded.kept)
    scopes = Scopes(loaded.company, everything)
    scope = {place: sorted(seen) for top in everything for place, _, seen in lexical(top, scopes.above(top))}
    return Examined(loaded.company if whole else None, tuple(problems), scope)


def published(plan: str, handle: str, number: int) -> Company:
    """The company of a plan that was published, as its exchange has it. Raises PlanError where nothing can be read."""
    raw = json.loads(plan)
    if handle:
        on_exchange(raw, handle)
    company = load(raw, APPS).company
    # A call that goes on after its engine died walks this text again.
    company.read_from(json.dumps(raw, ensure_ascii=False))
    return company.numbered(number)


def refused_webhooks(company: Company, policy: Policy) -> list[Problem]:
    """The webhooks that this server would never let through: said when a plan is saved, not when the phone rings."""
    webhooks = ((spot.path, spot.app) for top in tops(company) for spot in top.everything)
    urls = [(path, name, getattr(app, name)) for path, app in webhooks if isinstance(app, Webhook) for name in _URLS]
    wrong = [(path, name, check_url(url, policy)) for path, name, url in urls if url]
    return [Problem(f"{path}.{name}", "invalid-url", message) for path, name, message in wrong if message]


def _long_accounts(company: Company, handle: str) -> list[Problem]:
    trunks = [
        Problem(
            f"trunks[{index}].name",
            "invalid-value",
            f"on this server the trunk is {name}, which is longer than {LONGEST_TRUNK}; choose a shorter name",
        )
        for index, trunk in enumerate(company.trunks)
        if len(name := account(handle, trunk.name)) > LONGEST_TRUNK
    ]
    return trunks + [
        Problem(
            f"users[{index}].phones[{place}].username",
            "invalid-value",
            f"on this server the account is {name}, which is longer than {LONGEST_ACCOUNT}; choose a shorter username",
        )
        for index, user in enumerate(company.users)
        for place, phone in enumerate(user.phones)
        if len(name := account(handle, phone.username)) > LONGEST_ACCOUNT
    ]


def prompts_of(company: Company) -> Iterator[Prompt]:
    """Every prompt of a company that is the same for all callers."""
    said = [prompt for top in tops(company) for spot in top.everything for prompt in spot.app.prompts()]
    said += [prompt for queue in company.queues for prompt in (queue.greeting, queue.announcement) if prompt]
    for prompt in said:
        if not placeholders(prompt.say or ""):
            yield Prompt(say=prompt.say, file=prompt.file, language=prompt.language, voice=prompt.voice)

    for box in company.voicemail_boxes:
        if box.greeting:
            yield box.greeting
