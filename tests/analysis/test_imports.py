"""Reading and choosing stay light: the command line imports them."""

import subprocess
import sys

HEAVY = "plotly optuna torch transformers ray wandb pandas scipy"


def test_importing_the_analysis_loads_nothing_heavy() -> None:
    modules = "analysis, analysis.selection, analysis.best, analysis.report, analysis.export"
    code = (
        f"import sys, {modules}, analysis.study, analysis.tables; "
        f"print([m for m in '{HEAVY}'.split() if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
