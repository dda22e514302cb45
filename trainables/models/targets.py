"""Which modules LoRA would wrap, told from tensor names alone."""

import difflib
from collections.abc import Iterable, Mapping

Shapes = Mapping[str, tuple[int, ...]]


def linear_modules(shapes: Shapes) -> dict[str, tuple[int, int]]:
    """Module path → weight shape (rows, columns) of the layers that LoRA can wrap.

    Embeddings and the output head are left out, as PEFT's "all-linear" does.
    """
    skip = ("embed", "wte", "wpe", "lm_head", "output_projection")
    return {
        name.removesuffix(".weight"): (shape[0], shape[1])
        for name, shape in shapes.items()
        if name.endswith(".weight") and len(shape) == 2 and not any(s in name for s in skip)
    }


def matching(targets: Iterable[str] | str, modules: Iterable[str]) -> dict[str, list[str]]:
    """Target → the modules it matches, by PEFT's rule: the whole path or a dotted suffix."""
    modules = list(modules)
    if targets == "all-linear":
        return {"all-linear": modules}
    return {t: [m for m in modules if m == t or m.endswith(f".{t}")] for t in targets}


def trainable_parameters(targets: Iterable[str] | str, shapes: Shapes, r: int) -> int:
    """Parameters of LoRA's A (r, in) and B (out, r) over all matched modules."""
    modules = linear_modules(shapes)
    wrapped = {m for found in matching(targets, modules).values() for m in found}
    return sum(r * sum(modules[m]) for m in wrapped)


def unmatched(targets: Iterable[str] | str, shapes: Shapes) -> list[tuple[str, str]]:
    """(target, fix) for every target that matches no module of the model."""
    modules = linear_modules(shapes)
    names = sorted({m.rsplit(".", 1)[-1] for m in modules})
    problems = []
    for target, found in matching(targets, modules).items():
        if not found:
            near = difflib.get_close_matches(target, names, n=1)
            hint = f"Did you mean `{near[0]}`? " if near else ""
            problems.append((target, f"{hint}This model has {', '.join(names)}"))
    return problems


HEAD = "lm_head"  # of tied weights no file holds it


def saved_modules(names: Iterable[str], shapes: Shapes) -> dict[str, list[str]]:
    """Name in `lora.modules_to_save` → the tensors of the modules that it ends, PEFT's rule."""
    return {
        name: [tensor for tensor in shapes if tensor.rpartition(".")[0].endswith(name)]
        for name in names
    }


def unsaved(names: Iterable[str], shapes: Shapes) -> list[tuple[str, str]]:
    """(name, fix) for every one of `lora.modules_to_save` that is no module of the model."""
    paths = {tensor.rpartition(".")[0] for tensor in shapes}
    ends = sorted({path.rpartition(".")[2] for path in paths} | {HEAD})
    known = ", ".join(ends[:20])
    return [
        (name, f"This model has {known}")
        for name, found in saved_modules(names, shapes).items()
        if not found and name != HEAD
    ]
