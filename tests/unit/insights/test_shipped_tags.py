"""The shipped dimensions of tags on customers who show them: that the words and bounds of the presets mean what they say.

How each form of a dimension works is tested in test_tags.py.
"""

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.logic.segmentation.catalogue import FUNCTIONS, NEEDS
from orchestration.settings.insights import load_insights

from .marts import AS_OF, add, customer, empty_warehouse, interaction, order, trait


def told(con: duckdb.DuckDBPyConnection, folder: Path, trade: str) -> dict[str, dict[str, set[str]]]:
    """Customer → dimension → Chinese names of the tags, by the preset of a trade; however few have one."""
    (folder / "criteria.yml").write_text(f"preset: {trade}\ntags: {{minimum_cell: 1}}\n", encoding="utf-8")
    settings = load_insights(folder)
    for name in (*NEEDS["customer_tags"], "customer_tags"):
        FUNCTIONS[name](con, AS_OF, settings)
    tags: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for customer_id, dimension, name in con.execute(
        "select customer_id, dimension, tag_zh from insights.customer_tags"
    ).fetchall():
        tags[customer_id][dimension].add(name)
    return tags


def line(order_key: str, customer_id: str, amount: int, **more: Any) -> dict[str, Any]:
    key = {"line_key": f"{order_key}/1", "order_key": order_key, "customer_id": customer_id, "source": "s"}
    return {**key, "line_amount": amount, **more}


def test_shipped_tags_when_a_customer_has_a_place_then_it_is_told(tmp_path):
    con = empty_warehouse()
    places = [
        customer(
            "C1", country="CN", city_tier="new_first", region_zone="southwest", climate_zone="hot_summer_cold_winter"
        ),
        customer("C2", country="CN", city_tier="second", region_zone="northeast", climate_zone="severe_cold"),
        customer("C3", country="DE"),
        customer("C4"),
    ]
    add(con, "customers", places)
    tags = told(con, tmp_path, "retail")
    dimensions = ("region_zone", "climate_zone", "city_class", "sales_region")
    found = {who: [next(iter(tags[who].get(one, {None}))) for one in dimensions] for who in ("C1", "C2", "C3", "C4")}
    assert found["C1"] == ["西南", "夏热冬冷地区", "一线城市", "中国"]
    assert found["C2"] == ["东北", "严寒地区", "二线城市", "中国"]
    assert (found["C3"][3], found["C4"][3]) == ("欧洲", "国家不详")
    assert found["C4"][2] == "城市级别不详"


@pytest.mark.parametrize(
    ("born", "gender", "income", "age_and_sex", "income_band"),
    [
        (date(1996, 1, 1), "female", "350000", {"年轻女性"}, {"高收入"}),
        (date(1980, 1, 1), "female", "60000", {"中年女性"}, {"中等收入"}),
        (date(1950, 1, 1), "female", "59999", {"老年女性"}, {"较低收入"}),
        (date(1950, 1, 1), "male", None, {"老年男性"}, set()),
        (None, "male", None, set(), set()),
    ],
)
def test_shipped_tags_when_a_customer_has_an_age_a_sex_and_an_income_then_bands_are_told(
    tmp_path, born, gender, income, age_and_sex, income_band
):
    con = empty_warehouse()
    add(con, "customers", [customer("C1", birth_date=born, gender=gender)])
    add(con, "traits", [trait("C1", "income", income)] if income else [])
    tags = told(con, tmp_path, "retail")["C1"]
    assert (tags["age_and_sex"], tags["income_band"]) == (age_and_sex, income_band)


def test_shipped_tags_when_the_profile_tells_of_the_person_then_surveys_go_first(tmp_path):
    con = empty_warehouse()
    add(con, "customers", [
        customer("C1", occupation="Civil servant", household="1", income_band="<100k", education="bachelor"),
        customer("C2", occupation="astronaut", household="4+", income_band="200k-400k", education="master"),
        customer("C3", occupation="retired", household="2", income_band="100k-200k", education="school"),
        customer("C4"),
    ])  # fmt: skip
    add(
        con,
        "traits",
        [trait("C3", "职业", "学生"), trait("C3", "income", "350000"), trait("C4", "household", "family")],
    )
    tags = told(con, tmp_path, "education")
    dimensions = ("occupation", "household", "income_band", "schooling")
    found = {who: ["".join(tags[who].get(one, ())) for one in dimensions] for who in ("C1", "C2", "C3", "C4")}
    assert found == {
        "C1": ["公务员及事业单位人员", "单身", "较低收入", "大学"],
        "C2": ["其他职业", "三人及以上家庭", "高收入", "研究生"],
        "C3": ["学生", "两人家庭", "高收入", "中小学"],
        "C4": ["", "三人及以上家庭", "", ""],
    }


