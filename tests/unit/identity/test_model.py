"""The linking model and what it proposes: learned without labels, the same for any order, vetoed where fields can be trusted."""

import random
from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest

from orchestration.logic.identity.comparisons import FIELDS
from orchestration.logic.identity.model import Model, affordable, load
from orchestration.logic.identity.proposals import learn, propose
from orchestration.settings.identity import LinkingModel

GIVEN = [
    f"{first}{last}" for first in ("an", "ber", "cla", "do", "em", "fran", "gus") for last in ("na", "tha", "ra", "ric")
]
FAMILY = [f"{first}{last}" for first in ("abel", "brandt", "fisch", "keller", "neu") for last in ("er", "mann", "sen")]
CITIES = ["berlin", "hamburg", "munich", "cologne", "frankfurt", "stuttgart", "bremen", "dresden", "leipzig"]


def person(r, number):
    return {
        "person": number,
        "given": r.choice(GIVEN),
        "family": r.choice(FAMILY),
        "script": "latin",
        "birth": f"{r.randrange(1940, 2005)}{r.randrange(1, 13):02}{r.randrange(1, 29):02}",
        "gender": r.choice(["male", "female"]),
        "street": f"{r.choice(FAMILY)}street{r.randrange(1, 300)}",
        "city": r.choice(CITIES),
        "postcode": f"{r.randrange(10000, 99999)}",
    }


def people(wrong=0.03, count=400):
    """Two records each of so many persons; a field of the second is mistyped or missing at times, and seldom another one."""
    r = random.Random(7)
    rows = []
    for number in range(count):
        one = person(r, number)
        two, other = dict(one), person(r, number)
        for name in ("given", "family", "birth", "street", "city", "postcode"):
            drawn = r.random()
            if drawn < wrong:
                two[name] = other[name]
            elif drawn < 0.1:
                two[name] = None
            elif drawn < 0.2:
                at = r.randrange(len(one[name]) - 1)
                two[name] = one[name][:at] + one[name][at + 1] + one[name][at] + one[name][at + 2 :]
        rows += [one, two]
    return rows


def compared(rows):
    """A connection with `compared`: every record a customer of its own."""
    con = duckdb.connect()
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in (*FIELDS, "block")}
    numbers = pa.array([row.get("number", place) for place, row in enumerate(rows)], pa.int64())
    hours = pa.array([row.get("hour") for row in rows], pa.int64())
    con.register("rows", pa.table({"number": numbers, "cluster": numbers, "hour": hours, **columns}))
    con.execute("create table compared as from rows")
    con.execute("create table doubtful (left_number bigint, right_number bigint)")
    return con


@pytest.fixture(scope="module")
def trusted():
    """A model of data in which given names and birth dates are hardly ever wrong."""
    return learn(compared(people(wrong=0.0)))


def proposals(model, rows, **settings):
    con = compared(rows)
    propose(con, model, LinkingModel(**settings))
    return con.sql("from proposals").df()


def probability(model, one, other):
    """That two records are one person, with a hundred others around; 0 where it is not even put up for review."""
    others = numbered(people(count=100), random.Random(9))
    found = proposals(model, [one, other, *others], review=1e-6).set_index(["left_number", "right_number"])
    return float(found["probability"].get((0, 1), 0.0))


def numbered(rows, r):
    """The rows with a telephone, a mailbox and an hour each; one person's two records agree in them more often than not."""
    for number in range(0, len(rows), 2):
        for place, row in enumerate(rows[number : number + 2]):
            drawn = {
                "phone": f"+49{r.randrange(10**10):010}",
                "mailbox": f"{row['given']}{r.randrange(10**8):08}",
                "hour": r.randrange(500_000),
            }
            for name, value in drawn.items():
                row[name] = rows[number][name] if place and r.random() < 0.6 else value
            row["mailbox_signs"] = "".join(sorted(row["mailbox"]))
    return rows


