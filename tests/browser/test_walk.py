"""A walk through the pages of a real region, after the stories were played, in both languages."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

SERIOUS = {"serious", "critical"}
KINDS = ("licences", "cases", "rides", "bills", "checks", "clearing")


@pytest.fixture
def page(browser):
    """A fresh page that notes what goes wrong on it."""
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    opened = context.new_page()
    opened.faults = []
    opened.on("console", lambda message: opened.faults.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: opened.faults.append(str(error)))
    opened.on("request", lambda request: None if "//127.0.0.1:" in request.url else opened.faults.append(request.url))
    yield opened
    assert opened.faults == []
    context.close()


def check(page, lang):
    """The page is in the language, and axe finds nothing serious."""
    assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[lang]
    found = [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in SERIOUS]
    assert found == [], f"{page.url}: {found}"
    assert page.locator("main").inner_text().strip()


def sign_in(page, url, subject):
    page.goto(f"{url}/sign-in")
    page.locator(f'form:has(input[name="subject"][value="{subject}"]) button').click()
    page.wait_for_url(lambda there: there.endswith(("/me", "/officer")))


def details(page):
    """One link of every kind of detail page on this page."""
    links = page.eval_on_selector_all("main a", "links => links.map(link => link.getAttribute('href'))")
    found = {}
    for link in links:
        kind = link.split("/")[1] if link.startswith("/") else ""
        if kind in KINDS and not link.endswith("/offer"):
            found.setdefault(kind, link)
    return found


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_regions_page_shows_members_trust_and_health(region, toured, page, lang):
    page.goto(f"{region.url('anchor')}/?lang={lang}")
    check(page, lang)
    text = page.locator("main").inner_text()
    names = {"zh": ("上海市", "江苏省", "浙江省", "安徽省"), "en": ("Shanghai", "Jiangsu", "Zhejiang", "Anhui")}[lang]
    assert all(name in text for name in names)
    assert "/institutions/hefei-registry" in text


# Who signs in where, and which detail pages their lists must lead to.
WALKS = [
    ("anhui", "enterprise-", {"licences"}),
    ("anhui", "officer-hefei", {"licences"}),
    ("shanghai", "officer-counter", {"checks"}),
    ("jiangsu", "resident-case-", {"cases"}),
    ("jiangsu", "officer-qidong", {"cases"}),
    ("shanghai", "officer-chongming", {"cases"}),
    ("anhui", "patient-", {"bills"}),
    ("shanghai", "officer-clinic", {"bills"}),
    ("jiangsu", "rider-", {"rides"}),
    ("jiangsu", "officer-suzhou-metro", {"rides", "clearing"}),
]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("node", "prefix", "kinds"), WALKS)
def test_example_people_and_officers_find_their_stories(region, toured, page, lang, node, prefix, kinds):
    url = region.url(node)
    page.goto(f"{url}/?lang={lang}")
    check(page, lang)
    page.goto(f"{url}/sign-in")
    check(page, lang)
    subjects = page.eval_on_selector_all('input[name="subject"]', "inputs => inputs.map(input => input.value)")
    sign_in(page, url, next(subject for subject in subjects if subject.startswith(prefix)))
    check(page, lang)
    found = details(page)
    assert kinds <= set(found), f"{prefix}: {found}"
    for link in found.values():
        page.goto(url + link)
        check(page, lang)


def test_an_officer_suspends_and_reinstates_from_the_page(region, toured, page):
    url = region.url("anhui")
    page.goto(f"{url}/?lang=en")
    sign_in(page, url, "officer-hefei")
    page.goto(url + details(page)["licences"])
    for kind, state in (("suspend", "Suspended"), ("reinstate", "Valid")):
        page.locator("input[name=reason], textarea[name=reason]").first.fill("example reason")
        page.locator(f"form:has(input[name=state][value={'suspended' if kind == 'suspend' else 'valid'}]) button").click()
        page.wait_for_load_state()
        assert state in page.locator("main").inner_text()


def test_who_looked_is_shown_to_whom_it_concerns(region, toured, page):
    url = region.url("jiangsu")
    page.goto(f"{url}/?lang=en")
    page.goto(f"{url}/sign-in")
    subjects = page.eval_on_selector_all('input[name="subject"]', "inputs => inputs.map(input => input.value)")
    sign_in(page, url, next(subject for subject in subjects if subject.startswith("resident-case-")))
    page.goto(f"{url}/me/looks")
    check(page, "en")


def test_a_problem_is_a_page_in_the_language_of_the_reader(region, toured, page):
    for lang, words in (("zh", "没有这个地址"), ("en", "nothing at this address")):
        page.goto(f"{region.url('shanghai')}/nowhere?lang={lang}")
        assert words in page.locator("main").inner_text()
        page.faults.clear()  # the browser itself reports the 404
