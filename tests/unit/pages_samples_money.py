"""Filled records for the pages about money: rides, bills, clearing windows."""

from datetime import date, timedelta

from unit.pages_names import ANHUI, CLINIC, HASH, INSURER, JIANGSU, METRO, NOW, PERSON, SHANGHAI, SUZHOU, ZHEJIANG, events
from yitong.errors import Text
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
    Exact,
    Fact,
    Link,
    Message,
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
    events(),
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
    events(),
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
    events(),
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
