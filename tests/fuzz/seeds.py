"""Write the hand-made part of the corpus: corpus/TARGET/seed-NAME. Run it after changing a format.

Bytes are built here from PROTOCOL.md, RFC 3533, RFC 7845 and RFC 8446, not with our own encoders.
"""
import pathlib
import re
import struct

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
START_US = 1790000060000000


def write(target, name, data):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(data)


def examples():
    """The hexadecimal examples of PROTOCOL.md by name."""
    text = (ROOT / "proto/PROTOCOL.md").read_text(encoding="utf-8")
    return {name: bytes.fromhex(body) for name, body in re.findall(r"```hex (\w+)\n(.*?)```", text, re.DOTALL)}


# Protocol buffers: numbers are varints, negative ones of sint fields zigzag.

def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value):
    return value << 1 if value >= 0 else (-value << 1) - 1


def field(number, value):
    """A number or, as bytes, a length-delimited field."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(**fields):
    """field_3=... in the order of numbers; a list repeats the field."""
    out = b""
    for name, value in fields.items():
        number = int(name.removeprefix("f"))
        for one in value if isinstance(value, list) else [value]:
            out += field(number, one)
    return out


def messages():
    digest = bytes(range(32))
    item = message(f1=digest, f2=30000, f3=zigzag(-1500))
    body = message(f1=42, f2=b"12345", f3=1, f4=5, f5=1, f6=b"\x07", f8=1, f9=zigzag(START_US - 60000000),
                   f10=zigzag(START_US), f11=zigzag(START_US + 3600000000), f12=[item, item], f13=2,
                   f14=500, f15=9, f16=1, f17=1, f18=600000, f19="Thông báo".encode())
    stop = message(f1=43, f2=b"12345", f3=2, f4=5, f8=1, f9=zigzag(START_US))
    bodies = {
        "enrol_request": (1, message(f1=bytes(8), f2=b"\x30\x03\x02\x01\x00", f3=b"board", f4=b"0.1.0", f5=b"S1")),
        "enrol_reply": (2, message(f1=1, f3=7, f4=b"\x30\x00", f6=b"12345")),
        "hello": (3, message(f1=1, f2=1, f3=3, f4=7, f5=bytes(8), f6=b"0.1.0", f7=b"demo", f8=2, f9=b"power", f10=4)),
        "welcome": (4, message(f1=1, f2=1, f3=b"12345", f4=b"\x30\x00", f5=1000, f6=2000, f7=500)),
        "settings": (5, message(f1=3, f2="Loa thôn Một".encode(), f3=b"\x01\x02", f4=zigzag(-6000), f5=0, f6=2500, f7=1,
                                f8=zigzag(420), f9=[message(f1=127, f2=300, f3=1320)], f10=3600)),
        "status": (6, message(f1=1000, f2=400, f3=zigzag(-20000), f4=zigzag(-3000), f5=zigzag(START_US), f6=120,
                              f7=zigzag(-900), f8=zigzag(31), f9=1, f10=zigzag(45000), f11=1, f12=1, f13=12000,
                              f14=1, f15=4096, f16=1 << 30, f17=3, f18=5, f19=1, f20=9000, f21=2)),
        "media_offer": (7, message(f1=digest, f2=100000, f3=30000, f4=zigzag(START_US))),
        "media_want": (8, message(f1=digest, f2=65536, f3=65536, f4=3)),
        "media_state": (9, message(f1=digest, f2=1)),
        "media_gone": (10, message(f1=digest, f2=3)),
        "order": (11, message(f1=body, f2=b"\x30\x06\x02\x01\x01\x02\x01\x01")),
        "order_ack": (12, message(f1=42, f2=5, f3=b"replayed", f4=1)),
        "stream_join": (13, message(f1=9)),
        "stream_leave": (14, message(f1=9)),
        "receipt": (15, message(f1=1, f2=42, f3=5, f4=2, f5=4, f6=3, f7=zigzag(START_US), f8=zigzag(START_US + 21),
                                f9=zigzag(START_US + 30000000), f10=29000, f11=2, f12=1000, f13=zigzag(-18250),
                                f14=zigzag(-1393), f15=zigzag(21), f16=42, f17=1)),
        "receipt_ack": (16, message(f1=1)),
        "bye": (17, message(f1=6, f2=b"busy", f3=5000)),
    }
    return {name: field(*kind) for name, kind in bodies.items()}, body, stop


def frame(kind, payload):
    return struct.pack(">HBB", len(payload), kind, 0) + payload


# Ogg (RFC 3533) and Opus in it (RFC 7845).

def checksum(data):
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


def page(flags, granule, number, packets, serial=7):
    lacing = b"".join(bytes([255] * (len(p) // 255) + [len(p) % 255]) for p in packets)
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, serial, number, 0) + bytes([len(lacing)]) + lacing
    data = head + b"".join(packets)
    return data[:22] + struct.pack("<I", checksum(data)) + data[26:]


def opus(pages, last_samples=480, preskip=312, packet=b"\x58\x01\x02"):
    """`pages` pages of ten 20 ms packets (configuration 11: CELT is 0x98, SILK wideband is 0x58)."""
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, preskip, 48000, 0, 0)
    out = page(2, 0, 0, [head]) + page(0, 0, 1, [b"OpusTags" + struct.pack("<I", 3) + b"loa" + struct.pack("<I", 0)])
    for n in range(pages):
        last = n == pages - 1
        granule = (n + 1) * 10 * 960 - (960 - last_samples if last else 0)
        out += page(4 if last else 0, granule, n + 2, [packet] * 10)
    return out


def far():
    """Positions at the end of 63 bits, behind a lost page."""
    data = opus(3)
    tail = page(0, 2**63 - 1, 9, [b"\x58\x01\x02"] * 2) + page(4, 2**63 - 1, 10, [b"\x58\x01\x02"] * 20)
    return data[:-len(page(4, 0, 0, [b"\x58\x01\x02"] * 10))] + tail


def record(kind, version, payload):
    return struct.pack(">BHH", kind, version, len(payload)) + payload


def client_hello(protocol):
    def block(data, size):
        return len(data).to_bytes(size, "big") + data

    def extension(number, data):
        return struct.pack(">H", number) + block(data, 2)

    extensions = extension(0, block(b"\x00" + block(b"loa-controller", 2), 2))
    extensions += extension(10, block(b"\x00\x17\x00\x1d", 2)) + extension(11, block(b"\x00", 1))
    extensions += extension(13, block(b"\x04\x03", 2)) + extension(16, block(block(protocol, 1), 2))
    body = b"\x03\x03" + bytes(range(32)) + b"\x00" + block(b"\xcc\xa9\xc0\x2b", 2) + block(b"\x00", 1) + block(extensions, 2)
    return record(22, 0x0301, b"\x01" + len(body).to_bytes(3, "big") + body)


def command(kind, data):
    return struct.pack(">BH", kind, len(data)) + data


def pieces(*parts):
    """(20 ms steps, bytes) as fuzz_session takes them."""
    return b"".join(bytes([step, len(data)]) + data for step, data in parts)


def event(*lines):
    return "\r\n".join(["BEGIN:VEVENT", "UID:event-1@27148.loa", *lines, "END:VEVENT", ""]).encode()


EVENTS = {
    "once": event("DTSTART;TZID=Asia/Ho_Chi_Minh:20261123T050000", "DURATION:PT10M", "SUMMARY:Bản tin sáng"),
    "weekly": event("DTSTART;TZID=Asia/Ho_Chi_Minh:20261123T050000", "DTEND;TZID=Asia/Ho_Chi_Minh:20261123T051000",
                    "RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;UNTIL=20271231T000000Z", "EXDATE;TZID=Asia/Ho_Chi_Minh:20261125T050000"),
    "monthly": event("DTSTART:20261130T220000Z", "RRULE:FREQ=MONTHLY;BYDAY=-1MO;BYHOUR=22;COUNT=20", "RDATE:20261224T220000Z"),
    "yearly": event("DTSTART;TZID=Europe/Berlin:20280229T023000", "RRULE:FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29"),
    "never": event("DTSTART:20260101T000000Z", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
    "setpos": event("DTSTART:20260105T060000Z", "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE;BYSETPOS=1,-1;WKST=SU"),
    "long": event("DTSTART:19700101T000000Z", "RRULE:FREQ=DAILY;BYHOUR=0,6,12,18;BYMINUTE=0,30", "SUMMARY:" + "á" * 300),
    "hourly": event("DTSTART:20260101T000000Z", "RRULE:FREQ=HOURLY"),
}

# What a route takes, by its pattern; "" for the rest. Recording ee.. and bulletin 1, zone 1 and node 1 exist.
DIGEST = "ee" * 32
PLAY = '{"bulletin": 1, "everyone": true, "repeats": 2, "pause_ms": 500'
BODIES = {
    "POST /setup": '{"code": "code-of-the-first-start", "login": "admin", "name": "A", "password": "correct horse"}',
    "POST /login": '{"login": "user-63", "password": "correct horse", "bearer": true}',
    "POST /whoami/password": '{"present": "correct horse", "password": "battery staple"}',
    "POST /users": '{"login": "lan", "name": "Lan", "password": "correct horse", "roles": ["operator", "approver"]}',
    "PATCH /users/{id}": '{"name": "Lan", "roles": ["auditor"], "disabled": true}',
    "POST /tokens": '{"label": "fleet", "expires_us": 1795489200000000}',
    "PATCH /station": '{"name": "Xã Mới"}',
    "POST /zones": '{"code": "z2", "name": "Thôn Hai", "parent": 1}',
    "PATCH /zones/{id}": '{"name": "Thôn Một"}',
    "PATCH /nodes/{id}": '{"name": "Loa 1", "volume_mdb": -6000, "muted": true}',
    "POST /join-codes": '{"name": "Loa 2", "zone": 1, "valid_s": 3600}',
    "POST /bulletins": f'{{"title": "Bản tin", "media": ["{DIGEST}"], "priority": "normal"}}',
    "PUT /bulletins/{id}": f'{{"title": "Bản tin", "media": ["{DIGEST}", "{DIGEST}"]}}',
    "POST /bulletins/{id}/reject": '{"reason": "sai"}',
    "POST /events": PLAY + ', "start": "2026-11-24T07:00:00"}',
    "POST /broadcasts": PLAY + "}",
}
QUERIES = ("", "limit=2&after=1", "from=2026-11-23T00:00:00Z&to=2026-11-30T00:00:00Z", "q=%C3%A1%ff&limit=-1")


def api_seeds():
    text = (ROOT / "controller/api/routes.c").read_text(encoding="utf-8")
    for number, (method, pattern) in enumerate(re.findall(r'\{WEB_(\w+),\s+(?:V1 )?"([^"]*)"', text)):
        param = DIGEST if "sha256" in pattern else "1"
        body = BODIES.get(f"{method} {pattern}", "")
        for who in (0, 1):
            data = bytes([number, who]) + "\0".join([param, QUERIES[number % len(QUERIES)], body]).encode()
            write("api", f"{number:02}-{who}", data)


def link_seeds():
    for name, protocol in (("session", b"loa/1"), ("enrol", b"loa-enrol/1"), ("http", b"http/1.1")):
        write("link", f"hello-{name}", b"\x00" + client_hello(protocol))
    write("link", "alert", b"\x00" + record(21, 0x0303, b"\x02\x28"))
    write("link", "too-long", b"\x00" + struct.pack(">BHH", 22, 0x0303, 0xFFFF))
    write("link", "http", b"\x00GET / HTTP/1.1\r\n\r\n")
    write("link", "server-alert", b"\x01" + record(21, 0x0303, b"\x02\x46"))
    for mode in (2, 3):
        write("link", f"plain-{mode}", bytes([mode]))
        for place in (5, 60, 400, 900, 1500, 2500):
            write("link", f"changed-{mode}-{place}", bytes([mode]) + struct.pack(">HB", place, 1))


def node_seeds(all_messages, body, stop):
    welcome = command(0, b"\x01" + all_messages["settings"])
    bundle = struct.pack(">IIqBB", 9, 0, START_US, 0, 2) + b"\x00\x03\x58\x01\x02\x00\x02\x58\x03"
    write("node", "settings", welcome + command(2, b"\x32"))
    write("node", "order", command(1, body) + command(5, body) + command(2, b"\xff") + command(1, stop) + command(2, b"\x32"))
    write("node", "stream", command(5, body) + command(2, b"\x0a") + command(0, b"\x02" + bundle) + command(2, b"\xff"))
    write("node", "media", command(0, b"\x01" + all_messages["media_offer"]) + command(2, b"\x32") +
          command(0, b"\x03" + struct.pack(">II", 1, 0) + opus(1)) + command(2, b"\x32") +
          command(0, b"\x01" + all_messages["media_gone"]) + command(4, b"") + command(2, b"\x32"))
    write("node", "restart", command(5, body) + command(4, b"") + command(3, b"") + command(2, b"\xff"))
    write("node", "bye", command(0, b"\x01" + all_messages["bye"]) + command(2, b"\x32"))
    write("node", "not-for-nodes", b"".join(command(0, b"\x01" + m) for m in all_messages.values()))


def flash_seeds(all_messages, body):
    def objects(*parts):
        return b"".join(struct.pack(">BBH", which, how, len(data)) + data for which, how, data in parts)
    receipt = all_messages["receipt"]
    write("flash", "orders", objects((0, 2, b"\x00" + body), (0, 2, b"\x03" + body), (0, 0, b"\x00\x05junk")))
    write("flash", "receipts", objects((1, 1, receipt), (1, 1, receipt[:-1]), (1, 0, b"\xff\xff")))
    write("flash", "settings", objects((2, 1, all_messages["settings"]), (3, 1, bytes(52)), (4, 0, bytes(24))))
    write("flash", "media", objects((6, 0, opus(1)), (7, 0, opus(1)[:100]), (10, 0, opus(1)), (8, 0, b"x"), (9, 0, b"y")))
    write("flash", "cert", objects((5, 0, b"\x30\x82"), (0, 1, b"\x00\x00\x01x")))
    write("settings", "station", all_messages["settings"])
    write("settings", "flash", b"\x01" + all_messages["settings"])


def web_seeds():
    def request(method, *lines):
        return bytes([method]) + b"\n".join(lines)
    write("web", "get", request(1, b"/api/v1/nodes", b"limit=10&after=3", b"Bearer abc", b"a=b", b"", b"", b"", b"", b"",
                                b"", b"::ffff:10.0.0.1"))
    write("web", "post", request(2, "/api/v1/media".encode(), "title=Bản tin sáng&name=a+b.wav".encode(), b"", b"loa=1",
                                 b"application/json", b"\"3\"", b"key-1", b"csrf", b"18", b"", b"10.0.0.1"))
    write("web", "chunked", request(2, b"/x", b"", b"", b"", b"", b"", b"", b"", b"", b"chunked"))
    write("web", "length", request(2, b"/x", b"=&=x&&a=%00", b"", b"", b"", b"", b"", b"", b"1e3"))
    write("web", "long", request(8, b"/" + b"a" * 1100, b"a=" + b"b" * 2100, b"c" * 5000))
    write("web", "path", request(1, b"//x\0y", b""))


def alerts():
    """CAP messages of every kind; the first byte says from where: o a trusted channel, s one that must sign."""
    area = "<area><areaDesc>x</areaDesc>{}</area>"
    shapes = {
        "polygon": "<polygon>16.4,107.5 16.4,107.7 16.6,107.7 16.6,107.5 16.4,107.5</polygon>",
        "antimeridian": "<polygon>-5,175 -5,-175 5,-175 5,175 -5,175</polygon>",
        "circle": "<circle>16.46,107.59 5</circle>",
        "geocode": "<geocode><valueName>vn</valueName><value>19753</value></geocode>",
        "nowhere": "<circle/>",
    }
    info = ("<info><language>vi-VN</language><category>Met</category><event>x</event>"
            "<responseType>Evacuate</responseType><urgency>Immediate</urgency><severity>Extreme</severity>"
            "<certainty>Observed</certainty><eventCode><valueName>a</valueName><value>b</value></eventCode>"
            "<effective>2026-11-22T05:30:00+07:00</effective><onset>2026-11-22T05:30:00+07:00</onset>"
            "<expires>2026-11-22T08:30:00+07:00</expires><headline>x</headline><resource>"
            "<resourceDesc>x</resourceDesc><mimeType>audio/ogg</mimeType><derefUri>QQ==</derefUri></resource>{}</info>")
    text = ('<?xml version="1.0" encoding="UTF-8"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
            "<identifier>a</identifier><sender>b</sender><sent>2026-11-22T05:30:00+07:00</sent>"
            "<status>Actual</status><msgType>{}</msgType><scope>Public</scope>{}{}{}</alert>")
    reference = "<references>b,c,2026-11-22T05:00:00+07:00</references>"
    signature = ('<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><CanonicalizationMethod '
                 'Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><SignatureMethod '
                 'Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"/><Reference URI=""><Transforms>'
                 '<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/></Transforms>'
                 '<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>QQ==</DigestValue>'
                 "</Reference></SignedInfo><SignatureValue>QQ==</SignatureValue></Signature>")
    messages = {name: text.format("Alert", "", info.format(area.format(shape)), "") for name, shape in shapes.items()}
    good = messages["polygon"]
    messages |= {
        "update": text.format("Update", reference, info.format(area.format(shapes["circle"])) * 2, ""),
        "cancel": text.format("Cancel", reference, "", ""),
        "signed": text.format("Alert", "", info.format(""), signature),
        "signed-twice": text.format("Alert", "", info.format(""), signature * 2),
        "old": good.replace("cap:1.2", "cap:1.1").replace("+07:00", "", 1),
        "test": good.replace("Actual", "Test"),
        "doctype": good.replace("<alert", "<!DOCTYPE alert><alert", 1),
        "prefix": good.replace("<", "<c:").replace("<c:/", "</c:").replace("<c:?", "<?").replace("xmlns=", "xmlns:c="),
    }
    for name, message in messages.items():
        write("cap", name, (b"s" if "signed" in name else b"o") + message.encode())


def main():
    for old in HERE.glob("corpus/*/seed-*"):
        old.unlink()
    alerts()
    all_messages, body, stop = messages()
    stream = b""
    for name, data in examples().items():
        if name != "order_body":
            write("frame", name, b"\x05" + data)
            stream += data
        else:
            write("control", name, b"\x01" + data)
    write("frame", "all", b"\x07" + stream)
    write("frame", "reserved", b"\x03\x00\x01\x01\x01\x00")
    write("frame", "too-long", b"\x03\x40\x00\x01\x00")
    for name, data in all_messages.items():
        write("control", name, b"\x00" + data)
    write("control", "play", b"\x01" + body)
    write("control", "stop", b"\x01" + stop)
    hello = frame(1, all_messages["hello"])
    talk = [frame(1, all_messages[n]) for n in ("status", "media_want", "media_state", "order_ack", "stream_join",
                                                "stream_leave", "receipt", "bye")]
    write("session", "talk", pieces((0, hello), *[(10, t) for t in talk], (1, talk[0])))
    write("session", "time", pieces((0, hello), (1, examples()["time_request"] * 3), (255, b"")))
    write("session", "flood", pieces((0, hello), *[(0, examples()["time_request"] * 20)] * 11))
    write("session", "early", pieces((0, talk[0])))
    write("session", "newer", pieces((0, hello), (1, frame(1, bytes.fromhex("fa06020801"))), (1, talk[1])))
    write("joincode", "zeros", b"0000-0000-0000-0000-0000-0000-0000-0000")
    write("joincode", "typed", b"o1li abcd efgh jkmn pqrs tvwx yz01 2345")
    write("joincode", "other", "0000-0000-ủ000".encode())
    for name, text in EVENTS.items():
        write("calendar", name, b"\x38\x02\x00" + text)
    for target, flags in (("oggread", b"\x01\x00\x08"), ("programme", b"\x01")):
        write(target, "short", flags + opus(1))
        write(target, "pages", flags + opus(6))
        write(target, "celt", flags + opus(2, packet=b"\x98" + bytes(300)))
        write(target, "cut", flags + opus(3)[:-40])
        write(target, "far", flags + far())
        write(target, "chained", flags + opus(1) + opus(1))
    write("oggread", "long", b"\x00\x00\x10" + opus(3, packet=b"\x98" + bytes(250)))
    for name, text in (("full", '{"text": "Xã", "lines": "a\\nb", "number": 5, "flag": true, "list": [1], "object": {}}'),
                       ("unknown", '{"text": "a", "other": 1}'), ("nul", '{"text": "a\\u0000b"}'),
                       ("twice", '{"text": "a", "text": "b"}'), ("deep", "{" + '"object":{' * 40 + "}" * 41),
                       ("big", '{"text": "a", "number": 99999999999999999999}')):
        write("body", name, text.encode())
    api_seeds()
    link_seeds()
    node_seeds(all_messages, body, stop)
    flash_seeds(all_messages, body)
    web_seeds()


if __name__ == "__main__":
    main()
