"""API keys: each secret leads to its own caller, and no other text does."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import BadInput, KeyMissing
from service.api.middleware.api_keys import Keys

PRINTED = "abcdefXYZ0189!$%&/()=?*+~'-_.:;<>|^"
SECRETS = st.text(PRINTED, min_size=16, max_size=30)
NAMES = st.text("abcABC019 -_./", min_size=1, max_size=8).map(str.strip).filter(bool)
SCOPES = st.lists(st.sampled_from(["read", "write", "admin"]), min_size=1, max_size=3)
ENTRIES = st.lists(
    st.tuples(NAMES, SCOPES, SECRETS), max_size=5, unique_by=(lambda entry: entry[0], lambda entry: entry[2])
)


@given(ENTRIES, st.sampled_from([",", "\n", " ,\n\n", "\r\n# name:read:a-secret-of-nobody\n"]), SECRETS | st.none())
def test_each_secret_leads_to_its_caller_with_all_lower_scopes(
    entries: list[tuple[str, list[str], str]], separator: str, other: str | None
) -> None:
    keys = Keys.parse(separator.join(f"{name}:{'+'.join(scopes)}:{secret}" for name, scopes, secret in entries))
    assert bool(keys) is bool(entries)
    for name, scopes, secret in entries:
        caller = keys.caller(secret)
        assert caller.name == name
        assert caller.may_keep is ("write" in scopes or "admin" in scopes)
        assert ("admin" in caller.scopes) is ("admin" in scopes)
        caller.need("read")
    secrets = {secret for *_, secret in entries}
    for wrong in {other, *(text for one in secrets for text in (one[:-1], f"{one} ", one.swapcase()))} - secrets:
        with pytest.raises(KeyMissing):
            keys.caller(wrong)


REFUSED = ["{}", "a:{}", "a:fly:{}", ":read:{}", "a:read+:{}", "a:read:{0},b:read:{0}", "a:read:b,{}"]


@given(st.sampled_from(REFUSED), SECRETS.map(lambda secret: secret.replace(":", "-").replace("+", "-")))
def test_a_refusal_names_the_entry_and_never_its_secret(form: str, secret: str) -> None:
    with pytest.raises(BadInput) as caught:
        Keys.parse(form.format(secret))
    assert "entry " in str(caught.value)
    assert secret not in str(caught.value.extra) + str(caught.value)


def test_a_missing_file_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="the name of a file after @"):
        Keys.parse(f"@{tmp_path}")
    (tmp_path / "keys").write_bytes(b"# \xff\nreader:read:0123456789abcdef\n")
    assert Keys.parse(f"@{tmp_path}/keys").caller("0123456789abcdef").name == "reader"
