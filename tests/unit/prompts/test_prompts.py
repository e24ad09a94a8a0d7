"""What callers hear is made once, at one level, and never stands in the way of a call."""

import asyncio
import math
import os
import stat
import sys
import wave
from array import array
from pathlib import Path

import av
import pytest

from belplan.apps import APPS
from belplan.dialplan import check
from belplan.dialplan.fields import Prompt
from belplan.prompts import Prompts, audio, files
from belplan.prompts.audio import SoundError
from belplan.prompts.cache import Cache
from belplan.prompts.piper import Piper
from belplan.prompts.speech import Speech, plain
from belplan.prompts.texts import TEXTS

# Speaks as espeak-ng does: text in, WAV out, and a line in `calls` for each time.
SPEAKER = """
import io, math, os, struct, sys, time, wave
text = sys.stdin.buffer.read().decode()
voice = next(a[2:] for a in sys.argv if a.startswith("-v"))
with open({calls!r}, "a") as calls:
    calls.write(repr((voice, text, sys.argv[1:])) + "\\n")
if voice == "none": sys.exit(1)
if text == "hang": time.sleep(60)
sound = io.BytesIO()
with wave.open(sound, "wb") as file:
    file.setnchannels(1); file.setsampwidth(2); file.setframerate(22050)
    file.writeframes(b"".join(struct.pack("<h", int(3000 * math.sin(i / 10))) for i in range(22050)))
sys.stdout.buffer.write(sound.getvalue())
"""


@pytest.fixture
def calls(tmp_path):
    """What the speaker was asked, as (voice, text, arguments)."""
    return lambda: [eval(line) for line in (tmp_path / "calls").read_text().splitlines()]


@pytest.fixture
def speaker(tmp_path):
    (tmp_path / "speaker.py").write_text(SPEAKER.format(calls=str(tmp_path / "calls")))
    return [sys.executable, str(tmp_path / "speaker.py")]


def tone(path: Path, *, amplitude: int = 20000, rate: int = 44100, channels: int = 1, seconds: float = 1.0) -> Path:
    samples = array("h")
    for number in range(int(rate * seconds)):
        samples.extend([int(amplitude * math.sin(2 * math.pi * 440 * number / rate))] * channels)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def encoded(path: Path, codec: str, source: Path) -> Path:
    """The sound in another format."""
    with av.open(str(path), "w") as target, av.open(str(source)) as origin:
        stream = target.add_stream(codec, rate=48000 if "opus" in codec else 44100)
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=stream.codec_context.rate)
        stream.codec_context.layout = "mono"
        fifo = av.AudioFifo()
        for frame in origin.decode(audio=0):
            for part in resampler.resample(frame):
                fifo.write(part)
        size = stream.codec_context.frame_size or 1024
        while frame := fifo.read(size):
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


def read(path: Path) -> tuple[int, int, float]:
    """Rate, channels, seconds of a WAV file."""
    with wave.open(str(path), "rb") as file:
        assert file.getsampwidth() == 2
        return file.getframerate(), file.getnchannels(), file.getnframes() / file.getframerate()


# --- texts ----------------------------------------------------------------------------------------------


def test_every_language_says_everything():
    assert set(TEXTS) == {"nl", "en"}
    assert len({frozenset(texts) for texts in TEXTS.values()}) == 1
    assert all(text.strip() == text != "" for texts in TEXTS.values() for text in texts.values())


# --- speech ---------------------------------------------------------------------------------------------


def test_spoken_once_for_everybody_who_asks(tmp_path, speaker, calls):
    async def ask():
        prompts = Prompts(tmp_path / "cache", speech=speaker)
        return await asyncio.gather(*(prompts.path(Prompt(say="Welkom"), "nl") for _ in range(20)))

    paths = asyncio.run(ask())
    assert len(set(paths)) == 1
    assert paths[0]
    assert paths[0].is_absolute()
    assert len(calls()) == 1
    assert read(paths[0].with_suffix(".wav")) == (8000, 1, pytest.approx(1, abs=0.02))
    assert read(paths[0].with_suffix(".wav16")) == (16000, 1, pytest.approx(1, abs=0.02))
    assert asyncio.run(ask()) == paths  # by another process of ours, too
    assert len(calls()) == 1


def test_language_is_the_companys_unless_the_prompt_has_one(tmp_path, speaker, calls):
    async def ask():
        prompts = Prompts(tmp_path / "cache", speech=speaker)
        return [
            await prompts.path(Prompt(say="a"), "nl"),
            await prompts.path(Prompt(say="a"), "en"),
            await prompts.path(Prompt(say="a", language="en"), "nl"),
            await prompts.path(Prompt(say="a", voice="nl+f3"), "nl"),
        ]

    dutch, english, chosen, woman = asyncio.run(ask())
    assert english == chosen
    assert len({dutch, english, woman}) == 3
    assert [voice for voice, _, _ in calls()] == ["nl", "en", "nl+f3"]


