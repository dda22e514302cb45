"""The house itself: what imports what, how large, how quick, how complete."""

import importlib
import inspect
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import grimp
import pytest
import yaml
from pydantic import BaseModel

from cluster.targets import TARGETS
from sweeps.presets.find import presets
from sweeps.reading.effects.benchmarks import BENCHMARK_RULES
from sweeps.reading.effects.sources import SOURCE_RULES, WEIGHT_RULE
from sweeps.reading.effects.sweep import SWEEP_RULES
from sweeps.reading.effects.trials import TRIAL_RULES
from sweeps.reading.loading import load_spec
from sweeps.samplers.registry import OPTUNA, SEQUENCES
from sweeps.spec.honoured import HONOURED, PACKED_ONLY
from sweeps.spec.sections import SearchSpec, SweepSpec, TrackingConfig
from sweeps.tracking.queue import TRACKERS
from tests.medsweep.processes import COMMAND, is_quick
from trainables.data.sources.registry import SOURCES
from trainables.evaluation.benchmarks.registry import BENCHMARKS
from trainables.evaluation.metric_names import METRICS, UNSEEN
from trainables.kinds import KINDS, MEASURED_BY, PACKED, PAIRED, STAGES, TRAIN, UNTOUCHED
from trainables.staged.config import OneStage

