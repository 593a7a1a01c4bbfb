"""Paths as clients write them: every spelling of a path is that path, and nothing else is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.dialects.syncfile.paths import file_path, folder_path, renamed
from syncd.errors import BadName
from syncd.model import TreePath

names = st.text(alphabet="abé .:-*?<>|'\"&=%+", min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..") and not name[1:].startswith(":")
)
separators = st.text(alphabet="/\\", min_size=1, max_size=3)


@given(st.lists(names, min_size=1, max_size=6), st.lists(separators, min_size=6, max_size=6), st.text("/", max_size=3))
def test_any_separators_lead_to_the_same_place(parts: list[str], between: list[str], end: str) -> None:
    text = parts[0] + "".join(mark + part for mark, part in zip(between, parts[1:], strict=False))
    assert file_path(text) == folder_path(text + end) == TreePath.parse("/".join(parts))


@given(st.text(max_size=60) | st.text(alphabet="./\\C:a\0", max_size=12))
def test_whatever_is_a_path_stays_inside(text: str) -> None:
    try:
        path = file_path(text)
    except BadName:
        return
    assert path.parts and not {"", ".", "..", ".trash", ".syncd"} & set(path.parts[:1])
    assert all(part not in (".", "..") and not set(part) & set("/\\\0") for part in path.parts)
    assert path.parts[0][1:2] != ":" or not path.parts[0][0].isascii() or not path.parts[0][0].isalpha()


@given(st.text(max_size=20))
def test_whatever_is_renamed_stays_where_it_is(name: str) -> None:
    for path in (TreePath(("a",)), TreePath(("a", "b"))):
        try:
            target = renamed(path, name)
        except BadName:
            continue
        assert target.parent == path.parent and folder_path(str(target).strip()) == target


@pytest.mark.parametrize("text", ["", "/a", "\\a", "//a", "C:", "c:\\a", "C:a", "..", "a/..", "a\\.\\b", "a/\0"])
def test_what_leads_elsewhere_is_no_path(text: str) -> None:
    with pytest.raises(BadName):
        file_path(text)
