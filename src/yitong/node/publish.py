"""What a process publishes about itself and those below it: signed afresh whenever it is asked for.

A signature costs less than keeping a cache honest; statements are dated now and live a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from yitong.clock import Clock, epoch
from yitong.credentials.kind import LicenceKind
from yitong.errors import Text, YitongError
from yitong.flows.issue_licence import metadata_of_issuer
from yitong.node.config import Config, Title
from yitong.specs.openid_federation import CREDENTIAL_ISSUER, CREDENTIAL_VERIFIER
from yitong.trust.anchor import (
    Institution,
    Member,
    configuration,
    institution_metadata,
    node_metadata,
    subordinate,
    superior_metadata,
)
from yitong.trust.keys import KeyPair
from yitong.trust.recognition import rows_from, sign_table

TABLE_LIFETIME = timedelta(days=1)


def text_of(title: Title) -> Text:
    """A title of the configuration as a text."""
    return Text(title.zh, title.en)


@dataclass(frozen=True, slots=True)
class AnchorPublisher:
    """The anchor's statements: who the jurisdictions are, and whose licences count where."""

    config: Config
    clock: Clock
    key: KeyPair

    def configuration(self) -> str:
        """The anchor's own configuration."""
        metadata = superior_metadata(self.config.public_url, text_of(self.config.title))
        return configuration(self.config.public_url, metadata, self.key, self.clock.now())

    def statement_about(self, subject: str) -> str:
        """The statement about a member; raises ``federation.unknown-subject``."""
        for member in self.config.members:
            if member.entity_id == subject:
                record = Member(subject, member.jurisdiction, text_of(member.title), {"keys": [member.jwk]})
                return subordinate(self.config.public_url, record, self.key, self.clock.now())
        raise YitongError("federation.unknown-subject", subject)

    def subjects(self) -> list[str]:
        """The members."""
        return [member.entity_id for member in self.config.members]

    def recognition(self) -> str:
        """The signed recognition table."""
        now = self.clock.now()
        rows = rows_from(self.config.recognition, self.config.name)
        iat, exp = epoch(now), epoch(now + TABLE_LIFETIME)
        return sign_table(rows, self.config.public_url, self.key.private, self.key.kid, iat=iat, exp=exp)


@dataclass(frozen=True, slots=True)
class NodePublisher:
    """A jurisdiction's statements, and the configurations of the institutions that it hosts."""

    config: Config
    clock: Clock
    key: KeyPair
    message_key: KeyPair
    institution_keys: dict[str, KeyPair]  # federation keys by institution id
    signing_jwks: dict[str, dict[str, Any]]  # public keys that the institution signs with, by id
    kinds: Mapping[str, LicenceKind]

    def configuration(self) -> str:
        """The node's own configuration."""
        url = self.config.public_url
        metadata = node_metadata(url, text_of(self.config.title), self.message_key.jwks, f"{url}/peer/messages")
        return configuration(url, metadata, self.key, self.clock.now(), superiors=(self.config.anchor.entity_id,))

    def institution_configuration(self, institution_id: str) -> str:
        """A hosted institution's configuration; raises ``store.not-found``."""
        settings = self.config.institution(institution_id)
        entity_id = self.config.entity_of(institution_id)
        jwks = {"keys": [self.signing_jwks[institution_id]]}
        protocols: dict[str, Any] = {CREDENTIAL_VERIFIER: {"jwks": jwks, "vp_formats_supported": {"dc+sd-jwt": {}}}}
        kinds = [self.kinds[kind] for kind in settings.may_issue if kind in self.kinds]
        if kinds:
            protocols[CREDENTIAL_ISSUER] = metadata_of_issuer(entity_id, text_of(settings.title), kinds) | {"jwks": jwks}
        metadata = institution_metadata(text_of(settings.title), jwks, protocols)
        key = self.institution_keys[institution_id]
        return configuration(entity_id, metadata, key, self.clock.now(), superiors=(self.config.public_url,))

    def statement_about(self, subject: str) -> str:
        """The statement about an institution; raises ``federation.unknown-subject``."""
        for settings in self.config.institutions:
            if self.config.entity_of(settings.id) == subject:
                record = Institution(
                    subject,
                    text_of(settings.title),
                    self.institution_keys[settings.id].jwks,
                    tuple(settings.roles),
                    tuple(settings.may_issue),
                    tuple(settings.decides),
                )
                return subordinate(self.config.public_url, record, self.key, self.clock.now())
        raise YitongError("federation.unknown-subject", subject)

    def subjects(self) -> list[str]:
        """The institutions."""
        return [self.config.entity_of(settings.id) for settings in self.config.institutions]
