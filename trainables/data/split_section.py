"""What sections of rows and of pairs have in common: how their source may be split."""

from typing import TYPE_CHECKING, Any, Self

from pydantic import model_validator

from trainables.data.rows_apart import check_own_rows
from trainables.data.shares import check_limits
from trainables.section import Section


class SplitSection(Section):
    """Checks the fields of a source that say what is measured on. Each section has these fields of
    its own, in its own order and words."""

    if TYPE_CHECKING:
        source: Any
        hub_split: Any
        limit: Any
        split_limit: Any
        validation: Any
        test: Any

    @model_validator(mode="after")
    def _rows_of_their_own(self) -> Self:
        check_own_rows(self.source, self.hub_split, self.validation, self.test)
        return self

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        check_limits(self.limit, self.split_limit)
        return self
