"""A site's own authority for HTTPS: its certificate, a server's, and the list that firmware takes it from."""

import hashlib
import struct
import uuid

from boots import run

# UEFI 2.10, 32.4.1: EFI_CERT_X509_GUID; and an owner of the entry, which may be anybody.
CERT_X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
OWNER = uuid.UUID("6a1f3c52-9d0e-4b7a-8c11-0f5e2d7b9a02")


class Authority:
    """RSA keys: OVMF knows no Ed25519."""

    def __init__(self, folder, host):
        self.folder = folder
        self.certificate, self.server, self.server_key = (folder / name for name in ("ca.pem", "tls.pem", "tls.key"))
        (folder / "tls.ext").write_text(f"subjectAltName=DNS:{host}\n")
        key = ("-newkey", "rsa:2048", "-nodes")
        run("openssl", "req", "-x509", *key, "-days", "2", "-subj", "/CN=Site", "-keyout", folder / "ca.key",
            "-out", self.certificate)
        run("openssl", "req", *key, "-subj", f"/CN={host}", "-keyout", self.server_key, "-out", folder / "tls.csr")
        run("openssl", "x509", "-req", "-in", folder / "tls.csr", "-CA", self.certificate, "-CAkey", folder / "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", folder / "tls.ext", "-out", self.server)

    def digest(self):
        return hashlib.sha256(self.certificate.read_bytes()).hexdigest()

    def enrolled(self):
        """QEMU arguments: the firmware's set-up has it among the authorities of its HTTPS (OVMF takes the list from
        QEMU; its form is UEFI 2.10's EFI_SIGNATURE_LIST)."""
        run("openssl", "x509", "-in", self.certificate, "-outform", "DER", "-out", self.folder / "ca.der")
        der = (self.folder / "ca.der").read_bytes()
        entry = OWNER.bytes_le + der
        path = self.folder / "authorities"
        path.write_bytes(CERT_X509.bytes_le + struct.pack("<III", 28 + len(entry), 0, len(entry)) + entry)
        return ["-fw_cfg", f"name=etc/edk2/https/cacerts,file={path}"]
