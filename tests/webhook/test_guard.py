"""W35–W40: URLs and addresses that lead where no webhook may go, or that two readers read in two ways."""

import asyncio
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from asking import ask, came_to, client, request
from hostile import replies, serving

from belplan.dialplan.addresses import NEARBY, Reach, is_metadata, is_public, networks
from belplan.dialplan.urls import MAX_URL, UrlError, read_url
from belplan.webhook import Policy, check_url
from belplan.webhook.guard import is_this_machine

GUARD = Policy()

# Hosts that lead, by some reader's reading, to this machine, a private network, or nowhere.
HOSTS = """
localhost LOCALHOST localhost. crm.localhost localhost.localdomain. 127.0.0.1 127.1 127.0.1 127.0.0.1.
127.255.255.254 0 0.0.0.0 00 0x0 0.0 0.1 0.1.2.3 2130706433 0x7f.1 0x7f000001 0X7F.0.0.1 0x7f.0x0.0x0.0x1
017700000001 0177.0.0.1 0177.1 127.000.000.001 127.0.0.01 0x7f.0.0.0x1 127.0.0.1.0 127.0.0 256.1.1.1 1.1.1.256
4294967296 0x100000000 -1 +1 127.0.0.1_ 127..1 .127.0.0.1 ①②⑦.0.0.1 ①②⑦.⓪.⓪.① 127。0。0。1 127．0．0．1 １２７.0.0.1
ⅼocalhost ˡocalhost loca𝓁host [::] [::1] [0:0:0:0:0:0:0:1] [0000::1] [::0001] [::ffff:127.0.0.1] [::ffff:7f00:1]
[::127.0.0.1] [::7f00:1] [0:0:0:0:0:ffff:127.0.0.1] [::ffff:0:127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::127.0.0.1]
[64:ff9b:1::7f00:1] [2002:7f00:1::] [2002:a00:1::1] [2002:c0a8:101::] [2001:0:7f00:1::] [2001::80ff:fffe] [fe80::1]
[fe80::1%25eth0] [fe80::1%eth0] [fe80::1%251] [fec0::1] [fc00::1] [fd00::1] [fd12:3456::1] [ff02::1] [ff0e::1]
[100::1] [2001:db8::1] [3fff::1] [5f00::1] [2001:10::1] [2001:20::1] [2001:2::1] [2001:4:112::1] [2620:4f:8000::1]
[4000::1] [e000::1] [2a01:4f8::5efe:127.0.0.1] [2a01:4f8::200:5efe:10.0.0.1] [::ffff:10.0.0.1]
[::ffff:169.254.169.254] [::1 ::1 [::1]] [[::1]] [::1]x [::g] [1] [127.0.0.1] [v1.x] [] 10.0.0.1 10.255.255.255
172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.255 100.64.0.1 100.127.255.255 169.254.0.1 169.254.255.255
192.0.0.1 192.0.0.8 192.0.0.170 192.0.2.1 192.88.99.1 192.31.196.1 192.52.193.1 192.175.48.1 198.18.0.1
198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 0300.0250.0.1 0xC0A80001
3232235521 0x0a.0.0.1 012.0.0.1 167772161 10.1 192.168.257 192.168.0x1 0xa.1 0xC0.0xA8.1 0xa9.0xfe.0xa9.0xfe
2852039166 0251.0376.0251.0376 0xa9fea9fe 169.254.43518 169.16689662 [::a9fe:a9fe] [64:ff9b:1::a9fe:a9fe]
[::ffff:0:0] [::ffff:192.168.0.1] [::ffff:c0a8:1] [64:ff9b::10.0.0.1] [64:ff9b::c0a8:1] [2002:0a00:0001::]
[::ffff:0.0.0.0] [2001:0:0:0:0:0:f5ff:fffe] 0127.0.0.1 127.0.0.0x1 127.0x0.1 1.1 1.65535 [::2] [0:0:0:0:0:0:0:0]
[::ffff:255.255.255.255] [64:ff9b::e000:1] [64:ff9b::] [::ffff:100.64.0.1] [feff::1] [fe00::1] [1::1] [0100::]
[2001:1ff::1] [2001:db8:ffff::] -crm.example crm-.example crm..example .crm.example crm.example. a_b-.example
ex*mple crm!.example crm.ex%61mple %6c%6fcalhost 127%2e0%2e0%2e1 localhost%00 crm.example%2f@x xn--/ crm.éxample
bücher.example аpple.example рaypal.com
""".split()  # noqa: SIM905  a list of words reads best as words

