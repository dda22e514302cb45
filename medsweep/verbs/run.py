"""`medsweep run`: a new sweep, from the spec to its report."""

from pathlib import Path

from medsweep.options import Output, RunName, Set, Smoke, Spec, Yes


def command(
    spec: Spec,
    set_: Set = None,
    smoke: Smoke = False,
    name: RunName = None,
    output: Output = Path("runs"),
    yes: Yes = False,
) -> int:
    """Run a sweep: search, choose the best configuration, write the report."""
    from medsweep.asking import asking
    from medsweep.conduct import conduct, screen
    from medsweep.confirming import confirm_where_asked
    from sweeps.launch.kept_ray import KeptRay
    from sweeps.launch.on_ray import new_run
    from sweeps.reading.loading import load_spec

    named = [f"name={name}"] if name is not None else []
    loaded = load_spec(spec, [*(set_ or []), *named], smoke)
    folder = output / loaded.spec.name
    with screen(loaded.spec, folder) as view:
        for warning in loaded.warnings:
            view.say(f"Warning: {warning}")
        agree = asking(view, yes)

        def search_and_confirm() -> None:
            with KeptRay() as ray:
                new_run(loaded, folder, view.watch, view.say, agree, ray)
                confirm_where_asked(folder, view, ray)

        return conduct(folder, view, search_and_confirm)
