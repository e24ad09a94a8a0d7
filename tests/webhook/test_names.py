"""W31–W34: names that lie. 127.0.0.2 stands for the public internet; canaries listen where no webhook may arrive."""

import asyncio
import socket
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address, ip_network

import dns.rcode
import pytest
from asking import PATIENT, came_to, client, request
from hostile import replies, serving
from names import addresses, alias, in_turn, name_server, nothing, only, rcode

from belplan.webhook import Policy
from belplan.webhook.exchange import ExchangeError
from belplan.webhook.guard import check_peer

GUARDED = Policy(allowed_networks=(ip_network("127.0.0.2/32"), ip_network("127.0.0.4/30")), failures_in_a_row=10**9)
CANARIES = ("127.0.0.1", "127.0.0.3", "::1")


class Range:
    """A public server, canaries on the same port of refused addresses, and a name server that mixes them up."""

    def __init__(self, names, server, canaries, webhooks) -> None:
        self.names, self.server, self.canaries, self.webhooks = names, server, canaries, webhooks

    async def ask(self, name: str, **changes):
        return await self.webhooks.send(request(f"http://{name}:{self.server.port}/hook", **changes))

    @property
    def touched(self) -> list[str]:
        return [canary.host for canary in self.canaries if canary.connections]


@asynccontextmanager
async def shooting_range(policy: Policy = GUARDED):
    async with serving(replies(), host="127.0.0.2") as server:  # noqa: SIM117  the others need its port
        async with (
            serving(replies(b"canary"), host="127.0.0.1", port=server.port) as one,
            serving(replies(b"canary"), host="127.0.0.3", port=server.port) as three,
            serving(replies(b"canary"), host="::1", port=server.port) as six,
            name_server() as names,
            client(policy, resolver=names.resolver()) as webhooks,
        ):
            yield Range(names, server, (one, three, six), webhooks)


async def test_a_name_leads_to_its_server():
    async with shooting_range() as there:
        there.names.say("crm.test", addresses("127.0.0.2"))
        result = await there.ask("crm.test")
    assert (result.outcome, result.text) == ("ok", "openstaand")
    assert f"Host: crm.test:{there.server.port}".encode() in there.server.requests[0]


@pytest.mark.parametrize(
    ("says", "detail"),
    [
        (rcode(dns.rcode.NXDOMAIN), "no address"),
        (addresses(), "no address"),
        (rcode(dns.rcode.SERVFAIL), "could not say"),
        (rcode(dns.rcode.REFUSED), "could not say"),
        (alias("b.test", "a.test"), ""),
        (alias("a.test"), ""),
        (alias(*[f"{number}.test" for number in range(40)]), ""),
    ],
    ids=["NXDOMAIN", "no data", "SERVFAIL", "REFUSED", "CNAME loop", "CNAME to itself", "CNAME chain to nowhere"],
)
async def test_w31_names_without_address(says, detail):
    async with shooting_range() as there:
        there.names.say("a.test", says)
        there.names.say("b.test", says)
        result = await there.ask("a.test", timeout=5)
    assert came_to(result) == ("error", "dns")
    assert detail in result.detail
    assert not there.touched


async def test_w31_a_name_server_that_never_answers():
    async with shooting_range() as there:
        there.names.say("a.test", nothing)
        result = await there.ask("a.test", timeout=0.4)
    assert came_to(result) == ("timeout", None)
    assert result.phases["total"] < 500
    assert "name to be looked up" in result.detail


async def test_w31_500_addresses_of_which_8_are_tried():
    """127.0.0.4/30 is allowed, and nothing listens there; each refuses at once."""
    refusing = [f"127.0.1.{number}" for number in range(1, 251)] + [f"127.0.2.{number}" for number in range(1, 251)]
    policy = replace(GUARDED, allowed_networks=(ip_network("127.0.0.0/16"),))
    async with shooting_range(policy) as there:
        there.names.say("many.test", addresses(*refusing))
        tried = []
        loop = asyncio.get_running_loop()
        connect = loop.sock_connect
        loop.sock_connect = lambda sock, address: (tried.append(address), connect(sock, address))[1]
        result = await there.ask("many.test", timeout=5)
    assert came_to(result) == ("error", "refused")
    assert len(tried) == 8
    assert there.names.asked["many.test", "A"] >= 2  # truncated first (TC), then over TCP