# Metadata services in every wrapping: refused whatever the operator allows.
ALWAYS = """
169.254.169.254 169.254.169.253 169.254.170.2 169.254.170.23 169.254.0.23 169.254.42.42 100.100.100.200
168.63.129.16 192.0.0.192 [fd00:ec2::254] [fd00:ec2::253] [fd00:ec2::23] [fd20:ce::254] [fd00:42::42]
[::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [64:ff9b::169.254.169.254] [64:ff9b::a83f:8110] [2002:a9fe:a9fe::1]
[::169.254.169.254] [::ffff:168.63.129.16] [::ffff:100.100.100.200] [2a01:4f8::5efe:169.254.169.254]
[2001:0:1:2:3:4:5601:5601]
""".split()  # noqa: SIM905  a list of words reads best as words

# Whole URLs.
URLS = [
    "",
    " ",
    "/",
    "//crm.example",
    "crm.example",
    "crm.example/hook",
    "http:",
    "http:/",
    "http://",
    "http:///",
    "http:///hook",
    "http:crm.example",
    "http:/crm.example",
    "http:\\\\crm.example",
    "https://",
    "https:///x",
    "http://?x",
    "http://#x",
    "ftp://crm.example/",
    "file:///etc/passwd",
    "gopher://crm.example/",
    "javascript:alert(1)",
    "data:text/plain,x",
    "ws://crm.example/",
    "httpx://crm.example/",
    "ht tp://crm.example/",
    "unix:///run/x.sock",
    "HTTP+UNIX://x/",
    "about:blank",
    "http://good@evil/",
    "http://good:pass@evil/",
    "http://good%40evil@x/",
    "http://@evil/",
    "http://:@evil/",
    "http://good#@evil",
    "http://good/#x",
    "http://good#",
    "http://good?x#@evil/",
    "http://evil\\@good/",
    "http://good\\.evil/",
    "http://good/\\evil",
    "http:\\/\\/good/",
    "http://good\t/",
    "http://go\nod/",
    "http://good/\r\nX-Admin: 1",
    "http://good/a b",
    "\thttp://good/",
    " http://good/",
    "http://good/ ",
    "http://good\0/",
    "http://good/\0",
    "http://good/\x7f",
    "http://good\u3000/",
    "http://good/%",
    "http://good/%zz",
    "http://good/%2",
    "http://good/%u0041",
    "http://good/?%",
    "http://good/<x>",
    'http://good/"',
    "http://good/{",
    "http://good/}x{",
    "http://good/{a b}",
    "http://good/^",
    "http://good/`",
    "http://good/a|b",
    "http://good:0/",
    "http://good:00/",
    "http://good:65536/",
    "http://good:99999/",
    "http://good:100000/",
    "http://good:-1/",
    "http://good:+80/",
    "http://good:080/",
    "http://good:0x50/",
    "http://good:/",
    "http://good: 80/",
    "http://good:８０/",
    "http://good:80:80/",
    "http://good:80x/",
    "http://good:80\\@evil/",
    "http://good:80@evil/",
    "http://[2a01:4f8::1]:0/",
    "http://[2a01:4f8::1]:/",
    "http://[2a01:4f8::1]80/",
    "http://[2a01:4f8::1",
    "http://2a01:4f8::1]/",
    "http://2a01:4f8::1/",
    "https://{{caller}}.x/",
    "https://{caller}.x/",
    "https://x.{caller}/",
    "https://{caller}/",
    "https://crm.x:{port}/",
    "{url}",
    "{scheme}://crm.x/",
    "https://{caller_number}@x/",
    "https://crm{x}.example/",
    "https://crm.example{x}/",
    "http://good/../x",
    "http://good/a/../../b",
    "http://good/..",
    "http://good/%2e%2e/x",
    "http://good/.%2E/x",
    "http://good/./x",
    "http://good/a/.",
    "http://good/%2E",
    "http://good/..?x",
    "http://" + "a" * 64 + ".example/",
    "http://" + "a." * 127 + "example/",
    "http://good/" + "x" * MAX_URL,
    "http://good/\ud800",
    "http://good/x\u0085y z",
]

