"""Every sample page in a real browser under the real policy: accessible, quiet, self-contained, and fit for 320 pixels."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from unit.pages_names import SITE, visit
from unit.pages_samples import SAMPLES
from yitong.node.pages.assets import CACHE_CONTROL, CONTENT_SECURITY_POLICY, PREFIX, static_file
from yitong.node.pages.render import Pages

PAGES = Pages(SITE)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        if url.path.startswith(PREFIX):
            file = static_file(url.path.removeprefix(PREFIX))
            return self._send(file.body, file.media_type, ("Cache-Control", CACHE_CONTROL))
        template, page = SAMPLES[url.path.strip("/")]
        lang = parse_qs(url.query).get("lang", ["zh"])[0]
        html = PAGES.render(template, lang, visit=visit(self.path), page=page)
        return self._send(html.encode(), "text/html; charset=utf-8", ("Content-Security-Policy", CONTENT_SECURITY_POLICY))

    def _send(self, body, media_type, header):
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser, address):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.noise, opened.asked = [], []
    opened.on("console", lambda message: opened.noise.append(message.text) if message.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: opened.noise.append(str(error)))
    opened.on("request", lambda request: opened.asked.append(request.url))
    yield opened
    context.close()


def _grave(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(v["id"], [n["target"] for n in v["nodes"]]) for v in found if v["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", SAMPLES)
def test_page_is_accessible_quiet_and_self_contained(page, address, name, lang):
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{address}/{name}?lang={lang}")
        assert _grave(page) == [], scheme
    page.set_viewport_size({"width": 320, "height": 640})
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0
    assert _grave(page) == [], "320 px"
    assert page.noise == []
    assert all(url.startswith(f"{address}/") for url in page.asked)
    assert any("yitong.css" in url for url in page.asked)


def test_the_style_sheet_is_in_force(page, address):
    page.goto(f"{address}/home?lang=en")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    assert light == "rgb(245, 247, 245)"
    assert page.evaluate(ground) == "rgb(15, 22, 21)"


def test_the_first_tab_stop_skips_to_the_content(page, address):
    page.goto(f"{address}/me?lang=en")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_the_language_switch_keeps_the_query(page, address):
    page.goto(f"{address}/me?page=2&lang=zh")
    page.click("a.language")
    assert page.url == f"{address}/me?page=2&lang=en"
    assert page.evaluate("document.documentElement.lang") == "en"


def test_a_refused_form_takes_the_reader_to_its_errors(page, address):
    page.goto(f"{address}/licence?lang=en")
    assert page.evaluate("document.activeElement.className") == "error-summary"
    page.click(".error-summary a")
    assert page.evaluate("document.activeElement.id") == "reason-suspend"


def test_a_page_needs_no_script(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/case?lang=en")
    assert page.inner_text("h1").startswith("New food business permit")
    assert page.is_visible("form.action button")
    context.close()
