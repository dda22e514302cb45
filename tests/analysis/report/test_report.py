"""The report: both formats, from a realistic run, damaged runs and several runs."""

import json
import re
import shutil
from pathlib import Path

import pytest

from analysis.decision import decided
from analysis.files import RunError
from analysis.report import write_report
from analysis.report.html import embed
from tests.analysis import fixtures

PLOTS = re.compile(r'<script type="application/json" data-plot="([^"]+)">(.*?)</script>', re.DOTALL)


def without_plotly(html: str) -> str:
    """The page without the library, which is megabytes of somebody else's text."""
    return re.sub(r"<script>/\*.*?</script>", "", html, count=1, flags=re.DOTALL)


def plots(html: str) -> dict[str, dict]:
    return {name: json.loads(text) for name, text in PLOTS.findall(html)}


@pytest.fixture
def page(run_folder: Path) -> str:
    return write_report([decided(run_folder)])[0].read_text(encoding="utf-8")


def test_written_into_the_run_folder(run_folder: Path) -> None:
    html, markdown = write_report([decided(run_folder)])
    assert (html, markdown) == (run_folder / "report.html", run_folder / "report.md")


def test_the_page_needs_no_network_and_holds_plotly_once(page: str) -> None:
    assert page.count("Plotly, Inc.") >= 1
    assert len(page) < 6_000_000
    rest = without_plotly(page)
    assert len(rest) < 200_000
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", rest)
    assert "default-src 'none'" in rest


def test_untrusted_text_is_escaped_everywhere(page: str) -> None:
    rest = without_plotly(page)
    assert "<script>alert" not in rest
    assert "&lt;script&gt;alert(&#39;x&#39;)" in rest
    assert "<b>normal</b>" not in rest
    names = [t["name"] for t in plots(page)["run-1-curves"]["data"]]
    assert any(n.startswith("&lt;script&gt;") for n in names)
    assert not any("<" in n for n in names)


def test_embedded_json_cannot_end_its_script() -> None:
    text = embed({"x": "</script><!--&"})
    assert not set("<>&") & set(text)
    assert json.loads(text) == {"x": "</script><!--&"}


def test_the_chosen_trial_is_marked_and_explained(page: str) -> None:
    assert "EXP-04 (3 Epochs) (Best)" in page
    assert '<tr class="chosen">' in page
    assert "lowest Val Loss, 0.6565" in page
    assert "Educational use only, not medical advice" in page
    assert "No trial can read the test rows." in page


def test_curves_show_every_trial_and_tell_stopped_ones_apart(page: str) -> None:
    traces = {t["name"]: t for t in plots(page)["run-1-curves"]["data"]}
    assert len(traces) == 8
    assert traces["EXP-005 (stopped)"]["line"]["dash"] == "dash"
    assert traces["EXP-005 (stopped)"]["opacity"] < traces["EXP-02"]["opacity"]
    chosen = traces["EXP-04 (3 Epochs) (chosen)"]
    assert chosen["line"]["width"] > traces["EXP-02"]["line"]["width"]
    assert chosen["y"][-1] == pytest.approx(0.6565)
    assert chosen["x"][-1] == 3  # epochs


def test_parallel_coordinates_name_each_line_by_its_own_numbers(page: str) -> None:
    figure = plots(page)["run-1-parallel"]
    assert figure["layout"]["xaxis"]["ticktext"] == ["Val Loss", "r", "LR", "Epochs"]
    assert len(figure["data"]) == 4
    for row in fixtures.FLASHCARDS:
        line = next(t for t in figure["data"] if t["hovertemplate"].startswith(row[0]))
        shown = [text for _, text in line["customdata"]]
        assert [float(v) for v in shown] == pytest.approx([row[5], *row[1:4]], rel=0.01)


def test_lines_keep_their_names_where_optuna_draws_in_another_order(tmp_path: Path) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    ranks = {1: 32, 2: 8, 3: 16, 4: 8}  # choices that are numbers: drawn in their order
    for n, rank in ranks.items():
        parameters = {"lora.r": rank, "training.learning_rate": n * 1e-4}
        fixtures.write_trial(tmp_path, n, parameters, {"val_loss": 0.5 + n / 10})
    page = write_report([decided(tmp_path)])[0].read_text(encoding="utf-8")
    for line in plots(page)["run-1-parallel"]["data"]:
        number = int(line["hovertemplate"].split("<")[0].removeprefix("EXP-"))
        assert line["customdata"][1] == ["lora.r", str(ranks[number])]


