"""The text index of an embedded store: pages, words, and what stays after a stop."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.stores.embedded.fulltext import TextIndex
from graph.stores.protocol import Search
from graph.stores.search_terms import search_words

FLAGS = st.dictionaries(st.text("abé~𝄞 %_", min_size=1, max_size=4), st.booleans(), max_size=10)
SENTENCES = st.lists(
    st.sampled_from(["PersonX", "the", "runs", "running", "naïve", "Ñandú", "жук", "don't", "24/7", "a-b_c", "NEAR",
                     '"quoted"', "*", "straße"]),
    min_size=1, max_size=6,
).map(" ".join)  # fmt: skip
ALL = 999


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("index") / "events 0?.sqlite"


def filled(path: Path, batches: Sequence[Mapping[str, bool]]) -> TextIndex:
    """An index with the events of these batches, each with its flag `generated`."""
    index = TextIndex.create(path, {})
    for batch in batches:
        index.put(batch)
    return index


def pages(index: TextIndex, search: Search) -> list[str]:
    """All pages of a search."""
    found: list[str] = []
    while page := index.search(
        Search(search.limit, search.prefix, found[-1] if found else "", search.words, len(found), search.generated)
    ):
        assert len(page) <= search.limit
        found += page
    return found


@given(st.lists(FLAGS, max_size=3), st.text("abé~𝄞 %_", max_size=2), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_pages_have_every_event_of_a_prefix_once_in_text_order(
    path: Path, batches: list[dict[str, bool]], prefix: str, limit: int
) -> None:
    flags = {text: generated for batch in batches for text, generated in batch.items()}
    with closing(filled(path, batches)) as index:
        assert index.count() == len(flags)
        assert index.generated([*flags, "absent"]) == flags
        every = sorted(text for text in flags if text.startswith(prefix))
        assert pages(index, Search(limit, prefix, generated=True)) == every
        assert pages(index, Search(limit, prefix)) == [text for text in every if not flags[text]]


@given(st.dictionaries(SENTENCES, st.booleans(), min_size=1, max_size=8), st.integers(1, 3))
@settings(max_examples=12, deadline=None)
def test_every_event_is_found_by_its_own_words(path: Path, flags: dict[str, bool], limit: int) -> None:
    with closing(filled(path, [flags])) as index:
        for text in flags:
            words = search_words(text)
            if not words:
                continue
            found = index.search(Search(ALL, words=words, generated=True))
            assert text in found
            assert pages(index, Search(limit, words=words, generated=True)) == found
            assert pages(index, Search(limit, words=words)) == [one for one in found if not flags[one]]
            assert set(index.search(Search(ALL, text, words=words, generated=True))) == {
                one for one in found if one.startswith(text)
            }


def test_a_change_of_many_events_is_found_and_their_marks_go(path: Path) -> None:
    many = {f"PersonX waits {n}": n % 2 == 0 for n in range(1201)}
    with closing(filled(path, [many])) as index:
        assert index.generated(list(many)) == many
        index.mark(["PersonX waits 0", "PersonX waits 2"])
    index = TextIndex(path)
    assert sorted(index.marked()) == ["PersonX waits 0", "PersonX waits 2"]
    index.put({"PersonX waits 0": False, "PersonX waits 1": False})
    assert index.marked() == ["PersonX waits 2"]
    assert index.search(Search(2)) == ["PersonX waits 0", "PersonX waits 1"]
    assert len(index.search(Search(2000, words=("waiting",), generated=True))) == 1201
    index.close()


def test_a_batch_with_a_bad_text_changes_nothing(path: Path) -> None:
    with closing(filled(path, [{"PersonX waits": True}])) as index:
        with pytest.raises(UnicodeEncodeError):
            index.put({"PersonX waits": False, "PersonX naps": False, "\ud800": False})
        assert index.generated(["PersonX waits", "PersonX naps"]) == {"PersonX waits": True}
        index.put({"PersonX naps": False})
        assert index.search(Search(9, words=("naps",))) == ["PersonX naps"]
