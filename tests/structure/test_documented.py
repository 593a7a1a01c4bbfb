"""Nothing can be set or called that is not explained."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.cli import VERBS, parser_of, reference
from syncd.config import Option, app_options, options

ROOT = Path(__file__).parents[2]


def test_the_shipped_file_is_the_reference() -> None:
    """To renew it: syncd config show --reference >etc/syncd.conf"""
    assert (ROOT / "etc" / "syncd.conf").read_text() == reference.conf()


def test_the_readme_shows_every_setting() -> None:
    """To renew it: syncd config show --markdown, below the heading Settings of README.md"""
    assert reference.markdown().strip() in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("one", [*options(), *app_options("app:name")], ids=lambda one: f"{one.section}.{one.key}")
def test_every_setting_is_explained(one: Option) -> None:
    assert len(one.help) > 30 and one.kind.allowed
    assert f"\n#{one.key} =" in reference.conf()
    section = one.section.replace("app:name", "app:NAME")
    assert f"| `[{section}] {one.key}` |" in reference.markdown()


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """*parser*, and those of its actions."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from parsers(child)


@pytest.mark.parametrize("name", [verb.name for verb in VERBS])
def test_every_verb_and_action_has_help_with_an_example(name: str) -> None:
    for parser in parsers(parser_of(name)):
        assert parser.description and parser.description[0].isupper(), parser.prog
        assert f"Example: syncd {name}" in parser.format_help(), parser.prog


@pytest.mark.parametrize("name", [verb.name for verb in VERBS])
def test_every_argument_is_explained(name: str) -> None:
    for parser in parsers(parser_of(name)):
        for action in parser._actions:
            assert action.help or isinstance(action, argparse._SubParsersAction), (parser.prog, action.dest)
