"""What the ordinary variant hides. Masks go by column name over all tables, so that a new table cannot forget them.

The restricted variant (0600) carries everything. Masks keep null as null, so that "has an e-mail" can still be counted.
Add a direct identifier here. Keys of tables and business columns stay as they are.
"""

HIDDEN = "case when {column} is null then null else '***' end"
# The first letter or surname of persons; companies keep their names. Needs customer_id beside it.
NAME = (
    "case when customer_id in (select customer_id from restricted.serving.customers where customer_type = 'company')"
    " then {column} else left({column}, 1) || '**' end"
)
# 1 January of the year of birth: age bands stay possible.
YEAR = "cast(date_trunc('year', cast({column} as date)) as date)"
# These keys carry the source's reference to a person, which may be an e-mail or a phone. Joins over them still work.
DIGEST = "left(sha256({column}), 32)"
# A source's own record id stays, unless the source uses an e-mail address as one.
RECORD_ID = "case when contains({column}, '@') then left(sha256({column}), 16) else {column} end"

MASKS: dict[str, str] = {
    **dict.fromkeys(("display_name", "full_name", "given_name", "family_name"), NAME),
    **dict.fromkeys(("email", "phone", "phone_e164", "address", "street"), HIDDEN),
    **dict.fromkeys(("national_id", "loyalty_id", "wechat_id", "device_id", "person_ref", "person_ref_value"), HIDDEN),
    **dict.fromkeys(("order_key", "line_key"), DIGEST),
    "birth_date": YEAR,
    **dict.fromkeys(("source_record_id", "record_id", "company_ref"), RECORD_ID),
}


def masked(column: str, free_text: tuple[str, ...] = ()) -> str:
    """The select expression of `column` in the ordinary variant, under its own name."""
    rule = HIDDEN if column in free_text else MASKS.get(column)
    quoted = f'"{column}"'
    return quoted if rule is None else f"{rule.format(column=quoted)} as {quoted}"
