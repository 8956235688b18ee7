"""Envelopes made without Quietus, by OpenSSL: for documents that `quietus order` refuses to sign, and to
show that what it signs is what the format says."""

import base64
import hashlib
import json
import pathlib
import subprocess
import tempfile

ORDER = "application/vnd.quietus.order+json"


def payload(path):
    """The document in an envelope."""
    return json.loads(base64.b64decode(json.loads(pathlib.Path(path).read_text())["payload"]))


def key_id(key):
    """SHA-256 of the public key's SubjectPublicKeyInfo. key: a private key's file."""
    der = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True,
                         capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


def sign(path, document, key, kind=ORDER):
    """Writes the document to path, signed with a private key's file."""
    body = json.dumps(document).encode()
    with tempfile.TemporaryDirectory() as folder:
        message = pathlib.Path(folder, "message")
        message.write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(body), body))
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", message],
                                   check=True, capture_output=True).stdout
    path = pathlib.Path(path)
    path.write_text(json.dumps({
        "payloadType": kind, "payload": base64.b64encode(body).decode(),
        "signatures": [{"keyid": key_id(key), "sig": base64.b64encode(signature).decode()}]}))
    return path
