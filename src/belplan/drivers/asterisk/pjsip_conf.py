"""pjsip.conf: the phones and the trunks; what there are thousands of has a file of its own (`FILES`).

Values of a plan go through `value`, which refuses what could end a line. In these files a semicolon
begins a comment unless a backslash precedes it; nothing else in a value is read as syntax.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import quote

from belplan.dialplan.company import Company, Phone, Trunk, User
from belplan.drivers.asterisk.message_waiting import mailbox
from belplan.engine.entrance import LISTEN

if TYPE_CHECKING:
    from belplan.drivers.asterisk.configuration import ExchangeSettings, Secret

Warn = Callable[[str], None]

ZONES = {"nl": "nl", "en": "uk"}  # a language's tones, in indications.conf

FILES = {"endpoint": "pjsip_endpoint.conf", "auth": "pjsip_auth.conf", "aor": "pjsip_aor.conf"}
"""The file of each kind of object, as sorcery.conf has it. Asterisk reads a whole file for each kind that may be in it,
twenty times for a pjsip.conf: 10,000 phones in there take it two seconds more to start."""

_ENDPOINTS = """[phone](!)
type=endpoint
context=incoming
disallow=all
allow=alaw,ulaw,g722,opus
direct_media=no
rtp_symmetric=yes
force_rport=yes
rewrite_contact=yes
dtmf_mode=auto
send_pai=yes
trust_id_outbound=yes
allow_transfer=yes
allow_subscribe=no
allow_overlap=no
{media}
; identify_by: a From with this name proves nothing; the address or the registered line does.
[trunk](!)
type=endpoint
identify_by=ip
disallow=all
allow=alaw,ulaw,g722,opus
direct_media=no
rtp_symmetric=yes
force_rport=yes
dtmf_mode=auto
send_pai=yes
trust_id_inbound=yes
trust_id_outbound=yes
allow_transfer=no
allow_subscribe=no
allow_overlap=no
{media}
"""

_AUTHS = """[login](!)
type=auth
auth_type=userpass

"""

_AORS = """; A phone that starts anew leaves its old contact behind: the oldest one goes, not the new one.
[contacts](!)
type=aor
max_contacts=5
remove_existing=yes
qualify_frequency=60
default_expiration=300
minimum_expiration=30
maximum_expiration=3600

