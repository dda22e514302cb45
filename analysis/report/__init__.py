"""The report of one run, or of several side by side: Markdown, and HTML that needs no network."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from analysis.decision import Decision
from sweeps.run_folder.atomic import write_text

NAMED = 4  # runs in a comparison's file name
LONGEST = 200  # characters of it: file systems allow 255 bytes


def write_report(decisions: Sequence[Decision], output: Path | None = None) -> tuple[Path, Path]:
    """Write report.html and report.md; returns (html path, Markdown path).

    `output` is a folder, or an .html file (the Markdown then lies beside it). Without it one run's
    report goes into its folder, several runs' beside the first, named after them:
    comparison-NAME-NAME.html and .md.
    ValueError for no run; OSError where it cannot write.

    >>> from analysis.decision import decided
    >>> html, markdown = write_report([decided(Path("runs/demo"))])
    >>> html.name, markdown.name
    ('report.html', 'report.md')
    """
    if not decisions:
        raise ValueError("write_report needs at least one run")
    from analysis.report.content import describe_run
    from analysis.report.html import render_html
    from analysis.report.markdown import render_markdown

    contents = [describe_run(decision) for decision in decisions]
    names = [c.run.name for c in contents]
    heading = names[0] if len(names) == 1 else f"Comparison: {', '.join(names)}"
    written = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    html = _html_path([c.run.folder for c in contents], output)
    markdown = html.with_suffix(".md")
    write_text(html, render_html(heading, written, contents))
    write_text(markdown, render_markdown(heading, written, contents))
    return html, markdown


def _compared(folders: list[Path]) -> str:
    """`comparison-A-B.html`; of many runs the first names and how many more."""
    names = [folder.resolve().name for folder in folders]
    more = [f"and-{len(names) - NAMED}-more"] if len(names) > NAMED else []
    return f"{'-'.join(['comparison', *names[:NAMED], *more])[:LONGEST]}.html"


def _html_path(folders: list[Path], output: Path | None) -> Path:
    if output is None:
        one = len(folders) == 1
        return folders[0] / "report.html" if one else folders[0].parent / _compared(folders)
    return output if output.suffix == ".html" else output / "report.html"