def test_learn_when_rows_are_shuffled_then_the_same_model():
    rows = [{**row, "number": number} for number, row in enumerate(people(count=150))]
    shuffled = random.Random(1).sample(rows, len(rows))
    assert learn(compared(rows)) == learn(compared(shuffled))


def test_learn_when_fields_are_often_wrong_then_the_model_knows_how_often(trusted):
    model = learn(compared(people(wrong=0.1)))
    assert trusted.contradicts_in("birth") < 0.02
    assert model.contradicts_in("birth") == pytest.approx(0.1, abs=0.04)
    assert model.open_matches == pytest.approx(0.5, rel=0.05)


def test_learn_when_there_are_few_records_then_there_is_no_model():
    assert learn(compared(people(count=5))) is None


def test_propose_when_records_are_mistyped_then_persons_are_found():
    rows = people()
    found = proposals(learn(compared(rows)), rows)
    links = found[found["linked"]]
    right = sum(
        rows[a]["person"] == rows[b]["person"] for a, b in zip(links["left_number"], links["right_number"], strict=True)
    )
    assert right >= 0.95 * 400
    assert right / len(links) >= 0.995


@pytest.mark.parametrize(("field", "value"), [("given", "wolfgang"), ("birth", "19010203")])
def test_propose_when_a_trusted_field_contradicts_then_veto(trusted, field, value):
    r = random.Random(1)
    one = person(r, 0) | {"given": "berna", "birth": "19800517"}
    others = [person(r, number) for number in range(1, 200)]
    found = proposals(trusted, [one, {**one, field: value}, *others]).set_index(["left_number", "right_number"])
    assert found.loc[(0, 1), "probability"] > 0.5
    assert found.loc[(0, 1), "veto"] == field


def test_propose_when_a_record_fits_two_who_contradict_then_it_is_linked_to_neither(trusted):
    r = random.Random(1)
    twin = person(r, 0) | {"given": "berna"}
    other_twin, either = twin | {"given": "wolfgang"}, twin | {"given": None}
    found = proposals(trusted, [twin, other_twin, either, *(person(r, number) for number in range(3, 200))])
    with_either = found[found["right_number"] == 2]
    assert len(with_either) == 2
    assert with_either["ambiguous"].all()


def test_learn_when_households_share_all_but_the_person_then_they_are_no_matches():
    """Relatives of one family name, street and city; without the third class they pass for one person often misnamed."""
    rows, r = people(wrong=0.0), random.Random(3)
    for number in range(200):
        one, other = person(r, 1000 + number), person(r, 2000 + number)
        rows += [one, other | {name: one[name] for name in ("family", "street", "city", "postcode")}]
    model = learn(compared(rows))
    assert model.contradicts_in("given") < 0.02
    assert model.households == {"relatives": pytest.approx(0.5, rel=0.3)}
    unnamed = [{**row, "given": None, "birth": None, "gender": None} for row in rows[-2:]]
    found = proposals(model, [*rows[:400], *unnamed]).set_index(["left_number", "right_number"])
    assert found.loc[(400, 401), "probability"] < 0.8  # one person, or two of one household


def test_learn_when_people_have_numbers_of_their_own_then_twins_and_namesakes_are_told_from_one_person():
    """Twins agree in birth date and all that a household shares, father and son in name; hardly any share a number or an hour."""
    r = random.Random(4)
    rows = people(wrong=0.0)
    for number in range(60):
        one, other = person(r, 1000 + number), person(r, 2000 + number)
        home = {name: one[name] for name in ("family", "street", "city", "postcode")}
        kept = ("birth",) if number % 2 else ("given",)
        rows += [one, other | home | {name: one[name] for name in kept}]
    of_homes = [row for one in rows[800:] for row in numbered([one], r)]
    model = learn(compared([*numbered(rows[:800], r), *of_homes]))
    assert set(model.households) == {"relatives", "namesakes", "twins"}
    assert model.households["twins"] + model.households["relatives"] == pytest.approx(30 / 400, rel=0.5)
    assert model.households["namesakes"] == pytest.approx(30 / 400, rel=0.5)