# Ordinary URLs of ordinary customers.
FINE = [
    "https://crm.example.nl/belplan",
    "http://crm.example.nl",
    "https://CRM.Example.NL/Hook",
    "https://crm.example.nl:8443/a/b?c=d",
    "https://crm.example.nl/ticket?nummer={caller_number}",
    "https://crm.example.nl/{com_id}/x?y={caller_number}&z=1",
    "https://crm.example.nl/?zoek=caf%C3%A9",
    "https://crm.example.nl/café?naam=Zoë",
    "https://8.8.8.8/",
    "https://1.1.1.1:8080/x",
    "https://[2a01:4f8::1]/",
    "https://[2A01:4F8::1]:8443/x",
    "https://xn--bcher-kva.example/",
    "https://a-b.c_d.example/",
    "https://3com.example/",
    "https://1.2.3.4.example/",
    "https://0x7f.example/",
    "https://crm/",
    "https://hooks.zapier.com/hooks/1/",
    "https://x.azurewebsites.net/api/f?code=a-b_c~d.e==",
    "https://crm.example.nl/a;b=c,d/e:f@g!$&'()*+",
    "https://crm.example.nl?x",
    "https://crm.example.nl/?a[]=1&b=?/",
    "https://crm.example.nl/%7Bx%7D",
    "https://crm.example.nl/a..b/...",
    "https://x.nl/%2F",
    "https://100.128.0.1/",
    "https://172.32.0.1/",
    "https://172.15.255.255/",
    "https://11.0.0.1/",
    "https://[64:ff9b::808:808]/",
    "https://192.0.1.1/",
    "https://198.17.255.255/",
    "https://223.255.255.255/",
    "https://[2606:4700::1111]/",
]


def test_there_are_at_least_300_of_them():
    assert len({*HOSTS, *ALWAYS, *URLS}) >= 300


@pytest.mark.parametrize("host", [*HOSTS, *ALWAYS])
def test_w35_hosts_are_refused_when_saved(host):
    assert check_url(f"http://{host}/", GUARD) is not None
    assert check_url(f"https://{host}:8443/hook?x={{caller_number}}", GUARD) is not None


async def test_w35_hosts_and_urls_are_refused_when_sent():
    async with client(GUARD) as webhooks:
        for url in [f"http://{host}/" for host in (*HOSTS, *ALWAYS)] + URLS:
            result = await webhooks.send(request(url, timeout=2))
            assert came_to(result) == ("error", "blocked"), url
            assert result.detail
            assert "connect" not in result.phases


@pytest.mark.parametrize("host", ALWAYS)
@pytest.mark.parametrize(
    "policy",
    [
        Policy(allow_loopback=True),
        Policy(allowed_networks=networks("0.0.0.0/0 ::/0")),
        Policy(allow_loopback=True, allowed_networks=networks("0.0.0.0/0, ::/0")),
    ],
    ids=["nearby", "everything", "both"],
)
async def test_w36_metadata_stays_refused_whatever_is_allowed(host, policy):
    assert check_url(f"http://{host}/latest/meta-data/", policy) is not None
    async with client(policy) as webhooks:
        assert came_to(await webhooks.send(request(f"http://{host}/", timeout=1))) == ("error", "blocked")


@pytest.mark.parametrize("own", ["127.0.0.1", "0.0.0.0", "::"])
async def test_w36_our_own_ports_stay_refused(own):
    async with serving(replies()) as ours, serving(replies()) as other:
        policy = Policy(allow_loopback=True, own_ports=((ip_address(own), ours.port),))
        assert came_to(await ask(ours.url(), policy)) == ("error", "blocked")
        assert came_to(await ask(f"http://localhost:{ours.port}/", policy)) == ("error", "blocked")
        assert came_to(await ask(f"http://[::ffff:127.0.0.1]:{ours.port}/", policy)) == ("error", "blocked")
        assert (await ask(other.url(), policy)).outcome == "ok"
        assert ours.connections == 0
    if own == "127.0.0.1":
        assert check_url(ours.url(), policy) is not None


def test_w36_the_machine_knows_its_own_addresses():
    assert is_this_machine(ip_address("127.0.0.1"))
    assert is_this_machine(ip_address("::1"))
    assert not is_this_machine(ip_address("192.0.2.1"))
    assert not is_this_machine(ip_address("2001:db8::1"))


@pytest.mark.parametrize("url", URLS)
def test_w37_urls_are_rejected_when_saved(url):
    problem = check_url(url, GUARD)
    assert problem
    assert check_url(url, Policy(allow_loopback=True, allowed_networks=networks("0.0.0.0/0"))) is not None


def test_w38_credentials_in_a_url_are_told_where_to_go():
    problem = check_url("https://naam:geheim@crm.example/", GUARD) or ""
    assert "secret" in problem
    assert "geheim" not in problem


def test_w39_a_placeholder_in_the_host_is_told_where_it_may_stand():
    assert "path and query" in (check_url("https://{caller_number}.example/", GUARD) or "")


@pytest.mark.parametrize("url", FINE)
def test_ordinary_urls_are_fine(url):
    assert check_url(url, GUARD) is None


