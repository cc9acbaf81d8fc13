# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Signing keys and signed tokens, good and bad ones."""

import base64
import datetime
import ipaddress
import json
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwcrypto import jwk, jws

from . import process


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make(kind="RSA", kid=None):
    """A fresh key: "RSA" of 2048 bits for RS256, or "EC" on P-256 for ES256. A kid of "" leaves it without one."""
    name = {} if kid == "" else {"kid": kid or base64url(os.urandom(9))}
    if kind == "RSA":
        return jwk.JWK.generate(kty="RSA", size=2048, use="sig", alg="RS256", **name)
    return jwk.JWK.generate(kty="EC", crv="P-256", use="sig", alg="ES256", **name)


def write(path, fresh):
    """Writes keys with their private halves, readable by their owner only."""
    process.write(path, json.dumps({"keys": [json.loads(key.export()) for key in fresh]}), 0o600)


def load(path):
    """The keys of a file, made and written there (readable by its owner only) when it doesn't exist yet."""
    if not os.path.exists(path):
        write(path, [make("RSA"), make("EC")])
    with open(path, encoding="utf-8") as file:
        return [jwk.JWK(**key) for key in json.load(file)["keys"]]


def public(keys):
    """The public halves as a JWK set."""
    return {"keys": [json.loads(key.export_public()) for key in keys]}


def sign(claims, key, header=None):
    """A compact JWS. `header` is laid over {"alg", "typ", "kid"}; a value of None takes a member out. "alg": "none"
    leaves the signature empty; `claims` may also be text, for payloads that are no JSON."""
    fields = {"alg": key.get("alg"), "typ": "JWT", "kid": key.get("kid")} if key is not None else {"alg": "none",
                                                                                                   "typ": "JWT"}
    fields.update(header or {})
    fields = {name: value for name, value in fields.items() if value is not None}
    payload = claims if isinstance(claims, str) else json.dumps(claims, separators=(",", ":"))
    if fields.get("alg") == "none" or key is None:
        return "%s.%s." % (base64url(json.dumps(fields).encode()), base64url(payload.encode()))
    token = jws.JWS(payload.encode())
    token.allowed_algs = [fields["alg"]]
    token.add_signature(key, None, json.dumps(fields, separators=(",", ":")), None)
    return token.serialize(compact=True)


def self_signed(certificate, private):
    """Writes a certificate for 127.0.0.1 and its key, valid for ten years."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.datetime(2024, 1, 1)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(start)
            .not_valid_after(datetime.datetime.now() + datetime.timedelta(days=3650))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .sign(key, hashes.SHA256()))
    process.write(private, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                             serialization.NoEncryption()).decode(), 0o600)
    process.write(certificate, made.public_bytes(serialization.Encoding.PEM).decode())
