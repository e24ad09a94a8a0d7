"""The exchange with a customer's server: bounded in time, memory and reach, fair between companies, verifiable by the
receiver.

async with Webhooks(Policy()) as webhooks:
    answer = await webhooks.send(Request("company", "POST", "https://crm.example.nl/belplan", timeout=2, body=b"{}"))
"""

from belplan.signing import check_secret, new_id, signature
from belplan.webhook.answer import MAX_VARIABLE, ContentError, check_pointer, extract
from belplan.webhook.client import Webhooks
from belplan.webhook.exchange import REASONS, Answer, Outcome, Reason, Request, Sender
from belplan.webhook.message import check_header
from belplan.webhook.origins import Health
from belplan.webhook.policy import Policy, check_url

__all__ = [
    "MAX_VARIABLE",
    "REASONS",
    "Answer",
    "ContentError",
    "Health",
    "Outcome",
    "Policy",
    "Reason",
    "Request",
    "Sender",
    "Webhooks",
    "check_header",
    "check_pointer",
    "check_secret",
    "check_url",
    "extract",
    "new_id",
    "signature",
]
