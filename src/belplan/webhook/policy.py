"""What the operator of this server lets webhooks do: reach, room and patience."""

from dataclasses import dataclass

from belplan.dialplan.addresses import Network, Reach
from belplan.dialplan.urls import Port
from belplan.dialplan.urls import check_url as check_text


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits for every company alike. Times in seconds, sizes in bytes."""

    allowed_networks: tuple[Network, ...] = ()
    """Networks besides the public internet. Metadata services and our own ports stay refused."""
    allow_loopback: bool = False
    """The machine's own addresses and private networks too: for an engineer's own machine, never for a server."""
    own_ports: tuple[Port, ...] = ()
    """Where this server itself listens; 0.0.0.0 and :: stand for every address of the machine."""

    per_company: int = 20
    """Requests in flight of one company."""
    total: int = 500
    """Requests in flight of all."""
    waiting_per_company: int = 480
    """Requests of one company that may wait for a slot, within their deadlines; one more is `busy` at once."""

    max_body: int = 64 * 1024
    max_head: int = 16 * 1024
    max_header_lines: int = 64
    max_addresses: int = 8
    """Addresses of one name that are tried."""

    failures_in_a_row: int = 5
    """So many, and the breaker opens."""
    breaker_window: float = 30.0
    breaker_least: int = 20
    """Half of at least so many failed within the window: it opens too."""
    probe_every: float = 5.0
    """An open breaker lets one request through so often."""

    idle: float = 15.0
    """How long an unused connection is kept. Many servers close after 5 to 75 s; a closed one costs one silent
    retry."""
    idle_per_origin: int = 256
    idle_total: int = 2000
    rest: float = 0.05
    """A connection rests so long before it carries another request, so that what a broken server sends after its answer
    (held back up to 40 ms by Nagle's algorithm and delayed acknowledgement) shows, and is never read as the next
    answer."""

    @property
    def reach(self) -> Reach:
        """The part of the policy that judges addresses."""
        return Reach(allowed=self.allowed_networks, nearby=self.allow_loopback)


def check_url(text: str, policy: Policy) -> str | None:
    """What is wrong with a webhook's URL when it is saved, or None. Asks no DNS; names are judged when they are
    called."""
    return check_text(text, policy.reach, policy.own_ports)
