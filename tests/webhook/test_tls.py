"""W41–W43, W51: servers that cannot prove who they are. No exchange with them, and a line that says why."""

import asyncio
import contextlib
import datetime
import os
import socket
import ssl
import subprocess
import sys
import threading
import warnings
from contextlib import asynccontextmanager

import pytest
import trustme
from asking import PATIENT, came_to, client, request
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from hostile import HEAD, after, answer, raw, replies, serving, silent
from names import addresses, name_server

from belplan.webhook.tls import system_context

CA = trustme.CA()
OTHER_CA = trustme.CA()
DAY = datetime.timedelta(days=1)


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def server_side(cert: trustme.LeafCert | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (cert or CA.issue_cert("127.0.0.1", "localhost")).configure_cert(context)
    return context


def ours(ca: trustme.CA | None = CA) -> ssl.SSLContext:
    context = system_context()
    if ca is not None:
        ca.configure_trust(context)
    return context


async def ask(context: ssl.SSLContext, *, behaviour=None, trusting: ssl.SSLContext | None = None, **changes):
    async with serving(behaviour or replies(), tls=context) as server, client(tls=trusting or ours()) as webhooks:
        return await webhooks.send(request(server.url(), **changes)), server


async def test_a_server_that_proves_itself():
    result, _ = await ask(server_side())
    assert (result.outcome, result.text) == ("ok", "openstaand")
    assert set(result.phases) == {"slot", "dns", "connect", "tls", "send", "first_byte", "body", "total"}


async def test_the_name_is_what_is_proved_not_the_address():
    cert = CA.issue_cert("crm.test")
    async with (
        serving(replies(), tls=server_side(cert)) as server,
        name_server() as names,
        client(tls=ours(), resolver=names.resolver()) as webhooks,
    ):
        names.say("crm.test", addresses("127.0.0.1"))
        assert (await webhooks.send(request(f"https://crm.test:{server.port}/"))).outcome == "ok"
        wrong = await webhooks.send(request(server.url()))
    assert came_to(wrong) == ("error", "tls")
    assert "mismatch" in wrong.detail


@pytest.mark.parametrize(
    ("cert", "detail"),
    [
        (lambda: CA.issue_cert("127.0.0.1", not_after=now() - DAY), "expired"),
        (lambda: CA.issue_cert("127.0.0.1", not_before=now() + DAY, not_after=now() + 2 * DAY), "not yet valid"),
        (lambda: CA.issue_cert("elders.test"), "mismatch"),
        (lambda: OTHER_CA.issue_cert("127.0.0.1"), "unable to get local issuer"),
    ],
    ids=["expired", "not yet valid", "wrong host", "unknown CA"],
)
async def test_w41_certificates_that_prove_nothing(cert, detail):
    result, server = await ask(server_side(cert()))
    assert came_to(result) == ("error", "tls")
    assert detail in result.detail
    assert not server.requests


def self_made(*, issuer_key=None, algorithm=None) -> tuple[bytes, bytes]:
    """A certificate of 127.0.0.1 and its key: self-signed, and by whatever hash."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    built = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now() - DAY, now() + DAY
    )  # fmt: skip
    cert = built.sign(key, algorithm or hashes.SHA256())
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.TraditionalOpenSSL
    return cert.public_bytes(pem), key.private_bytes(pem, plain, serialization.NoEncryption())


async def test_w41_self_signed(tmp_path):
    cert, key = self_made()
    (tmp_path / "both.pem").write_bytes(key + cert)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    result, server = await ask(context)
    assert came_to(result) == ("error", "tls")
    assert "self-signed" in result.detail
    assert not server.requests


async def test_w41_sha_1(tmp_path):
    """Signed with SHA-1 by an authority that we trust: not enough since OpenSSL's security level 2."""
    conf = tmp_path / "ext"
    conf.write_text("subjectAltName=IP:127.0.0.1")
    ca, ca_key, leaf, leaf_key, request_ = (str(tmp_path / name) for name in ("ca", "cakey", "leaf", "key", "req"))
    openssl = [
        f"req -x509 -newkey rsa:2048 -nodes -sha256 -subj /CN=ca -days 2 -keyout {ca_key} -out {ca}",
        f"req -newkey rsa:2048 -nodes -subj /CN=leaf -keyout {leaf_key} -out {request_}",
        f"x509 -req -sha1 -in {request_} -CA {ca} -CAkey {ca_key} -CAcreateserial -days 2 -extfile {conf} -out {leaf}",
    ]
    for command in openssl:
        subprocess.run(["openssl", *command.split()], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(leaf, leaf_key)
    trusting = system_context()
    trusting.load_verify_locations(ca)
    result, server = await ask(context, trusting=trusting)
    assert came_to(result) == ("error", "tls")
    assert not server.requests


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_w41_tls_1_0(version):
    context = server_side()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    result, server = await ask(context)
    assert came_to(result) == ("error", "tls")
    assert not server.requests


async def test_w41_tls_1_2_is_enough():
    context = server_side()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    result, _ = await ask(context)
    assert result.outcome == "ok"


async def test_w41_a_stalled_handshake_times_out():
    async with serving(silent) as server, client(tls=ours()) as webhooks:
        result = await webhooks.send(request(f"https://127.0.0.1:{server.port}/", timeout=0.3))
    assert came_to(result) == ("timeout", None)
    assert result.phases["total"] < 450
    assert "TLS" in result.detail


async def test_w41_a_handshake_broken_off():
    async with serving(raw(b"", close=True)) as server:

        async def hangs_up(reader, writer):
            await reader.read(10)

        server.behaviour = hangs_up
        async with client(tls=ours()) as webhooks:
            result = await webhooks.send(request(f"https://127.0.0.1:{server.port}/"))
    assert came_to(result) == ("error", "tls")


@asynccontextmanager
async def strict_server(context: ssl.SSLContext):
    """A TLS server that tells its alerts, as nginx does; asyncio's own breaks off without a word."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        sock, _ = listener.accept()
        with sock, sock.dup() as plain:
            with contextlib.suppress(OSError), context.wrap_socket(sock, server_side=True) as secure:
                secure.recv(1000)
            # Closing with something unread would send an RST, which may overtake the alert.
            with contextlib.suppress(OSError):
                plain.shutdown(socket.SHUT_WR)
                while plain.recv(1000):
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        await asyncio.to_thread(thread.join)
        listener.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("shown", [None, OTHER_CA], ids=["none", "wrong"])
async def test_w42_a_client_certificate_is_wanted(version, shown):
    context = server_side()
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version
    CA.configure_trust(context)
    trusting = ours()
    if shown is not None:
        shown.issue_cert("belplan").configure_cert(trusting)
    async with strict_server(context) as url, client(tls=trusting) as webhooks:
        result = await webhooks.send(request(url))
    assert came_to(result) == ("error", "tls")
    assert "client certificate" in result.detail


async def test_w42_the_right_client_certificate():
    context = server_side()
    context.verify_mode = ssl.CERT_REQUIRED
    CA.configure_trust(context)
    trusting = ours()
    CA.issue_cert("belplan").configure_cert(trusting)
    result, _ = await ask(context, trusting=trusting)
    assert result.outcome == "ok"


async def test_w43_https_to_an_http_port():
    """The server reads until the end of a head that never comes, or answers in plain."""

    async def answers(reader, writer):
        await reader.read(10)
        writer.write(answer())

    async with serving(answers) as server, client(tls=ours()) as webhooks:
        result = await webhooks.send(request(f"https://127.0.0.1:{server.port}/"))
    assert came_to(result) == ("error", "tls")
    assert "http://" in result.detail


async def test_w43_http_to_an_https_port():
    async with serving(replies(), tls=server_side()) as server, client(tls=ours()) as webhooks:
        result = await webhooks.send(request(f"http://127.0.0.1:{server.port}/", timeout=2))
    assert result.outcome == "error"
    assert result.reason in {"reset", "protocol"}


async def test_an_end_without_farewell_is_a_cut_answer():
    """RFC 9112 9.8: over TLS only close_notify ends a body that has no length; anything else may be an attacker's."""

    async def cuts(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"\r\nopen")
        await writer.drain()
        with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as plain:
            plain.shutdown(socket.SHUT_WR)
        await reader.read()

    result, _ = await ask(server_side(), behaviour=cuts, timeout=2)
    assert came_to(result) == ("error", "truncated")


async def test_an_end_with_farewell_is_a_whole_answer():
    result, _ = await ask(server_side(), behaviour=raw(HEAD + b"\r\nopen", close=True), timeout=2)
    assert result.text == "open"


async def test_kept_connections_over_tls():
    async with serving(replies(), tls=server_side()) as server, client(PATIENT, tls=ours()) as webhooks:
        first = await webhooks.send(request(server.url()))
        async with serving(after(0.06, answer())) as clock:
            await webhooks.send(request(clock.url()))
        second = await webhooks.send(request(server.url()))
    assert "tls" in first.phases
    assert "tls" not in second.phases
    assert server.connections == 1


PROBE = """
import asyncio, sys
from belplan.webhook import Policy, Request, Webhooks
async def main():
    async with Webhooks(Policy(allow_loopback=True)) as webhooks:
        for url in sys.argv[1:]:
            answer = await webhooks.send(Request("c", "GET", url, 3))
            print("ANSWER", answer.outcome, answer.reason)
asyncio.run(main())
"""


async def test_w51_the_environment_has_no_say(tmp_path):
    """Proxies, .netrc, certificates and key logs of whoever started the server."""
    CA.cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login naam password geheim\n")
    (tmp_path / ".netrc").chmod(0o600)
    async with (
        serving(replies()) as plain,
        serving(replies(), tls=server_side()) as secure,
        serving(replies(b"proxy")) as proxy,
    ):
        address = f"http://127.0.0.1:{proxy.port}"
        environment = os.environ | {
            "HOME": str(tmp_path),
            "NETRC": str(tmp_path / ".netrc"),
            "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
            "SSL_CERT_DIR": str(tmp_path),
            "SSLKEYLOGFILE": str(tmp_path / "keys"),
            **dict.fromkeys(
                ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"), address
            ),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROBE, plain.url(), secure.url(), env=environment, stdout=asyncio.subprocess.PIPE
        )
        out = (await process.communicate())[0].decode()
    assert [line for line in out.splitlines() if line.startswith("ANSWER")] == ["ANSWER ok None", "ANSWER error tls"]
    assert proxy.connections == 0
    assert b"uthorization" not in plain.requests[0]
    assert not (tmp_path / "keys").exists()