async def test_a_dead_address_costs_a_quarter_of_a_second_not_the_webhook():
    async with shooting_range() as there:
        hole = socket.create_server(("127.0.0.5", there.server.port), backlog=0)
        filling = [socket.socket() for _ in range(4)]
        for sock in filling:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.5", there.server.port))
        there.names.say("two.test", addresses("127.0.0.5", "127.0.0.2"))
        result = await there.ask("two.test", timeout=3)
        for sock in [hole, *filling]:
            sock.close()
    assert result.text == "openstaand"
    assert result.phases["total"] < 1000


async def test_a_name_server_without_ipv6_does_not_cost_the_webhook():
    async with shooting_range() as there:
        there.names.say("four.test", only("A", addresses("127.0.0.2")))
        result = await there.ask("four.test", timeout=2)
    assert result.text == "openstaand"


async def test_w32_200_dead_names_leave_a_healthy_one_unhurt():
    policy = replace(GUARDED, total=500)
    async with shooting_range(policy) as there:
        there.names.say("crm.test", addresses("127.0.0.2"))
        dead = [there.names.say(f"dead{number}.test", nothing) for number in range(200)]
        waiting = [asyncio.create_task(there.ask(name, company=name, timeout=1.5)) for name in dead]
        took = []
        for _ in range(20):
            result = await there.ask("crm.test", company="healthy")
            assert result.outcome == "ok"
            took.append(result.phases["total"])
        assert not any(task.done() for task in waiting)
        assert {came_to(result) for result in await asyncio.gather(*waiting)} == {("timeout", None)}
    assert sorted(took)[10] < 25


async def test_closing_the_client_cancels_no_caller():
    async with shooting_range() as there:
        there.names.say("a.test", nothing)
        waiting = asyncio.create_task(there.ask("a.test", timeout=5))
        while not there.names.asked["a.test", "A"]:
            await asyncio.sleep(0.001)
        await there.webhooks.aclose()
        assert came_to(await waiting) == ("error", "dns")


async def test_a_hang_up_takes_the_question_from_nobody_else():
    async with shooting_range() as there:
        there.names.say("crm.test", in_turn(nothing, addresses("127.0.0.2")))
        first = asyncio.create_task(there.ask("crm.test", company="a"))
        while not there.names.asked["crm.test", "A"]:
            await asyncio.sleep(0.001)
        second = asyncio.create_task(there.ask("crm.test", company="b"))
        await asyncio.sleep(0.01)
        first.cancel()
        assert (await second).outcome == "ok"


async def test_one_question_for_all_who_ask_at_once():
    async with shooting_range() as there:
        there.names.say("crm.test", addresses("127.0.0.2"))
        results = await asyncio.gather(*(there.ask("crm.test", company=str(number)) for number in range(50)))
    assert {result.outcome for result in results} == {"ok"}
    assert there.names.asked["crm.test", "A"] == 1


@pytest.mark.parametrize("canary", CANARIES)
async def test_w33_rebinding_is_refused_and_never_reached(canary):
    async with shooting_range() as there:
        says = in_turn(addresses("127.0.0.2"), addresses(canary))
        there.names.say("rebind.test", says if "." in canary else only("AAAA", addresses(canary), says))
        first = await there.ask("rebind.test", company="a")
        later = [await there.ask("rebind.test", company="b", timeout=2) for _ in range(5)]
    if "." in canary:
        assert first.outcome == "ok"
    assert {came_to(result) for result in later} == {("error", "blocked")}
    assert not there.touched


async def test_w33_an_exchange_resolves_once():
    async with shooting_range() as there:
        there.names.say("crm.test", addresses("127.0.0.2"))
        await there.ask("crm.test")
        assert there.names.asked["crm.test", "A"] == 1


