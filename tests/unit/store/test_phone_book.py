"""Names are found by number, in little room."""

from hypothesis import given
from hypothesis import strategies as st

from belplan.store.phone_book import Book

numbers = st.text("0123456789", min_size=1, max_size=18)


@given(st.dictionaries(numbers, st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)), numbers)
def test_a_book_is_a_mapping(entries, other):
    book = Book(entries.items())
    assert len(book) == len(entries)
    for number, name in entries.items():
        assert book.name(number) == name
    assert book.name(other) == entries.get(other, "")


def test_what_is_no_number_has_no_name():
    assert [Book([("201", "Anna")]).name(word) for word in ("", "anna", "+201", "0201", "201" * 9)] == [""] * 5


def test_what_is_no_number_does_not_keep_the_others_out():
    book = Book([("201", "Anna"), ("10+)81 30", "x"), ("²", "y"), ("", "z")])
    assert (len(book), book.name("201"), book.name("²")) == (1, "Anna", "")
