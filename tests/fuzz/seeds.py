"""The inputs that each fuzz target begins with: the unit tests' fixtures, hostile forms of them, and small
documents. Made anew for every run, so that nothing has to be kept in step by hand."""

import base64
import json
import pathlib

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "unit/fixtures"

TIMES = {"issued": "2026-11-22T14:23:00Z", "not_before": "2026-11-22T14:23:00Z", "expires": "2099-11-23T14:23:00Z"}
DISK = {"serial": "S1", "wwn": "naa.5000c50000000001", "model": "M", "capacity": 4096, "content": ["disk gpt x"]}
SERVER = {"serial": "QT-SRV-0042", "uuid": "6a1f3c52", "board_serial": "B", "macs": ["52:54:00:00:00:01"]}
POLICY = {"least_category": "clear", "fallback": False, "methods": ["overwrite"], "passes": "random,zero,0x5a",
          "verify": "12.5%", "stall_minutes": 60}
ORDER = {"schema": "quietus.order/1", "id": "o1", "site": "Münster", "purpose": "end", "nonce": "00", **TIMES,
         "server": SERVER, "disks": [DISK], "retain": [{"serial": "S2"}], "unknown_disks": "leave",
         "policy": POLICY, "holds": "not-checked", "notice": {"date": "2026-01-01"},
         "approvals": {"needed": 1, "roles": ["security"]}}
SAMPLES = {"complete": True, "planned": 2, "read": 2, "strata": 2, "informative": 2, "mismatched": 0, "unreadable": 0}
FACTS = {"accepted": True, "bound_by": "good-status-and-medium", "ended_in_success": True, "state_read_back": True,
         "reached_all": True,
         "refuted": False, "samples": SAMPLES}
FOUND = {"vendor": "V", "model": "M", "serial": "S1", "firmware": "F", "wwn": "", "capacity": 4096, "bus": "sata",
         "medium": "hdd", "areas": [{"node": "/dev/sda", "namespace": 1}], "content_ids": ["disk gpt x"]}
CERTIFICATE = {
    "schema": "quietus.certificate/1", "run_id": "00", "disposition": "erased", "reason": "it is",
    "server": SERVER, "agent": {"version": "0.1", "commit": "c", "kernel": "6"}, "disk": FOUND,
    "identity_after": FOUND, "authority": {"kind": "order", "order_id": "o1", "signed_by": "site"},
    "assurance": {"level": "self", "public_key": "", "key_id": ""}, "policy": POLICY, "exceptions": ["none"],
    "method": {"name": "overwrite", "summary": "s", "claim": {"category": "clear", "rev1_category": "clear"}},
    "attempts": [{"method": "overwrite", "facts": FACTS,
                  "verification": {"planned": 2, "read": 2, "mismatched": 0, "unreadable": 0,
                                   "informative_strata": 2, "bound": {"residue": 0.001, "confidence": 0.9999}}}],
    "evidence": [{"kind": "overwrite-pass", "pass": 1, "bytes_acknowledged": 4096, "flush": "good"},
                 {"kind": "power-counters", "method": "overwrite", "before": {"power_cycles": 3},
                  "after": {"power_cycles": 4}, "result": "not as before"},
                 {"kind": "nvme", "command": {"opcode": 128, "nsid": 1, "cdw10_15": [512]},
                  "answer": {"status": 0}}],
}
RECORD = {"schema": "quietus.record/1", "mode": "erase", "server": SERVER, "exit_status": 0,
          "findings": ["f", {"kind": "raid", "controller": "c", "address": "a", "slot": "s", "reason": "r",
                             "remedy": "m"}],
          "order": {"id": "o1", "problem": "p"},
          "disks": [{"identity": FOUND, "disposition": "absent", "reason": "r", "certificate": {"file": "f"}}],
          "summary": {"absent": 1, "found": 0, "lines": 1}}
MODELS = [{"model": "INTEL SSDPE2KX*", "firmware": "V*", "firmware_below": "VDV10184", "does": "hält nichts",
           "avoid": ["nvme-sanitize-*"], "source": "s"}]


def text_of(document):
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def page(name):
    """The bytes of a fixture in one of its text forms: pairs of digits, with or without addresses."""
    data = bytearray()
    for line in (FIXTURES / name).read_text().splitlines():
        words = line.split("#")[0].replace(",", " ").split()
        data += bytes(int(word, 16) for word in words if len(word.removeprefix("0x")) == 2)
    return bytes(data)


