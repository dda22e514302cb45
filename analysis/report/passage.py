"""A section of the report that both formats show alike: sentences, tables, figures, terms."""

from dataclasses import dataclass

from analysis.report.cells import Table
from analysis.report.figures import Figure


@dataclass(frozen=True)
class Passage:
    """What a section says; Markdown leaves its figures out."""

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[tuple[str, Table], ...] = ()  # (heading or "", table)
    figures: tuple[Figure, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()  # (name, what it means)