ROOT = Path(__file__).parents[1]
PACKAGES = ("medsweep", "analysis", "sweeps", "search_spaces", "cluster", "trainables")
MEANINGLESS = {"utils", "util", "common", "helpers", "helper", "manager", "base", "misc", "core"}
HEAVY = {"torch", "transformers", "ray", "wandb", "plotly", "pandas", "datasets", "trl", "peft"}
LONGEST = 250  # lines of a module
LONGER = {
    # one state machine: its parts share every field, and are read together
    "sweeps/control/sweep.py": 289
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


def circle(graph: grimp.ImportGraph) -> list[str]:
    """Modules that import each other in a circle, the first one again at the end; [] where none
    do. Imports within functions and those for type checkers count."""
    imports = {m: graph.find_modules_directly_imported_by(m) for m in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def test_no_circle_of_imports() -> None:
    assert circle(grimp.build_graph(*PACKAGES, cache_dir=None)) == []


@pytest.mark.parametrize(
    "back",
    [
        "from walled import first",
        "def late() -> None:\n    from walled import first",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from walled.first import x",
    ],
)
def test_a_circle_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, back: str
) -> None:
    package = tmp_path / "walled"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "first.py").write_text("from walled.second import y\nx = y\n")
    (package / "second.py").write_text(f"{back}\ny = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = circle(grimp.build_graph("walled", cache_dir=None))
    assert set(found) == {"walled.first", "walled.second"}
    assert found[0] == found[-1]
    (package / "second.py").write_text("y = 1\n")
    assert circle(grimp.build_graph("walled", cache_dir=None)) == []


def test_sections_of_a_spec_load_nothing_heavy() -> None:
    code = "import json, sys, trainables.kinds; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(done.stdout))
    assert "trainables.sft.config" in loaded
    assert loaded & (HEAVY | {"bitsandbytes", "accelerate", "optuna"}) == set()


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
    outside = {"benchmarks", "conformance", "faults", "security"}
    folders = {p.relative_to(ROOT / "tests").parts[0] for p in (ROOT / "tests").glob("*/")}
    assert {f for f in folders if not f.startswith("__")} - outside <= set(PACKAGES)


# --- what a command costs ----------------------------------------------------------------------


def test_help_is_quick() -> None:
    quick, told = is_quick([*COMMAND, "--help"], dict(os.environ), 0.5)
    assert quick, told


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


@pytest.mark.parametrize("place", [*TRAIN.values(), *TRACKERS.values()])
def test_named_functions_exist(place: str) -> None:
    assert callable(_resolved(place))


@pytest.mark.parametrize("module", TARGETS.values())
def test_targets_can_connect(module: str) -> None:
    assert callable(_resolved(f"{module}:connect"))
    assert callable(_resolved(f"{module}:described"))
    assert callable(_resolved(f"{module}:devices_at_hand"))


def test_kinds_can_be_trained() -> None:
    assert set(KINDS) <= set(TRAIN)
    assert {_only(config.model_fields["kind"].annotation) for config in KINDS.values()} == set(
        KINDS
    )


def _only(annotation: Any) -> str:
    (value,) = get_args(annotation)
    return str(value)


# a field of a section → what stands behind its words, and words beside it that stand for no entry
OFFERED: dict[str, tuple[str, set[str]]] = {
    "ModelConfig.quantization": ("cluster.memory:QUANTIZED", {"none"}),
    "SourceConfig.format": ("trainables.data.formats.registry:FORMATS", set()),
    "SourceConfig.instruction": ("trainables.data.instructions.registry:INSTRUCTIONS", {"auto"}),
    "PairSourceConfig.format": ("trainables.data.pairs.registry:PAIRS", set()),
    "TrainingConfig.lr_scheduler_type": (
        "transformers.optimization:TYPE_TO_SCHEDULER_FUNCTION",
        set(),
    ),
    "RegularizerConfig.kind": ("trainables.regularizers.penalty:KINDS", set()),
    "DPOTrainingConfig.loss_type": ("trainables.dpo.losses:LOSSES", set()),
    "EvaluationConfig.metrics": (
        "trainables.evaluation.measure:TEXT_METRICS",
        {"perplexity"},  # of the validation loss, which is measured anyway
    ),
    "SearchSpec.sampler": ("sweeps.tracking.wandb_config:METHODS", set()),
    "EarlyStopping.kind": ("sweeps.early_stopping.registry:RULES", set()),
    "Selection.rule": ("analysis.selection:RULES", set()),
    "Selection.cheapest_by": ("analysis.selection.cheapness:PRICES", set()),
    "ClusterConfig.target": ("cluster.targets:TARGETS", set()),
    "LimitsConfig.keep_checkpoints": ("sweeps.run_folder.retention:KEEPS", set()),
}
# entries of a registry that a section names otherwise, or medsweep does not offer
UNNAMED = {
    "SourceConfig.instruction": set(),
    "PairSourceConfig.format": {"hpo", "toy"},  # by the prefix of `source`
    "TrainingConfig.lr_scheduler_type": {
        # they need arguments that the section has no fields for, or a metric to watch
        *("inverse_sqrt", "reduce_lr_on_plateau", "warmup_stable_decay", "greedy"),
        *("cosine_with_min_lr", "cosine_warmup_with_min_lr"),
    },
}
# words that are a choice within one function, or a library's own: there is no registry to equal
WITHIN = {
    *("ModelConfig.dtype", "ModelConfig.attn_implementation"),
    *("SourceConfig.split_limit", "PairSourceConfig.split_limit"),
    *(
        "SourceConfig.rationale",
        "DataConfig.loss_turns",
        "ConfirmConfig.vary",
        "RewardStage.start",
        "LoraConfig.target_modules",
    ),
    *("PPOTrainingConfig.kl_estimator", "GRPOTrainingConfig.loss_type"),
    *("GRPOTrainingConfig.scale_rewards", "Objective.mode", "WandbConfig.mode"),
    *("Parameter.distribution", "ClusterConfig.cpus_per_trial"),
    *("ClusterConfig.gpus_per_trial", "ClusterConfig.trials_per_gpu"),
}


def _words(annotation: Any) -> set[str]:
    """The words of every Literal in an annotation."""
    if get_origin(annotation) is Literal:
        return {word for word in get_args(annotation) if isinstance(word, str)}
    return {word for inner in get_args(annotation) for word in _words(inner)}


def _sections() -> set[type[BaseModel]]:
    """Every section of a spec of any kind."""
    found: set[type[BaseModel]] = set()
    waiting: list[type[BaseModel]] = [SweepSpec]
    while waiting:
        section = waiting.pop()
        if section not in found:
            found.add(section)
            for field in section.model_fields.values():
                waiting += [*_sections_in(field.annotation)]
    return found


def _sections_in(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _sections_in(inner)


def _written(section: type[BaseModel], field: str) -> str:
    """CLASS.FIELD of the class that defines the field first; others narrow it."""
    owners = [c for c in section.__mro__ if field in inspect.get_annotations(c)]
    return f"{owners[-1].__name__}.{field}"


def _choices() -> dict[str, set[str]]:
    """Every field of a section that offers words, but for the kind of a trial or stage."""
    found = {
        _written(section, name): _words(field.annotation)
        for section in _sections()
        for name, field in section.model_fields.items()
        if name != "kind" or len(_words(field.annotation)) > 1
    }
    return {place: words for place, words in found.items() if words}


def test_every_field_that_offers_words_is_known() -> None:
    assert set(_choices()) == {*OFFERED, *WITHIN}, "a new one needs a registry, or a reason"


@pytest.mark.parametrize("place", OFFERED)
def test_the_spec_offers_what_is_registered(place: str) -> None:
    registry, beside = OFFERED[place]
    registered = {str(getattr(name, "value", name)) for name in _resolved(registry)}
    assert _choices()[place] == (registered - UNNAMED.get(place, set())) | beside
    assert not registered & beside
    assert UNNAMED.get(place, set()) <= registered


# fields whose condition (`where`) the section itself checks, or the reward's and data's own checks
CHECKED_BY_SECTION = {
    *("LoraConfig.lora_dropout", "SourceConfig.instruction", "SourceConfig.fields"),
    *("PairSourceConfig.fields", "DataConfig.weights", "DataConfig.fold"),
    *("DPOTrainingConfig.label_smoothing", "RegularizerConfig.data", "DataConfig.loss_turns"),
    *("DataConfig.validation_seed", "PairsConfig.validation_seed"),
}


def test_who_honours_a_field_is_said_of_every_field() -> None:
    written = {_owner(section, name) for section in _sections() for name in section.model_fields}
    said = {f"{section}.{name}" for section, names in HONOURED.items() for name in names}
    assert written == said, "name the field in sweeps/spec/honoured.py"
    kinds = {
        kind for names in HONOURED.values() for where in names.values() for kind in where.kinds
    }
    assert kinds <= set(KINDS) - {"staged"}
    assert set(PACKED) - PACKED_ONLY == {"sft"}


def _owner(section: type[BaseModel], field: str) -> str:
    """CLASS.FIELD of the class that HONOURED has it under, or that defines it."""
    named = (c for c in section.__mro__ if field in HONOURED.get(c.__name__, {}))
    return f"{next(named, section).__name__}.{field}"


def test_what_must_hold_for_a_field_is_checked() -> None:
    conditional = {
        f"{section}.{name}"
        for section, names in HONOURED.items()
        for name, honoured in names.items()
        if honoured.where
    }
    rules = {
        rule.field
        for rule in (*TRIAL_RULES, *SOURCE_RULES, *BENCHMARK_RULES, *SWEEP_RULES, WEIGHT_RULE)
    }
    assert conditional == rules | CHECKED_BY_SECTION
    assert not rules & CHECKED_BY_SECTION


def test_registries_that_go_together_have_the_same_names() -> None:
    from analysis.selection import CRITERIA
    from analysis.selection import RULES as SELECTION
    from trainables.regularizers.penalty import KINDS as REGULARIZERS
    from trainables.regularizers.penalty import WEIGHED
    from trainables.rewards.config import REWARD_MODEL, RewardName
    from trainables.rewards.registry import REWARDS

    assert set(SELECTION) == set(CRITERIA)
    assert set(SEQUENCES) | set(OPTUNA) == _words(SearchSpec.model_fields["sampler"].annotation)
    assert set(SEQUENCES) & set(OPTUNA) == set()
    assert set(REGULARIZERS) >= WEIGHED
    assert {*REWARDS, "judge", REWARD_MODEL} == _words(RewardName)


def test_kinds_are_the_same_everywhere() -> None:
    from medsweep.plan_view import KINDS as TITLES
    from sweeps.readiness.predicted_memory import CALLS

    trained = set(KINDS) - {"staged"}
    assert {_only(stage.model_fields["kind"].annotation) for stage in get_args(OneStage)} == trained
    assert set(TITLES) == trained
    assert set(MEASURED_BY) <= set(UNTOUCHED) <= trained
    assert trained >= set(PACKED) >= set(CALLS)
    assert trained >= PAIRED
    for kind, names in MEASURED_BY.items():
        training: Any = KINDS[kind].model_fields["training"].annotation
        assert set(names) <= set(training.model_fields)
    for place in (*UNTOUCHED.values(), STAGES, *(f"{m}:PROGRAM" for m in PACKED.values())):
        assert _resolved(place) is not None


def test_samplers_of_optuna_can_be_made() -> None:
    assert all(callable(make(1, 3, 1).sample_independent) for make in OPTUNA.values())


def test_trackers_are_what_the_spec_offers() -> None:
    assert set(TRACKERS) == set(TrackingConfig.model_fields)


def test_sources_answer() -> None:
    for source in SOURCES.values():
        assert callable(source.fingerprint)
        assert callable(source.read)


def test_metrics_are_of_families_that_the_spec_offers() -> None:
    offered = _choices()["EvaluationConfig.metrics"]
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
