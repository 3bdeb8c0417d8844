"""The reasons of a verdict: each stable code with the answer that it stands for and the sentence for the counter.

A code belongs to exactly one answer, so that statistics over codes need nothing else. ``{kind}`` is the title of the
licence kind, ``{minutes}`` the age of what the answer speaks of. The table is data for the reference documentation too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from yitong.errors import Text

YES, NO, CANNOT_TELL = "yes", "no", "cannot-tell"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason code."""

    code: str
    answer: str
    sentence: Text


def _reason(code: str, answer: str, zh: str, en: str) -> Reason:
    return Reason(code, answer, Text(zh, en))


_TABLE = (
    _reason(
        "valid",
        YES,
        "{kind}有效：发证机构可信，本地认可，{minutes}分钟前的状态为有效。",
        "The {kind} is valid: its issuer is trusted, it is recognised here, and it stood {minutes} minutes ago.",
    ),
    # What is shown is not what it should be.
    _reason("not-genuine", NO, "出示的内容不是原件，或已被改动。", "What was shown is not genuine, or was changed."),
    _reason(
        "not-for-this-check",
        NO,
        "出示的内容不是为本次核验生成的，请重新亮证。",
        "What was shown was not made for this check; ask the holder to show it again.",
    ),
    _reason(
        "answer-incomplete",
        NO,
        "出示的内容没有回答全部所问，请持有人补充后重新亮证。",
        "What was shown does not answer all that was asked; ask the holder to show it again in full.",
    ),
    _reason("other-kind", NO, "出示的不是{kind}。", "What was shown is not a {kind}."),
    # Whether the issuer is to be believed.
    _reason(
        "issuer-not-trusted",
        NO,
        "发证机构不在互信范围内，不能采信。",
        "The issuer is not part of the region's trust and cannot be relied on.",
    ),
    _reason("issuer-not-entitled", NO, "该机构无权签发{kind}。", "The issuer is not entitled to issue a {kind}."),
    _reason(
        "issuer-role-missing",
        NO,
        "发证机构不具备认可所要求的职能。",
        "The issuer does not have the role that the recognition demands.",
    ),
    _reason(
        "issuer-unreachable",
        CANNOT_TELL,
        "暂时无法联系发证方所在地核实机构身份，请稍后再试。",
        "The issuer's jurisdiction cannot be reached to confirm who the issuer is; try again shortly.",
    ),
    _reason(
        "issuer-chain-expired",
        CANNOT_TELL,
        "发证机构的授权证明已过期或时钟不一致，须由其所在地更新。",
        "The papers of the issuer have run out, or a clock is wrong; its jurisdiction must renew them.",
    ),
    _reason(
        "issuer-key-unknown",
        CANNOT_TELL,
        "证照所用密钥不在已知范围内，且暂时无法取得最新的密钥。",
        "The key used is not among those known here, and the newest ones cannot be had at the moment.",
    ),
    # Whether it counts here.
    _reason(
        "not-recognised",
        NO,
        "本地就此用途不认可该地签发的{kind}。",
        "A {kind} from there is not recognised here for this.",
    ),
    _reason(
        "recognition-unknown",
        CANNOT_TELL,
        "暂时无法取得有效的互认目录，请稍后再试。",
        "A current recognition table cannot be had at the moment; try again shortly.",
    ),
    # Time and status.
    _reason("expired", NO, "{kind}已过有效期。", "The {kind} has expired."),
    _reason("not-yet-valid", NO, "{kind}尚未生效。", "The {kind} is not valid yet."),
    _reason("suspended", NO, "{kind}已被暂扣。", "The {kind} is suspended."),
    _reason(
        "ended",
        NO,
        "{kind}已不再有效（撤销、撤回、吊销、注销、转出或换发）。",
        "The {kind} has ended: revoked, withdrawn, cancelled, moved or replaced.",
    ),
    _reason("status-no-entry", NO, "发证机构的状态名单中没有这份证照。", "The issuer's status list has no such licence."),
    _reason(
        "status-not-listed",
        CANNOT_TELL,
        "该证照没有注明状态名单，无法判断是否仍然有效。",
        "The licence names no status list, so that nobody can tell whether it still stands.",
    ),
    _reason(
        "status-unreachable",
        CANNOT_TELL,
        "证照真实，但暂时无法取得状态名单；可向发证机构电话核实。",
        "The licence is genuine, but its status list cannot be reached; the issuer can be asked by telephone.",
    ),
    _reason(
        "status-unreadable",
        CANNOT_TELL,
        "证照真实，但取得的状态名单不可用；可向发证机构电话核实。",
        "The licence is genuine, but the status list that was obtained is of no use; the issuer can be asked by telephone.",
    ),
    _reason(
        "status-stale",
        CANNOT_TELL,
        "证照真实，{minutes}分钟前有效；此后的状态暂时无法得知。",
        "The licence is genuine and stood {minutes} minutes ago; what became of it since cannot be told.",
    ),
    _reason(
        "status-stale-suspended",
        CANNOT_TELL,
        "证照真实，{minutes}分钟前处于暂扣；是否已发还暂时无法得知。",
        "The licence is genuine and was suspended {minutes} minutes ago; whether it was given back cannot be told.",
    ),
    _reason(
        "status-unknown-value",
        CANNOT_TELL,
        "发证机构给出的状态此处不能识别；可向发证机构核实。",
        "The issuer gives a status that is not known here; ask the issuer.",
    ),
    _reason("not-checked", CANNOT_TELL, "核验未能完成，请重试。", "The check could not be completed; try again."),
)
REASONS: Mapping[str, Reason] = MappingProxyType({reason.code: reason for reason in _TABLE})
