"""What lines of an extensions.conf become, and what is said about those that become nothing."""

import pytest

from belplan.apps import APPS
from belplan.dialplan.check import read
from belplan.migration.asterisk import timing
from belplan.migration.asterisk.conf import matches, specificity
from belplan.migration.asterisk.expression import Leaf, Unsaid, test_of, value_of
from belplan.migration.asterisk.importing import Files, draft_of
from belplan.migration.asterisk.text import Ref, Texts
from belplan.migration.draft import ImportFileError

test_of.__test__ = False
TEXTS = Texts({"DIALSTATUS": ("BUSY",), "n": ("2",), "klant": (Ref("klant"),)}, lambda _: None)


def becomes(*steps: str, contexts: str = "") -> tuple[list, str]:
    """The route of these steps behind one number, and the notes about it."""
    lines = "".join(f"same => n,{step}\n" for step in steps)
    draft = draft_of(Files(f"[in]\nexten => 0102380095,1,NoOp()\n{lines}{contexts}"), "Voorbeeld BV", "NL", ("in",))
    company, problems = read(draft.text("x"), APPS)
    assert company, problems
    return draft.dial_plans[0]["route"], "\n".join(str(note) for note in draft.notes)


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ('$["${klant}" = "open"]', {"variable": "klant", "equals": "open"}),
        ('$["x${klant}" = "xopen"]', {"variable": "klant", "equals": "open"}),
        ('$["${klant}" = ""]', {"variable": "klant", "is_set": False}),
        ('$["${LEN(${klant})}" > 0]', {"variable": "klant", "is_set": True}),
        ("$[${ISNULL(${klant})}]", {"variable": "klant", "is_set": False}),
        ("$[${klant} > 100]", {"variable": "klant", "more_than": "100"}),
        ("$[100 < ${klant}]", {"variable": "klant", "more_than": "100"}),
        ("$[${CALLERID(num):0:2} = 06]", {"variable": "caller_number", "starts_with": "06"}),
        ("$[${CALLERID(num):-2} = 95]", {"variable": "caller_number", "ends_with": "95"}),
        ('$[${REGEX("^31" ${CALLERID(num)})} = 1]', {"variable": "caller_number", "matches": "^31"}),
        ('$["${klant}" : "op"]', {"variable": "klant", "matches": "^(?:op)"}),
    ],
)
def test_a_test_becomes_a_condition(text, test):
    found = test_of(text, TEXTS)
    assert isinstance(found, Leaf)
    assert found.as_item() == test


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("$[${n} + 1 > 2]", True), ("$[(${n} + 1) * 2 = 6]", True), ('$["${DIALSTATUS}" = "BUSY"]', True),
        ('$["${DIALSTATUS}" != "BUSY" | 0]', False), ("${n}", True),
        ("0", False), ("", False), ('$["${nix}" = ""]', True),
        ('$["a" = "a" & !("b" = "c")]', True), ("$[7 % 2]", True), ('$["10" = "10.0"]', True),
    ],
)  # fmt: skip
def test_what_is_known_before_any_call_is_worked_out(text, holds):
    assert test_of(text, TEXTS) is holds


def test_what_cannot_be_said_says_so():
    assert isinstance(test_of("$[${SHELL(date)} = 1]", TEXTS), Unsaid)
    assert value_of("$[${n} + 1]", TEXTS) == ("3",)


def test_a_text_that_differs_also_differs_from_nothing():
    route, _ = becomes(
        "Set(CURLOPT(httptimeout)=3)",
        'Set(klant=${CURL(http://crm.example.nl/${URIENCODE(${CALLERID(num)})})})',
        'ExecIf($["${klant}" != "vip"]?Busy())',
        "Dial(PJSIP/anna,20)",
    )  # fmt: skip
    assert route[0] == {
        "webhook": {"method": "GET", "url": "http://crm.example.nl/{caller_number}", "save_as": "klant", "timeout": 3}
    }
    differs = [{"variable": "klant", "is_set": False}, {"variable": "klant", "equals": "vip", "invert": True}]
    assert route[1] == {"condition": {"any": differs, "then": [{"hangup": {"cause": 17}}]}}


def test_dialstatus_becomes_the_exits_of_connect():
    route, _ = becomes("Dial(PJSIP/anna&PJSIP/bram,15,t)", 'ExecIf($["${DIALSTATUS}" = "BUSY"]?Busy())', "Hangup()")
    assert route == [{"connect": {"to": "301", "timeout": 15, "on_busy": [{"hangup": {"cause": 17}}]}}]


def test_a_loop_with_a_counter_is_written_out_and_one_without_is_said():
    counting = (
        "[again]\nexten => s,1,Set(n=$[${n}+1])\nsame => n,Dial(PJSIP/anna,5)\nsame => n,GotoIf($[${n} < 3]?s,1)\n"
    )
    route, _ = becomes("Set(n=0)", "Goto(again,s,1)", contexts=counting)
    assert [next(iter(item)) for item in route] == ["connect"] * 3
    _, notes = becomes("Goto(0102380095,1)")
    assert "a circle in which nothing waits" in notes


