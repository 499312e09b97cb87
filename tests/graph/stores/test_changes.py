"""Counts of the changes of a store."""

from graph.stores.changes import Changes


def test_an_event_is_changed_by_its_own_changes_and_by_those_of_all() -> None:
    changes = Changes()
    changes.add(["a"])
    assert changes.is_changed(["b", "a"], 0)
    assert not changes.is_changed(["b"], 0)
    assert not changes.is_changed(["a"], changes.count)
    changes.add(["b"])
    assert not changes.is_changed(["a"], 1)
    changes.add_all()
    assert changes.is_changed(["a"], 2)
    assert changes.is_changed(["never heard of"], 2)
    assert not changes.is_changed(["a", "b"], changes.count)


def test_beyond_its_bound_the_oldest_changes_count_for_every_event() -> None:
    changes = Changes(largest=4)
    for event in "abcd":
        changes.add([event])
    changes.add(["a"])  # now the latest change
    assert not changes.is_changed(["other"], 0)
    changes.add(["e"])  # the fifth event drops b, c and d
    assert changes.is_changed(["other"], 3)
    assert not changes.is_changed(["other"], 4)
    assert changes.is_changed(["d"], 3)
    assert changes.is_changed(["a"], 4)
    assert changes.is_changed(["e"], 5)
    assert not changes.is_changed(["a"], 5)
