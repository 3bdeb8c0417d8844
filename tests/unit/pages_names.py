"""The invented people, enterprises and institutions of the pages' samples, and a visit."""

from datetime import UTC, datetime, timedelta

from yitong.digest import sha256_b64
from yitong.errors import Text
from yitong.ids import LicenceId, make_uscc
from yitong.node.pages.render import Site, Visit
from yitong.node.pages.views.parts import (
    Event,
    Link,
)

NOW = datetime(2026, 2, 12, 1, 30, tzinfo=UTC)
HASH = sha256_b64(b"example")
NODE = "http://127.0.0.1:7402"
USCC = make_uscc("91340100", "EXAMPLE1")
LICENCE = str(LicenceId("11100000MB03271699022", make_uscc("11340100", "EXAMPLE2"), "JY13401000000016", 1))

REGION = Text("长三角示例区域", "Yangtze Delta example region")
ANHUI, JIANGSU, SHANGHAI = Text("安徽", "Anhui"), Text("江苏", "Jiangsu"), Text("上海", "Shanghai")
ZHEJIANG = Text("浙江", "Zhejiang")
REGISTRY = Text("合肥示例登记机关", "Hefei example registry")
WINDOW = Text("启东跨省通办窗口", "Qidong cross-province window")
MARKET = Text("崇明示例市场监管局", "Chongming example market authority")
SUZHOU, METRO = Text("苏州示例地铁", "Suzhou example metro"), Text("上海示例地铁", "Shanghai example metro")
CLINIC, INSURER = Text("示例门诊部", "Example clinic"), Text("安徽示例医保中心", "Anhui example insurance centre")
PERSON, OFFICER = Text("林晓岚（示例）", "Lin Xiaolan (example)"), Text("周予安（示例）", "Zhou Yu’an (example)")
COMPANY = Text("合肥云岫餐饮有限公司（示例）", "Hefei Yunxiu Catering Co. (example)")
BUSINESS, FOOD = Text("电子营业执照", "Business licence"), Text("食品经营许可证", "Food business permit")
SERVICE = Text("食品经营许可新办", "New food business permit")

SITE = Site(
    JIANGSU, REGION, example=True, links=(Link(Text("区域", "Region"), "/region"), Link(Text("核验", "Verify"), "/verify"))
)


def visit(here: str) -> Visit:
    """A signed-in visit with a way here."""
    crumbs = (Link(Text("首页", "Home"), "/"), Link(Text("我的", "My page"), "/me"))
    return Visit(here, "example-token", PERSON, Text("居民", "resident"), crumbs)


def events() -> tuple[Event, ...]:
    return (
        Event(Text("已提交", "Submitted"), NOW - timedelta(days=2), PERSON),
        Event(Text("窗口收件", "Received at the window"), NOW - timedelta(days=1), OFFICER, WINDOW, digest=HASH),
        Event(Text("受理", "Accepted"), NOW, OFFICER, MARKET, Text("材料齐全。", "The materials are complete."), HASH),
    )