def test_unknown_voice_falls_back_to_the_languages_own(tmp_path, speaker, calls):
    assert asyncio.run(Prompts(tmp_path / "cache", speech=speaker).path(Prompt(say="a", voice="none"), "en"))
    assert [voice for voice, _, _ in calls()] == ["none", "en"]


@pytest.mark.parametrize("text", ["-v evil", "--help", '"; rm -rf /', "$(id)", "<speak>", "a\nb\x00c", "[[h'i]]", "é€"])
def test_text_is_never_an_argument_or_a_command(tmp_path, speaker, calls, text):
    assert asyncio.run(Prompts(tmp_path / "cache", speech=speaker).path(Prompt(say=text), "nl"))
    [(_, said, arguments)] = calls()
    assert said == plain(text)
    assert text not in " ".join(arguments)
    assert "[[" not in said
    assert said.isprintable()


@pytest.mark.parametrize("speech", [None, ["/no/such/program"], [sys.executable, "-c", "import sys; sys.exit(1)"]])
def test_no_voice_is_no_crash(tmp_path, speech):
    assert asyncio.run(Prompts(tmp_path / "cache", speech=speech).path(Prompt(say="a"), "nl")) is None


def test_speech_that_hangs_is_ended(tmp_path, speaker, monkeypatch):
    monkeypatch.setattr("belplan.prompts.speech.TIME_LIMIT", 0.5)
    with pytest.raises(SoundError, match="took longer"):
        asyncio.run(Speech(speaker).speak("hang", "nl"))


# Speaks as Piper does: text in, WAV out, with the model as an argument.
PIPER = """
import io, sys, wave
model = sys.argv[sys.argv.index("--model") + 1]
text = sys.stdin.buffer.read().decode()
with open({calls!r}, "a") as calls:
    calls.write(repr((model.rpartition("/")[2], text)) + "\\n")
if "broken" in model: sys.exit(1)
sound = io.BytesIO()
with wave.open(sound, "wb") as file:
    file.setnchannels(1); file.setsampwidth(2); file.setframerate(22050)
    file.writeframes(b"\\x00\\x10" * 22050)
sys.stdout.buffer.write(sound.getvalue())
"""


@pytest.fixture
def piper(tmp_path):
    (tmp_path / "piper.py").write_text(PIPER.format(calls=str(tmp_path / "calls")))

    def made(*voices: str) -> Piper:
        for voice in voices:
            (tmp_path / f"{voice}.onnx").touch()
        return Piper([sys.executable, str(tmp_path / "piper.py")], tmp_path)

    return made


def test_piper_speaks_the_languages_that_it_has_a_voice_for(tmp_path, speaker, calls, piper):
    async def ask():
        prompts = Prompts(tmp_path / "cache", speech=speaker, piper=piper("nl_NL-mls-medium", "en_US-joe-medium"))
        assert await prompts.path(Prompt(say="Hallo, bel 0612345678"), "nl")
        assert await prompts.path(Prompt(say="Hallo", voice="en_US-joe-medium"), "nl")
        assert await prompts.path(Prompt(say="Hallo", voice="nl+f3"), "nl")

    asyncio.run(ask())
    assert calls()[0] == ("nl_NL-mls-medium.onnx", "Hallo, bel nul zes één twee, drie vier vijf, zes zeven acht")
    assert [one[0] for one in calls()[1:]] == ["en_US-joe-medium.onnx", "nl+f3"]


def test_espeak_speaks_where_piper_cannot(tmp_path, speaker, calls, piper):
    prompts = Prompts(tmp_path / "cache", speech=speaker, piper=piper("nl_NL-broken"))
    assert asyncio.run(prompts.path(Prompt(say="Hallo"), "nl"))
    assert asyncio.run(prompts.path(Prompt(say="Hello"), "en"))
    assert [one[0] for one in calls()] == ["nl_NL-broken.onnx", "nl", "en"]


def test_piper_is_not_there_without_a_voice(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "piper").write_text("#!/bin/sh\n")
    (tmp_path / "piper").chmod(0o755)
    assert Piper.find(tmp_path / "voices") is None
    (tmp_path / "voices").mkdir()
    assert Piper.find(tmp_path / "voices") is None
    (tmp_path / "voices" / "nl_NL-mls-medium.onnx").touch()
    assert Piper.find(tmp_path / "voices").voices == ("nl_NL-mls-medium",)


