"""The table of relations agrees with their names."""

from itertools import groupby

from schemas.relations import RELATIONS, Relation


def test_each_relation_is_described_once_under_its_own_name() -> None:
    assert sorted(RELATIONS) == sorted(Relation)
    assert len({info.phrase for info in RELATIONS.values()}) == len(RELATIONS)


def test_the_letter_before_a_capital_tells_the_subject_of_the_tail() -> None:
    for relation, info in RELATIONS.items():
        letter = relation.value[0] if relation.value[1].isupper() else ""
        assert info.whose == {"x": "X", "o": "other"}.get(letter, "thing"), relation


def test_the_relations_of_a_group_stand_together_the_social_ones_first() -> None:
    assert [group for group, _ in groupby(info.group for info in RELATIONS.values())] == ["social", "event", "physical"]
