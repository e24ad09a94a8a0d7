"""What a simulated party hears, and for how long it hears nothing."""

from belplan.dialplan.fields import Prompt
from belplan.engine.leg import Recorded, Sound

SPEECH_RATE = 15.0  # characters a second, as espeak-ng and people speak Dutch
BEEP = 0.3  # seconds
FILE_SECONDS = 3.0  # a sound file whose length the simulator does not know


def seconds_of(sound: Sound) -> float:
    """How long a sound lasts. Music and tones but the beep never end by themselves."""
    if isinstance(sound, Recorded):
        return sound.seconds
    if not isinstance(sound, Prompt):
        return BEEP if sound == "beep" else float("inf")
    return len(sound.say) / SPEECH_RATE if sound.say is not None else FILE_SECONDS


class Ear:
    """One party's ear. `heard` names every sound in turn; times are the loop's, in seconds."""

    __slots__ = ("_began", "_ringing_since", "_sounds", "heard")

    def __init__(self, now: float) -> None:
        self.heard: list[str] = []
        self._began = now
        self._sounds: list[tuple[float, float]] = []
        self._ringing_since: float | None = None

    def rings(self, now: float) -> None:
        """Ringing begins, and goes on until something else is heard."""
        self.heard.append("ringing")
        if self._ringing_since is None:
            self._ringing_since = now

    def stops_ringing(self, now: float) -> None:
        """The call is answered, or a sound before the answer takes the place of the ringing."""
        if self._ringing_since is not None:
            self._sounds.append((self._ringing_since, now))
            self._ringing_since = None

    def listened(self, since: float, until: float) -> None:
        """There was a sound, or somebody to talk to."""
        self._sounds.append((since, until))

    def longest_silence(self, until: float) -> float:
        """Seconds of the longest time without a sound, from the party's arrival to `until`."""
        self.stops_ringing(until)
        longest, quiet_since = 0.0, self._began
        for since, to in sorted(self._sounds):
            longest = max(longest, since - quiet_since)
            quiet_since = max(quiet_since, to)
        return max(longest, until - quiet_since)
