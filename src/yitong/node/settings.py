"""What each key of a configuration file does, in a sentence; a test sees that none is missing or left over."""

from __future__ import annotations

DESCRIPTIONS: dict[str, str] = {
    "name": "The process's name in logs and commands.",
    "role": "`anchor` or `node`.",
    "jurisdiction": "The jurisdiction's code (GB/T 2260), empty for the anchor.",
    "zone": "The time zone in which days are counted and times are shown.",
    "title.zh": "The jurisdiction's name in Chinese.",
    "title.en": "The jurisdiction's name in English.",
    "region_title.zh": "The region's name in Chinese.",
    "region_title.en": "The region's name in English.",
    "listen_host": "The address to listen on.",
    "listen_port": "The port to listen on.",
    "public_url": "How others reach this process; its entity id. https, except in an example region; no final slash.",
    "keys_dir": "The folder of the private keys, mode 0700; keys that are missing are made.",
    "catalog_dir": "The catalogue: licence kinds, services, schemes, calendars.",
    "anchor.entity_id": "The trust anchor's entity id.",
    "anchor.jwks_file": "The anchor's public federation keys, pinned: a JWK set.",
    "database_url": "The node's own PostgreSQL database; the anchor needs none.",
    "example": "Opens what exists only in an example region: example people, moving the clock, holding messages back.",
    "log_level": "`debug`, `info`, `warning` or `error`.",
    "institutions": "The institutions of this jurisdiction: `id`, `title`, `roles`, `uscc`, `may_issue`, `decides`, `receives`, "
    "and `message_jwk` of one that keeps its own keys.",
    "members": "Anchor only: the jurisdictions that it vouches for, each with its public federation key.",
    "recognition": "Anchor only: whose licences count where: `kind`, `issuer_jurisdiction`, `accepting_jurisdiction`, "
    "`purpose`, `from_day`, `to_day`, `required_role`.",
    "clock.offset_file": "Example regions only: the file that says how far the clock is moved.",
    "rate.burst": "How many requests one client address may make at once.",
    "rate.per_second": "How many a second it may make after that.",
    "max_body_bytes": "The largest request body that is read.",
    "status_max_age_s": "How old a status list may be, in seconds, before it proves nothing about now in this jurisdiction.",
    "status_ttl_s": "For how long others may keep our status lists, in seconds.",
}
