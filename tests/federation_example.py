"""A small invented federation for tests: one anchor, four jurisdictions, their institutions; every statement can be spoiled."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from yitong.clock import epoch
from yitong.errors import Text
from yitong.specs import jose
from yitong.specs.jwk import new_private_key
from yitong.specs.openid_federation import TYP, configuration_url, fetch_url
from yitong.trust import anchor as publish
from yitong.trust.chain import Chain, verify_chain
from yitong.trust.keys import KeyPair, key_pair

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ANCHOR = "http://127.0.0.1:7400"
ANHUI = "http://127.0.0.1:7404"
REGISTRY = f"{ANHUI}/institutions/hefei-registry"
REGION_NAME, ANHUI_NAME = Text("长三角示例区", "Example region"), Text("安徽", "Anhui")
REGISTRY_NAME = Text("合肥登记机关（示例）", "Hefei registry (example)")
_NAMES = ("anchor", "anhui", "registry", "anhui-messages", "registry-signing", "stranger")
KEYS = {name: key_pair(new_private_key()) for name in _NAMES}


def claims_of(text: str) -> dict[str, Any]:
    """The claims of a statement, unverified."""
    return jose.parse(text).claims()


def signed(claims: dict[str, Any], key: KeyPair, typ: str = TYP, **header: Any) -> str:
    """Any claims at all, signed without the checks of a publisher."""
    return jose.sign(claims, key.private, typ, **({"kid": key.kid} | header))


@dataclass
class Federation:
    """The chain of the Hefei registry, as good statements; ``spoil`` signs one again with other claims."""

    now: datetime = NOW
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        messages, signing = KEYS["anhui-messages"].jwks, KEYS["registry-signing"].jwks
        self.anhui = publish.Member(ANHUI, "340000", ANHUI_NAME, KEYS["anhui"].jwks)
        self.registry = publish.Institution(
            REGISTRY, REGISTRY_NAME, KEYS["registry"].jwks, ("registry",), ("business-licence",), ()
        )
        own = publish.institution_metadata(
            REGISTRY_NAME, signing, {"openid_credential_issuer": {"credential_issuer": REGISTRY}}
        )
        self.node_metadata = publish.node_metadata(ANHUI, ANHUI_NAME, messages, f"{ANHUI}/inbox")
        self.node_configuration = publish.configuration(ANHUI, self.node_metadata, KEYS["anhui"], self.now, superiors=(ANCHOR,))
        self.texts = [
            publish.configuration(REGISTRY, own, KEYS["registry"], self.now, superiors=(ANHUI,)),
            publish.subordinate(ANHUI, self.registry, KEYS["anhui"], self.now),
            publish.subordinate(ANCHOR, self.anhui, KEYS["anchor"], self.now),
            publish.configuration(ANCHOR, publish.superior_metadata(ANCHOR, REGION_NAME), KEYS["anchor"], self.now),
        ]

    def signer(self, place: int) -> KeyPair:
        """Whose key signs the statement at ``place``."""
        return KEYS[("registry", "anhui", "anchor", "anchor")[place]]

    def spoil(self, place: int, /, **changed: Any) -> Federation:
        """Replace claims (None removes one) and sign again with the right key."""
        claims = claims_of(self.texts[place]) | changed
        self.texts[place] = signed({k: v for k, v in claims.items() if v is not None}, self.signer(place))
        return self

    def verify(self, later: timedelta = timedelta()) -> Chain:
        """Verify the chain ``later`` than it was made."""
        return verify_chain(self.texts, ANCHOR, KEYS["anchor"].jwks, self.now + later)

    def node_chain(self) -> list[str]:
        """The chain of the jurisdiction itself."""
        return [self.node_configuration, *self.texts[2:]]

    def pages(self) -> dict[str, str]:
        """What each address of the federation answers."""
        return {
            configuration_url(REGISTRY): self.texts[0],
            configuration_url(ANHUI): self.node_configuration,
            configuration_url(ANCHOR): self.texts[3],
            fetch_url(f"{ANHUI}/federation/fetch", REGISTRY): self.texts[1],
            fetch_url(f"{ANCHOR}/federation/fetch", ANHUI): self.texts[2],
        }


def seconds(moment: datetime = NOW, **later: int) -> int:
    """The NumericDate of a moment, so much later."""
    return epoch(moment + timedelta(**later))
