"""The operator's settings."""

from ipaddress import ip_network

import pytest

from belplan.settings import SettingError, environment, secret


def test_without_any_the_usual_ones_hold():
    found = environment({"HOME": "/h"})
    assert (found.allowed_networks, found.webhooks_per_company, found.webhooks_in_all) == ((), 20, 500)


def test_networks_are_read_with_commas():
    found = environment({"BELPLAN_WEBHOOK_ALLOW_NETWORKS": "192.168.1.0/24, 10.0.0.7,fd00::/8"})
    assert found.allowed_networks == (ip_network("192.168.1.0/24"), ip_network("10.0.0.7/32"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BELPLAN_WEBHOOK_ALLOW_NETWORKS", "intranet"),
        ("BELPLAN_WEBHOOK_PER_COMPANY", "0"),
        ("BELPLAN_WEBHOOK_IN_ALL", "veel"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name, value):
    with pytest.raises(SettingError, match=name):
        environment({name: value})


def test_mail_needs_the_address_that_it_comes_from():
    with pytest.raises(SettingError, match="BELPLAN_MAIL_FROM"):
        environment({"BELPLAN_SMTP_URL": "smtp://mail.example.nl"})
    found = environment({"BELPLAN_SMTP_URL": "smtp://u:geheim@mail.example.nl", "BELPLAN_MAIL_FROM": "b@example.nl"})
    assert found.mail_from == "b@example.nl"
    assert "geheim" not in repr(found)


def test_a_secret_comes_from_the_environment():
    assert secret("crm", {"BELPLAN_SECRET_crm": "geheim"}) == "geheim"
    assert secret("crm", {}) is None
