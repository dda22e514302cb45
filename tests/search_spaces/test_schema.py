"""Dotted paths of a configuration and the values that its fields take."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from search_spaces.nearest import nearest
from search_spaces.schema import check_value, field_at, get_path, paths, paths_within, set_path


class Inner(BaseModel):
    """A section."""

    rate: float = Field(0.1, gt=0)
    names: tuple[str, ...] | Literal["all"] = ("a",)
    share: tuple[float, float] = (0.5, 0.5)


class Outer(BaseModel):
    """A configuration."""

    count: int = Field(1, ge=1)
    inner: Inner = Inner()
    perhaps: Inner | None = None
    flag: bool | None = None


def test_paths_go_through_sections_and_optional_sections() -> None:
    inner = ["rate", "names", "share"]
    assert paths(Outer) == [
        "count",
        *(f"inner.{name}" for name in inner),
        *(f"perhaps.{name}" for name in inner),
        "flag",
    ]
    assert field_at(Outer, "perhaps.rate") is not None
    assert field_at(Outer, "inner") is not None
    assert field_at(Outer, "inner.rat") is None
    assert field_at(Outer, "count.rate") is None


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("count", 3, None),
        ("count", 0, "1 or more"),
        ("count", 2.5, "whole number"),
        ("count", "3", "a number, not text"),
        ("count", True, "a number, not true or false"),
        ("inner.rate", 1, None),
        ("inner.rate", float("nan"), "finite"),
        ("inner.rate", float("inf"), "finite"),
        ("perhaps.rate", -1.0, "above 0"),
        ("inner.names", ["x", "y"], None),
        ("inner.names", "all", None),
        ("inner.names", "none", "'all'"),
        ("inner.share", [1.0], "too few"),
        ("inner.share", [1.0, 2.0, 3.0], "at most 2"),
        ("flag", None, None),
        ("flag", "yes", "true or false, not text"),
    ],
)
def test_values(path: str, value: object, message: str | None) -> None:
    found = check_value(Outer, path, value)
    assert found is None if message is None else message in str(found)


class Listed(BaseModel):
    """A configuration with a list of sections."""

    parts: tuple[Inner, ...] = ()
    pairs: tuple[float, ...] = ()


def test_paths_lead_into_lists_by_number() -> None:
    field = field_at(Listed, "parts.12.rate")
    assert field is not None
    assert field.annotation is float
    wrong = ("parts.rate", "parts.x.rate", "parts.0.rat", "parts.0", "pairs.0", "pairs.0.rate")
    assert [path for path in wrong if field_at(Listed, path)] == []
    assert check_value(Listed, "parts.3.rate", -1.0) == "must be above 0.0"


def test_how_many_entries_a_list_has_only_the_content_says() -> None:
    inner = ["rate", "names", "share"]
    content = {"parts": [{}, {"rate": 1}, "text"]}
    found = [*paths_within(Listed, content)]
    assert found == ["parts", *(f"parts.{n}.{name}" for n in (0, 1) for name in inner), "pairs"]
    assert [*paths_within(Listed, {})] == paths(Listed) == ["parts", "pairs"]
    assert [*paths_within(Outer, {})] == paths(Outer)


def test_set_and_get_in_lists() -> None:
    mapping: dict[str, Any] = {"a": [{"b": 1}, {"c": None}]}
    set_path(mapping, "a.1.c.d", 2)
    set_path(mapping, "a.0", {"b": 3})
    assert mapping == {"a": [{"b": 3}, {"c": {"d": 2}}]}
    assert (get_path(mapping, "a.1.c.d"), get_path(mapping, "a.0.x")) == (2, None)
    assert (get_path(mapping, "a.2.c"), get_path(mapping, "a.b")) == (None, None)
    with pytest.raises(IndexError):
        set_path(mapping, "a.2.c", 1)


def test_set_and_get() -> None:
    mapping: dict[str, Any] = {"a": {"b": 1}, "c": None}
    set_path(mapping, "a.d.e", 2)
    set_path(mapping, "c.f", 3)
    assert mapping == {"a": {"b": 1, "d": {"e": 2}}, "c": {"f": 3}}
    assert (get_path(mapping, "a.d.e"), get_path(mapping, "a.b.x")) == (2, None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("learnin_rate", "training.learning_rate"),
        ("training.learnin_rate", "training.learning_rate"),
        ("learning_rate", "training.learning_rate"),
        ("lora.rank", "lora.r"),
        ("LORA.R", "lora.r"),
        ("data.seeds", "data.seed"),
        ("data.sed", "data.seed"),
        ("model.seed", "training.seed"),
        ("qqqqqqqq", None),
    ],
)
def test_nearest(name: str, expected: str | None) -> None:
    known = ["training.learning_rate", "training.seed", "data.seed", "lora.r"]
    assert nearest(name, known) == expected
