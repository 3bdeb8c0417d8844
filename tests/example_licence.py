"""The business licence of an invented enterprise, for tests that need any right dataset."""

CLAIMS = {
    "enterprise_name": "示例贸易（合肥）有限公司",
    "uscc": "91340100MA99990A76",
    "legal_representative": "张示例",
    "enterprise_type": "有限责任公司",
    "registered_capital_fen": 100_000_000,
    "address": "合肥市示例路1号",
    "region": "340100",
    "business_scope": ["食品销售"],
    "established_on": "2020-05-06",
    "registration_authority": "合肥市企业登记机关（示例）",
}