def test_one_who_hangs_up_does_not_take_it_from_the_others(tmp_path, speaker):
    async def ask():
        prompts = Prompts(tmp_path / "cache", speech=speaker)
        first = asyncio.create_task(prompts.path(Prompt(say="a"), "nl"))
        second = asyncio.create_task(prompts.path(Prompt(say="a"), "nl"))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(ask())


def test_a_failure_is_not_kept(tmp_path, speaker):
    async def ask():
        cache = Cache(tmp_path / "cache")

        async def broken() -> bytes:
            raise SoundError("is broken")

        async def fine() -> Path:
            return tone(tmp_path / "tone.wav")

        with pytest.raises(SoundError):
            await cache.get("key", broken)
        return await cache.get("key", fine)

    assert asyncio.run(ask())


def test_own_texts(tmp_path, speaker, calls):
    prompts = Prompts(tmp_path / "cache", speech=speaker)
    path = asyncio.run(prompts.system("apology", "nl"))
    assert path
    assert path.parent.parent == tmp_path / "cache/system"
    assert calls()[0][:2] == ("nl", TEXTS["nl"]["apology"])


def test_files_that_are_not_there_are_said_when_the_plan_is_checked(tmp_path):
    (tmp_path / "sounds").mkdir()
    tone(tmp_path / "sounds" / "welkom.wav")
    text = """
    company: {name: X}
    voicemail_boxes: [{name: A, number: "501", greeting: {file: begroeting.mp3}}]
    dial_plans:
      - name: H
        internal_number: "1003"
        route:
          - announce: {file: welkom.wav}
          - announce: {file: welkon.wav}
          - collect: {save_as: klant, prompt: {file: vraag.wav}}
    """
    company, problems = check.read(text, APPS)
    assert not problems
    found = list(files.missing(company, tmp_path / "sounds"))
    assert [(problem.path, problem.code, problem.severity) for problem in found] == [
        ("dial_plans[0].route[1].announce.file", "missing-file", "warning"),
        ("dial_plans[0].route[2].collect.prompt.file", "missing-file", "warning"),
        ("voicemail_boxes[0].greeting.file", "missing-file", "warning"),
    ]
    assert 'did you mean "welkom.wav"?' in found[0].message


# --- files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.wav", ""), ("a.mp3", "libmp3lame"), ("a.ogg", "libopus"), ("a.opus", "libopus"), ("a.flac", "flac")],
)
def test_sound_files_of_every_kind(tmp_path, name, codec):
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    original = tone(tmp_path / "original.wav", channels=1)
    if codec:
        encoded(sounds / name, codec, original)
    else:
        tone(sounds / name, channels=2)
    path = asyncio.run(Prompts(tmp_path / "cache", speech=None, sounds=sounds).path(Prompt(file=name), "nl"))
    assert path
    assert read(path.with_suffix(".wav")) == (8000, 1, pytest.approx(1, abs=0.1))
    assert read(path.with_suffix(".wav16")) == (16000, 1, pytest.approx(1, abs=0.1))


def test_a_company_hears_its_own_sound_before_the_one_of_all_and_never_that_of_another(tmp_path):
    sounds, one, two = tmp_path / "sounds", "1" * 32, "2" * 32
    (sounds / one).mkdir(parents=True)
    tone(sounds / "a.wav", seconds=1)
    tone(sounds / one / "a.wav", seconds=2)
    tone(sounds / one / "b.wav", seconds=2)
    prompts = Prompts(tmp_path / "cache", speech=None, sounds=sounds)

    def lasts(name, company):
        path = asyncio.run(prompts.path(Prompt(file=name), "nl", company))
        return path and read(path.with_suffix(".wav"))[2]

    assert lasts("a.wav", one) == pytest.approx(2, abs=0.1)
    assert lasts("a.wav", two) == lasts("a.wav", "") == pytest.approx(1, abs=0.1)
    assert lasts("b.wav", two) is None
    (sounds / one / "a.wav").unlink()
    assert lasts("a.wav", one) == pytest.approx(1, abs=0.1)


def test_a_file_that_changed_is_converted_anew(tmp_path):
    prompts = Prompts(tmp_path / "cache", speech=None, sounds=tmp_path)
    tone(tmp_path / "a.wav")
    first = asyncio.run(prompts.path(Prompt(file="a.wav"), "nl"))
    tone(tmp_path / "a.wav", seconds=2)
    second = asyncio.run(prompts.path(Prompt(file="a.wav"), "nl"))
    assert first
    assert second
    assert first != second


def test_a_missing_file_names_the_nearest(tmp_path):
    tone(tmp_path / "gesloten.wav")
    with pytest.raises(SoundError, match=r'"geslotem.wav" is not in .*; did you mean "gesloten.wav"\?'):
        files.find(tmp_path, "geslotem.wav")
    with pytest.raises(SoundError, match="does not exist"):
        files.find(tmp_path / "nothing", "a.wav")
    with pytest.raises(SoundError, match="no folder of sounds"):
        files.find(None, "a.wav")


