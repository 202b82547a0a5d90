"""Queries over the raw views for the distinct values that Python must look at, in the form in which staging knows them.

Add an entity here when it can refer to persons. The normal forms (trimmed, e-mail lower case, codes upper case) are those of the
staging models and of `int_identity__keys`; nothing is decided here.
"""

# Entities whose rows name a person by `person_ref`.
REFERRING = (
    "memberships",
    "orders",
    "order_lines",
    "interactions",
    "opportunities",
    "feedback",
    "traits",
    "consents",
    "outcomes",
)

# Key types whose values are compared trimmed and in upper case, with the entity that carries them.
CODES = {
    "national_id": "persons",
    "loyalty_id": "persons",
    "wechat_id": "persons",
    "device_id": "persons",
    "tax_id": "companies",
}  # fmt: skip

# The country code of a row: two letters as they are, else by the table of country names, else null.
_WRITTEN_COUNTRY = "coalesce(map.canonical, trim(raw.country))"
# Two letters are a code; 中国 and 德国 have two signs too.
_IS_CODE = f"length({_WRITTEN_COUNTRY}) = 2 and upper({_WRITTEN_COUNTRY}) between 'AA' and 'ZZ'"
_COUNTRY = f"case when {_IS_CODE} then upper({_WRITTEN_COUNTRY}) else countries.country end"
_COUNTRY_JOIN = f"""
        left join control.value_maps as map
            on raw._source = map.source and raw._entity = map.entity
            and map.column_name = 'country' and trim(raw.country) = map.received
        left join control.countries as countries on lower({_WRITTEN_COUNTRY}) = countries.written
"""


def written_phones() -> str:
    """Distinct (phone, country) as staging looks them up; the country of a reference is $default_country."""
    own = [
        f"""
        select trim(raw.phone) as phone, coalesce({_COUNTRY}, $default_country) as country
        from raw.{entity} as raw
        {_COUNTRY_JOIN}
        where trim(raw.phone) <> ''
        """
        for entity in ("persons", "companies", "stores")
    ]
    return " union ".join(
        [*own, f"select value, $default_country from ({_references('phone', 'trim(raw.person_ref)')})"]
    )


def store_phones() -> str:
    """The distinct telephone numbers (`value`) of the shops: clerks enter them for customers who give none."""
    return f"""
        select distinct numbers.e164 as value
        from raw.stores as raw
        {_COUNTRY_JOIN}
        join control.phone_numbers as numbers
            on trim(raw.phone) = numbers.phone and coalesce({_COUNTRY}, $default_country) = numbers.country
        where numbers.e164 is not null
    """


def written_values(key_type: str) -> str:
    """The distinct normal values (`value`) of one key type in records and references."""
    if key_type == "phone":
        return "select distinct e164 as value from control.phone_numbers where e164 is not null"
    if key_type == "email":
        parts = [f"select lower(trim(email)) as value from raw.{entity}" for entity in ("persons", "companies")]
        return " union ".join([*parts, _references("email", "lower(trim(raw.person_ref))")])
    part = f"select upper(trim({key_type})) as value from raw.{CODES[key_type]}"
    if CODES[key_type] == "companies":
        return f"select distinct value from ({part})"
    return " union ".join([part, _references(key_type, "upper(trim(raw.person_ref))")])


def _references(key_type: str, value: str) -> str:
    return " union ".join(
        f"""
        select {value} as value
        from raw.{entity} as raw
        join control.sources as sources on raw._source = sources.source and raw._entity = sources.entity
        where sources.person_ref_by = '{key_type}' and trim(raw.person_ref) <> ''
        """
        for entity in REFERRING
    )
