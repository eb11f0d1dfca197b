"""CAP messages to verdicts: `loactl alert check`, and truth tables whose expectation Python works out alone.

LOA_CAP_CORPUS names a folder with messages of others (a matrix in matrix-2916.zip, Google's samples in google/);
without it those cases are skipped.
"""
import itertools
import json
import os
import pathlib
import re
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from datetime import datetime, timezone

import tap

STATUSES = ["Actual", "Exercise", "System", "Test", "Draft"]
TYPES = ["Alert", "Update", "Cancel", "Ack", "Error"]
SCOPES = ["Public", "Restricted", "Private"]
URGENCIES = ["Immediate", "Expected", "Future", "Past", "Unknown"]
SEVERITIES = ["Extreme", "Severe", "Moderate", "Minor", "Unknown"]
CERTAINTIES = ["Observed", "Likely", "Possible", "Unlikely", "Unknown"]

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>x-1</identifier><sender>pctt@hue.example</sender>
<sent>2026-11-22T05:30:00+07:00</sent><status>{0}</status><msgType>{1}</msgType><scope>{2}</scope>
<restriction>x</restriction><addresses>y</addresses>
<references>pctt@hue.example,x-0,2026-11-22T05:00:00+07:00</references>
<info><language>vi-VN</language><category>Met</category><event>Lũ</event><urgency>{3}</urgency>
<severity>{4}</severity><certainty>{5}</certainty><expires>2026-11-22T08:30:00+07:00</expires>
<area><areaDesc>Xã</areaDesc><circle>16.46,107.59 5</circle></area></info></alert>
"""
POLICY = """[station]
position = {position}
[alerts]
cap11 = accept
{more}
[source open]
trust = channel
"""


def write_policy(folder, position, more=""):
    path = folder / "policy.ini"
    path.write_text(POLICY.format(position=position, more=more), encoding="utf-8")
    return path


def judge(build, policy, source, at, files):
    """File -> (verdict, level, action, signers, codes)."""
    out = subprocess.run([f"{build}/tests/unit/cap/captable", policy, source, at], text=True, check=True,
                         input="".join(f"{f}\n" for f in files), stdout=subprocess.PIPE).stdout
    rows = [line.split("\t") for line in out.splitlines()]
    return {name: (verdict, level, action, signers.split(","), codes.split(","))
            for name, verdict, level, action, signers, codes in rows}


def expected(status, kind, scope, urgency, severity, certainty):
    """The table of the documents, worked out from a message's own words."""
    if urgency == "Immediate" and severity in ("Extreme", "Severe") and certainty in ("Observed", "Likely"):
        level, action = "emergency", "sound"
    elif urgency == "Expected" and severity in ("Severe", "Moderate"):
        level, action = "priority", "sound"
    else:
        level, action = "normal", "inbox"
    if status != "Actual" or kind in ("Ack", "Error"):
        return "accepted", "none", "log"
    if kind == "Cancel":
        return "accepted", "none", "stop"
    return "accepted", level, action if scope == "Public" else "inbox"


def test_every_combination_of_words_has_the_verdict_of_the_table(build, folder):
    files = {}
    for words in itertools.product(STATUSES, TYPES, SCOPES, URGENCIES, SEVERITIES, CERTAINTIES):
        path = folder / ("-".join(words) + ".xml")
        path.write_text(HEAD.format(*words), encoding="utf-8")
        files[str(path)] = expected(*words)
    found = judge(build, write_policy(folder, "16.46,107.59"), "open", "2026-11-22T05:31:00+07:00", files)
    wrong = {f: (found[f], files[f]) for f in files if found[f][:3] != files[f]}
    assert not wrong, f"{len(wrong)} of {len(files)}: {next(iter(wrong.items()))}"
    print(f"# {len(files)} messages")


