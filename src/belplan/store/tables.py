"""The tables. Moments are whole milliseconds since 1970, so that both databases keep and compare them alike."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)

_ID = String(32)


def _company(*, primary_key: bool = False) -> "Column[str]":
    return Column(
        "company", _ID, ForeignKey("companies.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False
    )


companies = Table(
    "companies",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("handle", String(20), nullable=False, unique=True),  # before its SIP accounts and trunks on the exchange
    Column("name", String(200), nullable=False),
    Column("live", Integer),  # number of the version that calls walk; None before the first
    Column("from_file", Boolean, nullable=False),  # its plan is a file that people change elsewhere
    Column("created", BigInteger, nullable=False),
)

drafts = Table(
    "drafts",
    metadata,
    _company(primary_key=True),
    Column("revision", Integer, primary_key=True),  # the highest is the draft; those before it say what changed
    Column("base", Integer, nullable=False),  # the version that it began from; 0 for none
    Column("plan", Text, nullable=False),
    Column("source", Text),  # the YAML it came as, comments and all
    Column("author", String(200), nullable=False),
    Column("at", BigInteger, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    _company(primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("plan", Text, nullable=False),
    Column("source", Text),
    Column("author", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

secrets = Table(
    "secrets",
    metadata,
    _company(primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("email", String(254), nullable=False, unique=True),  # in small letters
    Column("name", String(200), nullable=False),
    Column("language", String(2), nullable=False),
    Column("password", Text),  # argon2id; None until an invitation was followed
    Column("second_factor", LargeBinary),  # sealed; None without
    Column("second_factor_used", BigInteger, nullable=False),  # the last step of a code, which is good once
    Column("operator", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("person", _ID, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", String(64), primary_key=True),
)

members = Table(
    "members",
    metadata,
    Column("person", _ID, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    _company(primary_key=True),
    Column("role", String(20), nullable=False),
    Column("extension", String(6)),  # the person's own internal number, where they have one
    Index(None, "company"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("person", _ID, ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("purpose", String(20), nullable=False),  # setup, invitation, reset
    Column("person", _ID, ForeignKey("people.id", ondelete="CASCADE"), index=True),
    Column("expires", BigInteger, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    _company(),
    Column("person", _ID, ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("scopes", Text, nullable=False),  # with spaces between them
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Index(None, "company"),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("company", _ID, index=True),  # no foreign key: what was done outlives the company
    Column("at", BigInteger, nullable=False),
    Column("who", String(254), nullable=False),
    Column("what", String(100), nullable=False),
    Column("target", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("chain", String(64), nullable=False),  # over this entry and the one before: a change shows
)

calls = Table(
    "calls",
    metadata,
    Column("uuid", String(64), primary_key=True),
    _company(),
    Column("arrived", BigInteger, nullable=False),
    Column("lasted", BigInteger, nullable=False),  # ms
    Column("version", Integer, nullable=False),  # of the plan that it walked; 0 where that has no number
    Column("caller", String(64), nullable=False),
    Column("callee", String(64), nullable=False),
    Column("dial_plan", String(200), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("cause", Integer, nullable=False),
    Column("connected_to", String(200)),
    Column("answered_by", String(200)),
    Column("webhook", String(10), nullable=False),
    Column("record", Text, nullable=False),  # JSON: the whole of it
    Index(None, "company", "arrived", "uuid"),
    Index(None, "company", "caller"),
    Index(None, "company", "callee"),
)

phone_book = Table(
    "phone_book",
    metadata,
    _company(primary_key=True),
    Column("number", String(40), primary_key=True),  # in its one form
    Column("name", String(200), nullable=False),
)

prompts = Table(
    "prompts",
    metadata,
    _company(primary_key=True),
    Column("name", String(140), primary_key=True),  # as plans have it: `welkom.wav`
    Column("size", Integer, nullable=False),  # bytes
    Column("seconds", Float, nullable=False),
    Column("author", String(200), nullable=False),
    Column("at", BigInteger, nullable=False),  # no two alike: a file with this time is up to date
    Column("sound", LargeBinary, nullable=False),  # WAV, 16 kHz, mono; last, so that the others are read without it
)

event_webhooks = Table(
    "event_webhooks",
    metadata,
    Column("id", _ID, primary_key=True),
    _company(),
    Column("url", String(2000), nullable=False),
    Column("events", Text, nullable=False),  # with spaces between them
    Column("active", Boolean, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # sealed
    Column("old_secret", LargeBinary),  # sealed; signs too until then
    Column("old_until", BigInteger),
    Column("created", BigInteger, nullable=False),
    Index(None, "company"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(64), primary_key=True),  # the webhook-id of every try
    Column("webhook", _ID, ForeignKey("event_webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("event", String(40), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("numbers", String(140), nullable=False),  # whom it is about, between spaces
    Column("body", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", BigInteger, index=True),  # when it is tried next; None where it is over
    Column("until", BigInteger, nullable=False),  # when it is given up
    Column("tried", BigInteger),  # the last time
    Column("delivered", Boolean, nullable=False),
    Column("status", Integer),  # of the last answer
    Column("reason", String(200), nullable=False),  # why the last try failed
    Index(None, "webhook", "at", "id"),
)

answers = Table(
    "answers",
    metadata,
    Column("key", String(64), primary_key=True),  # a keyed digest of an Idempotency-Key and whose it is
    Column("asked", String(64), nullable=False),  # a digest of the request; "" until all of it has come
    Column("at", BigInteger, nullable=False, index=True),
    Column("status", Integer),  # None while the request is under way
    Column("sealed", LargeBinary),  # the answer's headers and body
)

scenarios = Table(
    "scenarios",
    metadata,
    _company(primary_key=True),
    Column("id", _ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scenario", Text, nullable=False),  # JSON: one mapping, as in a scenario file
    Column("author", String(200), nullable=False),
    Column("at", BigInteger, nullable=False),
)

publishing = Table(
    "publishing",
    metadata,
    _company(primary_key=True),
    Column("scenarios_required", Boolean, nullable=False),
)

shadows = Table(
    "shadows",
    metadata,
    _company(primary_key=True),
    Column("plan", Text, nullable=False),  # the draft as it was when the shadow began
    Column("began", BigInteger, nullable=False),
    Column("author", String(200), nullable=False),
)

rollouts = Table(
    "rollouts",
    metadata,
    _company(primary_key=True),
    Column("version", Integer, nullable=False),  # that some of the callers have
    Column("before", Integer, nullable=False),  # that the others have
    Column("share", Integer, nullable=False),  # of callers, in percent
    Column("began", BigInteger, nullable=False),
    Column("author", String(200), nullable=False),
    Column("state", String(10), nullable=False),  # running, finished or back
    Column("reason", Text, nullable=False),
)
