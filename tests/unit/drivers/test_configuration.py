"""Asterisk's files: complete, private, and never with syntax that a plan brought in."""

import os
import re
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belplan.dialplan.company import Company, CompanySettings, Phone, RingGroup, Trunk, User, VoicemailBox
from belplan.drivers.asterisk import configuration, dialplan_conf, pjsip_conf
from belplan.drivers.asterisk.configuration import ExchangeSettings, render

SETTINGS = ExchangeSettings(data=Path("/srv/belplan"), ari_password="not-a-secret")
ID = "42f30becd4ea93edd284e059427b5ee0"


def company(**parts) -> Company:
    return Company(**({"id": ID, "settings": CompanySettings(name="Voorbeeld BV")} | parts))


def user(number: str, *accounts: str, name: str = "Anna de Boer", password: str = "geheim") -> User:
    return User(name=name, number=number, phones=tuple(Phone(username=one, password=password) for one in accounts))


def files(*companies: Company, settings: ExchangeSettings = SETTINGS, secret=lambda name: None):
    return render(companies, settings, secret)


Sections = list[tuple[str, dict[str, list[str]]]]


def parse(text: str) -> Sections:
    """A file as Asterisk's main/config.c reads it: sections with their values, templates taken in."""
    templates: dict[str, dict[str, list[str]]] = {}
    sections: Sections = []
    for line in text.split("\n"):
        # A semicolon begins a comment, unless a backslash precedes it, which is then taken out.
        whole = re.sub(r"(?<!\\);.*", "", line).replace("\\;", ";").strip()
        if not whole:
            continue
        assert not whole.startswith("#"), f"an #include or #exec: {whole}"
        if match := re.fullmatch(r"\[([^\]]+)\](?:\(([^)]*)\))?", whole):
            values: dict[str, list[str]] = {}
            for name in (match[2] or "").split(","):
                if name and name != "!":
                    values |= {key: list(value) for key, value in templates[name].items()}
            if match[2] == "!":
                templates[match[1]] = values
            else:
                sections.append((match[1], values))
            current = values
        else:
            key, separator, value = re.split(r"\s*(=>?)\s*", whole, maxsplit=1)
            assert separator
            current.setdefault(key, []).append(value)
    return sections


def pjsip(rendered: configuration.Configuration) -> str:
    """What PJSIP reads, all of it."""
    return "".join(rendered.files[name] for name in ("pjsip.conf", *pjsip_conf.FILES.values()))


def typed(text: str) -> dict[tuple[str, str], dict[str, list[str]]]:
    """The sections of pjsip.conf by name and type."""
    return {(name, values["type"][-1]): values for name, values in parse(text)}


# --- phones -------------------------------------------------------------------------------------------


def test_phone_is_endpoint_login_and_contacts():
    sections = typed(pjsip(files(company(users=(user("201", "anna"),)))))
    endpoint = sections["anna", "endpoint"]
    assert endpoint["auth"] == endpoint["aors"] == ["anna"]
    assert endpoint["context"] == ["incoming"]
    assert endpoint["callerid"] == ['"Anna de Boer" <201>']
    assert endpoint["set_var"] == ["BELPLAN_ORIGIN=phone:anna", f"BELPLAN_COMPANY={ID}"]
    assert sections["anna", "auth"]["password"] == ["geheim"]
    assert sections["anna", "aor"]["remove_existing"] == ["yes"]


def test_missing_secret_leaves_the_phone_out_and_says_so():
    rendered = files(company(users=(user("201", "anna", password="secret:anna_sip"), user("202", "bram"))))
    assert {name for name, _ in typed(pjsip(rendered))} >= {"bram"}
    assert "anna" not in {name for name, _ in typed(pjsip(rendered))}
    assert rendered.warnings == (
        'phone "anna" of Anna de Boer is left out: its password, secret:anna_sip, is not there'
        " (set BELPLAN_SECRET_anna_sip)",
    )


@pytest.mark.parametrize("value", ["", " ", "a\nb", "a\r", " a", "a\x00", "a\u2028b", "x" * 2000])
def test_unusable_password_leaves_the_phone_out(value):
    rendered = files(company(users=(user("201", "anna", password="secret:p"),)), secret=lambda name: value)
    assert ("anna", "auth") not in typed(pjsip(rendered))
    assert len(rendered.warnings) == 1
    assert "its password" in rendered.warnings[0]


