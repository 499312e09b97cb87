"""Choice questions from a graph without labels."""

from distill.critic.corrupted import questions_from
from schemas.relations import Relation
from schemas.triples import Triple

TRIPLES = [
    Triple(f"PersonX does thing {head}", relation, f"{relation} tail {head} {n}")
    for head in range(8)
    for relation in (Relation.xWant, Relation.xNeed)
    for n in range(2)
]


def test_one_right_answer_among_wrong_ones() -> None:
    known = {(t.head, t.relation, t.tail) for t in TRIPLES}
    rows = list(questions_from([*TRIPLES, Triple("PersonX does thing 1", Relation.oWant, "none")], "graph", 10, 0))
    groups = {e.group: [other for other in rows if other.group == e.group] for e in rows}
    assert len(groups) == 10
    for answers in groups.values():
        assert len({(e.head, e.relation) for e in answers}) == 1
        assert len({e.tail for e in answers}) == len(answers) >= 3
        assert [e.p for e in answers] == [1.0, *[0.0] * (len(answers) - 1)]
        assert [(e.head, e.relation, e.tail) in known for e in answers] == [e.p == 1.0 for e in answers]
        assert any(e.head.split()[-1] in e.tail and e.p == 0 for e in answers)  # the event's, of the other relation


def test_a_seed_draws_the_same_questions() -> None:
    assert list(questions_from(TRIPLES, "g", 5, 1)) == list(questions_from(TRIPLES, "g", 5, 1))
    assert list(questions_from(TRIPLES, "g", 5, 1)) != list(questions_from(TRIPLES, "g", 5, 2))
