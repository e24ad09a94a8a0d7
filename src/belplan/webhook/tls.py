"""How servers prove who they are."""

import os
import ssl

import structlog

log = structlog.stdlib.get_logger()

# The system's certificates, where Debian, Fedora, SUSE, and Alpine, BSD and macOS keep them.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def system_context() -> ssl.SSLContext:
    """TLS 1.2 or newer, the system's certificates, the name checked; reads a file, some milliseconds.

    Built by hand, as `ssl.create_default_context` obeys SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE of whoever
    started the server. Revocation (OCSP, CRL) is not asked for: a revoked certificate is accepted until it expires.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Level 2 (OpenSSL, SSL_CTX_set_security_level): no SHA-1 signatures, no RSA below 2048 bits.
    context.set_ciphers("DEFAULT:@SECLEVEL=2")
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    # An end without close_notify may be a cut (RFC 9112 9.8); Python hides it unless told otherwise.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    context.set_alpn_protocols(["http/1.1"])
    compiled = ssl.get_default_verify_paths()
    for bundle in (*_BUNDLES, compiled.openssl_cafile):
        if os.path.isfile(bundle):
            context.load_verify_locations(cafile=bundle)
            return context
    if os.path.isdir(compiled.openssl_capath):
        context.load_verify_locations(capath=compiled.openssl_capath)
        return context
    log.warning("webhook.no_certificates", hint="install ca-certificates; no https:// server can be trusted without")
    return context
