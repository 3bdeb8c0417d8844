"""The papers of a case: taken in with the application, kept under their hash, passed on ahead of the case itself.

Messages to one node arrive in the order in which they were stored, so that whoever gets a case already has its papers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from yitong.cases.application import Attachment
from yitong.cases.register import DOCUMENTS, Document, document_key
from yitong.digest import b64url_decode, sha256_b64
from yitong.errors import YitongError
from yitong.flows.context import Context
from yitong.flows.unit import Unit

# One paper travels in one message: base64url inside a signed token, twice a third more, must fit into a body of 1 MiB.
MAX_BYTES = 500_000


@dataclass(frozen=True, slots=True)
class Paper:
    """A file as it is handed in: ``content`` is base64url. ``material_id`` is empty for an authority's own document."""

    material_id: str
    file_name: str
    media_type: str
    content: str


def attach(case_id: str, papers: Sequence[Paper]) -> tuple[list[dict[str, Any]], list[Document]]:
    """Papers as attachments of an application, and as documents to keep; raises ``case.document-…``."""
    attachments, documents = [], []
    for place, paper in enumerate(papers):
        content = _content(paper.content, f"/materials/{place}/content")
        found = Document(case_id, sha256_b64(content), paper.media_type, paper.content)
        attached = Attachment(paper.material_id, paper.file_name, paper.media_type, len(content), found.sha256)
        attachments.append(attached.to_json())
        documents.append(found)
    return attachments, documents


def _content(text: str, where: str) -> bytes:
    try:
        content = b64url_decode(text, where)
    except YitongError as error:
        raise YitongError("case.document-wrong", where) from error
    if len(content) > MAX_BYTES:
        raise YitongError("case.document-too-large", where, max_bytes=MAX_BYTES)
    return content


async def keep_documents(unit: Unit, documents: Iterable[Document]) -> None:
    """Keep papers; one that is there already is the same, by its hash."""
    for document in documents:
        await unit.shelf(DOCUMENTS).save(document)


async def drop_documents(unit: Unit, case_id: str) -> None:
    """Forget the papers of a case that is not ours after all."""
    for document in await unit.shelf(DOCUMENTS).find(case_id=case_id, limit=1000):
        await unit.shelf(DOCUMENTS).drop(document_key(case_id, document.sha256))


async def send_documents(context: Context, unit: Unit, node: str, documents: Iterable[Document]) -> None:
    """Send papers to the other node of the case, each in its own message."""
    for document in documents:
        body = {
            "case_id": document.case_id,
            "sha256": document.sha256,
            "media_type": document.media_type,
            "content": document.content,
        }
        await context.tell(unit, node, "case.document", document.case_id, body)


async def documents_of(unit: Unit, case_id: str) -> list[Document]:
    """All papers of a case, the oldest first."""
    return list(reversed(await unit.shelf(DOCUMENTS).find(case_id=case_id, limit=1000)))


def read_document(body: dict[str, Any]) -> Document:
    """A paper from a message; raises ``case.document-wrong`` unless it is what its hash says."""
    members = {name: body.get(name) for name in ("case_id", "sha256", "media_type", "content")}
    if body.keys() != members.keys() or not all(isinstance(value, str) and value for value in members.values()):
        raise YitongError("case.document-wrong", "/body")
    document = Document(**{name: str(value) for name, value in members.items()})
    if sha256_b64(_content(document.content, "/body/content")) != document.sha256:
        raise YitongError("case.document-wrong", "/body/sha256")
    return document


async def check_present(unit: Unit, case_id: str, attachments: Iterable[Attachment]) -> None:
    """Raises ``case.document-missing`` unless every paper is here."""
    for attachment in attachments:
        if await unit.shelf(DOCUMENTS).get(document_key(case_id, attachment.sha256)) is None:
            raise YitongError("case.document-missing", attachment.material_id)
