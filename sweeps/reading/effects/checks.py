"""Fields that are set, or searched, and have no effect in any trial of the sweep."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from pydantic import BaseModel

from search_spaces.distributions import Categorical, Constant, Simplex
from search_spaces.schema import field_within, get_path, in_entry, sections_of
from search_spaces.values import same_value
from sweeps.reading.document import Path, SpecFinding
from sweeps.reading.effects.benchmarks import BENCHMARK_RULES
from sweeps.reading.effects.looking import held, trainings, varies
from sweeps.reading.effects.rule import EffectRule, Look
from sweeps.reading.effects.sources import SOURCE_RULES, WEIGHT_RULE
from sweeps.reading.effects.sweep import SWEEP_RULES
from sweeps.reading.effects.trials import TRIAL_RULES
from sweeps.reading.effects.weights import only_weights
from sweeps.reading.parts import Parts
from sweeps.spec.honoured import HONOURED, PACKED_ONLY, Honoured
from sweeps.spec.sections import SweepSpec
from trainables.kinds import PACKED

ATTENTION = "model.attn_implementation"
SHARED = ("model", "lora", "evaluation")  # sections that all stages of a trial have together


class Effects(NamedTuple):
    """What must be refused, and what is only told."""

    refused: list[SpecFinding]
    warned: list[SpecFinding]


class IdleField(NamedTuple):
    """A field at a dotted path that a training does not honour, and the rule that says so."""

    path: str
    rule: EffectRule


def effects(parts: Parts, data: dict[str, Any]) -> Effects:
    """Every field that is set to something other than its default, or searched, in vain."""
    found = Effects([], [])
    for idle in (*_in_trials(parts), *_under_conditions(parts)):
        _note(found, idle.rule, *_set_in_trial(parts, idle))
    found.warned.extend(only_weights(parts))
    for rule in SWEEP_RULES:
        given = get_path(data, rule.path)
        if given is not None and rule.idle(partial(_of_sweep, data)):
            place = tuple(rule.path.split("."))
            _note(found, rule, place, given, _default(SweepSpec, rule.path), False)
    _packed_attention(found, parts, data)
    return found


def _packed_attention(found: Effects, parts: Parts, data: dict[str, Any]) -> None:
    """A pack has an attention of its own, and a spec may ask for packs."""
    size, kinds = get_path(data, "cluster.trials_per_gpu"), {k for _, k in trainings(parts)}
    if isinstance(size, int) and size > 1 and kinds <= set(PACKED) - PACKED_ONLY:
        what = f"has no effect where trials are packed (cluster.trials_per_gpu {size})"
        fix = "Remove it, or write trials_per_gpu: 1"
        rule = EffectRule(
            "ModelConfig.attn_implementation", ATTENTION, _always, what, fix, warns=True
        )
        _note(found, rule, *_set_in_trial(parts, IdleField(ATTENTION, rule)))


def _note(
    found: Effects, rule: EffectRule, place: Path, value: Any, default: Any, searched: bool
) -> None:
    """Refuse or warn, unless the value says what is so anyway."""
    said = any(same_value(value, neutral) for neutral in (default, *rule.neutral))
    if place and (searched or not said):
        what = f"{'is searched, and ' if searched else ''}{rule.what}"
        among = found.warned if rule.warns else found.refused
        among.append(SpecFinding(place, what, None if searched else value, rule.fix))


def _of_sweep(data: dict[str, Any], path: str) -> list[Any]:
    given = get_path(data, path)
    return [_default(SweepSpec, path) if given is None else given]


def _default(model: type[BaseModel], path: str, content: object = None) -> Any:
    field = field_within(model, path, content)
    return field.get_default(call_default_factory=True) if field else None


# --- trials --------------------------------------------------------------------------------------


def _set_in_trial(parts: Parts, idle: IdleField) -> tuple[Path, Any, Any, bool]:
    """The field's place in the spec, its value and default, and whether it is searched; an empty
    place where the spec does not write it."""
    path, default = idle.path, _default(parts.trial_class, idle.path, parts.trial)
    parameter = parts.parameters.get(path)
    if parameter is not None:
        place: Path = ("search", "parameters", path)
        return place, parameter.value, default, varies(parameter)
    value = get_path(parts.trial, path)
    place = tuple(int(name) if name.isdecimal() else name for name in path.split("."))
    return ("trial", *place) if value is not None else (), value, default, False


def _under_conditions(parts: Parts) -> Iterator[IdleField]:
    """Parameters that exist only under a condition, and under it have no effect."""
    for path, parameter in parts.parameters.items():
        if parameter.when:
            within = replace(parts, parameters={**parts.parameters, **held(parts, path)})
            yield from (idle for idle in _in_trials(within) if idle.path == path)


def _in_trials(parts: Parts) -> Iterator[IdleField]:
    """Fields that no training of a trial honours: what stages share counts where one does."""
    of_all: dict[str, list[EffectRule | None]] = defaultdict(list)
    for prefix, kind in trainings(parts):
        own: dict[str, EffectRule | None] = {}
        for path, rule, look in _rules(parts, prefix, kind):
            own[path] = own.get(path) or (rule if rule.idle(look) else None)
        for path, found in own.items():
            of_all[path].append(found)
    for path, rules in of_all.items():
        if rules[0] is not None and None not in rules:
            yield IdleField(path, rules[0])


def _rules(parts: Parts, prefix: str, kind: str) -> Iterator[tuple[str, EffectRule, Look]]:
    """Each rule that concerns a training, the path of its field, and its view of the trials."""
    look = partial(_values, parts, prefix)
    for rule in (*TRIAL_RULES, *_of_kind(kind)):
        yield from _named(parts, _absolute(prefix, rule.path), rule, look)
    data = f"{prefix}data"
    for base in (data, *_entries(parts, f"{data}.mixture"), *_entries(parts, f"{data}.unseen")):
        for rule in SOURCE_RULES:
            below = partial(_below, parts, base)
            yield from _named(parts, f"{base}.{rule.path}", rule, below)
    for base in _entries(parts, f"{data}.mixture"):
        whole = partial(_below, parts, data)
        yield from _named(parts, f"{base}.{WEIGHT_RULE.path}", WEIGHT_RULE, whole)
    for base in _entries(parts, "evaluation.benchmarks"):
        for rule in BENCHMARK_RULES:
            yield from _named(parts, f"{base}.{rule.path}", rule, partial(_below, parts, base))


def _named(
    parts: Parts, path: str, rule: EffectRule, look: Look
) -> Iterator[tuple[str, EffectRule, Look]]:
    """The rule, where the path leads to the very field that it is about."""
    if _class_and_field(parts, path) == rule.field:
        yield path, rule, look


def _class_and_field(parts: Parts, path: str) -> str | None:
    """CLASS.FIELD of the class that `HONOURED` has the field under."""
    model, inner = in_entry(parts.trial_class, path, parts.trial)
    *above, name = inner.split(".")
    for section in above:
        field = model.model_fields.get(section)
        models = sections_of(field.annotation) if field else ()
        if len(models) != 1:
            return None
        model = models[0]
    for owner in model.__mro__:
        if name in HONOURED.get(owner.__name__, {}):
            return f"{owner.__name__}.{name}"
    return None


def _of_kind(kind: str) -> Iterator[EffectRule]:
    """Rules that follow from the kinds and engines that `HONOURED` names. What no training of a
    kind may say, its own section refuses; what is left of `training` is `bf16: false`, a warning.
    """
    sections = {"model": "ModelConfig", "lora": "LoraConfig", "evaluation": "EvaluationConfig"}
    sections["training"] = "TrainingConfig"
    for name, section in sections.items():
        for field, honoured in HONOURED[section].items():
            if honoured.kinds or honoured.isolated:
                reason, path = _unhonoured(honoured, kind), f"{name}.{field}"
                idle = partial(_is_idle, reason)
                told = name == "training"
                yield EffectRule(f"{section}.{field}", path, idle, reason or "", "Remove it", told)


def _always(look: Look) -> bool:
    return True


def _is_idle(reason: str | None, look: Look) -> bool:
    return reason is not None


def _unhonoured(honoured: Honoured, kind: str) -> str | None:
    if honoured.kinds and kind not in honoured.kinds:
        return f"has no effect in trials of kind {kind}, only in {', '.join(honoured.kinds)}"
    if honoured.isolated and kind in PACKED_ONLY:
        return f"has no effect in the packed engine, which trains kind {kind}"
    return None


def _absolute(prefix: str, path: str) -> str:
    return path if path.partition(".")[0] in SHARED else f"{prefix}{path}"


def _entries(parts: Parts, path: str) -> list[str]:
    """The paths of a list's entries that are sections; benchmarks may be names alone."""
    written = get_path(parts.trial, path)
    found = enumerate(written) if isinstance(written, list) else ()
    return [f"{path}.{number}" for number, entry in found if isinstance(entry, dict)]


def _below(parts: Parts, base: str, path: str) -> list[Any] | None:
    return _values(parts, "", f"{base}.{path}")


def _values(parts: Parts, prefix: str, path: str) -> list[Any] | None:
    """As `Look`: [None] where the trial has no such field."""
    path = _absolute(prefix, path)
    names = path.split(".")
    above = {".".join(names[:depth]) for depth in range(1, len(names))}
    if above & set(parts.parameters) or any(p.startswith(f"{path}.") for p in parts.parameters):
        return None
    own = get_path(parts.trial, path)
    if own is None:
        own = _default(parts.trial_class, path, parts.trial)
    parameter = parts.parameters.get(path)
    if parameter is None:
        return [own]
    if parameter.times is not None:
        return None
    conditional = [own] if parameter.when else []
    match parameter.to_distribution():
        case Categorical(values):
            return [*values, *conditional]
        case Constant(value):
            return [value, *conditional]
        case Simplex(components):
            return [dict.fromkeys(components, 1.0), *conditional]
    return None
