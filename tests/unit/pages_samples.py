"""A filled record for every page template, of invented people and enterprises; the pages' tests render these."""

from datetime import UTC, date, datetime, timedelta

from yitong.digest import sha256_b64
from yitong.errors import Text
from yitong.ids import LicenceId, make_uscc
from yitong.node.pages.render import Site, Visit
from yitong.node.pages.views.entry import (
    BillRow,
    CaseRow,
    ClearingRow,
    Example,
    HomePage,
    Institution,
    LicenceRow,
    Look,
    LooksPage,
    MePage,
    Offer,
    OfficerPage,
    RideRow,
    SignInPage,
)
from yitong.node.pages.views.money import (
    BillLine,
    BillPage,
    ClearingLine,
    ClearingPage,
    Gate,
    Pair,
    Payer,
    Position,
    RidePage,
    Share,
    SideHash,
    Step,
)
from yitong.node.pages.views.parts import (
    Action,
    Coded,
    Event,
    Exact,
    Fact,
    FieldError,
    Link,
    Message,
    Paging,
    Reliance,
    Yuan,
)
from yitong.node.pages.views.records import CaseClock, CasePage, Check, Decision, LicencePage, Material, VerdictPage
from yitong.node.pages.views.region import ErrorPage, Member, RecognitionRow, RegionPage, TrustNode, TrustRow

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


def _events() -> tuple[Event, ...]:
    return (
        Event(Text("已提交", "Submitted"), NOW - timedelta(days=2), PERSON),
        Event(Text("窗口收件", "Received at the window"), NOW - timedelta(days=1), OFFICER, WINDOW, digest=HASH),
        Event(Text("受理", "Accepted"), NOW, OFFICER, MARKET, Text("材料齐全。", "The materials are complete."), HASH),
    )


LICENCES = (
    LicenceRow(BUSINESS, COMPANY, REGISTRY, "valid", None, "/licences/1"),
    LicenceRow(FOOD, COMPANY, MARKET, "suspended", date(2031, 2, 11), "/licences/2"),
)
CASES = (
    CaseRow(SERVICE, COMPANY, MARKET, "in_review", date(2026, 3, 18), "/cases/1"),
    CaseRow(SERVICE, COMPANY, MARKET, "granted", None, "/cases/2"),
)
RIDES = (RideRow(Text("苏州站 → 人民广场", "Suzhou Station → People’s Square"), NOW, METRO, 900, "charged", "/rides/1"),)
BILLS = (BillRow(CLINIC, PERSON, date(2026, 2, 12), 117000, 97000, "settled", "/bills/1"),)
CLEARINGS = (ClearingRow(Text("2026年2月11日", "11 February 2026"), METRO, 920000, -810000, "agreed", "/clearing/1"),)

