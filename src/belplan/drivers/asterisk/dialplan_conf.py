"""extensions.conf: every call into Stasis, and what happens where no engine is there.

What comes from outside (the number that was dialled) is never an argument before it went through FILTER:
a value that was put in for `${…}` is not read again, but a comma in it would begin the next argument.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from belplan.dialplan.company import Company, RingGroup, User
from belplan.drivers.asterisk import fallen
from belplan.drivers.asterisk.message_waiting import CONTEXT as MESSAGE_WAITING
from belplan.drivers.asterisk.pjsip_conf import Pjsip, contact_user, phone_endpoint

if TYPE_CHECKING:
    from belplan.drivers.asterisk.configuration import ExchangeSettings

DRAINING = "BELPLAN_DRAINING"  # global variable: 1 while the engine takes no new calls
AGAIN = 2  # looks for the next engine before the last resort
AGAIN_AFTER = 0.4  # seconds before each; the caller hears ringing. All of it in the second that a caller may wait
RING = 30  # seconds that the last resort rings without an engine
RINGING_PHONES = 40  # at once, then; a line of the file has an end

# `-` first: elsewhere it makes a range.
_NUMBER = "-0-9A-Za-z+*#._"

# One key, or two and more characters. One letter alone (h, i, s, t …) is Asterisk's own.
_PATTERNS = ("_[0-9*#+]", "_[0-9*#+].", "_[A-Za-z].")

# The Call-ID goes to the engine in JSON, which is UTF-8: an event with other bytes in it would never be sent, and
# the caller would wait for ever. RFC 3261 25.1 has ASCII there only. `:"\,` are taken out before they are looked
# at: a colon after a closing bracket would end the function's argument.
_TAKE = r"""
[incoming]
{patterns}

[take]
exten => s,1,Set(TIMEOUT(absolute)={max_call})
 same => n,Set(BELPLAN_CALLED=${{FILTER({number},${{BELPLAN_DIALLED}})}})
 same => n,GotoIf($[${{LEN(${{BELPLAN_DIALLED}})}} != ${{LEN(${{BELPLAN_CALLED}})}}]?refused)
 same => n,Set(BELPLAN_CALL_ID=${{CHANNEL(pjsip,call-id)}})
 same => n,Set(BELPLAN_CALL_ID=${{REPLACE(BELPLAN_CALL_ID,\\x3a\\x22\\x5c\\x2c,)}})
 same => n,GotoIf($[${{LEN(${{BELPLAN_CALL_ID}})}} != ${{LEN(${{FILTER(\x20-\x7e,${{BELPLAN_CALL_ID}})}})}}]?malformed)
 same => n,Set(BELPLAN_PRIVACY=shown)
 same => n,Set(BELPLAN_ASKED=${{FILTER(a-z,${{TOLOWER(${{PJSIP_HEADER(read,Privacy)}})}})}}${{CALLERID(pres)}})
 same => n,ExecIf($["${{BELPLAN_ASKED}}" =~ "id|user|header|prohib"]?Set(BELPLAN_PRIVACY=withheld))
 same => n,Set(PJSIP_TRANSFER_HANDLING()=ari-only)
 same => n(engine),GotoIf($["${{GLOBAL({draining})}}" = "1"]?next)
 same => n,Stasis({app},in,${{BELPLAN_ORIGIN}},${{BELPLAN_CALLED}},${{BELPLAN_PRIVACY}})
 same => n,GotoIf($["${{STASISSTATUS}}" = "FAILED"]?next)
 same => n,Hangup()
 same => n(next),Set(BELPLAN_TRIES=$[0${{BELPLAN_TRIES}} + 1])
 same => n,GotoIf($[${{BELPLAN_TRIES}} > {again}]?fallen)
 same => n,Ringing()
 same => n,Wait({again_after})
 same => n,Goto(engine)
 same => n(fallen),Set(BELPLAN_FELL=${{EPOCH}})
 same => n,Set(CHANNEL(hangup_handler_push)=fallen,s,1)
 same => n,Goto(fallback-${{BELPLAN_COMPANY}},s,1)
 same => n(refused),Hangup(28)
 same => n(malformed),Hangup(95)

