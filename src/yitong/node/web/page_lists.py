"""The lists of a person's page and of an officer's desk, put together from the pages that own them."""

from __future__ import annotations

from yitong.node.build import Node
from yitong.node.pages.views import entry
from yitong.node.pages.views.parts import Link
from yitong.node.web.page_bills import bill_rows
from yitong.node.web.page_cases import case_rows, service_offers
from yitong.node.web.page_licences import check_links, licence_rows
from yitong.node.web.page_rides import clearing_rows, ride_rows
from yitong.people.account import Account


def offers(node: Node) -> tuple[entry.Offer, ...]:
    """The public services that can be begun at a window of this node."""
    return service_offers(node)


async def licences(node: Node, account: Account) -> tuple[entry.LicenceRow, ...]:
    """Licences of a holder or an institution."""
    return await licence_rows(node, account)


async def cases(node: Node, account: Account) -> tuple[entry.CaseRow, ...]:
    """Cases of an applicant, a window or an authority."""
    return await case_rows(node, account)


async def rides(node: Node, account: Account) -> tuple[entry.RideRow, ...]:
    """Rides of a passenger or an operator."""
    return await ride_rows(node, account)


async def clearings(node: Node, account: Account) -> tuple[entry.ClearingRow, ...]:
    """Clearing windows of an operator."""
    return await clearing_rows(node, account)


async def bills(node: Node, account: Account) -> tuple[entry.BillRow, ...]:
    """Bills of a patient, a clinic or an insurer."""
    return await bill_rows(node, account)


async def desk_links(node: Node, account: Account) -> tuple[Link, ...]:
    """What else an officer's role opens."""
    return await check_links(node, account) if account.may("presentation.ask") else ()
