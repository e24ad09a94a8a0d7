"""A company's sounds are uploaded, checked, named by its plan, and are where the exchange plays them from."""

import io
import math
import struct
import wave

import av
import pytest

from belplan.store import prompts as store
from belplan.store.backup import back_up, restore
from belplan.store.database import Database
from belplan.store.prompts import CompanyPrompts


def tone(seconds=1.0, rate=8000):
    """A WAV file of 440 Hz."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(
            b"".join(
                struct.pack("<h", int(9000 * math.sin(2 * math.pi * 440 * n / rate)))
                for n in range(int(seconds * rate))
            )
        )
    return file.getvalue()


def encoded(form, codec, sound):
    """The same as a browser's recording, or as Ogg."""
    target = io.BytesIO()
    with av.open(io.BytesIO(sound)) as source, av.open(target, mode="w", format=form) as file:
        stream = file.add_stream(codec, rate=48000)
        stream.codec_context.layout = "mono"
        resampler = av.AudioResampler(format="flt", layout="mono", rate=48000, frame_size=960)
        for frame in source.decode(audio=0):
            for part in resampler.resample(frame):
                file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return target.getvalue()


@pytest.fixture
def at(company):
    return f"/companies/{company}/prompts"


@pytest.fixture
def editor(member):
    return member("editor")


def upload(client, at, name, sound, **headers):
    return client("POST", f"{at}?name={name}", sound, **{"Content-Type": "audio/wav", **headers})


def test_a_sound_is_uploaded_heard_renamed_and_deleted(server, editor, member, at, company):
    made = upload(editor, at, "Wélkom (2).mp3", tone())
    assert made.status_code == 201, made.text
    assert (made.json()["name"], made.json()["seconds"]) == ("W_lkom _2_.wav", 1.0)
    path = f"{at}/W_lkom _2_.wav"
    heard = member("read-only")("GET", path)
    with wave.open(io.BytesIO(heard.content)) as sound:
        assert (sound.getframerate(), sound.getnframes(), sound.getnchannels()) == (16000, 16000, 1)
    part = editor("GET", path, Range="bytes=44-143")
    assert (part.status_code, part.content) == (206, heard.content[44:144])
    assert part.headers["Content-Range"] == f"bytes 44-143/{len(heard.content)}"
    assert editor("GET", path, Range="bytes=-10").content == heard.content[-10:]
    assert editor("GET", path, Range=f"bytes={len(heard.content)}-").status_code == 416
    assert upload(editor, at, "W_lkom _2_.wav", tone()).status_code == 409
    assert upload(editor, at, "W_lkom _2_.wav&replace=true", tone(2)).json()["seconds"] == 2.0
    assert editor("PUT", path, {"name": "welkom.wav"}).status_code == 200
    folder = server.data / "sounds" / company
    assert [one.name for one in folder.iterdir()] == ["welkom.wav"]
    assert member("read-only")("DELETE", f"{at}/welkom.wav").status_code == 403
    assert editor("DELETE", f"{at}/welkom.wav").status_code == 204
    assert list(folder.iterdir()) == []
    assert editor("GET", f"{at}/welkom.wav").status_code == 404


def test_what_a_browser_records_and_ogg_are_sounds_and_rubbish_is_told_so(editor, at):
    for name, sound in (("a", encoded("webm", "libopus", tone())), ("b", encoded("ogg", "libopus", tone()))):
        made = upload(editor, at, name, sound, **{"Content-Type": "audio/webm"})
        assert made.status_code == 201, made.text
        assert made.json()["seconds"] == pytest.approx(1.0, abs=0.1)
    for rubbish in (b"", b"MZ" + bytes(5000), tone()[:30], b"<svg onload=alert(1)>"):
        assert upload(editor, at, "c", rubbish).status_code == 422
    assert upload(editor, at, "c", bytes(21 << 20)).status_code == 413


def test_a_plan_that_names_a_sound_is_warned_while_it_is_not_there_and_keeps_it_when_it_is(editor, at, company):
    draft = editor("GET", f"/companies/{company}/draft")
    plan = draft.json()["plan"]
    plan["dial_plans"][0]["route"].insert(0, {"announce": {"file": "gesloten.wav"}})
    saved = editor("PUT", f"/companies/{company}/draft", {"plan": plan}, **{"If-Match": draft.headers["ETag"]})
    (warning,) = [one for one in saved.json()["problems"] if one["code"] == "missing-file"]
    assert warning["path"] == "dial_plans[0].route[0].announce.file"
    assert warning["severity"] == "warning"
    assert editor("GET", at).json()["missing"] == ["gesloten.wav"]
    assert upload(editor, at, "gesloten.ogg", tone()).json()["used_in"] == [warning["path"]]
    found = editor("GET", f"/companies/{company}/draft").json()["problems"]
    assert not [one for one in found if one["code"] == "missing-file"]
    assert "file: gesloten.wav" in editor("GET", f"/companies/{company}/draft/plan.yaml").text
    refused = editor("DELETE", f"{at}/gesloten.wav")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/in-use")
    assert refused.json()["problems"][0]["path"] == warning["path"]
    assert editor("PUT", f"{at}/gesloten.wav", {"name": "x.wav"}).status_code == 409


def test_a_company_does_not_hear_another_ones_sounds(server, editor, at):
    other = server.company("Anderen")
    stranger = server.person("sounds@example.nl", "editor", other)
    upload(editor, at, "geheim", tone())
    assert stranger("GET", f"/companies/{other}/prompts").json() == {"items": [], "missing": []}
    assert stranger("GET", f"/companies/{other}/prompts/geheim.wav").status_code == 404
    assert stranger("GET", f"{at}/geheim.wav").status_code == 404


def test_another_server_and_a_restored_one_have_the_sounds_too(server, editor, at, company, tmp_path, monkeypatch):
    upload(editor, at, "hier", tone())
    parts = server.parts

    async def elsewhere():
        new = []
        other = CompanyPrompts(parts.database, tmp_path / "other")
        other.on_new = lambda company, name: new.append((company, name))
        await other.bring()
        assert (company, "hier.wav") in new
        new.clear()
        await other.bring()
        await parts.prompts.rename(company, "hier.wav", "daar.wav")
        await other.bring()
        assert new == [(company, "daar.wav")]
        assert [one.name for one in (tmp_path / "other" / company).iterdir()] == ["daar.wav"]
        await back_up(parts.database, tmp_path / "nothing", tmp_path / "kept.zip")
        async with Database(f"sqlite:///{tmp_path / 'new.sqlite'}") as database:
            await restore(database, tmp_path, tmp_path / "kept.zip")
            again = CompanyPrompts(database, tmp_path / "again")
            await again.bring()
            assert (await again.sound(company, "daar.wav"))[1] == (await parts.prompts.sound(company, "daar.wav"))[1]
        monkeypatch.setattr(store, "MOST", 1)

    server.run(elsewhere())
    assert upload(editor, at, "meer", tone()).status_code == 422