def words(name):
    """The bytes of a fixture of 16-bit words, as hdparm prints them."""
    data = bytearray()
    for word in (FIXTURES / name).read_text().split():
        if len(word) == 4:
            data += int(word, 16).to_bytes(2, "little")
    return bytes(data)


def hostile(size):
    """What broken devices and bridges return instead of a page of that size."""
    return [b"", b"\0", b"\xff", bytes(size), b"\xff" * size, bytes(range(256)) * (size // 256 + 1), bytes(size - 1)]


def with_byte(data, at, value):
    return data[:at] + bytes([value]) + data[at + 1:]


def ata():
    identify = words("sata.identify.hdparm")
    directory = with_byte(b"\1".ljust(512, b"\0"), 8, 4)
    statistics = b"\1\0\1".ljust(8, b"\0") + b"\x11\0\0\0\0\0\0\xc0".ljust(504, b"\0")
    return [identify, directory, statistics, with_byte(statistics, 15, 0x80), identify + b"\1", with_byte(identify, 511, 0x55), identify[:-1], *hostile(513)]


def scsi():
    names = ["sas.inquiry.hex", "sas.vpd0.hex", "sas.vpd0x80.hex", "sas.vpd0x83.hex", "sas.vpd0xb1.hex",
             "sata.vpd0x83.hex"]
    pages = [page(name) for name in names]
    pages += [bytes.fromhex(text) for text in (
        "7201001d0000000e090c010456781122334455664050", "700001045140000a80112233001d00000000",
        "700002000000000a00000000041b00804000", "7202041b0000000a000a8000000000000042",
        "7202041b000000080a06000000008000", "0000000000000fff00000200000000000000000000000000000000000000000000",
        "00000fff00000200", "2f000006000000025d10",
        "0e0000240001030632303234303100020306202020202020000303040000c3500004030400000011")]
    pages.append(b"\0\x89\2\x38" + bytes(56) + words("sata.identify.hdparm"))
    # Descriptors shorter than their kind, at the very end.
    pages += [bytes.fromhex(f"7201001d000000{len(text) // 2:02x}{text}") for text in (
        "09020000", "00028000", "0202000080", "0a040000", "09", "09ff")]
    # Lengths that say more than there is.
    pages += [with_byte(data, 3, 0xff) for data in pages[1:6]]
    return pages + hostile(64)


def nvme():
    names = ["nvme.id-ctrl.bin", "nvme.id-ns.bin", "nvme.smart.bin"]
    pages = [(FIXTURES / name).read_bytes() for name in names]
    listed = b"".join(n.to_bytes(4, "little") for n in (1, 2, 7)).ljust(4096, b"\0")
    log = bytes.fromhex("ffff0101a4000000ffffffffffffffffffffffff").ljust(512, b"\0")
    return [*pages, listed, log, with_byte(pages[1], 26, 0xff), *hostile(4096)]


def page_file():
    texts = [path.read_bytes()[:4096] for path in sorted(FIXTURES.iterdir()) if path.suffix != ".gz"]
    texts += [b"12 34 ab cd\n", b"0x12,0x34 # c\n", b" 00     12 34    .4..\n", b"0000: 12 34 \"..\"\n", b"12 3456\n",
              b"       0  1  2\n", b"/dev/sda:\n3412\n", b"12\r\n"]
    return texts + hostile(64)


def document():
    documents = [ORDER, POLICY, FACTS, CERTIFICATE, RECORD, {}, {**ORDER, "expected": [{"serial": "S", "place": "P"}]},
                 {"disks": [{"serial": "S", "wwn": "w", "capacity": 1, "place": "bay 1"}]},
                 {"Members": [{"@odata.type": "#Drive.v1_0.Drive", "@odata.id": "/1", "SerialNumber": "S", "Model": "M",
                               "CapacityBytes": 1, "Identifiers": [{"DurableName": "0xA", "DurableNameFormat": "NAA"}],
                               "PhysicalLocation": {"PartLocation": {"LocationOrdinalValue": 1}}}]},
                 {"description": {"disks": "all", "holds": "not-checked"},
                  "inventory": {"server": SERVER, "disks": [FOUND]}},
                 {"description": {"disks": ["S1"], "holds": "not-checked", "valid_hours": 2, "policy": POLICY},
                  "inventory": {"server": SERVER, "disks": [FOUND]}},
                 {"disks": ["S1"], "valid_hours": 2**63 - 1}, {**CERTIFICATE, "exceptions": [1, None]}]
    texts = [text_of(value) for value in documents]
    texts += [b'{"a":1,"a":2}', b'"\\u0000"', b"[" * 3000, b'{"schema":"\xff"}', b"1e999", b'"\\ud800"',
              ('{"schema":"' + "é" * 100 + '"}').encode(), ("é" * 200).encode()]
    return texts + hostile(64)


def envelope():
    whole = {"payloadType": "application/vnd.quietus.order+json",
             "payload": base64.b64encode(text_of(ORDER)).decode(),
             "signatures": [{"keyid": "é" * 40, "sig": base64.b64encode(bytes(64)).decode()}]}
    texts = [b"-" + text_of(whole), b"-" + text_of({**whole, "payload": "e30=", "signatures": whole["signatures"] * 17}),
             b"-" + text_of({**whole, "payload": "e30_-A=="}), b"-{}", b"-" + ("é" * 200).encode()]
    for kind, value in ((b"0", ORDER), (b"1", CERTIFICATE), (b"2", RECORD), (b"3", ORDER)):
        texts.append(kind + text_of(value))
    return texts + hostile(64)


def key():
    public = bytes.fromhex("302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    private = bytes.fromhex("302e020100300506032b657004220420" + "9d" * 32)
    texts = []
    for label, der in (("PUBLIC KEY", public), ("PRIVATE KEY", private), ("PUBLIC KEY", public[:12] + bytes(32)),
                       ("PUBLIC KEY", public + bytes(64)), ("PRIVATE KEY", private[:-1])):
        body = base64.b64encode(der).decode()
        texts.append(f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode())
    return texts + [texts[0][:40], texts[0].replace(b"\n", b"\r\n"), b"x" * 5000, *hostile(64)]


def models():
    lists = [MODELS, [], MODELS + [{**MODELS[0], "unknown": 1}], {}, [1], [{**MODELS[0], "avoid": [1]}],
             [{**MODELS[0], "does": "é" * 400}]]
    return [text_of(value) for value in lists] + hostile(64)


def command_line():
    return [b"quiet quietus.mode=erase quietus.order=http://h/{serial} quietus.report=http://h/",
            b"quietus.order_wait=300 quietus.deliver=0 quietus.progress=json BOOTIF=01-aa", b"quietus.mode",
            b"quietus.mdoe=erase", b"quietus.order=" + b"x" * 1100, b"quietus.order_wait=-1", b"quietus.verbose=1\n",
            *hostile(64)]


def text():
    return [b"2026-11-22T14:23:00Z", b"2026-02-30T00:00:00Z", b"2016-12-31T23:59:60Z", b"Date: Sun, 22 Nov 2026 14:23:00 GMT\r\n",
            b"date:01 Jan 99999999 0:0:0", b"Date: 20261122 +2359", b"random,zero,ones,0x5a",
            b",".join([b"random"] * 20), b"sample", b"full", b"10%", b"99.99999999%", b"0x1p3%", b"purge",
            b"http://h/{serial}/{uuid}/{mac}?{none}", b"{", b"{" * 40, "Müller\x1b[31m\u009b\u202e!".encode(),
            b"\xc3", b"\xc2", ("é" * 200).encode(), ("\u20ac" * 30).encode(), "\U0001f4be".encode() * 30, *hostile(64)]


def disk():
    identify = words("sata.identify.hdparm")
    control, space, smart = ((FIXTURES / f"nvme.{name}.bin").read_bytes() for name in ("id-ctrl", "id-ns", "smart"))
    huge = with_byte(identify, 206, 0xff)  # of the sectors, more than 2^48
    vast = with_byte(space, 6, 0x20)  # 2^62 bytes: three namespaces have more than documents can hold
    scsi_answers = [page("sas.inquiry.hex").ljust(96, b"\0"), page("sas.vpd0.hex").ljust(512, b"\0")]
    sata = b"\0" + identify + b"\0" + bytes(513)
    return [b"\x40" + sata * 2, b"\0" + sata * 2, b"\0" + (b"\0" + huge) * 3,
            b"\x41" + b"\0".join([b"", *scsi_answers, page("sas.vpd0xb1.hex").ljust(512, b"\0"), bytes(32)] * 2),
            b"\x02" + b"\0".join([b"", control, smart, space, bytes(4096), control, space]),
            b"\x80" + b"\0".join([b"", with_byte(control, 256, 0), smart, *[vast] * 3, with_byte(control, 256, 0),
                                  *[vast] * 3]),
            *hostile(600)]


def raid():
    physical = bytes([32, 0, 32, 0, 1, 0, 13]).ljust(24, b"\0") + bytes([12, 0, 32, 0, 1, 4]).ljust(24, b"\0")
    luns = bytes([0, 0, 0, 0xc0, 0, 0, 4, 1, 0, 0, 0, 1, 0, 0, 0, 0])
    infos = [bytes([12]).ljust(184, b"\0") + bytes([state, 0, 0, 0, flags]).ljust(328, b"\0")
             for state, flags in ((0x18, 2), (0, 0), (0, 0x10), (0x40, 0), (0x99, 0))]
    ends = [bytes([36, status, 0x70, 0, 3]).ljust(64, b"\x5a") for status in (0, 0x0c, 0x2d, 0x2f, 0xff)]
    return [bytes([56, 0, 0, 0, 2, 0, 0, 0]) + physical, bytes([0, 0, 0, 16, 0, 0, 0, 0]) + luns, *infos, *ends,
            *hostile(64)]


def tcg_feature(code, data):
    return code.to_bytes(2, "big") + bytes([0x10, len(data)]) + data


def sntp():
    good = bytes([0x24, 2, 6, 0xec]) + bytes(20) + b"cookie!!" + b"\xee\xae\0\0\0\0\0\0" * 2
    return [b"cookie!!" + good, b"cookie??" + good, b"cookie!!\xe4\x10" + good[2:], *hostile(56)]


def tcg():
    features = [tcg_feature(0x0001, b"\x11" + bytes(11)), tcg_feature(0x0002, b"\x1f" + bytes(11)),
                tcg_feature(0x0203, b"\x07\xfe\0\1" + bytes(12)), tcg_feature(0x0302, b"\x07\xfe"),
                tcg_feature(0x0402, bytes(12)), tcg_feature(0x0002, b""), b"\0\2\x10\xff"]
    answers = [b"".join(features[:count]) for count in range(len(features) + 1)]
    sync = bytes.fromhex("f8a800000000000000ffa8000000000000ff03f08169821234f1f9f0000000f1")
    packet = (bytes(16) + (36 + len(sync)).to_bytes(4, "big") + bytes(20) + (12 + len(sync)).to_bytes(4, "big") +
              bytes(8) + len(sync).to_bytes(4, "big") + sync + bytes(64))
    return [packet, bytes(64)] + [(44 + len(answer)).to_bytes(4, "big") + bytes(44) + answer for answer in answers] + hostile(600)


PROGRESS = {"schema": "quietus.progress/1", "run_id": "00", "begun_digest": "sha256:00",
            "order": {"id": "o-1", "digest": "sha256:00"}, "passes": "random", "pass": 1, "position": 1 << 20,
            "generator": "aes-256-ctr", "key": "00" * 32, "done": [],
            "identity": {"model": "", "serial": "R-1", "firmware": "", "wwn": "", "capacity": 1 << 20},
            "areas": [{"namespace": 0, "sector": 512, "sectors": 2048}]}


def progress():
    return [text_of(value) for value in (
        PROGRESS, {**PROGRESS, "position": 4096}, {**PROGRESS, "pass": 2, "passes": "random,zero", "done": [{}]},
        {**PROGRESS, "areas": []}, {**PROGRESS, "position": 2 ** 63 - 1})] + hostile(64)


TARGETS = {make.__name__: make for make in (ata, command_line, disk, document, envelope, key, models, nvme, page_file,
                                            progress, raid, scsi, sntp, tcg, text)}


def words_of(value):
    """Every member's name and every text in a document: what a mutation would hardly make by chance."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from words_of(member)
    elif isinstance(value, list):
        for member in value:
            yield from words_of(member)
    elif isinstance(value, str) and value.isascii() and value:
        yield value


def dictionary():
    found = {word for value in (ORDER, CERTIFICATE, RECORD, MODELS, PROGRESS) for word in words_of(value)}
    found |= {"valid_hours", "description", "inventory", "boot_medium", "node", "full", "sample", "not-checked",
              "quietus.mode=", "quietus.order=", "{serial}", "random", "ones", "purge", "nvme-format-crypto"}
    return "".join(f'"{word}"\n' for word in sorted(found)) + '"\\xc3\\xa9"\n"\\xc2\\x9b"\n"\\x1b"\n'
