"""Every page in both languages from a filled sample, and how values are written."""

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from unit.pages_names import ANHUI, NOW, SHANGHAI, SITE, visit
from unit.pages_samples import LICENCE_PAGE, SAMPLES
from yitong.errors import Text, YitongError
from yitong.node.pages.assets import CONTENT_SECURITY_POLICY, MEDIA_TYPES, static_file, static_url
from yitong.node.pages.pictures import BOX_HEIGHT, Flow, flow_picture
from yitong.node.pages.render import Pages, Site, choose_language, switch_language
from yitong.node.pages.text import read_messages
from yitong.node.pages.views.parts import Link
from yitong.node.pages.voice import Voice, safe_href

PAGES = Pages(SITE)
ZH, EN = Voice(read_messages(), "zh"), Voice(read_messages(), "en")
_VOID = {"meta", "link", "input", "br", "hr", "img"}


class _Shape(HTMLParser):
    """Checks nesting, and collects what the content security policy and screen readers care about."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.inline, self.headings, self.refers = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "style" or (tag == "script" and "src" not in found) or any(k == "style" or k.startswith("on") for k in found):
            self.inline.append((tag, found))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.ids += [found["id"]] if "id" in found else []
        for name in ("aria-labelledby", "aria-describedby", "for"):
            self.refers += found.get(name, "").split()

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def _shape(html: str) -> _Shape:
    shape = _Shape()
    shape.feed(html)
    shape.close()
    return shape


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", SAMPLES)
def test_every_page_renders_whole_and_fit_for_the_policy(name, lang):
    template, page = SAMPLES[name]
    html = PAGES.render(template, lang, visit=visit(f"/{name}?page=2"), page=page)
    shape = _shape(html)
    assert shape.open == []
    assert shape.inline == []
    assert len(shape.ids) == len(set(shape.ids))
    assert set(shape.refers) <= set(shape.ids)
    assert shape.headings.count(1) == 1
    assert all(lower - upper <= 1 for upper, lower in zip(shape.headings, shape.headings[1:], strict=False))
    assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in html
    assert ("示例区域：人物与企业均为虚构" if lang == "zh" else "Example region: all people") in html
    assert "page=2&amp;lang=" in html


def test_every_template_has_a_sample():
    from importlib import resources

    names = {file.name for file in (resources.files("yitong.node.pages") / "templates").iterdir()}
    assert names - {"base.html", "components.html", "lists.html"} == {template for template, _ in SAMPLES.values()}


def test_every_form_posts_the_token_against_forged_forms():
    for template, page in SAMPLES.values():
        html = PAGES.render(template, "en", visit=visit("/"), page=page)
        forms = re.findall(r"<form.*?</form>", html, re.S)
        assert forms
        assert all('method="post"' in form and 'name="csrf" value="example-token"' in form for form in forms)


def test_an_english_page_of_english_words_holds_no_chinese_but_the_language_switch():
    html = PAGES.render("licence.html", "en", visit=visit("/"), page=LICENCE_PAGE)
    assert re.findall(r"[\u4e00-\u9fff]+", html) == ["中文"]


def test_a_name_that_nobody_gave_is_an_error_and_no_blank():
    with pytest.raises(UndefinedError):
        PAGES.render("licence.html", "en", page={"kind": "Permit"})


def test_plain_dicts_fill_a_page_as_well_as_records():
    page = {"about": {"zh": "甲", "en": "A <node>"}, "institutions": [], "offers": [], "links": [], "sign_in_href": ""}
    assert "A &lt;node&gt;" in PAGES.render("home.html", "en", page=page)


def test_what_people_write_stays_text():
    html = PAGES.render("licence.html", "zh", visit=visit("/"), page=LICENCE_PAGE)
    assert "&lt;b&gt;done&lt;/b&gt;" in html
    assert "<b>done" not in html


def test_a_refused_action_links_the_complaint_to_its_field():
    html = PAGES.render("licence.html", "en", visit=visit("/"), page=LICENCE_PAGE)
    assert '<a href="#reason-suspend">Give a reason.</a>' in html
    field = re.search(r'<textarea id="reason-suspend".*?>', html, re.S).group()
    assert 'aria-describedby="reason-suspend-hint reason-suspend-error"' in field
    assert 'aria-invalid="true"' in field


def test_the_example_banner_is_for_example_regions_only():
    template, page = SAMPLES["home"]
    assert "example-banner" in PAGES.render(template, "zh", page=page)
    assert "example-banner" not in Pages(Site(ANHUI, "Region")).render(template, "zh", page=page)


def test_money_is_written_with_thousands_and_a_true_minus():
    assert (ZH.yuan(117000), ZH.yuan(-51), ZH.yuan(0)) == ("¥1,170.00", "−¥0.51", "¥0.00")


def test_days_and_moments_name_the_zone():
    late = datetime(2026, 2, 11, 17, 5, tzinfo=UTC)
    assert ZH.day(date(2026, 2, 12)) == '<time datetime="2026-02-12">2026年2月12日</time>'
    assert EN.moment(late) == '<time datetime="2026-02-11T17:05:00.000Z">12 February 2026, 01:05 (China time)</time>'
    assert "01:05（北京时间）" in ZH.moment(late)
    assert "02:05 (UTC+09:00)" in EN.moment(late, "Asia/Tokyo")


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(YitongError) as caught:
        ZH.moment(NOW.replace(tzinfo=None))
    assert caught.value.code == "time.not-a-moment"


def test_ages_grow_through_their_units():
    assert [str(EN.age(s)) for s in (-3, 59, 60, 3599, 3600, 86399, 172800)] == [
        "0 s",
        "59 s",
        "1 min",
        "59 min",
        "1 h",
        "23 h",
        "2 d",
    ]


def test_a_tag_is_a_word_with_a_colour_and_knows_no_silence():
    assert ZH.tag("licence-state", "suspended") == '<span class="tag tag-warn">暂扣</span>'
    assert EN.tag("licence-state", "<new>") == '<span class="tag tag-plain">&lt;new&gt;</span>'


def test_values_show_by_their_kind():
    assert EN.show(True) == "Yes"
    assert EN.show(1234) == "1,234"
    assert EN.show(Text("甲<", "A<")) == "A&lt;"
    assert "none" in EN.show(None)
    assert (EN.cell("until", None), EN.cell("money", 5), EN.cell("", 5)) == (
        "No end date",
        '<span class="amount">¥0.05</span>',
        "5",
    )
    assert EN.show(Link("a", "javascript:alert(1)")) == '<a href="#">a</a>'


def test_a_missing_sentence_is_named():
    with pytest.raises(YitongError) as caught:
        ZH.t("nobody.wrote-this")
    assert (caught.value.code, caught.value.where) == ("pages.no-sentence", "nobody.wrote-this")


def test_sentences_escape_what_fills_them():
    assert EN.t("home.decided-by", authority="<i>x</i>") == "Decided by &lt;i&gt;x&lt;/i&gt;"


@pytest.mark.parametrize(
    ("here", "there"), [("/a?x=1&lang=zh&y=", "/a?x=1&y=&lang=en"), ("/", "/?lang=en"), ("//evil.example/x", "/?lang=en")]
)
def test_the_language_switch_keeps_path_and_query(here, there):
    assert switch_language(here, "en") == there


@pytest.mark.parametrize("href", ["javascript:alert(1)", "//evil.example", "/\\evil.example", "data:text/html,x", " /a"])
def test_hrefs_that_are_no_places_lead_nowhere(href):
    assert safe_href(href) == "#"


def test_the_language_is_chosen_by_query_then_cookie_then_browser():
    assert choose_language("en", "zh", "zh-CN") == "en"
    assert choose_language("fr", "en", "zh-CN") == "en"
    assert choose_language(None, None, "fr;q=0.9, EN-GB;q=0.8") == "en"
    assert choose_language(None, None, "") == "zh"


def test_static_urls_carry_the_hash_of_the_bytes():
    for name in MEDIA_TYPES:
        assert static_url(name) == f"/static/{name}?v={static_file(name).version}"
    with pytest.raises(YitongError) as caught:
        static_file("../render.py")
    assert caught.value.code == "pages.no-static-file"


def test_the_policy_allows_nothing_inline():
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "url(" not in static_file("yitong.css").body.decode()


def test_a_picture_sums_its_flows_and_leaves_out_nothing_but_nothing():
    picture = flow_picture([Flow(ANHUI, SHANGHAI, 300), Flow(ANHUI, "x", 100), Flow("x", ANHUI, 0)])
    assert [(box.name, box.total_fen) for box in picture.payers] == [(ANHUI, 400)]
    assert [box.total_fen for box in picture.receivers] == [300, 100]
    assert [band.width for band in picture.bands] == [18, 7]
    assert picture.height == 2 * BOX_HEIGHT + 14
    assert flow_picture([]).bands == ()


def test_totals_of_a_bill_and_a_window_follow_from_their_lines():
    bill, window = SAMPLES["bill"][1], SAMPLES["clearing"][1]
    assert bill.totals == {
        "gross_fen": 117000,
        "outside_fen": 12000,
        "over_limit_fen": 10000,
        "first_share_fen": 11000,
        "in_scope_fen": 84000,
    }
    assert bill.paid_fen == bill.totals["gross_fen"]
    assert (window.moved_fen, window.agreed, SAMPLES["clearing-open"][1].agreed) == (133000000, True, False)
