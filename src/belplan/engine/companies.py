"""The companies of one exchange, and which of them a call belongs to.

SIP accounts and trunks are of the whole exchange. So that those of two companies never clash, each company has a handle
there, which comes before them: Anna's phone at Voorbeeld BV is `voorbeeld-bv-anna`. A company that has the exchange to
itself, from a file, needs none.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from belplan.dialplan.company import Company, Trunk


def on_exchange(plan: dict[str, Any], handle: str) -> None:
    """Give phones, trunks and their secrets, in a plan as JSON has it, the names they have on an exchange of many."""
    company = plan["company"]["id"]

    def name(entry: dict[str, Any], field: str) -> None:
        entry[field] = account(handle, entry[field])
        secret = entry.get("password")
        if isinstance(secret, str) and secret.startswith("secret:"):
            entry["password"] = f"secret:{company}/{secret.removeprefix('secret:')}"

    for user in plan.get("users") or ():
        for phone in user.get("phones") or ():
            name(phone, "username")
    for trunk in plan.get("trunks") or ():
        name(trunk, "name")


def account(handle: str, username: str) -> str:
    """What a phone of a company is called on an exchange of many."""
    return f"{handle}-{username}"


def chosen(version: Company, caller: str, share: int) -> bool:
    """Whether a caller is among the `share` percent that have this version: the same ones at every call.

    More percent means others besides. Who withholds the number cannot be known again, and is never among them.
    """
    key = f"{version.id} {version.number} {caller}".encode()
    return caller != "" and int.from_bytes(hashlib.blake2b(key, digest_size=8).digest()) % 100 < share


class Companies:
    """The companies that take calls now."""

    def __init__(self, companies: Iterable[Company] = ()) -> None:
        self._companies: dict[str, Company] = {}
        self._by_phone: dict[str, Company] = {}
        self._by_trunk: dict[str, tuple[Company, Trunk]] = {}
        self._by_host: dict[str, dict[str, Company]] = {}  # of a trunk, then the external number
        self._shared: dict[str, tuple[Company, int]] = {}  # versions for some of the callers, and for how many percent
        for company in companies:
            self.use(company)

    def __iter__(self) -> Iterator[Company]:
        return iter(list(self._companies.values()))

    def __len__(self) -> int:
        return len(self._companies)

    def get(self, company: str) -> Company | None:
        """The company with this id."""
        return self._companies.get(company)

    def use(self, company: Company) -> None:
        """Take this version of a company from now on."""
        self.drop(company.id)
        self._companies[company.id] = company
        for name in company.accounts:
            self._by_phone.setdefault(name, company)
        for trunk in company.trunks:
            self._by_trunk.setdefault(trunk.name, (company, trunk))
            numbers = self._by_host.setdefault(trunk.host, {})
            for number in company.external:
                numbers.setdefault(number, company)

    def drop(self, company: str) -> None:
        """Forget a company."""
        old = self._companies.pop(company, None)
        if old is None:
            return
        for name in old.accounts:
            if self._by_phone.get(name) is old:
                del self._by_phone[name]
        for trunk in old.trunks:
            if (found := self._by_trunk.get(trunk.name)) and found[0] is old:
                del self._by_trunk[trunk.name]
            numbers = self._by_host.get(trunk.host, {})
            for number in old.external:
                if numbers.get(number) is old:
                    del numbers[number]

    def share(self, version: Company, share: int) -> None:
        """Let `share` percent of a company's callers have this version from now on."""
        self._shared[version.id] = (version, share)

    def unshare(self, company: str) -> None:
        """Let all callers of a company have its live version again."""
        self._shared.pop(company, None)

    def versions(self, company: str) -> list[Company]:
        """The versions of a company that calls begin with now: the live one first."""
        shared = self._shared.get(company)
        found = self._companies.get(company)
        return ([found] if found else []) + ([shared[0]] if shared else [])

    def every_version(self) -> tuple[Company, ...]:
        """The versions of all companies that calls begin with now."""
        return tuple(version for company in self for version in self.versions(company.id))

    def for_caller(self, company: Company, caller: str) -> Company:
        """The version that a caller of a company has."""
        version, share = self._shared.get(company.id, (company, 0))
        return version if share and chosen(version, caller, share) else company

    def of_phone(self, name: str) -> Company | None:
        """Whose phone this SIP account is."""
        return self._by_phone.get(name)

    def of_trunk(self, name: str, called: str) -> Company | None:
        """Who takes a call to a number over a trunk.

        Companies with the same provider share its addresses: the exchange cannot tell their trunks apart, the
        number can.
        """
        found = self._by_trunk.get(name)
        if found is None:
            return None
        company, trunk = found
        if company.destination(called):
            return company
        return self._by_host.get(trunk.host, {}).get(company.canonical(called), company)
