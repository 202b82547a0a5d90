"""Audiences: who is a member, and who is left out and why, by consents made by hand."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration.logic.audiences import NoLeadBands, audience_counts, audience_members
from orchestration.logic.segmentation.store import replace_day, values
from orchestration.settings.audiences import AudiencesFile
from orchestration.settings.errors import SettingsErrors
from orchestration.settings.insights import load_insights

from .marts import AS_OF, add, customer, empty_warehouse
from .test_settings import change, folder  # noqa: F401 (a fixture)

MAIL = {"label": {"zh": "邮件", "en": "Mail"}, "channels": ["email"], "purpose": "marketing"}


def consent(customer_id: str, state: str, days_ago: int = 10, purpose: str = "marketing") -> dict[str, Any]:
    day = AS_OF - timedelta(days=days_ago)
    return {
        "customer_id": customer_id,
        "source": "shop",
        "purpose": purpose,
        "state": state,
        "given_at": datetime(day.year, day.month, day.day, 4),
    }


def warehouse(consents, tiers=()):
    """Customers A to F of tier low (or as told), all with an e-mail address but F, who has a telephone."""
    con = empty_warehouse()
    add(con, "customers", [customer(name, email=f"{name}@example.com") for name in "ABCDE"])
    add(con, "customers", [customer("F", phone="+8613800000000")])
    add(con, "consents", consents)
    rows = [(name, dict(tiers).get(name, "low"), "dormant", "loyal", None) for name in "ABCDEF"]
    relation = values("t(customer_id, tier, lifecycle, rfm_segment, churn_band)", rows)
    replace_day(con, "customer_tier_table", AS_OF, f"select * from {relation}", "given")
    return con


def settings(**audiences):
    told = AudiencesFile.model_validate({"audiences": audiences})
    return SimpleNamespace(people=SimpleNamespace(audiences=told), criteria_version="v")


def outcomes(con, told) -> dict[str, str]:
    audience_members(con, AS_OF, told)
    return dict(con.execute("select customer_id, outcome from insights.audience_members").fetchall())


def test_members_when_consents_differ_then_only_the_latest_grant_before_the_day_counts():
    con = warehouse(
        [
            consent("A", "granted"),
            consent("B", "granted", 10), consent("B", "withdrawn", 5),
            consent("C", "withdrawn", 10), consent("C", "granted", 5),
            consent("D", "granted", purpose="profiling"),
            consent("E", "granted", 0),  # on the as-of day: not known yet
            consent("F", "granted"),
        ]
    )  # fmt: skip
    assert outcomes(con, settings(mail={**MAIL, "who": {"tiers": ["low"]}})) == {
        "A": "member", "B": "withdrawn", "C": "member", "D": "without_consent", "E": "without_consent", "F": "unreachable",
    }  # fmt: skip


def test_members_when_two_states_are_given_at_one_moment_then_the_refusal_holds():
    con = warehouse(
        [consent("A", "granted"), consent("A", "withdrawn"), consent("B", "withdrawn"), consent("B", "granted")]
    )
    found = outcomes(con, settings(mail={**MAIL, "who": {"tiers": ["low"]}}))
    assert (found["A"], found["B"]) == ("withdrawn", "withdrawn")


def test_members_when_consent_may_be_missing_then_only_who_withdrew_is_left_out():
    con = warehouse([consent("A", "withdrawn"), consent("B", "granted")])
    found = outcomes(con, settings(mail={**MAIL, "who": {"tiers": ["low"]}, "consent": "not_withdrawn"}))
    assert found == {"A": "withdrawn", **dict.fromkeys("BCDE", "member"), "F": "unreachable"}


def test_members_when_two_conditions_are_given_then_both_must_hold():
    con = warehouse([], tiers={"A": "high", "B": "middle"})
    who = {"tiers": ["high", "middle"], "lifecycles": ["dormant"]}
    assert set(outcomes(con, settings(mail={**MAIL, "who": who}))) == {"A", "B"}
    assert outcomes(con, settings(mail={**MAIL, "who": {**who, "churn_bands": ["high"]}})) == {}


def test_members_when_lead_bands_are_asked_for_then_the_lead_scores_of_the_day_decide():
    con = warehouse([])
    told = settings(leads={**MAIL, "who": {"lead_bands": ["hot"]}})
    with pytest.raises(NoLeadBands, match="lead_scores"):
        audience_members(con, AS_OF, told)
    con.execute(
        f"create table insights.lead_scores as select * from (values (date '{AS_OF}', 'A', 'hot'),"
        f" (date '{AS_OF}', 'B', 'cold'), (date '{AS_OF}' - 1, 'C', 'hot')) as t(as_of, customer_id, band)"
    )
    assert set(outcomes(con, told)) == {"A"}


def test_counts_when_people_are_left_out_then_each_reason_is_counted():
    con = warehouse([consent("A", "granted"), consent("B", "withdrawn"), consent("F", "granted")])
    told = settings(mail={**MAIL, "who": {"tiers": ["low"]}}, nobody={**MAIL, "who": {"tiers": ["high"]}})
    audience_members(con, AS_OF, told)
    assert audience_counts(con, AS_OF, told) == 2
    rows = con.execute("select * exclude (as_of, audience_zh, audience_en, criteria_version) from insights.audience_counts"
                       " order by audience").fetchall()  # fmt: skip
    assert rows == [("mail", "marketing", 6, 1, 3, 1, 1), ("nobody", "marketing", 0, 0, 0, 0, 0)]


def test_tables_when_there_is_no_audience_then_they_are_empty():
    con = warehouse([])
    assert (audience_members(con, AS_OF, settings()), audience_counts(con, AS_OF, settings())) == (0, 0)


def test_members_when_facts_are_added_on_or_after_the_day_then_nothing_changes():
    told = settings(mail={**MAIL, "who": {"tiers": ["low"]}})
    con = warehouse([consent("A", "granted"), consent("B", "withdrawn")])
    before = outcomes(con, told)
    add(con, "consents", [consent("A", "withdrawn", 0), consent("B", "granted", -3)])
    assert outcomes(con, told) == before


def test_members_when_all_is_computed_then_they_are_those_with_the_marketing_consent_of_the_features(computed):
    (faults,) = computed.execute(
        f"""
        select count(*) from insights.audience_members as m
        inner join insights.customer_features as f using (as_of, customer_id)
        where as_of = date '{AS_OF}' and (
            (outcome = 'withdrawn') is distinct from (coalesce(marketing_consent, '') = 'withdrawn')
            or (outcome = 'without_consent') is distinct from (marketing_consent is null))
        """
    ).fetchone()
    assert faults == 0
    assert computed.execute("select sum(count_members) > 0 from insights.audience_counts").fetchone() == (True,)


@pytest.mark.parametrize(
    ("old", "new", "key", "says"),
    [
        ("who: {tiers: [low]}", "who: {tiers: [low, gold]}", "audiences.batch.who.tiers.1", "a tier of the main scheme"),
        ("who: {tiers: [low]}", "who: {rfm_segments: [gold]}", "audiences.batch.who.rfm_segments.0", "an RFM segment"),
        ("who: {tiers: [low]}", "who: {}", "audiences.batch.who", "at least one of tiers"),
        ("who: {lifecycles: [lost]}", "who: {lifecycles: [asleep]}", "audiences.win_back.who.lifecycles.0", "dormant"),
        ("channels: [email]", "channels: [fax]", "audiences.batch.channels.0", "email"),
        ("channels: [email]", "channels: []", "audiences.batch.channels", "at least 1"),
        ("channels: [email]", "channels: [email]\n    consent: any", "audiences.batch.consent", "not_withdrawn"),
    ],
)  # fmt: skip
def test_settings_when_an_audience_is_wrong_then_key_line_and_what_is_allowed_are_told(folder, old, new, key, says):  # noqa: F811
    line = change(folder, "audiences.yml", old, new) + new.count("\n")
    with pytest.raises(SettingsErrors) as caught:
        load_insights(folder)
    (error,) = [error for error in caught.value.errors if error.key == key]
    assert says in str(error)
    assert error.line == line


def test_criteria_version_when_an_audience_changes_then_it_does_too(folder):  # noqa: F811
    before = load_insights(folder).criteria_version
    change(folder, "audiences.yml", "tiers: [low]", "tiers: [middle]")
    assert load_insights(folder).criteria_version != before