def test_secret_is_looked_up_by_its_name():
    rendered = files(company(users=(user("201", "anna", password="secret:anna_sip"),)), secret={"anna_sip": "p;w"}.get)
    assert rendered.warnings == ()
    assert typed(pjsip(rendered))["anna", "auth"]["password"] == ["p;w"]


@pytest.mark.parametrize("taken", ["anna", "ANNA", "phone", "global", "udp"])
def test_account_that_is_taken_is_left_out(taken):
    rendered = files(company(users=(user("201", "anna"), user("202", taken, name="Bram"))))
    assert len(rendered.warnings) == 1
    assert "Bram is left out" in rendered.warnings[0]


def test_two_companies_share_an_exchange():
    one = company(users=(user("201", "anna"),))
    two = company(id="0" * 32, users=(user("201", "zoe"),), trunks=(Trunk(name="p", host="192.0.2.1"),))
    rendered = files(one, two)
    assert rendered.warnings == ()
    sections = typed(pjsip(rendered))
    assert f"BELPLAN_COMPANY={'0' * 32}" in sections["zoe", "endpoint"]["set_var"]
    assert {f"[fallback-{ID}]", f"[fallback-{'0' * 32}]", "[trunk-p]"} <= set(
        rendered.files["extensions.conf"].split("\n")
    )


# --- trunks -------------------------------------------------------------------------------------------

TRUNK = Trunk(
    name="provider",
    host="sip.provider.example",
    username="31102380095",
    password="secret:trunk",
    register=True,
    inbound_from=("192.0.2.7/24",),
)


def test_trunk_registers_and_is_known_by_address_or_line_only():
    rendered = files(company(trunks=(TRUNK,)), secret=lambda name: "pass")
    sections = typed(pjsip(rendered))
    endpoint = sections["trunk:provider", "endpoint"]
    assert endpoint["identify_by"] == ["ip"]  # a From header with this name proves nothing
    assert endpoint["context"] == ["trunk-provider"]
    assert "auth" not in endpoint
    registration = sections["trunk:provider", "registration"]
    assert registration["client_uri"] == ["sip:31102380095@sip.provider.example:5060"]
    assert registration["line"] == ["yes"]
    assert registration["endpoint"] == ["trunk:provider"]
    assert sections["trunk:provider", "identify"]["match"] == ["192.0.2.0/24"]
    assert sections["trunk:provider", "auth"]["password"] == ["pass"]


@pytest.mark.parametrize(
    ("changes", "contact"),
    [
        ({"host": "192.0.2.1"}, "sip:192.0.2.1:5060"),
        ({"host": "2001:db8::1"}, "sip:[2001:db8::1]:5060"),
        ({"host": "[2001:db8::1]", "port": 5070}, "sip:[2001:db8::1]:5070"),
        ({"transport": "tcp"}, "sip:sip.provider.example:5060;transport=tcp"),
        ({"transport": "tls"}, "sip:sip.provider.example:5060;transport=tls"),
    ],
)
def test_address_of_a_trunk(changes, contact):
    trunk = TRUNK.model_copy(update=changes)
    sections = typed(pjsip(files(company(trunks=(trunk,)), secret=lambda name: "pass")))
    assert sections["trunk:provider", "aor"]["contact"] == [contact]
    assert (("tls", "transport") in sections) is (trunk.transport == "tls")


@pytest.mark.parametrize("host", ["sip.example:5061", "[x]", "a]b"])
def test_trunk_without_usable_host_is_left_out(host):
    rendered = files(company(trunks=(Trunk(name="p", host=host),)))
    assert rendered.warnings[0].startswith('trunk "p" is left out: it has no usable host')
    assert "trunk:p" not in pjsip(rendered)
    assert "trunk-p" not in rendered.files["extensions.conf"]


def test_trunk_without_its_secret_is_left_out():
    assert 'trunk "provider" is left out' in files(company(trunks=(TRUNK,))).warnings[0]


@pytest.mark.parametrize(
    ("username", "extension"),
    [
        ("31101", "31101"),
        ("h", "belplan-line"),
        ("a,b", "belplan-line"),
        ("s", "belplan-line"),
        ("abc", "abc"),
        ("_X.", "belplan-line"),
    ],
)
def test_extension_of_a_registered_line(username, extension):
    assert pjsip_conf.contact_user(TRUNK.model_copy(update={"username": username})) == extension


