"""The report as one HTML file that needs no network: style, script and Plotly are inside."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.report.cells import Table
from analysis.report.comparison import comparison_passages
from analysis.report.content import DISCLAIMER, Content, joint_table
from analysis.report.examples import CHOSEN, CONVERSATIONS
from analysis.report.figures import Figure, figures
from analysis.visible import visible
from analysis.wording import NOTICE

HERE = Path(__file__).parent


@dataclass(frozen=True)
class ReportSection:
    """One run as the template shows it."""

    anchor: str
    content: Content
    figures: list[Figure]

    @property
    def all_figures(self) -> list[Figure]:
        """Its own and those of its passages."""
        return [*self.figures, *(f for p in self.content.passages for f in p.figures)]


def render_html(heading: str, written: str, contents: list[Content]) -> str:
    """The whole page. All text of the run is escaped; only our own files are trusted."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from plotly.offline import get_plotlyjs

    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = [
        ReportSection(f"run-{i}", c, figures(c.run, c.best, c.curve_metric))
        for i, c in enumerate(contents, 1)
    ]
    joint: Table | None = joint_table(contents) if len(contents) > 1 else None
    drawn = any(f.data for s in sections for f in s.all_figures)
    return environment.get_template("template.html.j2").render(
        heading=heading,
        written=written,
        disclaimer=DISCLAIMER,
        notice=NOTICE,
        conversations_note=CONVERSATIONS,
        examples_note=CHOSEN,
        joint=joint,
        compared=comparison_passages(contents),
        sections=sections,
        style=_own("style.css"),
        script=_own("figures.js"),
        plotly=_trusted(get_plotlyjs()) if drawn else "",
        embed=embed,
    )


def embed(value: dict[str, Any]) -> Any:
    """JSON that is safe inside <script>: no character in it can end the element."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    return _trusted(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _shown(value: Any) -> Any:
    """Text of the run without what steers a terminal that shows the page's source."""
    return visible(value) if type(value) is str else value


def _own(name: str) -> Any:
    return _trusted((HERE / name).read_text(encoding="utf-8"))


def _trusted(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - our own files, Plotly's, or JSON that embed() made safe
