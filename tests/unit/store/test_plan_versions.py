"""A call may be resumed with the version that it began with, for as long as any call can last."""

import json
import os
import time

from belplan.apps import APPS
from belplan.dialplan.load import load
from belplan.store.plan_versions import KEEP, PlanVersions


def company(number: int, name: str):
    raw = {"company": {"name": name, "id": f"{number:032x}"}}
    found = load(raw, APPS).company
    found.read_from(json.dumps(raw))
    return found


def test_a_version_that_was_in_use_until_now_outlives_its_successor(tmp_path):
    kept = PlanVersions(tmp_path)
    before, other, long_ago = company(1, "Een"), company(2, "Twee"), company(3, "Weg")
    kept.keep([before, other, long_ago])
    for path in tmp_path.glob("*.plan"):
        os.utime(path, (0, time.time() - KEEP - 60))
    after = company(1, "Een, maar anders")
    kept.keep([before, other, after])
    assert [kept.text(one.version) is not None for one in (before, other, after)] == [True, True, True]
    assert kept.text(long_ago.version) is None