@pytest.mark.parametrize(
    "mixed",
    [
        ("127.0.0.2", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.2"),
        ("127.0.0.2", "::1"),
        ("127.0.0.2", "::ffff:127.0.0.1"),
        ("127.0.0.2", "64:ff9b::7f00:1"),
        ("127.0.0.2", "fe80::1"),
        ("127.0.0.2", "10.0.0.1"),
        ("127.0.0.2", "169.254.169.254"),
        ("127.0.0.2", "0.0.0.0"),
        ("127.0.0.2", "::"),
        tuple(f"127.0.0.{part}" for part in (2, 4, 5, 6, 7, 3)),
    ],
    ids=str,
)
async def test_w34_one_bad_address_among_good_ones(mixed):
    async with shooting_range() as there:
        there.names.say("mixed.test", addresses(*mixed))
        result = await there.ask("mixed.test", timeout=2)
        result = await there.ask("mixed.test", timeout=2)
    assert came_to(result) == ("error", "blocked")
    assert not there.touched
    assert not there.server.connections


@pytest.mark.parametrize("chain", [("crm.elders.test",), tuple(f"{number}.elders.test" for number in range(6))])
async def test_w34_an_alias_to_the_inside(chain):
    async with shooting_range() as there:
        there.names.say("alias.test", alias(*chain, then=addresses("127.0.0.1")))
        result = await there.ask("alias.test", timeout=2)
        there.names.say("fine.test", alias(*chain, then=addresses("127.0.0.2")))
        fine = await there.ask("fine.test", timeout=2)
    assert came_to(result) == ("error", "blocked")
    assert fine.outcome == "ok"
    assert not there.touched


async def test_a_refusal_names_the_address_in_the_log_and_not_to_the_author(logs):
    async with shooting_range() as there:
        there.names.say("inside.test", addresses("127.0.0.3"))
        result = await there.ask("inside.test", timeout=2)
    assert "127.0.0.3" not in result.detail
    assert {"event": "webhook.blocked", "host": "inside.test", "address": "127.0.0.3", "log_level": "warning"} in logs


async def test_the_peer_is_looked_at_after_connecting():
    """As if the way there had been bent: the socket ends at another address than the one that was judged."""
    async with serving(replies(), host="127.0.0.3") as canary:
        with socket.create_connection(("127.0.0.3", canary.port)) as sock:
            check_peer(sock, ip_address("127.0.0.3"))
            with pytest.raises(ExchangeError, match="another address"):
                check_peer(sock, ip_address("127.0.0.2"))


async def test_a_connection_that_was_bent_on_its_way_carries_nothing():
    async with shooting_range() as there:
        there.names.say("crm.test", addresses("127.0.0.2"))
        loop = asyncio.get_running_loop()
        connect = loop.sock_connect
        loop.sock_connect = lambda sock, address: connect(sock, ("127.0.0.3", address[1]))
        result = await there.ask("crm.test", timeout=2)
    assert came_to(result) == ("error", "blocked")
    assert not any(canary.requests for canary in there.canaries)


async def test_names_of_this_machine_come_from_the_hosts_file():
    async with serving(replies()) as server, client(PATIENT) as webhooks:
        result = await webhooks.send(request(f"http://localhost:{server.port}/"))
    assert result.outcome == "ok"


async def test_a_name_is_not_completed(tmp_path, monkeypatch):
    """No search domains, no aliases of the environment: a name means the same everywhere."""
    (tmp_path / "aliases").write_text("short crm.test\n")
    monkeypatch.setenv("HOSTALIASES", str(tmp_path / "aliases"))
    monkeypatch.setenv("LOCALDOMAIN", "test")
    async with shooting_range() as there:
        there.names.say("crm.test", addresses("127.0.0.2"))
        there.names.say("short.test", addresses("127.0.0.2"))
        assert came_to(await there.ask("short", timeout=2)) == ("error", "dns")
        assert came_to(await there.ask("crm", timeout=2)) == ("error", "dns")
