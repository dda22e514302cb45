"""The spec of a sweep: what the YAML file says, typed and frozen. `sweeps.reading` reads it."""

from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import Field, create_model, model_validator

from cluster.config import ClusterConfig
from search_spaces.parameters import Parameter
from sweeps.spec.bounds import FORM, Bound, bound
from sweeps.spec.confirm import ConfirmConfig
from trainables.kinds import KINDS, AnyTrial
from trainables.section import Section, refused

Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Objective(Section):
    """A metric to optimise and its direction."""

    metric: str
    mode: Literal["min", "max"]


class EarlyStopping(Section):
    """Which trials are stopped before their end, judged at equal progress (0..1)."""

    kind: Literal["asha", "median"]
    metric: str | None = None  # null: the objective; must be named with several objectives
    reduction_factor: int = Field(2, ge=2)  # asha: one in so many goes on at each rung
    grace: float = Field(0.25, gt=0, lt=1)  # progress before which nothing is stopped
    min_trials: int = Field(3, ge=1)  # median: finished values needed at a rung before judging


Rule = Literal["objective", "balanced", "weighted", "lexicographic", "one_standard_error", "knee"]


class Selection(Section):
    """How the best configuration is chosen among complete trials."""

    rule: Rule = "objective"
    # balanced: ranks are averaged over these; lexicographic: the first decides, then the next
    metrics: tuple[str, ...] = ("val_loss", "rouge1", "bleu")
    weights: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)  # weighted
    # lexicographic: how far from the best of a metric counts as equal to it, in its unit
    tolerances: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    # one_standard_error: what the cheapest costs least of
    cheapest_by: Literal["trainable_parameters", "memory", "minutes"] = "trainable_parameters"
    constraints: tuple[str, ...] = ()  # bounds that a trial must keep to be chosen
    # bounds that the chosen trial is reported to have met, not met, or neither for sure
    targets: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _bounds_can_be_read(self) -> Self:
        for name, texts in (("constraints", self.constraints), ("targets", self.targets)):
            for index, text in enumerate(texts):
                try:
                    bound(text)
                except ValueError:
                    raise refused(f"{name}.{index}", text, "is no bound", f"Write {FORM}") from None
        return self

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """The constraints, read."""
        return tuple(map(bound, self.constraints))

    @property
    def aims(self) -> tuple[Bound, ...]:
        """The targets, read."""
        return tuple(map(bound, self.targets))

    @property
    def ranked(self) -> tuple[str, ...]:
        """The metrics that the rule compares besides the objectives, the first one first."""
        if self.rule == "weighted":
            return tuple(self.weights)
        return self.metrics if self.rule in ("balanced", "lexicographic") else ()


PER_TOKEN = ("val_loss", "perplexity")  # a token of one tokenizer is not one of another
ACROSS_MODELS = Objective(metric="bits_per_byte", mode="min")  # bits a byte of text


