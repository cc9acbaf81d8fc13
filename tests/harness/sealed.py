# Licensed under the Apache License, Version 2.0; see LICENSE.
"""Sealed values as core/orc_secret makes them, for tests that write rows themselves."""

import base64
import ctypes
import ctypes.util
import hashlib
import os


def mark(key):
    """What the values that a key sealed begin with."""
    return hashlib.blake2b(b"orchestrator: what a key is called", key=key, digest_size=32).hexdigest()[:8] + ":"


def _sodium():
    sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
    assert sodium.sodium_init() >= 0
    return sodium


def seal(key, column, row, text):
    """A text, sealed for a row of "table.column"."""
    sodium = _sodium()
    plain, nonce, place = text.encode(), os.urandom(24), ("%s.%s" % (column, row)).encode()
    box = ctypes.create_string_buffer(len(plain) + 16)
    long = ctypes.c_ulonglong
    assert sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(box, None, plain, long(len(plain)), place,
                                                             long(len(place)), None, nonce, key) == 0
    return mark(key) + base64.b64encode(nonce + box.raw).decode()


def key_of(path):
    """The key that seals, of a key file in base64."""
    with open(path, encoding="ascii") as file:
        return base64.b64decode(file.readline())


def unseal(key, column, row, sealed):
    """The text that `seal` was given; None when it does not open."""
    sodium = _sodium()
    box, place = base64.b64decode(sealed.partition(":")[2]), ("%s.%s" % (column, row)).encode()
    nonce, cipher = box[:24], box[24:]
    plain = ctypes.create_string_buffer(len(cipher))
    long = ctypes.c_ulonglong
    if sealed[:9] != mark(key) or sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
            plain, None, None, cipher, long(len(cipher)), place, long(len(place)), nonce, key):
        return None
    return plain.raw[:len(cipher) - 16].decode()