# --- where it listens ---------------------------------------------------------------------------------


def test_loopback_by_default():
    rendered = files(company(users=(user("201", "anna"),)))
    sections = typed(pjsip(rendered))
    assert sections["udp", "transport"]["bind"] == sections["tcp", "transport"]["bind"] == ["127.0.0.1:5060"]
    assert sections["anna", "endpoint"]["media_address"] == ["127.0.0.1"]
    assert sections["anna", "endpoint"]["bind_rtp_to_media_address"] == ["yes"]
    assert "bindaddr=127.0.0.1" in rendered.files["http.conf"]


def test_every_address_behind_nat():
    settings = replace(SETTINGS, listen="0.0.0.0", external="203.0.113.9")
    sections = typed(pjsip(files(company(users=(user("201", "anna"),)), settings=settings)))
    assert "media_address" not in sections["anna", "endpoint"]
    assert sections["udp", "transport"]["external_media_address"] == ["203.0.113.9"]
    assert "192.168.0.0/16" in sections["udp", "transport"]["local_net"]


def test_ipv6_address():
    sections = typed(pjsip(files(settings=replace(SETTINGS, listen="::1"))))
    assert sections["udp", "transport"]["bind"] == ["[::1]:5060"]


@pytest.mark.parametrize(
    "changes",
    [
        {"data": Path("relative")},
        {"data": Path("/a;b")},
        {"data": Path("/a,b")},
        {"data": Path("/a\nb")},
        {"data": Path("/${x}")},
        {"apologies": {"nl": Path("/a&b")}},
        {"ari_password": "short"},
        {"ari_password": "with;semicolon"},
        {"ari_user": "a]b"},
        {"app": "a,b"},
        {"listen": "127.0.0.1\n[x]"},
        {"external": "a;b"},
    ],
)
def test_settings_that_cannot_be_written_are_refused(changes):
    with pytest.raises(ValueError, match=r"\S"):
        replace(SETTINGS, **changes)


def test_path_of_the_socket_is_never_too_long():
    assert SETTINGS.run == Path("/srv/belplan/run")
    deep = replace(SETTINGS, data=Path("/srv") / ("x" * 190)).run
    assert len(os.fsencode(deep / "asterisk.ctl")) < 108


def test_passwords_are_not_shown_by_repr():
    assert "not-a-secret" not in repr(SETTINGS)
    assert "geheim" not in repr(files(company(users=(user("201", "anna"),))))


# --- the dialplan -------------------------------------------------------------------------------------


def test_arguments_of_stasis():
    text = files(company()).files["extensions.conf"]
    assert "Stasis(belplan,in,${BELPLAN_ORIGIN},${BELPLAN_CALLED},${BELPLAN_PRIVACY})" in text


def test_last_resort_rings_its_phones():
    bv = company(
        settings=CompanySettings(name="V", last_resort="301"),
        users=(user("201", "anna", "anna-mobile"), user("202", "bram"), user("203", "carla", password="secret:none")),
        ring_groups=(RingGroup(name="F", number="301", members=("201", "202", "203")),),
    )
    assert dialplan_conf.last_resort_phones(bv) == ["anna", "anna-mobile", "bram", "carla"]
    text = files(bv).files["extensions.conf"]
    # carla's phone has no password, so it is not on the exchange.
    assert (
        "Dial(${PJSIP_DIAL_CONTACTS(anna)}&${PJSIP_DIAL_CONTACTS(anna-mobile)}&${PJSIP_DIAL_CONTACTS(bram)},30)" in text
    )


@pytest.mark.parametrize("number", [None, "999", "31612345678"])
def test_last_resort_that_has_no_phone_is_an_apology(number):
    bv = company(settings=CompanySettings(name="V", last_resort=number))
    text = files(bv, settings=replace(SETTINGS, apologies={"nl": Path("/srv/sorry")})).files["extensions.conf"]
    assert "Dial(" not in text
    assert "Playback(/srv/sorry,noanswer)" in text
    assert "Playtones(congestion)" in text


# --- nothing a plan says is syntax ----------------------------------------------------------------------

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    [
        "\n[x]\ntype=endpoint",
        ";",
        "\\",
        "\\;",
        ";--",
        "--;",
        "#exec rm",
        "[a](b)",
        "=>",
        '"<201>',
        "${X}",
        "a\n#include x",
    ]
)