class SearchSpec(Section):
    """What varies, how it is sampled, and what is sought."""

    parameters: dict[str, Parameter] = Field(default_factory=dict)
    baselines: dict[str, dict[str, Any]] = Field(default_factory=dict)
    objective: Objective | tuple[Objective, ...] = Objective(metric="val_loss", mode="min")
    sampler: Literal["tpe", "random", "grid", "qmc", "gp", "cmaes"] = "tpe"
    seed: int = Field(0, ge=0, lt=2**31)
    early_stopping: EarlyStopping | None = None
    selection: Selection = Selection()
    num_trials: int = Field(10, ge=1, le=1_000_000)  # with `seeds`: configurations
    # each configuration is trained with these seeds, or with so many from the trial's own on
    seeds: Annotated[int, Field(ge=1, le=100)] | tuple[Seed, ...] | None = Field(
        None, exclude_if=lambda seeds: seeds is None
    )

    @property
    def trainings(self) -> int:
        """How many trials there are in all: with `seeds` one a configuration and seed."""
        return self.num_trials * (len(self.seeds) if isinstance(self.seeds, tuple) else 1)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The objectives as the sampler, early stopping and the report compare them."""
        return self.compared(self.written_objectives)

    @property
    def written_objectives(self) -> tuple[Objective, ...]:
        """The objectives as written, in a tuple whichever way that was."""
        return self.objective if isinstance(self.objective, tuple) else (self.objective,)

    def compared(self, sought: Iterable[Objective]) -> tuple[Objective, ...]:
        """What stands for these metrics where trials are compared, each once.

        Where several base models are searched, a loss per token means something else for each
        tokenizer: bits per byte stand in for it.
        """
        several = self.several_models
        replaced = (ACROSS_MODELS if several and o.metric in PER_TOKEN else o for o in sought)
        return tuple(dict.fromkeys(replaced))

    @property
    def several_models(self) -> bool:
        """Whether the search can train more than one base model: by its parameters, which may be
        whole `model` sections, and by what baselines name."""
        names = self._values_of("model.name_or_path")
        wholes = [section for section in self._values_of("model") if isinstance(section, dict)]
        return len({str(name) for name in [*names, *(m.get("name_or_path") for m in wholes)]}) > 1

    def _values_of(self, path: str) -> list[Any]:
        """The values of a searched field, those that baselines alone name included."""
        if path not in self.parameters:
            return []
        named = [baseline[path] for baseline in self.baselines.values() if path in baseline]
        return [*self.parameters[path].to_distribution().probes(), *named]


class WandbConfig(Section):
    """Weights & Biases: a run a trial, grouped by sweep."""

    project: str = "medsweep"
    entity: str | None = None
    mode: Literal["offline", "online", "disabled"] = "offline"
    log_adapter: bool = False  # upload each trial's adapter as an artifact


class TrackingConfig(Section):
    """Trackers besides the run folder's own JSONL, which is always written."""

    wandb: WandbConfig | None = None
    tensorboard: bool = False


KeepCheckpoints = Literal["newest", "none", "all"]


class LimitsConfig(Section):
    """What a sweep puts up with: deaths, silence, disk that it takes, rows that filters take."""

    retries: int = Field(1, ge=0, le=100)  # of a trial whose worker died, not of one that raised
    # without a sign of life; null: by a trial's own pace (`failures.hangs`), ten at least
    hang_minutes: float | None = Field(None, gt=0, le=100_000)
    # after SIGTERM or SIGUSR1, for running trials to write checkpoints; 0: none are asked for
    grace_seconds: float = Field(20, ge=0, le=3600)
    disk_gb: float | None = Field(None, gt=0)  # 1e9 bytes of the run folder; null: what is free
    # what stays of the checkpoint of a trial that is complete or stopped: see `retention.settle`
    keep_checkpoints: KeepCheckpoints = "newest"
    # what asks for a yes before training: see `readiness.brake`
    max_lost_rows: float = Field(0.5, ge=0, le=1)  # the share of rows that filters took
    min_training_rows: int = Field(30, ge=1)


class SweepSpec(Section):
    """A whole sweep."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    trial: AnyTrial
    search: SearchSpec = SearchSpec()
    cluster: ClusterConfig = ClusterConfig()
    tracking: TrackingConfig = TrackingConfig()
    limits: LimitsConfig = LimitsConfig()
    # null: the search alone; `medsweep confirm RUN` confirms it at any time
    confirm: ConfirmConfig | None = Field(None, exclude_if=lambda section: section is None)
    # overrides that `--smoke` applies: dotted path → value, as `--set` takes them
    smoke: dict[str, Any] = Field(default_factory=dict)


@cache
def spec_class(kind: str) -> type[SweepSpec]:
    """The spec of a sweep over trials of this kind: it knows the fields of no other."""
    return create_model("SweepSpec", __base__=SweepSpec, trial=(KINDS[kind], ...))


# sections of the design whose machinery does not exist yet: refused, never ignored
NOT_YET: dict[str, str] = {
    "budget": "a limit on the sweep's hours",
}
