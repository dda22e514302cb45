"""Advice and progress bars of libraries, where nobody reads them."""

import logging
import os
import warnings


def quiet_warnings() -> None:
    """Silence deprecation notes and missing-kernel advice that the person cannot act on."""
    warnings.filterwarnings("ignore", category=FutureWarning)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    for noisy in ("ray", "optuna", "transformers", "datasets", "bitsandbytes", "filelock"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def quiet_ray() -> None:
    """Ray's and Tune's own words of a process that died, a traceback among them: the sweep says
    which trial it was and what follows, and errors.log has the rest. Before Ray is imported."""
    os.environ.setdefault("PYTHONWARNINGS", "ignore")  # workers' advice has no reader
    os.environ.setdefault(
        "RAY_DEDUP_LOGS_SKIP_REGEX",
        "A worker died or was killed while executing|Raylet is terminated",
    )
    for name in ("ray.tune.execution.tune_controller", "ray.tune.tune"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def quiet_libraries() -> None:
    """That, and the progress bars of transformers and datasets (imports both)."""
    import datasets
    import transformers

    quiet_warnings()
    datasets.disable_progress_bars()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