def test_what_has_no_counterpart_is_said_with_its_line():
    _, notes = becomes(
        "AGI(x.agi)", "Read(pin,enter,4)", "Set(CALLERID(num)=100)", "Goto(${klant},1)", contexts="#include x.conf\n"
    )
    for said in (
        "lost: line 3: AGI(x.agi) has no counterpart",
        "lost: line 4: Read(pin,enter,4)",
        "lost: line 5: CALLERID(num)",
        "lost: line 7: #include x.conf is not read",
    ):
        assert said in notes


def test_included_contexts_hold_within_their_times():
    contexts = "include => open,08:00-17:00,mon-fri,*,*\ninclude => dicht\n"
    contexts += "[open]\nexten => _01X.,1,Dial(PJSIP/anna,20)\n[dicht]\nexten => _0X.,1,Playback(dicht)\n"
    text = f"[in]\nexten => 0102380096,1,Goto(rest,0102380096,1)\n[rest]\n{contexts}"
    route = draft_of(Files(text), "x", "NL", ("in",)).dial_plans[0]["route"]
    assert [next(iter(item)) for item in route] == ["time", "announce"]
    assert [next(iter(item)) for item in route[0]["time"]["then"]] == ["connect", "hangup"]


def test_users_boxes_and_queues_come_along():
    files = Files(
        "[in]\nexten => 0102380095,1,Queue(hulp,t)\n[phones]\nexten => 201,1,Dial(PJSIP/anna,20)\n"
        "same => n,VoiceMail(201@default,u)\nexten => 202,1,Dial(SIP/bram)\n",
        "[default]\n201 => 1234,Anna de Boer,anna@example.nl\n",
        "[general]\n[hulp]\nstrategy=rrmemory\nmember => PJSIP/anna\nmember => PJSIP/carla\nmaxlen=4\nweight=2\n",
    )
    draft = draft_of(files, "Voorbeeld BV", "NL")
    company, problems = read(draft.text("x"), APPS)
    assert company, problems
    assert [(user.name, user.number) for user in company.users] == [
        ("Anna de Boer", "201"), ("bram", "202"), ("carla", "203"),
    ]  # fmt: skip
    assert [item.app.app_name for item in company.users[0].route.items] == ["connect", "voicemail"]
    assert company.voicemail_boxes[0].email == ("anna@example.nl",)
    assert (company.queues[0].strategy, company.queues[0].max_waiting) == ("round_robin", 4)
    assert "weight of the queue hulp" in str(draft.notes)


@pytest.mark.parametrize(
    ("pattern", "number", "takes"),
    [
        ("_0X.", "0102380095", True), ("_0X.", "01", False), ("_[2-4]XX", "301", True), ("_[2-4]XX", "501", False),
        ("_NXX", "199", False), ("_ZX!", "12", True), ("s", "s", True), ("_06-XX", "0612", True),
    ],
)  # fmt: skip
def test_patterns_take_what_asterisk_takes(pattern, number, takes):
    assert matches(pattern, number) is takes


def test_the_pattern_that_leaves_less_open_comes_first():
    names = ["_X.", "_0X.", "_0[1-2]X.", "0102380095"]
    assert sorted(names, key=specificity) == ["0102380095", "_0[1-2]X.", "_0X.", "_X."]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("08:30-17:00,mon-fri,*,*", [{"weekdays": [
            {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:30", "to": "17:01"}]}]),
        ("*,sat&sun,*,*", [{"weekdays": [{"days": ["sat", "sun"]}]}]),
        ("22:00-06:00,fri-mon,*,*", [{"weekdays": [
            {"days": ["mon", "fri", "sat", "sun"], "from": "22:00", "to": "24:00"},
            {"days": ["mon", "fri", "sat", "sun"], "from": "00:00", "to": "06:01"}]}]),
        ("12:00-13:00|*|25-26|dec", [{"dates": [
            {"on": "12-25", "from": "12:00", "to": "13:01"}, {"on": "12-26", "from": "12:00", "to": "13:01"}]}]),
        ("00:00-23:59,*,*,*", [{"weekdays": [{"days": list(timing.DAYS)}]}]),
    ],
)  # fmt: skip
def test_times_become_time_conditions(words, parts):
    assert timing.parts_of(words) == parts


@pytest.mark.parametrize("words", ["8-17,mon-fri,*,*", "*,maandag,*,*", "*,*,x,dec", "25:00-26:00,*,*,*"])
def test_what_is_no_time_is_refused(words):
    with pytest.raises(ValueError, match="is n"):
        timing.parts_of(words)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no context"),
        ("[in]\nexten => 201\n", "line 2"),
        ("[in]\nsame => n,Answer()\n", "no `exten` before"),
        ("[in]\nexten => 201,1,Dial(PJSIP/x)\n", "no extension of in takes calls"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(text, said):
    with pytest.raises(ImportFileError, match=said):
        draft_of(Files(text), "x", "NL")
