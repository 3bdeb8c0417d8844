"""Writes the gate's conformance cases; what a case is stands in README.md beside this file."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yitong.specs.cose_pass import code_text, issue_pass, key_id, make_code
from yitong.specs.jose import sign_bytes
from yitong.specs.jwk import public_jwk

HERE = Path(__file__).parent
START = datetime(2026, 2, 12, 0, 30, tzinfo=UTC)  # 08:30 in Shanghai
START_S = int(START.timestamp())
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def fixed_key(number):
    return ec.derive_private_key(number, ec.SECP256R1())


ISSUER, DEVICE, STRANGER = fixed_key(20260212), fixed_key(20260213), fixed_key(20260214)
PASS_ID = "ZXhhbXBsZTE"
CODE_DATA, PASS_DATA = b"yitong/code/1", b"yitong/pass/1"


def a_pass(key=ISSUER, user=DEVICE, **changed):
    fields = {
        "issuer": "suzhou-metro",
        "pass_id": PASS_ID,
        "limit_fen": 2000,
        "valid_from_s": START_S - 3600,
        "expires_s": START_S + 7 * 86400,
    }
    return issue_pass(key, user_key=user.public_key(), **(fields | changed))


def a_code(after_s=0, pass_bytes=None, device=DEVICE, **more):
    return make_code(pass_bytes or a_pass(), device, START_S + after_s, **more)


def sign1(header, payload, external_data, key, unprotected=None):
    protected = header if isinstance(header, bytes) else cbor2.dumps(header, canonical=True)
    body = payload if isinstance(payload, bytes) else cbor2.dumps(payload, canonical=True)
    signed = cbor2.dumps(["Signature1", protected, external_data, body], canonical=True)
    return cbor2.dumps([protected, unprotected or {}, body, sign_bytes(signed, key)], canonical=True)


def code_fields(**changed):
    return {1: a_pass(), 2: START_S, 3: 30} | {int(name[1:]): value for name, value in changed.items()}


def raw_pass(header=None, changed=None, key=ISSUER, unprotected=None):
    point = DEVICE.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    fields = {1: "suzhou-metro", 2: b"example1", 3: 2000, 4: START_S - 3600, 5: START_S + 7 * 86400, 6: point}
    named = {1: -7, 4: bytes.fromhex(key_id(ISSUER.public_key()))} if header is None else header
    return sign1(named, fields | (changed or {}), PASS_DATA, key, unprotected)


def mirrored(code):
    """The same code with (r, n - s): a second signature that holds, which anybody can make."""
    *front, signature = cbor2.loads(code)
    s = P256_ORDER - int.from_bytes(signature[32:], "big")
    return cbor2.dumps([*front, signature[:32] + s.to_bytes(32, "big")], canonical=True)


def moved(code, order):
    parts = cbor2.loads(code)
    return cbor2.dumps([parts[at] for at in order], canonical=True)


def with_part(code, at, value):
    parts = cbor2.loads(code)
    parts[at] = value
    return cbor2.dumps(parts, canonical=True)


def showing(code, after_s=0, refused=None, gate="g1", fare_fen=None):
    shown = {"gate": gate, "at": (START + timedelta(seconds=after_s)).isoformat(), "fare_fen": fare_fen}
    shown["text"] = code if isinstance(code, str) else code_text(code)
    return shown | ({"refused": refused} if refused else {})


CASES = {}


def case(name, about, *shown, **changed):
    CASES[name] = {
        "about": about,
        "site": {"operator": "shanghai-metro", "station": "xujiahui", "direction": "entry"} | changed.get("site", {}),
        "rules": {"max_lifetime_s": 30, "skew_ahead_s": 5, "skew_behind_s": 0, "deny_list_max_age_s": None}
        | changed.get("rules", {}),
        "issuers": changed.get("issuers", {"suzhou-metro": [public_jwk(ISSUER)]}),
        "deny_list": {"as_of": (START - timedelta(hours=6)).isoformat(), "denied": changed.get("denied", [])},
        "shown": list(shown),
    }


def accepted():
    case("fresh-code", "A code made a moment ago by the right device under a pass of a known issuer.", showing(a_code(), 1))
    case("last-second", "The last second of the lifetime still counts.", showing(a_code(), 30))
    case("phone-ahead-within-skew", "A phone five seconds ahead of the gate is forgiven.", showing(a_code(5), 0))
    case("two-codes-one-pass", "The next code of the same pass is another code.", showing(a_code(), 1), showing(a_code(15), 16))
    case(
        "exit-of-one-inside",
        "A code that says inside.",
        showing(a_code(inside=True), 1),
        site={"direction": "exit"},
    )
    case(
        "fare-at-the-limit",
        "A fare equal to the limit is within it.",
        showing(a_code(inside=True), 1, fare_fen=2000),
        site={"direction": "exit"},
    )
    rolled = {"suzhou-metro": [public_jwk(STRANGER), public_jwk(ISSUER)]}
    case("two-issuer-keys", "While keys are rolled, the pass names which one signed it.", showing(a_code(), 1), issuers=rolled)


def real_mistakes():
    early = a_code(-946_656_000)
    case("epoch-2000_fail", "Seconds counted from 2000-01-01 in Beijing instead of 1970.", showing(early, 1, "gate.clock"))
    late = a_code(946_656_000)
    case(
        "epoch-2000-reader_fail",
        "The same mistake on the other side: the future.",
        showing(late, 1, "gate.clock"),
    )
    order = moved(a_code(), (0, 1, 3, 2))
    case(
        "signature-before-payload_fail",
        "The signature stands before what it signs: all lengths fit, the meaning does not.",
        showing(order, 1, "pass.malformed"),
    )
    own = a_code(pass_bytes=a_pass(key=STRANGER))
    case("self-signed-issuer_fail", "A stranger's key issues a pass and names itself.", showing(own, 1, "gate.unknown-key"))
    brought = raw_pass(unprotected={33: b"certificate"}, key=STRANGER)
    case(
        "key-inside-the-code_fail",
        "A pass brings a certificate along, to be verified with the key inside it.",
        showing(a_code(pass_bytes=brought), 1, "pass.unknown-header"),
    )
    forged = a_code(pass_bytes=raw_pass(key=STRANGER))
    case(
        "issuer-signature-unchecked_fail",
        "A stranger signs a pass and names the issuer's real key; whoever skips the check lets anyone mint codes.",
        showing(forged, 1, "gate.bad-issuer-signature"),
    )


def forgeries():
    point = STRANGER.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    real = cbor2.loads(a_pass())
    swapped_key = with_part(a_pass(), 2, cbor2.dumps(cbor2.loads(real[2]) | {6: point}, canonical=True))
    case(
        "own-user-key_fail",
        "A real pass with another device's key put in, and the code signed by that device.",
        showing(a_code(pass_bytes=swapped_key, device=STRANGER), 1, "gate.bad-issuer-signature"),
    )
    case(
        "other-device_fail",
        "Another device signs.",
        showing(a_code(device=STRANGER), 1, "gate.bad-user-signature"),
    )
    later = with_part(a_code(-60), 2, cbor2.loads(a_code())[2])
    case("moment-changed_fail", "An old code with a new moment put in.", showing(later, 1, "gate.bad-user-signature"))
    raised = with_part(a_pass(), 2, cbor2.dumps(cbor2.loads(real[2]) | {3: 200000}, canonical=True))
    case(
        "limit-raised_fail",
        "A raised limit.",
        showing(a_code(pass_bytes=raised), 1, "gate.bad-issuer-signature"),
    )
    times = with_part(a_pass(), 2, cbor2.dumps(cbor2.loads(real[2]) | {4: START_S, 5: START_S - 1}, canonical=True))
    case(
        "fields-swapped_fail",
        "Two times swapped.",
        showing(a_code(pass_bytes=times), 1, "gate.bad-issuer-signature"),
    )
    case("pass-as-code_fail", "The bare pass is shown: it proves no device.", showing(a_pass(), 1, "pass.unknown-header"))
    levels = sign1({1: -7}, code_fields(), PASS_DATA, DEVICE)
    case("levels-mixed_fail", "A code signed with the external data of a pass.", showing(levels, 1, "gate.bad-user-signature"))


def replays_and_clocks():
    code = a_code()
    case("replay_fail", "The same code again at the same gate.", showing(code, 1), showing(code, 4, "gate.replayed"))
    case("replay-next-gate_fail", "And at the next gate.", showing(code, 1), showing(code, 4, "gate.replayed", gate="g2"))
    twin = mirrored(code)
    case("replay-mirrored-signature_fail", "The same code with (r, n-s).", showing(code, 1), showing(twin, 4, "gate.replayed"))
    case("replay-last-second_fail", "It is remembered to the end.", showing(code, 0), showing(code, 30, "gate.replayed"))
    case("screenshot-31-s_fail", "A screenshot shown 31 seconds later.", showing(code, 31, "gate.stale-code"))
    case("phone-5-min-behind_fail", "A phone five minutes slow.", showing(a_code(-300), 0, "gate.stale-code"))
    case("phone-5-min-ahead_fail", "A phone five minutes fast.", showing(a_code(300), 0, "gate.clock"))
    long = a_code(lifetime_s=3600)
    case("day-long-code_fail", "A device gives itself an hour.", showing(long, 1, "gate.lifetime-too-long"))


def standing():
    old, new = a_pass(expires_s=START_S), a_pass(valid_from_s=START_S + 60)
    case("pass-expired_fail", "The pass ends this second.", showing(a_code(pass_bytes=old), 0, "gate.pass-expired"))
    case("pass-not-yet-valid_fail", "It begins in a minute.", showing(a_code(pass_bytes=new), 0, "gate.pass-not-yet-valid"))
    case("unknown-issuer_fail", "No keys of the issuer are held.", showing(a_code(), 1, "gate.unknown-issuer"), issuers={})
    denied = [["suzhou-metro", PASS_ID]]
    case("denied_fail", "The issuer stopped the pass.", showing(a_code(), 1, "gate.denied"), denied=denied)
    other = [["shanghai-metro", PASS_ID]]
    case(
        "denied-of-another-issuer",
        "Aliases belong to their issuer.",
        showing(a_code(), 1),
        denied=other,
    )
    rules = {"deny_list_max_age_s": 3600}
    case("deny-list-too-old_fail", "An old list, not trusted.", showing(a_code(), 1, "gate.deny-list-stale"), rules=rules)
    case("already-inside_fail", "Inside, at an entry.", showing(a_code(inside=True), 1, "gate.already-inside"))
    out = {"direction": "exit"}
    case("not-inside_fail", "Outside, at an exit.", showing(a_code(inside=False), 1, "gate.not-inside"), site=out)
    dear = showing(a_code(inside=True), 1, "gate.over-limit", fare_fen=2001)
    case("over-limit_fail", "The fare is a fen above the limit.", dear, site=out)


def spellings():
    code = a_code()
    text = code_text(code)
    case("truncated_fail", "The last characters are missing.", showing(text[:-3], 1, "pass.malformed"))
    case("bytes-after-the-end_fail", "A byte follows.", showing(code + b"\x00", 1, "pass.not-deterministic"))
    case("tagged_fail", "The tagged form is a second spelling.", showing(b"\xd2" + code, 1, "pass.malformed"))
    long_map = b"\xa3\x01" + cbor2.dumps(a_pass()) + b"\x02\x1a" + START_S.to_bytes(4, "big") + b"\x03\x19\x00\x1e"
    wide = sign1({1: -7}, long_map, CODE_DATA, DEVICE)
    case("wide-integer_fail", "30 in three bytes, signed so.", showing(wide, 1, "pass.not-deterministic"))
    head = sign1(b"\xa1\x01\x38\x06", code_fields(), CODE_DATA, DEVICE)
    case("wide-header_fail", "The algorithm in two bytes.", showing(head, 1, "pass.not-deterministic"))
    twice = b"\xa2\x01\x26\x01\x26"
    case("header-twice_fail", "One twice.", showing(sign1(twice, code_fields(), CODE_DATA, DEVICE), 1, "pass.malformed"))
    crit = sign1({1: -7, 2: [99], 99: 1}, code_fields(), CODE_DATA, DEVICE)
    case("unknown-critical_fail", "A critical parameter that nobody knows.", showing(crit, 1, "pass.unknown-header"))
    loose = sign1({1: -7}, code_fields(), CODE_DATA, DEVICE, unprotected={4: b"key"})
    case("unsigned-header_fail", "A parameter that nothing signs.", showing(loose, 1, "pass.unknown-header"))
    eddsa = sign1({1: -8}, code_fields(), CODE_DATA, DEVICE)
    case("other-algorithm_fail", "Another algorithm is named.", showing(eddsa, 1, "pass.wrong-alg"))
    extra = sign1({1: -7}, code_fields(_9=1), CODE_DATA, DEVICE)
    case("unknown-field_fail", "A field that nobody knows.", showing(extra, 1, "pass.malformed"))
    truth = sign1({1: -7}, code_fields(_4=True), CODE_DATA, DEVICE)
    case("true-for-one_fail", "True where 1 belongs.", showing(truth, 1, "pass.malformed"))
    off = a_code(pass_bytes=raw_pass(changed={6: b"\x02" + b"\xff" * 32}))
    case("key-off-the-curve_fail", "The device key is no point of P-256.", showing(off, 1, "pass.bad-user-key"))
    case("other-version_fail", "A version to come.", showing("YT2:" + text[4:], 1, "pass.version"))
    case(
        "other-code_fail",
        "Any other QR code is not 'expired'.",
        showing("https://example.org/", 1, "pass.not-a-code"),
    )
    case("lower-case_fail", "Not in the alphabet.", showing(text[:4] + text[4:].lower(), 1, "pass.not-base45"))
    case("too-long_fail", "A kilobyte is not even decoded.", showing("YT1:" + "0" * 1000, 1, "pass.too-long"))


def main():
    for group in (accepted, real_mistakes, forgeries, replays_and_clocks, standing, spellings):
        group()
    for folder in HERE.iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    for name, content in CASES.items():
        (HERE / name).mkdir()
        (HERE / name / "case.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
