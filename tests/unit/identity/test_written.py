"""What the queries over raw know of entities agrees with the settings."""

from orchestration.logic.identity.written import CODES, REFERRING
from orchestration.settings.entities import ENTITIES


def test_referring_when_an_entity_names_persons_then_it_is_looked_at():
    assert set(REFERRING) == {name for name, entity in ENTITIES.items() if "person_ref" in entity.column_names}


def test_codes_when_a_key_is_a_code_then_its_entity_carries_it():
    assert all(key_type in ENTITIES[entity].column_names for key_type, entity in CODES.items())