HOME = HomePage(
    Text(
        "这是江苏的节点：本地机构在这里签发、收件和结算。",
        "The node of Jiangsu: its institutions issue, receive and settle here.",
    ),
    (
        Institution(WINDOW, ("window",), f"{NODE}/institutions/qidong-window", "/institutions/qidong-window"),
        Institution(SUZHOU, ("pass-issuer", "operator"), f"{NODE}/institutions/suzhou-metro"),
    ),
    (Offer(SERVICE, MARKET, "received-elsewhere", Text("承诺 1 个工作日", "Promised in 1 working day"), "/services/food"),),
    (Link(Text("看看整个区域", "See the whole region"), "http://127.0.0.1:7400/region"),),
    "/sign-in",
)
SIGN_IN = SignInPage(
    (
        Example(
            PERSON, "resident", Text("住在苏州，在上海就医。", "Lives in Suzhou, sees a doctor in Shanghai."), "resident-1"
        ),
        Example(COMPANY, "enterprise", Text(f"信用代码 {USCC}", f"Credit code {USCC}"), "enterprise-1"),
        Example(OFFICER, "officer", WINDOW, "officer-1"),
    ),
    "/sign-in",
)
ME = MePage(PERSON, "resident", LICENCES, CASES, RIDES, BILLS, "/me/looks", (Link(SERVICE, "/services/food"),))
ME_EMPTY = MePage(PERSON, "resident", (), (), (), (), "/me/looks")
DESK = OfficerPage(OFFICER, WINDOW, ("window", "operator"), LICENCES, CASES, RIDES, CLEARINGS, BILLS)
DESK_SMALL = OfficerPage(OFFICER, WINDOW, ("window",), cases=())
LOOKS = LooksPage(
    PERSON,
    (
        Look(NOW, OFFICER, WINDOW, SERVICE, BUSINESS, "consent", "/cases/1"),
        Look(NOW, OFFICER, INSURER, Text("查询", "A query"), Text("账单", "Bills"), "refused"),
    ),
    Paging(2, 3, "?page=1", "?page=3"),
)
LICENCE_PAGE = LicencePage(
    FOOD,
    LICENCE,
    COMPANY,
    MARKET,
    "valid",
    NOW,
    date(2026, 2, 12),
    date(2031, 2, 11),
    (
        Fact(Text("经营者名称", "Operator"), COMPANY),
        Fact(
            Text("统一社会信用代码", "Unified social credit code"), Exact(USCC), Text("校验位相符", "The check character fits")
        ),
        Fact(Text("经营项目", "Scope"), Text("热食类食品制售", "Hot food, made and sold")),
        Fact(Text("外卖", "Takeaway"), True),
        Fact(Text("注册资本", "Capital"), Yuan(50000000)),
        Fact(Text("备注", "Remark"), None),
    ),
    _events(),
    (
        Action("suspend", "/licences/2/suspend", reason=True, error=Text("请填写理由。", "Give a reason.")),
        Action("reinstate", "/licences/2/reinstate", reason=True, value="<b>done</b>"),
        Action("revoke", "/licences/2/revoke", reason=True, danger=True),
    ),
    (Link(Text("出示", "Show it"), "/licences/2/present"),),
)
CASE = CasePage(
    SERVICE,
    "case-3mWyExample",
    COMPANY,
    WINDOW,
    MARKET,
    "in_review",
    MARKET,
    Text("审查材料并作出决定", "examine the materials and decide"),
    (
        CaseClock(
            Text("法定期限", "Statutory deadline"),
            Text(
                "自受理次日起 20 个工作日，春节假期不计。",
                "20 working days from the day after acceptance; Spring Festival is not counted.",
            ),
            "running",
            date(2026, 3, 18),
            3,
            20,
            "working-day",
        ),
        CaseClock(
            Text("承诺期限", "Promised"),
            Text("鉴定期间不计。", "Not counted during expertise."),
            "stopped",
            None,
            1,
            1,
            "hour",
            True,
        ),
    ),
    (
        Material(BUSINESS, Text("证照核验", "verified licence"), "verified", HASH),
        Material(Text("平面图", "Floor plan"), PERSON, "awaited"),
    ),
    _events(),
    actions=(Action("withdraw", "/cases/1/withdraw", reason=True, danger=True),),
)
CASE_GRANTED = CasePage(
    SERVICE,
    "case-9kZtExample",
    COMPANY,
    WINDOW,
    MARKET,
    "granted",
    "",
    "",
    (),
    (),
    _events(),
    Decision(
        True,
        NOW,
        MARKET,
        Text("符合条件。", "The conditions are met."),
        Text("食品安全法", "the Food Safety Law"),
        Text("可复议。", "Review is open."),
    ),
    Link(FOOD, "/licences/2"),
)
CASE_REFUSED = CasePage(
    SERVICE,
    "case-4aExample",
    COMPANY,
    WINDOW,
    MARKET,
    "refused",
    "",
    "",
    (),
    (),
    _events(),
    Decision(False, NOW, MARKET, Text("场所不符合要求。", "The premises do not meet the rules.")),
)
RIDE = RidePage(
    "ride-7pExample",
    Gate(Text("苏州站", "Suzhou Station"), SUZHOU, NOW),
    Gate(Text("人民广场", "People’s Square"), METRO, NOW + timedelta(minutes=95)),
    900,
    (
        Step(Text("里程 61.4 公里，按票价表 2026-1 版", "61.4 km, by fare table 2026-1"), 1000),
        Step(Text("发码机构优惠 10%", "10% off, paid by the pass issuer"), -100),
    ),
    (
        Share(SUZHOU, Text("23.1 公里", "23.1 km"), 339),
        Share(METRO, Text("38.3 公里", "38.3 km"), 561),
    ),
    "charged",
    900,
    SUZHOU,
    Link(Text("2026年2月12日", "12 February 2026"), "/clearing/1"),
    _events(),
)
RIDE_OPEN = RidePage(
    "ride-8qExample", None, None, 0, (), (), "incomplete", 0, SUZHOU, None, (), (Action("reclaim-exit", "/rides/2/exit"),)
)
BILL = BillPage(
    "bill-2cExample",
    PERSON,
    CLINIC,
    INSURER,
    date(2026, 2, 12),
    "settled",
    (
        Fact(Text("登记类别", "Registration"), Text("异地长期居住", "Living elsewhere")),
        Fact(Text("状态", "State"), Coded("bill-state", "settled")),
    ),
    (
        BillLine(
            Text("诊查费", "Consultation"),
            Text("甲", "A"),
            "1",
            5000,
            5000,
            0,
            0,
            0,
            5000,
            Text("全额纳入。", "Wholly in scope."),
        ),
        BillLine(
            Text("甲类药", "Class A drug"),
            Text("甲", "A"),
            "2",
            10000,
            20000,
            0,
            0,
            0,
            20000,
            Text("全额纳入。", "Wholly in scope."),
        ),
        BillLine(
            Text("乙类药", "Class B drug"),
            Text("乙", "B"),
            "3",
            10000,
            30000,
            0,
            0,
            3000,
            27000,
            Text("先付 10%。", "10% first."),
        ),
        BillLine(
            Text("耗材", "Supplies"),
            Text("乙", "B"),
            "1",
            50000,
            50000,
            0,
            10000,
            8000,
            32000,
            Text("限价 ¥400。", "Limit ¥400."),
        ),
        BillLine(
            Text("丙类药", "Class C drug"),
            Text("丙", "C"),
            "1",
            12000,
            12000,
            12000,
            0,
            0,
            0,
            Text("目录外。", "Not in the list."),
        ),
    ),
    (
        Step(Text("符合范围的费用", "Costs in scope"), 84000),
        Step(Text("减去起付标准余额", "less what is left of the deductible"), 20000),
        Step(Text("报销 50%，不超过年度余额", "50%, within what is left of the yearly limit"), 20000),
    ),
    (Payer("fund", 20000), Payer("account", 30000), Payer("cash", 67000)),
    _events(),
    (
        Message(Text("结算请求", "Request to settle"), NOW, SHANGHAI, ANHUI, HASH, HASH),
        Message(Text("结算结果", "Result"), NOW, ANHUI, SHANGHAI, HASH),
    ),
)
_PAIRS = (
    ("anhui", "shanghai", ANHUI, SHANGHAI, 920_000_00, 810_000_00),
    ("shanghai", "anhui", SHANGHAI, ANHUI, 110_000_00, 0),
    ("jiangsu", "shanghai", JIANGSU, SHANGHAI, 780_000_00, 520_000_00),
    ("shanghai", "jiangsu", SHANGHAI, JIANGSU, 260_000_00, 0),
    ("zhejiang", "anhui", ZHEJIANG, ANHUI, 60_000_00, 60_000_00),
)
CLEARING = ClearingPage(
    Text("2026年2月11日的服务日", "Service day 11 February 2026"),
    "agreed",
    tuple(Pair(debtor, creditor, 1234, gross, net, "agreed") for _, _, debtor, creditor, gross, net in _PAIRS),
    (
        Position(SHANGHAI, 1_330_000_00),
        Position(ANHUI, -750_000_00),
        Position(JIANGSU, -520_000_00),
        Position(ZHEJIANG, -60_000_00),
    ),
    (ClearingLine("obligation-1", NOW, ANHUI, SHANGHAI, 920_000_00, "settled", "/bills/1"),),
    (
        Fact(Text("付款指令", "Payment instruction"), Exact("pay-5Example")),
        Fact(Text("结算日", "Settled on"), date(2026, 2, 13)),
    ),
    (SideHash(ANHUI, HASH, NOW), SideHash(SHANGHAI, HASH, NOW)),
    _events(),
)
CLEARING_OPEN = ClearingPage(
    Text("今天的服务日", "Today’s service day"),
    "open",
    (),
    (),
    (),
    (),
    (SideHash(ANHUI, HASH, NOW), SideHash(SHANGHAI, "", None)),
)