def test_the_check_needs_no_station_and_explains_itself(build, folder):
    message = folder / "alert.xml"
    message.write_text(HEAD.format("Actual", "Alert", "Public", "Immediate", "Extreme", "Observed"), encoding="utf-8")
    policy = write_policy(folder, "16.46,107.59")
    base = [f"{build}/tools/loactl/loactl", "alert", "check", message, "--at", "2026-11-22T05:31:00+07:00"]
    env = {**os.environ, "LOACTL_STATE": str(folder), "LOACTL_SERVER": "https://127.0.0.1:1"}
    out = subprocess.run([*base, "--policy", policy, "--source", "open", "--json"], env=env, check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    answer = json.loads(out)
    assert answer["verdict"] == "accepted" and answer["level"] == "emergency" and answer["action"] == "sound", out
    assert answer["zones"] == ["station"] and answer["findings"] == [] and answer["signers"] == [], out
    assert answer["infos"][0]["language"] == "vi-VN" and answer["infos"][0]["event"] == "Lũ", out
    assert answer["references"][0]["identifier"] == "x-0", out
    assert answer["expires_us"] == int(datetime(2026, 11, 22, 1, 30, tzinfo=timezone.utc).timestamp()) * 10**6, out
    out = subprocess.run([*base, "--json"], env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
    codes = {f["code"] for f in json.loads(out)["findings"]}
    assert "signature.missing" in codes, out
    out = subprocess.run(base, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert "rejected" in out and "signature.missing" in out, out


def test_a_wrong_policy_or_file_is_said_in_one_line(build, folder):
    message = folder / "alert.xml"
    message.write_text("<alert/>")
    for text, word in (("[station]\nposition = here\n", "16.4637,107.5909"), ("[stations]\nx = 1\n", "stations"),
                       ("[alerts]\nno_area = all\n", "log inbox station"), ("[mapping]\nrule = *: x\n", "URGENCY"),
                       ("[signer a]\nlevel = normal\n", "certificate"), ("[signer a]\ncertificate = none.pem\n", "none.pem"),
                       ("[source a]\nzone = A\n", "above"), ("[zone A]\nboundary = 1,1 2,2\n", "three"),
                       ("nonsense\n", "line 1"), ("[station]\ncode = " + "x" * 200 + "\n", "line 2"),
                       ("[station]\ngeocode = x\n", "name"), ("[alerts]\ndefault_valid_s = 0\n", "number from 1")):
        policy = folder / "wrong.ini"
        policy.write_text(text)
        out = subprocess.run([f"{build}/tools/loactl/loactl", "alert", "check", message, "--policy", policy],
                             capture_output=True, text=True)
        assert out.returncode == 1 and out.stderr.count("\n") == 1 and word in out.stderr, (text, out)
    out = subprocess.run([f"{build}/tools/loactl/loactl", "alert", "check", folder / "none"], capture_output=True, text=True)
    assert out.returncode == 1 and "cannot be read" in out.stderr, out


def test_the_documents_name_every_finding_and_an_example_that_works(build, folder):
    root = pathlib.Path(__file__).resolve().parents[2]
    text = (root / "controller/cap/FORMAT.md").read_text(encoding="utf-8")
    source = (root / "controller/cap/cap_finding.c").read_text(encoding="utf-8")
    codes = re.findall(r'\{"([a-z]+\.[a-z_]+)", CAP_(\w+)\}', source)
    table = dict(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \| (\w+) \|", text, re.MULTILINE))
    assert {c for c, _ in codes} == set(table), {c for c, _ in codes} ^ set(table)
    for code, grade in codes:
        assert table[code] in (grade.lower(), "policy"), code
    example = "\n".join(line.strip() for line in text.split("## Where")[0].splitlines() if line.startswith("    "))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", "/dev/null", "-out", folder / "province.pem", "-subj", "/CN=x"], check=True,
                   capture_output=True)
    policy = folder / "example.ini"
    policy.write_text(example, encoding="utf-8")
    message = folder / "alert.xml"
    message.write_text(HEAD.format("Actual", "Alert", "Public", "Immediate", "Extreme", "Observed"), encoding="utf-8")
    found = judge(build, policy, "feed-1", "2026-11-22T05:31:00+07:00", [str(message)])[str(message)]
    assert found[4] == ["signature.missing"], found


def corpus():
    folder = os.environ.get("LOA_CAP_CORPUS")
    if not folder:
        raise tap.Skip("LOA_CAP_CORPUS names no folder of messages")
    return pathlib.Path(folder)


def test_the_matrix_of_others_has_the_verdict_of_the_table(build, folder):
    files = {}
    with zipfile.ZipFile(corpus() / "matrix-2916.zip") as matrix:
        matrix.extractall(folder)
    for path in sorted(folder.glob("*.xml")):
        root = ET.parse(path).getroot()
        word = {e.tag.split("}")[1]: (e.text or "").strip() for e in root.iter()}
        want = expected(*(word[n] for n in ("status", "msgType", "scope", "urgency", "severity", "certainty")))
        late = [r for r in word.get("references", "").split() if r.split(",")[2] > word["sent"]]
        if late or (word["msgType"] in ("Update", "Cancel") and not word.get("references")):
            want = ("rejected", "none", "log")
        files[str(path)] = want
    found = judge(build, write_policy(folder, "-41.28,174.77"), "open", "2016-03-11T00:00:00-00:00", files)
    wrong = {f: (found[f], files[f]) for f in files if found[f][:3] != files[f]}
    assert len(files) == 2916 and not wrong, f"{len(wrong)} of {len(files)}: {next(iter(wrong.items()))}"
    print(f"# {len(files)} messages; {sum(w[0] == 'rejected' for w in files.values())} to reject")
    held = judge(build, write_policy(folder, "-41.28,174.77", "cap11 = hold"), "open", "2016-03-11T00:00:00-00:00", files)
    assert not [f for f in held if held[f][0] == "accepted" or held[f][2] == "sound"]


def test_signed_broken_and_hostile_samples_of_others_are_told_apart(build, folder):
    google = corpus() / "google"
    signers = "".join(f"[signer {name}]\ncertificate = {google}/{name}_x509_cert.pem\nsha1 = yes\n"
                      for name in ("environment_canada", "naads"))
    policy = write_policy(folder, "54.0,-104.5", signers)
    tampered = folder / "tampered.cap"
    tampered.write_bytes((google / "canada_signed.cap").read_bytes().replace(b"snowfall", b"snowfell"))
    both = ["environment_canada", "naads"]
    for name, source, at, verdict, signed, code in (
            (google / "canada_signed.cap", "feed", "2013-01-24T22:00:00-00:00", "accepted", both, "element.empty"),
            (google / "canada_signed.cap", "feed", "2014-01-24T22:00:00-00:00", "accepted", both, "expires.past"),
            (google / "canada_signed.cap", "feed", "2020-01-24T22:00:00-00:00", "rejected", ["-"], "signer.expired"),
            (tampered, "feed", "2013-01-24T22:00:00-00:00", "rejected", ["-"], "signature.invalid"),
            (tampered, "open", "2013-01-24T22:00:00-00:00", "rejected", ["-"], "signature.invalid"),
            (google / "earthquake_signed.cap", "feed", "2011-09-06T17:30:00-00:00", "rejected", ["-"], "signature.stranger"),
            (google / "earthquake-iso8859-1.cap", "open", "2012-10-14T23:00:00-00:00", "accepted", ["-"], "signature.stranger"),
            (google / "australia.cap", "open", "2011-10-06T00:00:00-00:00", "accepted", ["-"], "area.elsewhere"),
            (google / "canada.cap", "open", "2012-05-03T00:00:00-00:00", "accepted", ["-"], "area.elsewhere"),
            (google / "weather.cap", "open", "2010-08-30T11:00:00-00:00", "accepted", ["-"], "version.old"),
            (google / "wcatwc-warning.cap", "open", "2011-09-02T12:00:00-00:00", "accepted", ["-"], "area.elsewhere"),
            (google / "no_optional_fields.cap", "open", "2010-08-31T06:00:00-00:00", "held", ["-"], "info.missing"),
            (google / "canada_errors.cap", "open", "2012-05-03T00:00:00-00:00", "rejected", ["-"], "ref.missing"),
            (google / "noaa_errors.cap", "open", "2011-07-10T04:00:00-00:00", "rejected", ["-"], "element.missing"),
            (google / "invalid.cap", "open", "2010-08-31T01:00:00-00:00", "rejected", ["-"], "element.missing"),
            (google / "xee.cap", "open", "2010-08-31T01:00:00-00:00", "rejected", ["-"], "xml.dtd"),
            (google / "xee.atom", "open", "2010-08-31T01:00:00-00:00", "rejected", ["-"], "xml.dtd"),
            (google / "weather.atom", "open", "2010-08-31T01:00:00-00:00", "rejected", ["-"], "xml.root")):
        found = judge(build, policy, source, at, [str(name)])[str(name)]
        assert found[0] == verdict and sorted(found[3]) == signed and code in found[4], (name.name, at, found)


if __name__ == "__main__":
    tap.main(globals())