def test_a_url_goes_over_the_wire_as_read():
    url = read_url("https://CRM.Example:8443/café?naam=Zoë&x=%C3%A9")
    assert (url.host, url.port, url.netloc) == ("crm.example", 8443, "crm.example:8443")
    assert url.target == "/caf%C3%A9?naam=Zo%C3%AB&x=%C3%A9"
    assert read_url("http://crm.example?x").target == "/?x"
    assert read_url("http://crm.example:80/").origin == "http://crm.example"
    assert read_url("https://[2A01:4F8:0::1]/").netloc == "[2a01:4f8::1]"
    with pytest.raises(UrlError):
        read_url("https://crm.example/{caller_number}")


@pytest.mark.parametrize(
    "value", ['"\r\nX-Admin: 1', "a\nb", "a\0b", "a\r\n\r\nGET / HTTP/1.1", "José \U0001f600", "\ud800", " x\t"]
)
async def test_w40_whatever_is_in_a_header_it_stays_one_header(value):
    async with serving(replies()) as server:
        result = await ask(server.url(), headers=(("X-Caller", value), ("X-Next", "1")))
    assert result.outcome == "ok"
    head = server.requests[0].partition(b"\r\n\r\n")[0]
    lines = head.split(b"\r\n")
    names = [line.partition(b":")[0] for line in lines[1:]]
    assert names.count(b"X-Caller") == names.count(b"X-Next") == 1
    assert b"X-Admin" not in names
    assert len(server.requests) == 1
    assert not any(byte < 0x20 or byte == 0x7F for line in lines for byte in line)


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/?x=\r\nX-Admin: 1", "http://127.0.0.1:{}/ HTTP/1.1\r\nX-Admin:1"])
async def test_w40_a_request_line_cannot_be_split(url):
    async with serving(replies()) as server:
        assert came_to(await ask(url.format(server.port))) == ("error", "blocked")
    assert server.connections == 0


@pytest.mark.parametrize(
    "name",
    ["Host", "content-length", "Transfer-Encoding", "Connection", "webhook-signature", "X Y", "X:Y", "", "Ü", "X\r\nY"],
)
async def test_w40_headers_of_the_exchange_itself_cannot_be_set(name):
    async with serving(replies()) as server:
        assert came_to(await ask(server.url(), headers=((name, "1"),))) == ("error", "blocked")
    assert server.connections == 0


async def test_an_own_user_agent_and_authorization_replace_nothing_else():
    async with serving(replies()) as server:
        await ask(server.url(), headers=(("User-Agent", "CRM"), ("Authorization", "Bearer x")))
    head = server.requests[0]
    assert head.count(b"User-Agent: ") == 1
    assert b"\r\nUser-Agent: CRM\r\n" in head
    assert b"\r\nAuthorization: Bearer x\r\n" in head


def test_what_the_operator_allows_is_all_that_opens():
    lan = Reach(allowed=networks("192.168.7.0/24, fd12::/16"))
    assert lan.refuses(ip_address("192.168.7.9")) is None
    assert lan.refuses(ip_address("::ffff:192.168.7.9")) is None
    assert lan.refuses(ip_address("fd12::1")) is None
    assert lan.refuses(ip_address("8.8.8.8")) is None
    assert lan.refuses(ip_address("192.168.8.1"))
    assert lan.refuses(ip_address("127.0.0.1"))
    assert lan.refuses(ip_address("fd13::1"))


@pytest.mark.parametrize("text", ["10.0.0.0/33", "crm", "10.0.0.1/8", "10.0.0.0/8;x"])
def test_networks_that_are_none_are_named(text):
    with pytest.raises(ValueError, match="is no network"):
        networks(text)


def test_ipaddress_alone_would_let_these_pass():
    """Why there are tables of our own."""
    for text in ("224.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "fec0::1"):
        assert not is_public(ip_address(text))
    assert is_metadata(ip_address("::ffff:169.254.169.254"))


@pytest.mark.parametrize("address", [str(network[1]) for network in NEARBY if network.num_addresses > 1])
def test_an_engineer_s_own_machine_reaches_its_neighbours(address):
    assert Reach(nearby=True).refuses(ip_address(address)) is None
    assert Reach().refuses(ip_address(address))


async def test_the_fallback_is_guarded_too():
    async with serving(replies()) as server:
        policy = Policy(allowed_networks=(ip_network("127.0.0.2/32"),))
        result = await ask("http://127.0.0.2:1/", policy, fallback_url=server.url())
    assert came_to(result) == ("error", "blocked")
    assert result.fallback
    assert server.connections == 0


async def test_a_kept_connection_is_of_one_company():
    async with serving(replies()) as server, client(replace(Policy(allow_loopback=True), rest=0)) as webhooks:
        for company in "aabb":
            await webhooks.send(request(server.url(), company=company))
            await asyncio.sleep(0)
    assert server.connections == 2
