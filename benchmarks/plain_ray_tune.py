"""The sweep as it is written today: Ray Tune and TRL by hand, a fresh process a trial.

It uses nothing of medsweep. Each trial imports its libraries, loads model and data, tokenises,
trains a LoRA adapter with TRL's SFTTrainer, evaluates through the Trainer and saves the adapter
once. Where the setting says `asha`, Tune's ASHA stops trials after a quarter and a half of their
steps. `python -m benchmarks.plain_ray_tune SETTING.json FOLDER` writes FOLDER/result.json, a row a
trial; `overhead.py` and `time_to_best.py` run it and write the setting.
"""

from __future__ import annotations  # the workers get `train` without the names of this module

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

JSON = dict[str, Any]


def train(config: JSON, setting: JSON) -> None:
    """One trial, in a process of its own; its last report holds `train` and `evaluate` seconds."""
    import datasets
    import peft
    import torch
    import transformers
    import trl
    from ray import tune

    spent = {"train": 0.0, "evaluate": 0.0}
    measured: dict[str, float] = {}

    class Clock(transformers.TrainerCallback):  # type: ignore[misc]
        """Times the optimizer steps, and reports each evaluation."""

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self.begun = time.monotonic()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            spent["train"] += time.monotonic() - self.begun

        def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            measured["val_loss"] = kwargs["metrics"]["eval_loss"]
            tune.report({"step": state.global_step, **measured})

    class Trainer(trl.SFTTrainer):  # type: ignore[misc]
        """SFTTrainer with a clock around its evaluation."""

        def evaluation_loop(self, *args: Any, **kwargs: Any) -> Any:
            begun = time.monotonic()
            output = super().evaluation_loop(*args, **kwargs)
            spent["evaluate"] += time.monotonic() - begun
            return output

    folder = setting["model"]
    dtype = getattr(torch, setting["dtype"])
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    on_gpu = torch.cuda.is_available()
    with tempfile.TemporaryDirectory() as scratch:
        rows = datasets.load_dataset("json", data_files=setting["data"], cache_dir=scratch)
        arguments = trl.SFTConfig(
            **setting["training"],
            seed=config["training.seed"],
            learning_rate=config["training.learning_rate"],
            output_dir=scratch,
            eval_strategy="steps",
            eval_steps=setting["training"]["max_steps"] // 4,
            logging_strategy="no",
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=not on_gpu,
            dataloader_pin_memory=on_gpu,
        )
        trainer = Trainer(
            model=model,
            processing_class=transformers.AutoTokenizer.from_pretrained(folder),
            args=arguments,
            train_dataset=rows["train"],
            eval_dataset=rows["validation"],
            peft_config=peft.LoraConfig(
                task_type="CAUSAL_LM", r=config["lora.r"], **setting["lora"]
            ),
            callbacks=[Clock()],
        )
        trainer.train()
        trainer.save_model(f"{scratch}/adapter")
        final = {"step": trainer.state.global_step, **measured, "spent": spent}
        tune.report(final, checkpoint=tune.Checkpoint.from_directory(f"{scratch}/adapter"))


def sweep(setting: JSON, folder: Path) -> list[JSON]:
    """Run `setting["points"]` in their order; a row a trial, in the order of their starts."""
    import ray
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler
    from ray.tune.search.optuna import OptunaSearch

    started: dict[str, float] = {}
    ended: dict[str, float] = {}
    reports: dict[str, list[JSON]] = {}

    class Times(tune.Callback):  # type: ignore[misc]
        """Notes when each trial started, reported and ended."""

        def on_trial_start(self, iteration: int, trials: Any, trial: Any, **_: Any) -> None:
            started[trial.trial_id] = time.monotonic()
            reports[trial.trial_id] = []

        def on_trial_result(
            self, iteration: int, trials: Any, trial: Any, result: JSON, **_: Any
        ) -> None:
            seen = {"at": time.monotonic(), "val_loss": result["val_loss"]}
            reports[trial.trial_id].append(seen)

        def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **_: Any) -> None:
            ended[trial.trial_id] = time.monotonic()

    points = [{"training.seed": 42, **point} for point in setting["points"]]
    steps = setting["training"]["max_steps"]
    asha = ASHAScheduler(
        time_attr="step",
        metric="val_loss",
        mode="min",
        max_t=steps,
        grace_period=steps // 4,
        reduction_factor=2,
    )
    gpus = setting["gpus"]
    space = {
        "lora.r": tune.choice(sorted({point["lora.r"] for point in points})),
        "training.learning_rate": tune.loguniform(1e-6, 1.0),
        "training.seed": tune.choice(sorted({point["training.seed"] for point in points})),
    }
    search = OptunaSearch(metric="val_loss", mode="min", points_to_evaluate=points)
    ray.init(
        num_cpus=setting.get("total_cpus", setting["cpus"]),
        num_gpus=setting.get("total_gpus", gpus),
        include_dashboard=False,
        log_to_driver=False,
        _temp_dir=str(folder / "ray"),
    )
    tuner = tune.Tuner(
        tune.with_resources(
            tune.with_parameters(train, setting=setting), {"cpu": setting["cpus"], "gpu": gpus}
        ),
        param_space=space,
        tune_config=tune.TuneConfig(
            search_alg=search,
            num_samples=len(points),
            max_concurrent_trials=setting.get("side_by_side", 1),
            scheduler=asha if setting.get("asha") else None,
        ),
        run_config=tune.RunConfig(
            name="plain", storage_path=str(folder / "tune"), verbose=0, callbacks=[Times()]
        ),
    )
    rows = [
        {
            "started": started[result.metrics["trial_id"]],
            "ended": ended[result.metrics["trial_id"]],
            "parameters": {n: result.config[n] for n in setting["points"][0]},
            "steps": result.metrics["step"],
            "val_loss": result.metrics["val_loss"],
            "reports": reports[result.metrics["trial_id"]],
            "busy": sum(result.metrics.get("spent", {}).values()),  # none where stopped early
        }
        for result in tuner.fit()
    ]
    ray.shutdown()
    return sorted(rows, key=lambda row: row["started"])


def main() -> None:
    """Read the setting, run the sweep, write the rows."""
    setting, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    (folder / "result.json").write_text(json.dumps(sweep(setting, folder)))


if __name__ == "__main__":
    main()
