"""The house itself: what imports what, how large, how quick, how complete."""

import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from cluster.config import ClusterConfig
from cluster.targets import TARGETS
from sweeps.early_stopping.registry import RULES
from sweeps.presets.find import presets
from sweeps.reading.loading import load_spec
from sweeps.samplers.registry import OPTUNA, SEQUENCES
from sweeps.spec.sections import EarlyStopping, SearchSpec, TrackingConfig
from sweeps.tracking.queue import TRACKERS
from tests.medsweep.processes import COMMAND, processor_seconds
from trainables.data.sources.registry import SOURCES
from trainables.evaluation.benchmarks.registry import BENCHMARKS
from trainables.evaluation.config import EvaluationConfig
from trainables.evaluation.measure import TEXT_METRICS
from trainables.evaluation.metric_names import METRICS, UNSEEN
from trainables.kinds import KINDS, TRAIN
from trainables.regularizers.config import RegularizerConfig

ROOT = Path(__file__).parents[1]
PACKAGES = ("medsweep", "analysis", "sweeps", "search_spaces", "cluster", "trainables")
MEANINGLESS = {"utils", "util", "common", "helpers", "helper", "manager", "base", "misc", "core"}
HEAVY = {"torch", "transformers", "ray", "wandb", "plotly", "pandas", "datasets", "trl", "peft"}
LONGEST = 250  # lines of a module
LONGER = {
    # one state machine: its parts share every field, and are read together
    "sweeps/control/sweep.py": 297
}


def modules(*packages: str) -> list[Path]:
    return [path for name in packages for path in sorted((ROOT / name).rglob("*.py"))]


def texts() -> Iterable[tuple[str, str]]:
    """Every text file that git tracks or would, by its path."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix not in {".png", ".gz", ".safetensors"}:
            yield name, path.read_text(encoding="utf-8")


# --- layers ------------------------------------------------------------------------------------


def test_imports_point_one_way() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    contracts = _pyproject()["tool"]["importlinter"]["contracts"]
    assert f"Contracts: {len(contracts)} kept, 0 broken" in done.stdout


def test_module_names_say_something() -> None:
    nameless = [str(p) for p in modules(*PACKAGES) if p.stem.strip("_") in MEANINGLESS]
    assert nameless == []


def test_every_room_says_what_it_is_for() -> None:
    rooms = [path.parent for path in modules(*PACKAGES) if path.name == "__init__.py"]
    silent = [
        str(room) for room in rooms if not (room / "__init__.py").read_text().startswith('"""')
    ]
    assert silent == [], "say in the __init__.py what the room is for"
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.split("## Where is what")[1].split("\n## ")[0]
    listed = set(re.findall(r"`([\w/]+)/`(?=[^|]*\|[^|]+\|$)", table, re.MULTILINE))
    near = {str(r.relative_to(ROOT)) for r in rooms if len(r.relative_to(ROOT).parts) < 3}
    assert near == listed, "a line in CONTRIBUTING.md, under `Where is what`"


def test_modules_are_short() -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules(*PACKAGES)
    }
    assert {p: n for p, n in sizes.items() if n > LONGER.get(p, LONGEST)} == {}
    assert [path for path in LONGER if sizes.get(path, 0) <= LONGEST] == [], "no longer needed"


def test_tests_have_the_shape_of_the_code() -> None:
    outside = {"benchmarks", "conformance"}
    folders = {p.relative_to(ROOT / "tests").parts[0] for p in (ROOT / "tests").glob("*/")}
    assert {f for f in folders if not f.startswith("__")} - outside <= set(PACKAGES)


# --- what a command costs ----------------------------------------------------------------------


def test_help_is_quick() -> None:
    costs = [processor_seconds([*COMMAND, "--help"], dict(os.environ))[0] for _ in range(3)]
    assert min(costs) < 0.5, costs