def test_propose_when_first_seen_in_one_hour_then_likelier_one_person():
    r = random.Random(6)
    model = learn(compared(numbered(people(wrong=0.0), r)))
    one = person(r, 0) | {"hour": 5_000}
    other = {"given": one["given"], "family": one["family"], "script": "latin", "city": one["city"]}
    at_once, later = (probability(model, one, other | {"hour": hour}) for hour in (5_001, 9_000))
    assert at_once > later


def test_propose_when_a_mailbox_has_the_same_signs_in_another_order_then_likelier_one_person():
    rows = numbered(people(wrong=0.0), random.Random(7))
    for row in rows[1::2]:  # the second one turns the parts of the mailbox round
        row["mailbox"] = row["mailbox"][3:] + row["mailbox"][:3]
    r = random.Random(8)
    model = learn(compared(rows))
    one = person(r, 0) | {"mailbox": "anna471188", "mailbox_signs": "114788aann"}
    other = {"given": one["given"], "family": one["family"], "script": "latin", "city": one["city"]}
    turned = probability(model, one, other | {"mailbox": "471188anna", "mailbox_signs": "114788aann"})
    another = probability(model, one, other | {"mailbox": "berna93", "mailbox_signs": "39abenr"})
    assert turned > another


@pytest.mark.parametrize(("signs", "veto"), [("伟明", ""), ("建国", "signs")])
def test_propose_when_given_names_have_no_sign_in_common_then_veto_however_often_names_are_wrong(signs, veto):
    r = random.Random(9)
    model = learn(compared(people(wrong=0.2)))
    one = person(r, 0) | {"script": "han", "given": "weihua", "signs": "伟华"}
    other = one | {"given": {"伟明": "weiming", "建国": "jianguo"}[signs], "signs": signs}
    found = proposals(model, [one, other, *(person(r, number) for number in range(2, 200))], review=1e-9)
    found = found[(found["left_number"] == 0) & (found["right_number"] == 1)]
    assert found["veto"].fillna("").tolist() == [veto]


def test_propose_when_the_model_holds_a_doubtful_pair_for_two_then_it_is_refuted():
    """Of one name and street both; one pair has nothing against it, in the other numbers, hours and sources speak for two."""
    r = random.Random(10)
    rows = [row | {"block": ["shop/accounts", "app/users"][place % 2]} for place, row in enumerate(people(wrong=0.0))]
    rows = numbered(rows, r)
    for number in range(80):
        one, son = person(r, 5000 + number), person(r, 6000 + number)
        namesake = son | {name: one[name] for name in ("given", "family", "street", "city", "postcode")}
        rows += [row | {"block": "shop/accounts"} for home in ([one], [namesake]) for row in numbered(home, r)]
    con = compared([row | {"birth": None} if place >= 800 else row for place, row in enumerate(rows)])
    con.execute("insert into doubtful values (0, 1), (800, 801)")
    model = learn(con)
    propose(con, model, LinkingModel())
    assert con.sql("from refuted").fetchall() == [(800, 801)]


def test_learn_when_a_source_never_holds_a_person_twice_then_two_of_one_source_are_hardly_one():
    rows = [{**row, "block": ["shop/accounts", "app/users"][place % 2]} for place, row in enumerate(people())]
    model = learn(compared(rows))
    assert model.contradicts_in("blocks") < 0.02


def test_propose_when_chinese_names_sound_equal_in_other_signs_then_less_probable():
    """A third of the strangers of one name in pinyin write it otherwise."""
    rows, r = [], random.Random(5)
    for number in range(300):
        given, signs = r.choice(
            [("wei", "伟"), ("wei", "薇"), ("jun", "军"), ("jun", "君"), ("min", "敏"), ("hui", "慧")]
        )
        one = person(r, number) | {"script": "han", "given": given, "signs": signs, "gender": None}
        rows += [one, dict(one)]
    model = learn(compared(rows))
    same, other = model.levels["signs"][0], model.levels["signs"][1]
    assert same[0] / same[1] > 1 > other[0] / other[1]