def test_importance_is_a_share_for_every_varying_parameter(tmp_path: Path) -> None:
    objective = [{"metric": "val_loss", "mode": "min"}, {"metric": "bleu", "mode": "max"}]
    fixtures.write_head(tmp_path, fixtures.spec(objective=objective))
    for n in range(1, 17):
        settings = (2 ** (3 + n % 3), 1e-5 * 1.3**n, 1 + (n // 3) % 3)
        paths = ("lora.r", "training.learning_rate", "training.num_train_epochs")
        metrics = {"val_loss": 1 - n / 40, "bleu": 0.05 + 0.001 * (n % 3)}
        fixtures.write_trial(tmp_path, n, dict(zip(paths, settings, strict=True)), metrics)
    page = write_report([decided(tmp_path)])[0].read_text(encoding="utf-8")
    bars = plots(page)["run-1-importance"]["data"]
    assert {b["name"] for b in bars} == {"Val Loss", "BLEU"}
    for bar in bars:
        assert sorted(bar["y"]) == ["Epochs", "LR", "r"]
        assert sum(bar["x"]) == pytest.approx(1)
        assert all(
            x - low >= 0 for x, low in zip(bar["x"], bar["error_x"]["arrayminus"], strict=True)
        )
    assert bars[0]["y"][-1] == "LR"  # the largest on top


def test_four_trials_have_no_importance(page: str) -> None:
    assert "run-1-importance" not in plots(page)
    assert "with fewer than 12 configurations they say nothing; here: 4 configurations" in page


def test_too_few_trials_for_figures_is_said_in_words(tmp_path: Path) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    fixtures.write_trial(tmp_path, 1, *fixtures.flashcards_trial(fixtures.FLASHCARDS[0]))
    page = write_report([decided(tmp_path)])[0].read_text(encoding="utf-8")
    assert list(plots(page)) == ["run-1-curves"]
    assert page.count("Not shown: it needs at least two complete trials") == 2


@pytest.mark.parametrize("trials", [0, 1])
def test_a_run_without_a_complete_trial_has_a_report(tmp_path: Path, trials: int) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    if trials:
        fixtures.write_trial(tmp_path, 1, {"lora.r": 8}, {}, state="failed", error="boom")
    for path in write_report([decided(tmp_path)]):
        assert "No trial could be chosen" in path.read_text(encoding="utf-8")


def test_optional_files_may_be_missing(run_folder: Path) -> None:
    for name in ("environment.json", "data.json"):
        (run_folder / name).unlink()
    shutil.rmtree(run_folder / "base")
    for path in write_report([decided(run_folder)]):
        text = path.read_text(encoding="utf-8")
        assert "base model was not measured" in text
        assert "none recorded" in text


def test_a_run_without_a_gpu_names_its_processor(run_folder: Path) -> None:
    found = {"cpu": "A Processor", "cpus": 2, "memory_gb": 8.3, "devices": [], "git": None}
    fixtures.write_json(run_folder / "environment.json", found)
    text = write_report([decided(run_folder)])[1].read_text(encoding="utf-8")
    assert "| Device | CPU: A Processor, 2 cores, 8.3 GB |" in text
    assert "| Git commit | not in a git repository |" in text


def test_only_complete_trials_are_marked_as_best_values(tmp_path: Path) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    for n, (state, loss) in enumerate(
        [("stopped", 0.1), ("complete", 0.2), ("complete", 0.3), ("stopped", 0.2)], 1
    ):
        fixtures.write_trial(tmp_path, n, {"lora.r": 8}, {"val_loss": loss}, state=state)
    text = write_report([decided(tmp_path)])[1].read_text(encoding="utf-8")
    assert re.findall(r"\| (EXP-\d+)[^|]*\|[^\n]*\*\*0", text) == ["EXP-002"]


def test_forty_trials_share_one_legend_entry_a_state(tmp_path: Path) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    for n in range(1, 41):
        state = "stopped" if n % 3 == 0 else "complete"
        parameters = {"lora.r": (8, 16, 32)[n % 3], "training.learning_rate": n * 1e-5}
        fixtures.write_trial(tmp_path, n, parameters, {"val_loss": 1 - n / 100}, state=state)
    page = write_report([decided(tmp_path)])[0].read_text(encoding="utf-8")
    traces = plots(page)["run-1-curves"]["data"]
    assert len(traces) == 40
    shown = [t["name"] for t in traces if t["showlegend"]]
    assert sorted(shown) == ["EXP-040 (chosen)", "complete", "stopped"]


def test_the_pareto_front_is_marked(tmp_path: Path) -> None:
    objective = [{"metric": "val_loss", "mode": "min"}, {"metric": "bleu", "mode": "max"}]
    run = fixtures.write_run(tmp_path / "run", objective=objective)
    html, markdown = write_report([decided(run)])
    marked = re.findall(r"\| (\S+) .*◆ \|", markdown.read_text(encoding="utf-8"))
    assert marked == ["EXP-02", "EXP-04"]
    page = html.read_text(encoding="utf-8")
    assert "◆: on the Pareto front" in page


def test_markdown_reads_and_escapes(run_folder: Path) -> None:
    text = write_report([decided(run_folder)])[1].read_text(encoding="utf-8")
    assert "| EXP-04 (3 Epochs) (Best) | 16 | 2e-4 | 3 | q_proj + v_proj | **0.6567** |" in text
    assert "| ROUGE-1 | 0.3083 | 0.2674 | −0.0409 |" in text
    assert "<script>" not in text
    assert "&lt;script&gt;alert('x')&lt;/script&gt; &amp; \\| \\`code\\`" in text
    assert "| dropped: near duplicates | 1,210 |" in text
    assert "| kept: test (sealed: no trial can read it) | 150 |" in text
    rows = [line for line in text.splitlines() if line.startswith("| EXP-008 (unfinished)")]
    assert len(rows) == 1
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in _table(text, "| Experiment | r |")}
    assert len(widths) == 1  # no cell broke a row


SECTION_6 = (
    "| Experiment | r | LR | Epochs | Train Loss | Val Loss | ROUGE-1 | BLEU | Perplexity "
    "| GPU (GB) | Time (min) |"
)
SECTION_7 = """\
| Metric | Base Model | Fine-Tuned | Delta |
| --- | ---: | ---: | ---: |
| ROUGE-1 | 0.3083 | 0.2718 | −0.0365 |
| ROUGE-2 | 0.1460 | 0.1165 | −0.0295 |
| ROUGE-L | 0.2253 | 0.1783 | −0.0470 |
| BLEU | 0.0833 | 0.0662 | −0.0171 |
| Perplexity | 5.2432 | 2.2400 | −3.0032 |
"""


def test_the_flashcards_systems_two_tables(tmp_path: Path) -> None:
    """Its sections 6 and 7, in its columns and rows (its deltas are of more decimals)."""
    paths = ("lora.r", "training.learning_rate", "training.num_train_epochs")
    search = {p: {"values": [1, 2]} for p in paths}
    spec = fixtures.spec(parameters=search, selection={"rule": "balanced", "metrics": ["rouge1"]})
    fixtures.write_head(tmp_path, spec)
    for number, row in enumerate(fixtures.FLASHCARDS, 1):
        fixtures.write_trial(tmp_path, number, *fixtures.flashcards_trial(row), label=row[0])
    html, markdown = write_report([decided(tmp_path)])
    text = markdown.read_text(encoding="utf-8")
    assert _table(text, SECTION_6)[3] == (
        "| EXP-02 (Best) | 16 | 2e-4 | 2 | 0.6749 | 0.6622 | **0.2718** | **0.0662** | 2.24 "
        "| 3.51 | 10.0 |"
    )
    assert SECTION_7 in text
    label = "Computed on validation rows, which no test row is among."
    page = html.read_text(encoding="utf-8")
    assert label in text
    assert label in page
    for head in (SECTION_6, SECTION_7.splitlines()[0]):
        titles = head.strip("| ").split(" | ")
        found = re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', page)
        assert any(found[i : i + len(titles)] == titles for i in range(len(found)))


def test_examples_hold_all_three_answers(run_folder: Path) -> None:
    text = write_report([decided(run_folder)])[1].read_text(encoding="utf-8")
    assert "**Which vitamin deficiency causes scurvy?**" in text
    assert "- Reference: A lack of vitamin C." in text
    assert "- Base model: As a helpful assistant, I would say that a lack of vitamin C." in text


def test_control_characters_in_answers_are_shown_as_such(run_folder: Path) -> None:
    path = run_folder / "trials" / "EXP-004" / "predictions.jsonl"
    row = {"id": "x", "question": "q", "reference": "r", "prediction": "a\x00b\x1bc\nd"}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    for written in write_report([decided(run_folder)]):
        text = without_plotly(written.read_text(encoding="utf-8"))
        assert "a\ufffdb\ufffdc" in text
        assert "\x00" not in text


def test_several_runs_make_one_comparison(run_folder: Path, tmp_path: Path) -> None:
    other = fixtures.write_run(tmp_path / "other", selection={"rule": "balanced"})
    html, markdown = write_report([decided(run_folder), decided(other)])
    assert html == tmp_path / f"comparison-{run_folder.name}-other.html"
    text = markdown.read_text(encoding="utf-8")
    assert "# Comparison: flashcards, flashcards" in text
    assert "| 4 of 8 | EXP-04 (3 Epochs) | 0.6565 |" in text
    assert "| 4 of 8 | EXP-02 | 0.6622 |" in text
    assert {n.split("-")[1] for n in plots(html.read_text(encoding="utf-8"))} == {"1", "2"}


def test_different_models_are_said_to_be_incomparable(run_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    fixtures.write_head(other, fixtures.spec())
    parameters, metrics = fixtures.flashcards_trial(fixtures.FLASHCARDS[0])
    fixtures.write_trial(other, 1, {**parameters, "model.name_or_path": "org/other"}, metrics)
    text = write_report([decided(run_folder), decided(other)])[1].read_text(encoding="utf-8")
    assert "Base models differ: compare them by Bits/Byte" in text


@pytest.mark.parametrize(("given", "written"), [("out", "out/report"), ("out/a.html", "out/a")])
def test_output_is_a_folder_or_a_file(run_folder: Path, given: str, written: str) -> None:
    base = run_folder.parent
    html, markdown = write_report([decided(run_folder)], base / given)
    assert (html, markdown) == (base / f"{written}.html", base / f"{written}.md")
    assert html.is_file()
    assert markdown.is_file()


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a run"):
        write_report([decided(tmp_path)])
    with pytest.raises(ValueError, match="at least one"):
        write_report([])


def _table(text: str, head: str) -> list[str]:
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(head))
    end = next(i for i in range(start, len(lines)) if not lines[i].startswith("|"))
    return lines[start:end]