def test_shipped_tags_when_surveys_tell_of_the_need_then_they_go_before_the_orders(tmp_path):
    con = empty_warehouse()
    add(con, "customers", [customer("C1"), customer("C2"), customer("C3")])
    add(con, "orders", [order("C1", 5), order("C2", 5)])
    add(
        con,
        "traits",
        [trait("C1", "Need", " Service "), trait("C2", "need", "a bit of both"), trait("C3", "需求", "产品")],
    )
    tags = told(con, tmp_path, "retail")
    # C2 says nothing that is listed: the order tells of products. C3 never bought.
    assert [tags[who]["need_type"] for who in ("C1", "C2", "C3")] == [
        {"服务需求为主"}, {"产品需求为主"}, {"产品需求为主"},
    ]  # fmt: skip


def test_shipped_tags_when_a_buyer_sees_pages_then_the_intent_is_told(tmp_path):
    con = empty_warehouse()
    add(con, "customers", [customer("C1"), customer("C2"), customer("C3")])
    add(con, "orders", [order("C1", 5), order("C2", 5)])
    add(con, "interactions", [
        *(interaction("C1", 2, page_type="product", interaction_key=f"i{n}") for n in range(5)),
        interaction("C2", 2, page_type="about"),
    ])  # fmt: skip
    tags = told(con, tmp_path, "retail")
    assert [tags[who]["intent"] for who in ("C1", "C2", "C3")] == [{"高意向"}, {"潜在未明确"}, set()]


def test_shipped_tags_when_a_customer_buys_then_habits_and_attitudes_are_told(tmp_path):
    """A buys often, cheap, green, of one brand, on Saturdays; B bought dear things once, on a Monday; N never."""
    con = empty_warehouse()
    add(con, "customers", [customer("A", loyalty_id="L1"), customer("B"), customer("N")])
    saturdays = [3 + 7 * n for n in range(6)]  # AS_OF is a Tuesday
    bargains = [
        order("A", day, 20, f"A{day}", discount_amount=5, coupon="SAVE", custom_request=day < 11) for day in saturdays
    ]
    add(con, "orders", [*bargains, order("B", 1, 900, "B1")])
    add(con, "order_lines", [
        *(line(f"A{day}", "A", 20, category="running", brand="Zap", unit_price=20, product_id="p") for day in saturdays),
        line("B1", "B", 800, category="running", brand="Lux", unit_price=800),
        {**line("B1", "B", 100, category="books", unit_price=100), "line_key": "B1/2"},
    ])  # fmt: skip
    add(con, "products", [{"source": "s", "product_id": "p", "category": "running", "tags": "sale, Organic"}])
    add(con, "interactions", [interaction("B", 5, "presale"), interaction("B", 6, "presale")])
    add(con, "traits", [
        trait("N", "interest", "Reading"), trait("N", "lifestyle", "outdoor"), trait("N", "value", "quality"),
    ])  # fmt: skip
    tags = told(con, tmp_path, "retail")
    expected = {
        "A": {
            "purchase_frequency": "高频", "frequency_and_size": "高频小额", "shopping_time": "周末及节假日购物",
            "preference": "偏好明显", "price_attitude": "价格敏感型", "eco": "注重环保", "brand": "品牌忠诚",
            "hobby": "运动爱好者", "loyalty": "忠诚客户", "customisation": "有定制需求", "need_type": "产品需求为主",
        },
        "B": {
            "frequency_and_size": "低频大额", "shopping_time": "工作日购物", "price_attitude": "品质追求型",
            "need_type": "服务需求为主", "service_focus": "重售前咨询", "hobby": "运动爱好者",
        },
        "N": {
            "purchase_frequency": "未购买", "hobby": "阅读爱好者", "lifestyle": "户外", "stated_value": "看重品质",
        },
    }  # fmt: skip
    found = {who: {one: "".join(sorted(tags[who][one])) for one in names} for who, names in expected.items()}
    for who, names in expected.items():
        assert found[who] == names, who
    assert not {"eco", "brand", "loyalty", "customisation"} & {one for one, names in tags["B"].items() if names}


def test_export_tags_when_a_company_buys_then_region_industry_and_size_are_told(tmp_path):
    con = empty_warehouse()
    companies = [
        customer("C1", customer_type="company", country="VN", industry="Machinery", size_band="large"),
        customer("C2", customer_type="company", country="BR", industry="批发", size_band="micro"),
        customer("C3", customer_type="company", country="CN", industry="Mining", size_band=None),
    ]
    add(con, "customers", companies)
    tags = told(con, tmp_path, "b2b_export")
    dimensions = ("sales_region", "industry_group", "company_size", "industry_and_size")
    found = {who: [tags[who][one] for one in dimensions] for who in ("C1", "C2", "C3")}
    assert found == {
        "C1": [{"东南亚"}, {"制造业"}, {"大型企业"}, {"制造业大型企业"}],
        "C2": [{"拉丁美洲"}, {"批发和零售业"}, {"微型企业"}, {"批发和零售业微型企业"}],
        "C3": [{"国内"}, {"其他行业"}, set(), set()],
    }
