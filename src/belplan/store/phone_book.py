"""The phone books of all companies: kept in the database, looked up in memory.

A number is looked up for every call, so it never waits: each company's book is one sorted array of numbers beside one
text of all names, some 30 bytes an entry.
"""

import asyncio
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from belplan.store import tables
from belplan.store.companies import UnknownError
from belplan.store.database import Database

MOST = 100_000  # entries of one company
LONGEST = 18  # digits of a number: with one before them they fit 64 bits
AT_ONCE = 5000  # rows in one statement


def is_number(text: str) -> bool:
    """Whether a book can hold it: digits, in their one form."""
    return text.isascii() and text.isdigit() and len(text) <= LONGEST  # "²" is a digit too


class Book:
    """One company's names by number, packed."""

    __slots__ = ("_ends", "_names", "_numbers")

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        """`entries` are (number, name). What is no number, of digits in its one form, is left out."""
        numbered = sorted((int("1" + number), name) for number, name in entries if is_number(number))
        self._numbers = array("Q", (number for number, _ in numbered))
        encoded = [name.encode() for _, name in numbered]
        ends = 0
        self._ends = array("L", (ends := ends + len(name) for name in encoded))
        self._names = b"".join(encoded)

    def __len__(self) -> int:
        return len(self._numbers)

    def name(self, number: str) -> str:
        """The name of a number; "" where it is not in the book."""
        if not is_number(number):
            return ""
        wanted = int("1" + number)  # so that 0201 and 201 differ
        at = bisect_left(self._numbers, wanted)
        if at == len(self._numbers) or self._numbers[at] != wanted:
            return ""
        return self._names[self._ends[at - 1] if at else 0 : self._ends[at]].decode()


class PhoneBooks:
    """The books of all companies. What is changed counts for the next call."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._books: dict[str, Book] = {}

    def name(self, company: str, number: str) -> str:
        """The name that a company has for a number; "" for none. Never waits."""
        book = self._books.get(company)
        return book.name(number) if book else ""

    async def load(self, company: str | None = None) -> None:
        """Read the books, or one of them, from the database. Raises DatabaseAwayError."""
        columns = tables.phone_book.c
        wanted = select(columns.company, columns.number, columns.name).order_by(columns.company)
        if company is not None:
            wanted = wanted.where(columns.company == company)
        async with self._database.reading() as connection:
            owner, entries = "", list[tuple[str, str]]()
            async for some in (await connection.stream(wanted)).partitions(AT_ONCE):
                for of, number, name in some:
                    if of != owner and entries:
                        self._books[owner] = await asyncio.to_thread(Book, entries)
                        entries = []
                    owner = of
                    entries.append((number, name))
            if entries:
                self._books[owner] = await asyncio.to_thread(Book, entries)
            elif company is not None:
                self._books.pop(company, None)

    async def put(self, company: str, entries: Mapping[str, str], *, replace: bool = False) -> int:
        """Keep names by number, with or (`replace`) in the place of what there is. How many there are then.

        Raises ValueError where they would be too many, and changes nothing then.
        """

        async def work(connection: AsyncConnection) -> int:
            columns = tables.phone_book.c
            if replace:
                await connection.execute(delete(tables.phone_book).where(columns.company == company))
            numbers = list(entries)
            for at in range(0, len(numbers), AT_ONCE):
                some = numbers[at : at + AT_ONCE]
                if not replace:
                    old = (columns.company == company) & columns.number.in_(some)
                    await connection.execute(delete(tables.phone_book).where(old))
                rows = [{"company": company, "number": number, "name": entries[number]} for number in some]
                await connection.execute(insert(tables.phone_book), rows)
            counting = select(func.count()).select_from(tables.phone_book).where(columns.company == company)
            count = (await connection.execute(counting)).scalar_one()
            if count > MOST:
                raise ValueError(f"a phone book has {MOST} entries at most, this would be {count}")
            return count

        count = await self._database.change(work)
        await self.load(company)
        return count

    async def remove(self, company: str, number: str) -> None:
        """Take a number out. Raises UnknownError."""

        async def work(connection: AsyncConnection) -> None:
            columns = tables.phone_book.c
            gone = await connection.execute(
                delete(tables.phone_book).where(columns.company == company, columns.number == number)
            )
            if not gone.rowcount:
                raise UnknownError(number)

        await self._database.change(work)
        await self.load(company)

    async def page(self, company: str, *, search: str = "", after: str = "", limit: int = 50) -> list[tuple[str, str]]:
        """Entries by number, those whose name or number holds `search`."""
        columns = tables.phone_book.c
        wanted = select(columns.number, columns.name).where(columns.company == company, columns.number > after)
        if search:
            held = func.lower(columns.name).contains(search.lower(), autoescape=True)
            wanted = wanted.where(held | columns.number.contains(search, autoescape=True))
        async with self._database.reading() as connection:
            found = await connection.execute(wanted.order_by(columns.number).limit(limit))
            return [(row.number, row.name) for row in found]
