"""Configuration of the second Asterisk: the provider's line, and a registration for each phone."""

from collections.abc import Mapping

from belplan.drivers.asterisk import configuration
from belplan.drivers.asterisk.configuration import ExchangeSettings

PROVIDER = "127.0.0.2"  # an address of its own, so that the exchange knows the trunk by it
LINE = "provider"  # the endpoint that calls go out by, to the exchange

_PJSIP = """[global]
type=global
user_agent=Belplan-demo-phones
endpoint_identifier_order=ip

[outside]
type=transport
protocol=udp
bind={provider}:{provider_port}

[desks]
type=transport
protocol=udp
bind=127.0.0.1:{sip_port}

[sound](!)
type=endpoint
context=ringing
disallow=all
allow=alaw
direct_media=no
bind_rtp_to_media_address=yes

[{line}](sound)
transport=outside
media_address={provider}
from_domain={provider}
aors={line}
send_pai=yes
trust_id_outbound=yes

[{line}]
type=aor
contact=sip:127.0.0.1:{exchange_port}

; Whatever the exchange sends here, for a phone or for a number outside.
[exchange](sound)
transport=desks
media_address=127.0.0.1
trust_id_inbound=yes

[exchange]
type=identify
endpoint=exchange
match=127.0.0.1/32
"""

_PHONE = """
[{account}]
type=auth
auth_type=userpass
username={account}
password={password}

[{account}]
type=registration
transport=desks
outbound_auth={account}
server_uri=sip:127.0.0.1:{exchange_port}
client_uri=sip:{account}@127.0.0.1:{exchange_port}
contact_user={account}
expiration=300
max_random_initial_delay=0
retry_interval=1
forbidden_retry_interval=1
fatal_retry_interval=1
max_retries=1000
"""

_EXTENSIONS = """[general]
static=yes
writeprotect=yes

[ringing]
exten => _[+0-9a-zA-Z].,1,Stasis({app},${{EXTEN}})
 same => n,Hangup()
"""


def render(
    settings: ExchangeSettings, accounts: Mapping[str, str], *, exchange_port: int, provider_port: int
) -> dict[str, str]:
    """All files. `accounts` are the phones' SIP accounts, each with its password."""
    files = configuration.render([], settings, lambda name: None).files
    pjsip = _PJSIP.format(
        provider=PROVIDER,
        provider_port=provider_port,
        sip_port=settings.sip_port,
        exchange_port=exchange_port,
        line=LINE,
    )
    phones = (
        _PHONE.format(account=account, password=password, exchange_port=exchange_port)
        for account, password in accounts.items()
    )
    files["sorcery.conf"] = ""  # so few are all in one file
    files["pjsip.conf"] = pjsip + "".join(phones)
    files["extensions.conf"] = _EXTENSIONS.format(app=settings.app)
    return files
