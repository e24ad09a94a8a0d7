"""Signatures, against the reference library and the words of the specification."""

import base64
import os
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from belplan.webhook import check_secret, new_id, signature


def test_as_the_reference_library_signs():
    secret = "whsec_" + base64.b64encode(os.urandom(32)).decode()
    now = datetime.now(UTC)
    theirs = Webhook(secret).sign("msg_1", now, '{"a": 1}')
    assert signature((secret,), "msg_1", int(now.timestamp()), b'{"a": 1}') == theirs


def test_every_secret_signs_newest_first():
    new, old = ("x" * 32, "y" * 32)
    both = signature((new, old), "msg_1", 1, b"{}")
    assert both == f"{signature((new,), 'msg_1', 1, b'{}')} {signature((old,), 'msg_1', 1, b'{}')}"


def test_ids_never_repeat():
    assert len({new_id() for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize("secret", ["whsec_" + base64.b64encode(bytes(24)).decode(), "x" * 24, "é" * 12])
def test_secrets_that_are_fine(secret):
    assert check_secret(secret) is None


@pytest.mark.parametrize(
    "secret", ["", "kort", "whsec_", "whsec_!!!!", "whsec_" + base64.b64encode(b"x" * 23).decode()]
)
def test_secrets_that_are_not_and_are_never_repeated(secret):
    problem = check_secret(secret)
    assert problem
    assert secret in ("", "whsec_") or secret not in problem
