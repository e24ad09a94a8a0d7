"""Voice for calls that SIPp sets up: packets of 20 ms both ways through Asterisk, and what arrived of them."""

import multiprocessing
import re
import selectors
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PTIME = 0.020  # seconds of voice in a packet (RFC 3551 4.2)
SILENCE = b"\xd5" * 160  # A-law

_PORT = re.compile(r"^m=audio (\d+) ", re.M)


@dataclass
class Heard:
    """What one end heard: packets sent to it and received, and the longest time without any, in seconds."""

    sent: int = 0
    received: int = 0
    longest: float = 0.0
    streams: dict[int, float] = field(default_factory=dict)  # when each last had a packet, by its port


def ports(trace: str) -> list[int]:
    """The RTP ports that Asterisk named in what an end of SIPp's received."""
    received = (
        part for part in re.split(r"^-{20,} ", trace.replace("\r", ""), flags=re.M) if "message received" in part
    )
    return list(dict.fromkeys(int(port) for part in received for port in _PORT.findall(part)))


def open_end() -> socket.socket:
    """Where an end of all calls hears and speaks."""
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    end.bind(("127.0.0.1", 0))
    end.setblocking(False)
    return end


@contextmanager
def talking(ends: list[tuple[socket.socket, list[int]]]) -> Iterator[list[Heard]]:
    """Have each end speak to its ports of Asterisk's for as long as the block runs. Each hears what the other says."""
    stop, told = multiprocessing.Event(), multiprocessing.SimpleQueue()
    found: list[Heard] = []
    process = multiprocessing.get_context("fork").Process(target=_talk, args=(ends, stop, told))
    process.start()
    try:
        yield found
    finally:
        stop.set()
        found += told.get()
        process.join(10)


def _talk(ends, stop, told) -> None:
    heard = [Heard() for _ in ends]
    selector = selectors.DefaultSelector()
    for at, (end, _) in enumerate(ends):
        selector.register(end, selectors.EVENT_READ, at)
    number, due, last = 0, time.monotonic(), 0.0
    while not stop.is_set() or time.monotonic() < last:
        now = time.monotonic()
        if stop.is_set() and not last:
            last = now + 0.3  # what is under way
        if now >= due and not last:
            packet = struct.pack("!BBHII", 0x80, 8, number & 0xFFFF, number * 160 & 0xFFFFFFFF, 1) + SILENCE
            for at, (end, to) in enumerate(ends):
                for port in to:
                    end.sendto(packet, ("127.0.0.1", port))
                heard[1 - at].sent += len(to)
            number, due = number + 1, due + PTIME
        for key, _ in selector.select(max(0.0, min(due - time.monotonic(), PTIME))):
            _hear(ends[key.data][0], heard[key.data])
    told.put(heard)


def _hear(end: socket.socket, heard: Heard) -> None:
    while True:
        try:
            packet, (_, port) = end.recvfrom(2048)
        except BlockingIOError:
            return
        if packet[1] & 0x7F not in (0, 8):  # RTCP, comfort noise
            continue
        now = time.monotonic()
        heard.received += 1
        heard.longest = max(heard.longest, now - heard.streams.get(port, now))
        heard.streams[port] = now