def _verdict(answer: str, reason_code: str, remedy: Text | str) -> VerdictPage:
    return VerdictPage(
        answer,
        Text("结论说明：按所依据的资料判断。", "In a sentence: judged by what is listed here."),
        reason_code,
        NOW,
        FOOD,
        MARKET,
        WINDOW,
        Text("入场核验", "entry check"),
        (
            Reliance(Text("状态列表", "Status list"), MARKET, NOW - timedelta(minutes=4), 240),
            Reliance(Text("信任链", "Trust chain"), SHANGHAI, NOW - timedelta(hours=5), 18000),
            Reliance(Text("互认表", "Recognition table"), REGION, NOW - timedelta(days=3), 259200),
        ),
        (
            Check(Text("签名", "Signature"), "passed"),
            Check(Text("状态", "Status"), "unknown", Text("状态列表过旧。", "The status list is too old.")),
            Check(Text("持有人", "Holder"), "failed"),
        ),
        (Fact(Text("经营者", "Operator"), COMPANY),),
        remedy,
    )


TREE = TrustNode(
    Text("信任锚", "Trust anchor"),
    "anchor",
    "http://127.0.0.1:7400",
    "trusted",
    None,
    (
        TrustNode(
            JIANGSU,
            "jurisdiction",
            NODE,
            "trusted",
            NOW + timedelta(days=30),
            (TrustNode(WINDOW, "institution", f"{NODE}/institutions/qidong-window", "expiring", NOW + timedelta(days=2)),),
        ),
        TrustNode(SHANGHAI, "jurisdiction", "http://127.0.0.1:7401", "unknown", NOW),
    ),
)
REGION_PAGE = RegionPage(
    Text("四个辖区各自独立，凭签名相互信任。", "Four jurisdictions, each independent, trust each other by signature."),
    TREE,
    (
        Member(JIANGSU, NODE, "320000", "0.1.0", "up", NOW),
        Member(SHANGHAI, "http://127.0.0.1:7401", "310000", "0.1.0", "down", NOW, Text("3 次未答复", "3 times no answer")),
    ),
    (TrustRow(JIANGSU, WINDOW, "window", NOW + timedelta(days=2), "expiring"),),
    (RecognitionRow(BUSINESS, REGISTRY, SHANGHAI, SERVICE, date(2026, 1, 1), None, "trusted"),),
    (Link(Text("原始声明", "The statements themselves"), "/.well-known/openid-federation"),),
)
ERROR = ErrorPage(
    422,
    Text("统一社会信用代码的校验位不符。", "The check character of the unified social credit code does not fit."),
    Text("核对是否抄错。", "Look for a misread character."),
    "resident",
    "id.uscc-check",
    "request-1Example",
    NOW,
    (FieldError("main", Text("请更正信用代码。", "Mend the credit code.")),),
    Link(Text("返回", "Back"), "/services/food"),
)

