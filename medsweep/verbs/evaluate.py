"""`medsweep evaluate`: benchmarks of any model, outside any sweep."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="Hub name, folder, pypi:… or toy:llama.")
    ] = None,
    benchmarks: Annotated[
        str, typer.Option("--benchmarks", metavar="A,B,…", help="See docs/evaluation.md.")
    ] = "",
    adapter: Annotated[
        Path | None, typer.Option("--adapter", metavar="DIR", help="A PEFT adapter's folder.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The results file.")
    ] = Path("evaluation.json"),
    limit: Annotated[int | None, typer.Option(min=1, help="Questions a benchmark.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Local copies, as published.")
    ] = None,
    measures: Annotated[
        str, typer.Option("--measures", metavar="A,B,…", help="Default: each benchmark's own.")
    ] = "",
    quantization: Annotated[str, typer.Option(help="nf4, int8 or none.")] = "none",
    dtype: Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16.")] = "auto",
    revision: Annotated[str | None, typer.Option(help="Of a hub model.")] = None,
    system_prompt: Annotated[
        str | None,
        typer.Option(help="Opens every conversation; default: what the model was trained with."),
    ] = None,
    batch_tokens: Annotated[int, typer.Option(min=1, help="Tokens of one call.")] = 4096,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Of a generated answer.")] = 64,
    few_shot: Annotated[int, typer.Option(min=0, help="Examples before each question.")] = 0,
    samples: Annotated[int, typer.Option(min=1, help="Above 1: self-consistency.")] = 1,
    letters: Annotated[
        bool, typer.Option("--letters", help="Score the options' letters alone.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of limits, examples and samples.")] = 42,
    endpoint: Annotated[
        str | None,
        typer.Option(metavar="URL", help="An OpenAI-compatible server; key: OPENAI_API_KEY."),
    ] = None,
    model_name: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="The endpoint's model.")
    ] = None,
) -> int:
    """Measure a model by benchmarks; killed and started again, it goes on."""
    from analysis.system_prompt import asked_with
    from medsweep.evaluation_view import EvaluationView
    from sweeps.quiet import quiet_libraries
    from trainables.evaluation.benchmarks.evaluate import Request, evaluate
    from trainables.evaluation.benchmarks.request import configs, model_config, named_endpoint

    shared = {
        "limit": limit,
        "few_shot": few_shot,
        "samples": samples,
        "letters": letters,
        "max_new_tokens": max_new_tokens,
        "seed": seed,
    }
    prompt = asked_with(system_prompt, adapter, None if endpoint else model)
    request = Request(
        benchmarks=configs(benchmarks, measures, endpoint is not None, shared),
        output=output,
        model=None if endpoint else model_config(model, revision, quantization, dtype),
        adapter=adapter,
        endpoint=endpoint,
        endpoint_model=named_endpoint(endpoint, model_name or model),
        data=data,
        system_prompt=prompt,
        max_batch_tokens=batch_tokens,
    )
    quiet_libraries()
    if prompt and system_prompt is None:
        from medsweep.terminal import say

        say(f"Asking with the system prompt that it was trained with: {prompt}")
    with EvaluationView() as view:
        found = evaluate(request, view.say, view.progress)
    view.show(found, output)
    return 0
