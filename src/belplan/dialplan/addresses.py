"""Which internet addresses a webhook may reach: tables and decisions, no I/O.

`ipaddress.is_global` is not the check: it calls 224.0.0.1, 64:ff9b::7f00:1, 2002:7f00:1:: and fec0::1 global.
The tables follow the IANA special-purpose address registries (RFC 6890 and its updates); what is not known to be
public is refused.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def networks(text: str) -> tuple[Network, ...]:
    """Networks from a setting: `10.0.0.0/8, 192.168.7.12, fd12::/16`, by comma or space. Raises ValueError, naming
    the bad one."""
    found: list[Network] = []
    for part in text.replace(",", " ").split():
        try:
            found.append(ip_network(part))
        except ValueError as error:
            raise ValueError(f'"{part}" is no network; write 10.0.0.0/8 or one address ({error})') from None
    return tuple(found)


# Machines of a cloud tell secrets to whoever asks from inside: refused whatever the operator allows.
METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, DigitalOcean, Oracle, OpenStack …
        "169.254.169.253",  # AWS: its resolver
        "169.254.170.2",  # AWS: credentials of a container (ECS)
        "169.254.170.23",  # AWS: credentials of a pod (EKS)
        "169.254.0.23",  # Tencent
        "169.254.42.42",  # Scaleway
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure: WireServer, a public address
        "192.0.0.192",  # Oracle, older
        "fd00:ec2::254",  # AWS
        "fd00:ec2::253",
        "fd00:ec2::23",
        "fd20:ce::254",  # Google
        "fd00:42::42",  # Scaleway
    )
)

_NOT_PUBLIC_V4 = networks(
    """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
    192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24
    203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
    """
)
# RFC 4291 2.4: global unicast is what IANA has handed out, 2000::/3; the rest is refused unseen. Out of that: protocol
# assignments with Teredo, benchmarking and ORCHID (RFC 2928), documentation (RFC 3849, RFC 9637), 6to4 (RFC 3056),
# AS112.
_PUBLIC_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = networks("2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20")

# The machine itself and the networks around it: what `belplan call` may reach on an engineer's own machine.
# Not link-local, and not 0.0.0.0 and ::, which are the addresses of nothing.
NEARBY = networks("127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 ::1 fc00::/7")

_MAPPED = IPv6Network("::ffff:0:0/96")  # RFC 4291 2.5.5.2; the kernel connects to the IPv4 address
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 2.1; a NAT64 connects to the IPv4 address
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291 2.5.5.1, deprecated
_TEREDO = IPv6Network("2001::/32")  # RFC 4380 4: the client's address, inverted
_6TO4 = IPv6Network("2002::/16")


def unwrapped(address: Address) -> Address:
    """The address that packets really go to: the IPv4 one of a mapped (`::ffff:127.0.0.1`) or NAT64 address."""
    if isinstance(address, IPv6Address) and (address in _MAPPED or address in _NAT64):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address inside a tunnel's: 6to4, Teredo, ISATAP (RFC 5214 6.1) or compatible; refused if that one is."""
    number = int(address)
    if address in _6TO4:
        return IPv4Address(number >> 80 & 0xFFFF_FFFF)
    if address in _TEREDO:
        return IPv4Address(~number & 0xFFFF_FFFF)
    isatap = number >> 32 & 0xFDFF_FFFF == 0x0000_5EFE
    if isatap or (address in _COMPATIBLE and number > 1):
        return IPv4Address(number & 0xFFFF_FFFF)
    return None


def is_public(address: Address) -> bool:
    """Is it an ordinary address of the internet?"""
    address = unwrapped(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    if address not in _PUBLIC_V6 or any(address in network for network in _NOT_PUBLIC_V6):
        return False
    inner = _embedded(address)
    return inner is None or is_public(inner)


def is_metadata(address: Address) -> bool:
    """Does a cloud's metadata service live there, in whatever wrapping?"""
    address = unwrapped(address)
    if address in METADATA:
        return True
    inner = _embedded(address) if isinstance(address, IPv6Address) else None
    return inner is not None and inner in METADATA


@dataclass(frozen=True, slots=True)
class Reach:
    """How far webhooks may reach. The operator's to set, never a company's."""

    allowed: tuple[Network, ...] = ()
    """Networks besides the public internet: a CRM in the LAN."""
    nearby: bool = False
    """This machine and private networks too: an engineer trying a plan."""

    def refuses(self, address: Address) -> str | None:
        """Why this address may not be reached, in words that name no address; None when it may."""
        if is_metadata(address):
            return "that is the address of a cloud's own service, which no webhook may reach"
        address = unwrapped(address)
        if any(address in network for network in self.allowed):
            return None
        if self.nearby and any(address in network for network in NEARBY):
            return None
        if is_public(address):
            return None
        return "that address is not on the public internet; the operator can allow its network"