@pytest.mark.parametrize("name", ["../secret.wav", "/etc/passwd", "link.wav", ".hidden.wav", ".", ".."])
def test_no_way_out_of_the_folder(tmp_path, name):
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    tone(tmp_path / "secret.wav")
    (sounds / "link.wav").symlink_to(tmp_path / "secret.wav")
    with pytest.raises(SoundError):
        files.find(sounds, name)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a sound at all" * 100, b"\x00" * 5000])
def test_what_is_no_sound(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    assert (
        asyncio.run(Prompts(tmp_path / "cache", speech=None, sounds=tmp_path).path(Prompt(file="a.wav"), "nl")) is None
    )
    with pytest.raises(SoundError):
        audio.decode(tmp_path / "a.wav")


def test_a_film_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(audio, "LONGEST", 1)
    with pytest.raises(SoundError, match="longer than"):
        audio.decode(tone(tmp_path / "a.wav", seconds=3))


# --- level ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amplitude", [600, 3000, 20000, 32000])
def test_everything_is_equally_loud(tmp_path, amplitude):
    audio.convert(tone(tmp_path / "a.wav", amplitude=amplitude), tmp_path / "made")
    for end in (".wav", ".wav16"):
        samples = audio.decode(tmp_path / f"made{end}")
        assert audio.level(samples) == pytest.approx(audio.LEVEL, abs=1.0)
        assert max(samples) < 32767 * 0.85


def test_silence_stays_silent(tmp_path):
    audio.convert(tone(tmp_path / "a.wav", amplitude=0), tmp_path / "made")
    assert audio.level(audio.decode(tmp_path / "made.wav")) == -math.inf


def test_pauses_do_not_count():
    loud = array("h", [1000, -1000] * 8000)
    assert audio.level(loud + array("h", bytes(2 * 160_000))) == pytest.approx(audio.level(loud), abs=0.1)


# --- the cache ------------------------------------------------------------------------------------------


def test_what_was_not_used_for_longest_goes_first(tmp_path):
    source = tone(tmp_path / "tone.wav")

    async def make(cache: Cache, key: str) -> Path:
        async def raw() -> Path:
            return source

        return await cache.get(key, raw)

    async def fill() -> list[Path]:
        cache = Cache(tmp_path / "cache", largest=200_000)  # four sounds of 48 KB
        made = []
        for number in range(4):
            made.append(await make(cache, str(number)))
            for end in (".wav", ".wav16"):
                os.utime(made[-1].with_suffix(end), (number, number))
        await make(cache, "0")  # used again
        made.append(await make(cache, "4"))
        return made

    made = asyncio.run(fill())
    assert [path.with_suffix(".wav").exists() for path in made] == [True, False, False, True, True]


def test_nothing_half_made_is_ever_found(tmp_path):
    asyncio.run(Prompts(tmp_path / "cache", speech=None, sounds=tmp_path).path(Prompt(file="a.wav"), "nl"))
    audio.convert(tone(tmp_path / "a.wav"), tmp_path / "made")
    assert sorted(path.name for path in tmp_path.glob("*made*")) == ["made.wav", "made.wav16"]
    assert stat.S_ISREG((tmp_path / "made.wav").stat().st_mode)


# --- music ----------------------------------------------------------------------------------------------


def test_music_that_comes_along_is_never_silent_and_comes_round_without_a_click(tmp_path):
    found = asyncio.run(Prompts(tmp_path, speech=None).music())
    assert found
    path, seconds = found
    samples = audio.decode(path.with_name(path.name + ".wav16"))
    assert len(samples) == pytest.approx(seconds * audio.WIDE, abs=audio.WIDE // 50)
    tenths = [max(map(abs, samples[at : at + 1600])) for at in range(0, len(samples) - 1600, 1600)]
    assert min(tenths) > 500
    steepest = max(abs(one - other) for one, other in zip(samples[1:], samples, strict=False))
    assert abs(samples[0] - samples[-1]) < steepest


def test_music_of_the_company_is_as_long_as_its_file(tmp_path):
    tone(tmp_path / "wacht.wav", seconds=2.5)
    path, seconds = asyncio.run(Prompts(tmp_path / "cache", speech=None, sounds=tmp_path).music("wacht.wav")) or ()
    assert path.with_name(path.name + ".wav").exists()
    assert seconds == pytest.approx(2.5, abs=0.05)


def test_music_that_is_not_there_is_replaced(tmp_path):
    prompts = Prompts(tmp_path / "cache", speech=None, sounds=tmp_path)
    assert asyncio.run(prompts.music("weg.mp3")) == asyncio.run(prompts.music())