"""

# RFC 1918, RFC 6598, RFC 4193: addresses that need no translation.
_LOCAL_NETS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7")


def phone_endpoint(username: str) -> str:
    """The endpoint of a phone: `PJSIP/<this>`."""
    return username


def trunk_endpoint(name: str) -> str:
    """The endpoint of a trunk: `PJSIP/<number>@<this>`. No phone can have this name: a colon is none of theirs."""
    return f"trunk:{name}"


def contact_user(trunk: Trunk) -> str:
    """What a registered trunk asks to be called by; also an extension, so neither one letter nor a pattern (`_`)."""
    user = trunk.username or ""
    return user if re.fullmatch(r"[0-9]|[A-Za-z0-9+][A-Za-z0-9_+.-]{1,63}", user) else "belplan-line"


class ValueRefusedError(ValueError):
    """A value cannot be written to a configuration file. The message says why."""


def value(text: str) -> str:
    """A value as a configuration file of Asterisk takes it, so that exactly this text is read back."""
    if not text or text != text.strip() or re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029]", text):
        raise ValueRefusedError("is empty, begins or ends with a space, or has control characters")
    if len(text.encode(errors="replace")) > 1000 or not text.isprintable():
        raise ValueRefusedError("is too long, or not printable")
    # `=>` is one sign; after the space the value begins, without it.
    return (" " if text.startswith(">") else "") + text.replace(";", r"\;")


def display_name(text: str) -> str:
    """A name for the display of a phone: what has a meaning in `"name" <number>` becomes a space."""
    name = re.sub(r"[\s\"<>\\;,()]+", " ", "".join(c if c.isprintable() else " " for c in text)).strip()
    return name.encode(errors="ignore")[:70].decode(errors="ignore").strip()


@dataclass(frozen=True, slots=True)
class Pjsip:
    """The files by name, and who is in them: accounts of phones, and trunks by name."""

    files: dict[str, str]
    phones: frozenset[str]
    trunks: dict[str, Trunk]


def render(companies: Sequence[Company], settings: "ExchangeSettings", secret: "Secret", warn: Warn) -> Pjsip:
    """The files. Accounts and trunks are of the whole exchange: the first company to name one has it."""
    media = _media(settings)
    tls = any(trunk.transport == "tls" for company in companies for trunk in company.trunks)
    sections = [
        ("", _transports(settings, tls=tls) + "\n\n"),
        ("endpoint", _ENDPOINTS.format(media=media)),
        ("auth", _AUTHS),
        ("aor", _AORS),
    ]
    phones: set[str] = set()
    # Names that are ours in these files.
    taken = {"phone", "login", "contacts", "trunk", "global", "system", "udp", "tcp", "tls", "ws"}
    trunks: dict[str, Trunk] = {}
    for company in companies:
        for user, phone in ((one, phone) for one in company.users for phone in one.phones):
            what = f'phone "{phone.username}" of {user.name}'
            # Asterisk compares names without case.
            if phone.username.lower() in taken:
                warn(f"{what} is left out: another has this SIP account already; choose another username")
            elif (password := _secret(phone.password, secret, what, warn)) is not None:
                phones.add(phone.username)
                taken.add(phone.username.lower())
                sections += _phone(company, user, phone, password)
        for trunk in company.trunks:
            what = f'trunk "{trunk.name}"'
            if trunk.name in trunks:
                warn(f"{what} is left out: there is one of this name already")
                continue
            password = None
            if trunk.password is not None and (password := _secret(trunk.password, secret, what, warn)) is None:
                continue
            try:
                sections += _trunk(company, trunk, password)
                trunks[trunk.name] = trunk
            except ValueRefusedError as error:
                warn(f"{what} is left out: it {error}")
    files = {
        name: "".join(text for of, text in sections if of == kind)
        for kind, name in [("", "pjsip.conf"), *FILES.items()]
    }
    return Pjsip(files, frozenset(phones), trunks)


def _secret(text: str, secret: "Secret", what: str, warn: Warn) -> str | None:
    """A password, ready to be written. None, and a warning, where it is not there or cannot be written."""
    name = text.removeprefix("secret:")
    password = text if name == text else secret(name)
    if not password:
        where = "" if "/" in name else f" (set BELPLAN_SECRET_{name})"
        warn(f"{what} is left out: its password, secret:{name}, is not there{where}")
        return None
    try:
        return value(password)
    except ValueRefusedError as error:
        warn(f"{what} is left out: its password {error}")
        return None


def _transports(settings: "ExchangeSettings", *, tls: bool) -> str:
    host = f"[{settings.listen}]" if ":" in settings.listen else settings.listen
    lines = [
        "[global]",
        "type=global",
        "user_agent=Belplan",
        "default_realm=belplan",
        # A trunk that takes all of loopback must not swallow the phones there.
        "endpoint_identifier_order=username,ip,anonymous",
        "keep_alive_interval=60",
    ]
    for protocol in ("udp", "tcp", "tls") if tls else ("udp", "tcp"):
        port = settings.sip_port + (protocol == "tls")
        lines += ["", f"[{protocol}]", "type=transport", f"protocol={protocol}", f"bind={host}:{port}"]
        if protocol == "tls":
            lines += ["method=tlsv1_2", "verify_server=yes", "ca_list_path=/etc/ssl/certs"]
        if settings.external:
            lines += [f"external_media_address={settings.external}", f"external_signaling_address={settings.external}"]
            lines += [f"local_net={net}" for net in _LOCAL_NETS]
    # Of Asterisk's web server, which is on loopback: browsers come to it through ours.
    lines += ["", "[ws]", "type=transport", "protocol=ws", "bind=127.0.0.1"]
    return "\n".join(lines)


def _media(settings: "ExchangeSettings") -> str:
    if settings.listen in ("0.0.0.0", "::"):  # noqa: S104 - the operator's own --listen
        return ""
    return f"media_address={settings.listen}\nbind_rtp_to_media_address=yes\n"


def _section(name: str, template: str, lines: Iterable[str]) -> str:
    return "\n".join((f"[{name}]({template})" if template else f"[{name}]", *lines, ""))


def _shared(company: Company, origin: str) -> list[str]:
    language = company.settings.language
    return [
        f"language={language}",
        f"tone_zone={ZONES[language]}",
        f"set_var=BELPLAN_ORIGIN={origin}",
        f"set_var=BELPLAN_COMPANY={company.id}",
    ]


def _phone(company: Company, user: User, phone: Phone, password: str) -> list[tuple[str, str]]:
    name = phone_endpoint(phone.username)
    endpoint = [f"auth={name}", f"aors={name}", f'callerid="{display_name(user.name)}" <{user.number}>']
    contacts: list[str] = []
    if boxes := [mailbox(company.id, box.number) for box in company.voicemail_boxes if user.number in box.users]:
        # Told of messages whether it asks (RFC 3842) or not, as many a phone waits for; once only where it asks.
        contacts = [f"mailboxes={','.join(boxes)}", f"voicemail_extension={LISTEN}"]
        endpoint += ["allow_subscribe=yes", "mwi_subscribe_replaces_unsolicited=yes", *contacts]
    return [
        ("endpoint", _section(name, "phone", [*endpoint, *_shared(company, f"phone:{phone.username}")])),
        ("auth", _section(name, "login", [f"username={phone.username}", f"password={password}"])),
        ("aor", _section(name, "contacts", contacts)),
    ]


def _trunk(company: Company, trunk: Trunk, password: str | None) -> list[tuple[str, str]]:
    name = trunk_endpoint(trunk.name)
    host = _host(trunk.host)
    uri = f"{host}:{trunk.port}" + ("" if trunk.transport == "udp" else f"\\;transport={trunk.transport}")
    endpoint = [f"context=trunk-{trunk.name}", f"transport={trunk.transport}", f"aors={name}", f"from_domain={host}"]
    if trunk.transport == "tls":  # RFC 4568: keys in the SDP, where the provider takes them
        endpoint += ["media_encryption=sdes", "media_encryption_optimistic=yes"]
    if trunk.username and password:
        endpoint.append(f"outbound_auth={name}")
    parts = [
        ("endpoint", _section(name, "trunk", [*endpoint, *_shared(company, f"trunk:{trunk.name}")])),
        ("aor", _section(name, "", ["type=aor", f"contact=sip:{uri}", "qualify_frequency=30"])),
    ]
    if trunk.username and password:
        login = [f"username={value(trunk.username)}", f"password={password}"]
        parts.append(("auth", _section(name, "", ["type=auth", "auth_type=userpass", *login])))
    if trunk.register_there and trunk.username and password:
        user = quote(trunk.username, safe="-_.!~*'()+")
        registration = [
            "type=registration",
            f"transport={trunk.transport}",
            f"outbound_auth={name}",
            f"server_uri=sip:{uri}",
            f"client_uri=sip:{user}@{uri}",
            f"contact_user={contact_user(trunk)}",
            # Calls that come to the contact that we registered are this trunk's, wherever they come from.
            "line=yes",
            f"endpoint={name}",
            "expiration=300",
            "retry_interval=20",
            "forbidden_retry_interval=120",
            "fatal_retry_interval=120",
            "max_retries=1000000",
            "auth_rejection_permanent=no",
        ]
        parts.append(("", _section(name, "", registration)))
    if trunk.inbound_from:
        networks = (f"match={ip_network(network, strict=False)}" for network in trunk.inbound_from)
        parts.append(("", _section(name, "", ["type=identify", f"endpoint={name}", *networks])))
    return parts


def _host(host: str) -> str:
    try:
        return f"[{IPv6Address(host.strip('[]'))}]"
    except AddressValueError:
        if re.fullmatch(r"[A-Za-z0-9.-]+", host):
            return host
    raise ValueRefusedError(f'has no usable host: "{host}"; write the name or address alone, and the port as `port`')