SAMPLES: dict[str, tuple[str, object]] = {
    "home": ("home.html", HOME),
    "home-empty": ("home.html", HomePage(Text("空节点。", "An empty node."), (), ())),
    "sign-in": ("sign_in.html", SIGN_IN),
    "sign-in-empty": ("sign_in.html", SignInPage((), "/sign-in")),
    "me": ("me.html", ME),
    "me-empty": ("me.html", ME_EMPTY),
    "officer": ("officer.html", DESK),
    "officer-small": ("officer.html", DESK_SMALL),
    "licence": ("licence.html", LICENCE_PAGE),
    "case": ("case.html", CASE),
    "case-granted": ("case.html", CASE_GRANTED),
    "case-refused": ("case.html", CASE_REFUSED),
    "ride": ("ride.html", RIDE),
    "ride-open": ("ride.html", RIDE_OPEN),
    "bill": ("bill.html", BILL),
    "clearing": ("clearing.html", CLEARING),
    "clearing-open": ("clearing.html", CLEARING_OPEN),
    "verdict-yes": ("verdict.html", _verdict("yes", "verify.ok", "")),
    "verdict-no": ("verdict.html", _verdict("no", "verify.suspended", Text("请联系签发机构。", "Ask the issuer."))),
    "verdict-cannot-tell": ("verdict.html", _verdict("cannot-tell", "verify.stale", Text("稍后再试。", "Try again later."))),
    "looks": ("looks.html", LOOKS),
    "region": ("region.html", REGION_PAGE),
    "error": ("error.html", ERROR),
}
