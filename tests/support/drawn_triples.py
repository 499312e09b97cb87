"""Triples that hypothesis draws: few edges, so many of them meet."""

from hypothesis import strategies as st

from graph.tables.columns import SPLIT_NAMES, VALID_LABELS
from schemas.relations import Relation
from schemas.triples import Triple

MAYBE = st.none() | st.booleans()
TRIPLES = st.builds(
    Triple,
    head=st.sampled_from(["PersonX waits", "PersonX runs"]),
    relation=st.sampled_from([Relation.xWant, Relation.oReact]),
    tail=st.sampled_from(["to go", "none", "sad"]),
    split=st.none() | st.sampled_from(SPLIT_NAMES),
    p_valid=st.none() | st.sampled_from([0.0, 0.25, 1.0]),
    valid=st.none() | st.sampled_from(VALID_LABELS),
    recalls=st.tuples(MAYBE, MAYBE, MAYBE, MAYBE, MAYBE),
    origins=st.sampled_from([("a",), ("b",), ("a", "b"), ("c, d",), ("a", "student:s"), ("student:s",),
                             ("student:s", "student:t"), ("student:s", "z")]),
    log_prob=st.none() | st.sampled_from([-12.25, -1.0, 0.0]),
    critic=st.none() | st.sampled_from(["c@1", "c@2"]),
)  # fmt: skip
MANY = st.lists(TRIPLES, max_size=12)