@pytest.mark.parametrize(
    ("arguments", "also"),
    [
        (["--help"], {"optuna", "numpy", "scipy", "pydantic"}),
        (["run", "--help"], {"optuna", "numpy", "scipy"}),
        (["presets"], {"optuna", "numpy", "scipy"}),
        (["schema"], {"optuna"}),
        (["run", "toy", "--set", "search.num_trials=0"], {"optuna"}),
        (["plan", "toy"], set()),
        (["plan", "toy", "--set", "search.sampler=gp"], set()),
    ],
)
def test_what_is_not_imported(arguments: list[str], also: set[str], tmp_path: Path) -> None:
    code = (
        "import sys, json\n"
        "from medsweep.main import run_app\n"
        f"run_app({arguments!r})\n"
        "sys.stderr.write('LOADED ' + json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"MEDSWEEP_CACHE": str(tmp_path), "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "LOADED " in done.stderr, done.stderr
    loaded = set(json.loads(done.stderr.split("LOADED ")[1]))
    assert "medsweep.main" in loaded
    assert loaded & (HEAVY | also) == set()


# --- registries --------------------------------------------------------------------------------


def _resolved(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def _literals(model: Any, field: str) -> set[str]:
    annotation = model.model_fields[field].annotation
    return {a for a in get_args(annotation) if isinstance(a, str)}


@pytest.mark.parametrize("place", [*TRAIN.values(), *TRACKERS.values()])
def test_named_functions_exist(place: str) -> None:
    assert callable(_resolved(place))


@pytest.mark.parametrize("module", TARGETS.values())
def test_targets_can_connect(module: str) -> None:
    assert callable(_resolved(f"{module}:connect"))


def test_kinds_can_be_trained() -> None:
    assert set(KINDS) <= set(TRAIN)
    assert {_only(config.model_fields["kind"].annotation) for config in KINDS.values()} == set(
        KINDS
    )


def _only(annotation: Any) -> str:
    (value,) = get_args(annotation)
    return str(value)


def test_samplers_are_what_the_spec_offers() -> None:
    assert set(SEQUENCES) | set(OPTUNA) == _literals(SearchSpec, "sampler")
    assert set(SEQUENCES) & set(OPTUNA) == set()
    assert all(callable(make(1, 3, 1).sample_independent) for make in OPTUNA.values())


def test_stopping_rules_are_what_the_spec_offers() -> None:
    assert set(RULES) == _literals(EarlyStopping, "kind")


def test_every_regularizer_is_registered() -> None:
    from trainables.regularizers.penalty import KINDS as REGULARIZERS
    from trainables.regularizers.penalty import WEIGHED

    assert set(REGULARIZERS) == _literals(RegularizerConfig, "kind")
    assert set(REGULARIZERS) >= WEIGHED


def test_targets_are_what_the_spec_offers() -> None:
    assert set(TARGETS) == _literals(ClusterConfig, "target")


def test_trackers_are_what_the_spec_offers() -> None:
    assert set(TRACKERS) == set(TrackingConfig.model_fields)


def test_sources_answer() -> None:
    for source in SOURCES.values():
        assert callable(source.fingerprint)
        assert callable(source.read)


def test_metric_families_are_what_the_spec_offers() -> None:
    (item, _) = get_args(EvaluationConfig.model_fields["metrics"].annotation)
    offered = set(get_args(item))
    assert offered == {*TEXT_METRICS, "perplexity"}
    of_benchmarks = {f"{b}_{m}" for b, about in BENCHMARKS.items() for m in about.measures}
    families = {f for metric in METRICS.values() for f in metric.families}
    assert families == offered | of_benchmarks | {UNSEEN}


@pytest.mark.parametrize("name", presets())
def test_presets_load(name: str) -> None:
    spec = load_spec(name).spec
    assert spec.name == name
    assert list(spec.search.baselines), "a sweep without a baseline compares with nothing"


# --- packaging ---------------------------------------------------------------------------------


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_package_is_in_the_wheel() -> None:
    listed = _pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    beside = {"tests", "benchmarks"}
    found = {p.parent.name for p in ROOT.glob("[a-z]*/__init__.py")} - beside
    assert sorted(listed) == sorted(found) == sorted(PACKAGES)
    inner = [p.parent for p in modules(*PACKAGES) if not (p.parent / "__init__.py").exists()]
    assert inner == [], "packages without __init__.py"


def test_every_version_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][\w.]*", pin)] == []
    pinned = {_plain(pin.split("==")[0]) for pin in pins}
    project = _pyproject()["project"]
    wanted = sum(project["optional-dependencies"].values(), project["dependencies"])
    names = {_plain(str(re.match(r"[A-Za-z0-9._-]+", w)[0])) for w in wanted}  # type: ignore[index]
    assert names - pinned == set()
    assert "torch==2.13.0" in pins


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_hooks_are_this_project_s_own() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in hooks["repos"]] == ["local"]
    entries = [hook["entry"].split()[0] for repo in hooks["repos"] for hook in repo["hooks"]]
    assert sorted({Path(entry).name for entry in entries}) == ["lint-imports", "mypy", "ruff"]


def test_nothing_names_a_machine() -> None:
    # whoever clones this has other folders, and another package index or none
    own = re.compile(
        r"(?<![\w.])/(?:work|root)/|\.library/|artifactory|devpi",
        re.IGNORECASE,
    )
    here = Path(__file__).relative_to(ROOT)
    found = {name: own.findall(text) for name, text in texts() if name != str(here)}
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_the_wheel_holds_what_is_read_at_run_time(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--wheel-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        str(path.relative_to(ROOT))
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted - held == set()
    assert {"sweeps/presets/toy.yaml", "analysis/report/template.html.j2"} <= held
    assert any(name.endswith("entry_points.txt") for name in held)
    assert [name for name in held if name.startswith(("tests/", "benchmarks/"))] == []
