"""The calls of the demo: who calls, what the phones do, and who must be reached."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Story:
    """One call. Accounts are those of the sample company's phones."""

    name: str
    title: str
    caller: str  # number
    expected: str  # who must be reached, for people
    rings: tuple[str, ...]  # accounts that must ring, and no other
    answers: str  # the account that picks up
    asked: tuple[str, ...]  # what the CRM must have been asked, in this order
    keys: str = ""  # pressed when the menu speaks
    crm: Literal["up", "silent"] = "up"
    noted: bool = False  # the colleague's own screen tells the CRM of the conversation


DEBTOR = "31612345678"
CUSTOMER = "31207654321"
STRANGER = "31301234567"

STORIES = (
    Story(
        name="unpaid invoices",
        title="A caller with unpaid invoices",
        caller=DEBTOR,
        expected="Finance (301)",
        rings=("anna", "bram"),
        answers="bram",
        asked=("POST /belplan",),
    ),
    Story(
        name="open ticket",
        title="A caller with an open ticket",
        caller=CUSTOMER,
        expected="Carla, who has it",
        rings=("carla",),
        answers="carla",
        asked=("POST /belplan", "GET /ticket"),
    ),
    Story(
        name="first call",
        title="A first call, to the menu",
        caller=STRANGER,
        expected="the help desk (302)",
        rings=("carla", "daan"),
        answers="daan",
        asked=("POST /belplan",),
        keys="2",
        noted=True,
    ),
    Story(
        name="second call",
        title="The same caller again, to the same colleague",
        caller=STRANGER,
        expected="Daan, once more",
        rings=("daan",),
        answers="daan",
        asked=("POST /belplan", "GET /last"),
    ),
    Story(
        name="power cut",
        title="A power cut at the CRM",
        caller=DEBTOR,
        expected="Eva, reception",
        rings=("eva",),
        answers="eva",
        asked=(),
        crm="silent",
    ),
)