[fallen]
exten => s,1,Set(FILE({notes},,,al,u)={note})
 same => n,Return()
"""

# No phone and no trunk comes here: see message_waiting.
_LAMP = f"""
[{MESSAGE_WAITING}]
exten => s,1,MinivmMWI(${{BELPLAN_MAILBOX}},0,${{BELPLAN_NEW}},${{BELPLAN_OLD}})
 same => n,Hangup()
"""

# A line that was registered is called by its contact; the number is in the To header then.
_LINE = """
exten => {user},1,Set(BELPLAN_TO=${{PJSIP_HEADER(read,To)}})
 same => n,ExecIf($[${{LEN(${{CUT(BELPLAN_TO,<,2)}})}} > 0]?Set(BELPLAN_TO=${{CUT(BELPLAN_TO,<,2)}}))
 same => n,Set(BELPLAN_TO=${{CUT(BELPLAN_TO,@,1)}})
 same => n,Set(BELPLAN_TO=${{FILTER({number},${{CUT(BELPLAN_TO,:,2)}})}})
 same => n,Set(BELPLAN_DIALLED=${{IF($[${{LEN(${{BELPLAN_TO}})}} > 0]?${{BELPLAN_TO}}:${{EXTEN}})}})
 same => n,Goto(take,s,1)
"""


def render(companies: Sequence[Company], settings: "ExchangeSettings", pjsip: Pjsip) -> str:
    """The whole file."""
    patterns = "\n".join(
        f"exten => {pattern},1,Set(BELPLAN_DIALLED=${{EXTEN}})\n same => n,Goto(take,s,1)" for pattern in _PATTERNS
    )
    parts = ["[general]\nstatic=yes\nwriteprotect=yes\n\n[globals]\n"]
    parts.append(
        _TAKE.format(
            patterns=patterns,
            max_call=settings.max_call,
            app=settings.app,
            draining=DRAINING,
            number=_NUMBER,
            again=AGAIN,
            again_after=AGAIN_AFTER,
            notes=settings.data / fallen.NOTES,
            note="|".join(fallen.FIELDS.values()),
        )
    )
    parts.append(_LAMP)
    for trunk in pjsip.trunks.values():
        parts.append(f"\n[trunk-{trunk.name}]\ninclude => incoming\n")
        if trunk.register_there:
            parts.append(_LINE.format(user=contact_user(trunk), number=_NUMBER).lstrip("\n"))
    parts += (
        "\n".join((f"\n[fallback-{company.id}]", *_fallback(company, settings, pjsip.phones), ""))
        for company in companies
    )
    return "".join(parts)


def _fallback(company: Company, settings: "ExchangeSettings", registered: frozenset[str]) -> Iterator[str]:
    yield "exten => s,1,NoOp()"
    phones = [name for name in last_resort_phones(company) if name in registered][:RINGING_PHONES]
    if phones:
        contacts = "&".join(f"${{PJSIP_DIAL_CONTACTS({phone_endpoint(name)})}}" for name in phones)
        yield " same => n,Ringing()"
        yield f" same => n,Dial({contacts},{RING})"
        yield ' same => n,GotoIf($["${DIALSTATUS}" = "ANSWER"]?over)'
    # Unanswered, so that nobody pays for an apology; the cause can still say why.
    yield " same => n,Progress()"
    if apology := settings.apologies.get(company.settings.language):
        yield f" same => n,Playback({apology},noanswer)"
        yield ' same => n,GotoIf($["${PLAYBACKSTATUS}" = "SUCCESS"]?over)'
    yield " same => n,Playtones(congestion)"
    yield " same => n,Wait(5)"
    yield " same => n(over),Hangup(34)"


def last_resort_phones(company: Company) -> list[str]:
    """The SIP accounts that ring when no engine is there: of the last resort, where it is a user or a ring group."""
    number = company.settings.last_resort
    reached = company.destination(number) if number else None
    users: list[User] = []
    if isinstance(reached, User):
        users = [reached]
    elif isinstance(reached, RingGroup):
        users = [user for member in reached.members if (user := company.user(member))]
    return list(dict.fromkeys(phone.username for user in users for phone in user.phones))
