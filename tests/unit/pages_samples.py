"""A filled record for every page template, of invented people and enterprises; the pages' tests render these."""

from datetime import date, timedelta

from unit.pages_names import (
    BUSINESS,
    CLINIC,
    COMPANY,
    FOOD,
    HASH,
    INSURER,
    JIANGSU,
    LICENCE,
    MARKET,
    METRO,
    NODE,
    NOW,
    OFFICER,
    PERSON,
    REGION,
    REGISTRY,
    SERVICE,
    SHANGHAI,
    SUZHOU,
    USCC,
    WINDOW,
    events,
)
from unit.pages_samples_money import BILL, CLEARING, CLEARING_OPEN, RIDE, RIDE_OPEN
from yitong.errors import Text
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
from yitong.node.pages.views.parts import (
    Action,
    Exact,
    Fact,
    FieldError,
    Link,
    Paging,
    Reliance,
    Yuan,
)
from yitong.node.pages.views.records import CaseClock, CasePage, Check, Decision, LicencePage, Material, VerdictPage
from yitong.node.pages.views.region import ErrorPage, Member, RecognitionRow, RegionPage, TrustNode, TrustRow

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
    events(),
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
    events(),
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
    events(),
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
    events(),
    Decision(False, NOW, MARKET, Text("场所不符合要求。", "The premises do not meet the rules.")),
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