def test_propose_when_most_doubtful_pairs_would_be_wrong_then_they_are_not_linked(trusted):
    rows = people(wrong=0.0)
    strict, lenient = (proposals(trusted, rows, wrong_links=share)["linked"].sum() for share in (1e-9, 0.5))
    assert strict < lenient


def test_affordable_when_a_block_is_too_large_then_its_rule_is_left_out(monkeypatch):
    monkeypatch.setattr("orchestration.logic.identity.model.LEAST_PAIRS", 1_000)
    columns = {"birth": ["19800517"] * 200, "phone": [f"+86138{number:08}" for number in range(200)]}
    records = pa.table({name: pa.array(columns.get(name, [None] * 200), pa.string()) for name in FIELDS})
    assert affordable(records, {"birth", "phone"}) == [("phone",)]
    monkeypatch.setattr("orchestration.logic.identity.model.PAIRS_PER_RECORD", 100)
    assert affordable(records, {"birth", "phone"}) == [("birth",), ("phone",)]


def test_affordable_when_names_stand_in_each_others_place_then_these_pairs_count_too(monkeypatch):
    """The given name of three is the family name of four in one place: twelve pairs."""
    columns = {"given": ["li"] * 3 + ["wei"] * 4, "family": ["wang"] * 3 + ["li"] * 4, "postcode": ["200000"] * 7}
    records = pa.table({name: pa.array(columns.get(name, [None] * 7), pa.string()) for name in FIELDS})
    swapped = ("given = family", "postcode")
    monkeypatch.setattr("orchestration.logic.identity.comparisons.BLOCKING", (swapped,))
    monkeypatch.setattr("orchestration.logic.identity.model.PAIRS_PER_RECORD", 0)
    for least, rules in ((12, [swapped]), (11, [])):
        monkeypatch.setattr("orchestration.logic.identity.model.LEAST_PAIRS", least)
        assert affordable(records, {"given", "family", "postcode"}) == rules


def test_propose_when_no_rule_is_affordable_then_nothing_is_proposed(trusted, monkeypatch):
    monkeypatch.setattr("orchestration.logic.identity.proposals.affordable", lambda records, fields: [])
    assert proposals(trusted, people(count=20)).empty


def test_model_when_saved_then_it_is_loaded_equal(trusted, tmp_path):
    trusted.save(tmp_path)
    assert load(tmp_path, trusted.version) == trusted
    assert [path.name for path in tmp_path.iterdir()] == [f"{trusted.version}.json"]


@pytest.mark.parametrize("text", ["", "{}", '{"fields": ["given"], "levels": {}, "open_matches": 1, "records": 9}'])
def test_model_when_the_file_is_no_model_then_its_name_is_told(tmp_path, text):
    (tmp_path / "0123456789ab.json").write_text(text)
    with pytest.raises(ValueError, match=r"model\.version: 0123456789ab\.json is no model"):
        load(tmp_path, "0123456789ab")


def test_model_when_it_is_not_kept_then_the_kept_ones_are_told(trusted, tmp_path):
    trusted.save(tmp_path)
    with pytest.raises(ValueError, match=f"found 0123456789ab; allowed are the kept models: {trusted.version}"):
        load(tmp_path, "0123456789ab")


def test_model_when_its_file_was_changed_then_it_is_refused(trusted, tmp_path):
    path = trusted.save(tmp_path)
    path.write_text(path.read_text().replace('"records": ', '"records": 1'))
    with pytest.raises(ValueError, match="was changed"):
        load(tmp_path, trusted.version)


def test_version_when_a_parameter_differs_then_another(trusted):
    assert replace(trusted, open_matches=trusted.open_matches + 1).version != trusted.version
    assert isinstance(trusted, Model)
