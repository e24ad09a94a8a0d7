"""Runs Tryton with a few customers in a SQLite database of its own; the key of its REST API is in crm/key.

A Tryton of your own needs none of this: make the user application "REST API" in the user's preferences, and give
receiver.py its address and key.
"""

import os
import sys
from pathlib import Path

FOLDER = Path(__file__).with_name("crm")
FOLDER.mkdir(exist_ok=True)
os.environ["TRYTOND_DATABASE__URI"] = "sqlite://"
os.environ["TRYTOND_DATABASE__PATH"] = str(FOLDER)

from trytond.pool import Pool  # noqa: E402  # it reads the settings when it is imported
from trytond.transaction import Transaction  # noqa: E402
from werkzeug.serving import run_simple  # noqa: E402

CUSTOMERS = [  # name, telephone with its country, category
    ("Pieter Janssen", "+31 6 1234 5678", "Openstaand"),
    ("Bakkerij Sanne", "+31 20 765 4321", "VIP"),
    ("Garage Smit", "+31 10 238 00 11", None),
]


def make(database: str) -> None:
    """The database, its customers and the key: done once."""
    with Transaction().start(database, 0) as transaction:
        transaction.database.init()
    pool = Pool(database)
    pool.init(update=["party"], lang=["en", "nl"], activatedeps=True)
    with Transaction().start(database, 1):
        named = {name: pool.get("party.category")(name=name) for name in ("Openstaand", "VIP")}
        for category in named.values():
            category.save()
        for name, telephone, category in CUSTOMERS:
            party = pool.get("party.party")(name=name)
            party.categories = [named[category]] if category else []
            party.contact_mechanisms = [pool.get("party.contact_mechanism")(type="phone", value=telephone)]
            party.save()
        application = pool.get("res.user.application")(user=1, application="rest")
        application.save()
        (FOLDER / "key").write_text(application.key)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    if not (FOLDER / "key").exists():
        (FOLDER / "crm.sqlite").unlink(missing_ok=True)
        (FOLDER / "crm.sqlite").touch()
        make("crm")
    from trytond.application import app

    run_simple("127.0.0.1", port, app, threaded=True)