@given(name=anything, password=anything, trunk_password=anything, username=anything)
def test_a_plan_cannot_bring_in_syntax(name, password, trunk_password, username):
    people = (user("201", "anna", name=name or "x", password="secret:p"),)
    trunk = TRUNK.model_copy(update={"username": username or "x"})
    secrets = {"p": password, "trunk": trunk_password}
    rendered = files(company(users=people, trunks=(trunk,)), secret=secrets.get)
    sections = parse(pjsip(rendered))
    assert {section for section, _ in sections} <= {"global", "udp", "tcp", "ws", "anna", "trunk:provider"}
    by_type = typed(pjsip(rendered))
    if ("anna", "auth") in by_type:
        login = by_type["anna", "auth"]
        assert login["password"] == [password]
        assert set(login) == {"type", "auth_type", "username", "password"}
        assert re.fullmatch(r'"[^"<>\\]*" <201>', by_type["anna", "endpoint"]["callerid"][0])
    else:
        assert any("anna" in warning for warning in rendered.warnings)
    if ("trunk:provider", "auth") in by_type:
        assert by_type["trunk:provider", "auth"]["password"] == [trunk_password]
        assert by_type["trunk:provider", "auth"]["username"] == [username or "x"]
        assert re.fullmatch(r"sip:\S+", by_type["trunk:provider", "registration"]["client_uri"][0])
    extensions = rendered.files["extensions.conf"]
    assert re.findall(r"^\[(.*)\]$", extensions, re.MULTILINE)[:4] == ["general", "globals", "incoming", "take"]
    assert all(
        re.match(r"(\[|exten => | same => n|static|writeprotect|include => |$)", line)
        for line in extensions.split("\n")
    )


@given(st.text(max_size=300))
def test_display_name_is_short_and_quotable(text):
    name = pjsip_conf.display_name(text)
    assert len(name.encode()) <= 70
    assert not set(name) & set('"<>\\;,()\n\r')


@given(st.ip_addresses(), st.integers(0, 32))
def test_networks_are_written_without_host_bits(address, length):
    text = f"{address}/{length}"
    trunk = TRUNK.model_copy(update={"inbound_from": (text,)})
    sections = typed(pjsip(files(company(trunks=(trunk,)), secret=lambda _: "p")))
    assert sections["trunk:provider", "identify"]["match"] == [str(ip_network(text, strict=False))]


# --- writing ------------------------------------------------------------------------------------------


def test_write_reports_what_changed_and_keeps_it_private(tmp_path):
    folder = tmp_path / "etc"
    assert configuration.write({"a.conf": "1", "b.conf": "é"}, folder) == {"a.conf", "b.conf"}
    assert configuration.write({"a.conf": "1", "b.conf": "2"}, folder) == {"b.conf"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {"a.conf": 0o600, "b.conf": 0o600}


def test_write_takes_permissions_back(tmp_path):
    (tmp_path / "a.conf").write_text("1")
    (tmp_path / "a.conf").chmod(0o644)
    assert configuration.write({"a.conf": "1"}, tmp_path) == set()
    assert (tmp_path / "a.conf").stat().st_mode & 0o777 == 0o600


def test_every_file_that_is_reloaded_is_made():
    assert set(configuration.RELOADS) <= set(files().files)


def test_ten_thousand_phones_are_quick():
    many = company(users=tuple(user(str(n), f"phone{n}") for n in range(10_000)))
    text = pjsip(files(many))
    assert text.count("](contacts)") == 10_000
    assert text.count("type=endpoint") == 2  # of the templates


def test_only_the_phones_of_a_boxs_users_are_told_of_its_messages():
    boxes = (
        VoicemailBox(name="Anna", number="501", users=("201",)),
        VoicemailBox(name="Verkoop", number="502", users=("201", "202")),
    )
    people = (user("201", "anna"), user("202", "bram"), user("203", "carla"))
    told = {}
    for name, values in parse(pjsip(files(company(users=people, voicemail_boxes=boxes)))):
        if name in ("anna", "bram", "carla") and values["type"] in (["endpoint"], ["aor"]):
            told.setdefault(name, []).append(values.get("mailboxes"))
    assert told == {
        "anna": [[f"501@{ID},502@{ID}"]] * 2,
        "bram": [[f"502@{ID}"]] * 2,
        "carla": [None, None],
    }
