"""Checks of raw rows."""

from hypothesis import example, given
from hypothesis import strategies as st

from graph.loading.cleaning import Cleaner, Filters
from graph.loading.raw import NO_RECALLS, Raw, RowRejected
from graph.tables.columns import triples_of
from schemas.triples import RECALLS, SPLITS, Triple

RAWS = st.builds(
    Raw,
    head=st.sampled_from(["PersonX waits", "personx WAITS.", " ", "nan", "\ud800", 7, None, ["PersonX"]]),
    relation=st.sampled_from(["xWant", " <xwant>", "at:oReact", "xWish", None, 1, ["xWant"]]),
    tail=st.sampled_from(["to go", "to  go\t", "None.", "null", "", "to go on and on", True, None, {}]),
    p_valid=st.sampled_from([None, None, 0.5, 0, 1, 1.5, True, -0.0, "0.5", []]),
    provenance=st.tuples(
        st.sampled_from([None, "train", "trn", "dev", "val", "tst", "later", 1, []]),
        st.sampled_from([None, 1, 1.0, True, False, -9, -2, 0, "1", []]),
        st.sampled_from([NO_RECALLS, (True,) * 5, (False,) * 4 + (True,), (None, False) + (True,) * 3, ("yes",) * 5]),
        st.sampled_from([None, ["a"], ["b", "a", "b"], [], [""], ["x\n"], "a"]),
        st.sampled_from([None, "c@1", "", 1, []]),
    ),
)
FILTERS = st.builds(
    Filters,
    split=st.none() | st.sampled_from([*SPLITS]),
    min_p_valid=st.none() | st.sampled_from([0.0, 0.5, 1.0]),
    recall=st.none() | st.sampled_from(RECALLS),
)
ANY = Filters()


def cleaned(cleaner: Cleaner, raw: Raw) -> Triple | str | None:
    """The triple of a row, the reason of its rejection, or None if the filters leave it out."""
    try:
        row = cleaner.clean(raw)
    except RowRejected as error:
        return str(error)
    return None if row is None else triples_of(cleaner.table([row]))[0]


def fresh(filters: Filters = ANY) -> Cleaner:
    return Cleaner(filters, None, "file")


def labelled(valid: object) -> Raw:
    return Raw("PersonX waits", "xWant", "to go", None, (None, valid, NO_RECALLS, None, None))


@given(st.lists(RAWS, max_size=8), FILTERS)
@example([labelled(1), labelled(True)], ANY)
def test_a_row_is_judged_as_if_it_were_the_only_one(raws: list[Raw], filters: Filters) -> None:
    one = fresh(filters)
    assert [cleaned(one, each) for each in raws] == [cleaned(fresh(filters), each) for each in raws]


@given(RAWS.map(lambda each: each._replace(head="PersonX waits", relation="xWant", tail="to go")) | RAWS, FILTERS)
@example(labelled(1), Filters(min_p_valid=0.0))
@example(labelled(1)._replace(provenance=("dev", None, NO_RECALLS, None, None)), Filters(split="val"))
def test_filters_leave_out_rows_and_excuse_none(each: Raw, filters: Filters) -> None:
    result = cleaned(fresh(), each)
    if isinstance(result, Triple):
        split, least, recall = filters.split, filters.min_p_valid, filters.recall
        same_split = split is None or (result.split or "").replace("dev", "val") == SPLITS[split].replace("dev", "val")
        good = least is None or (result.p_valid is not None and result.p_valid >= least)
        is_kept = recall is None or result.recalls[RECALLS.index(recall)]
        assert cleaned(fresh(filters), each) == (result if same_split and good and is_kept else None)
    else:
        assert cleaned(fresh(filters), each) == result
