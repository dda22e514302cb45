"""What the stages of a trial need of the base model besides their own trainings."""

from trainables.evaluation.measure import losses_elsewhere
from trainables.models.adapters import adapted, export, restore
from trainables.models.load import device_now, load_base
from trainables.saved import SavedAdapter
from trainables.staged.stage import StageContext
from trainables.training.config import SingleTrial


def losses_of(trial: SingleTrial, stage: StageContext) -> dict[str, float]:
    """The losses of a stage's policy on the validation rows of the other stages, where its kind has
    not measured them itself; {} for a stage that leaves the policy as it was."""
    assert trial.lora is not None, "stages carry an adapter on"
    if not stage.trains_policy or stage.measured_elsewhere or stage.policy is None:
        return {}
    base = load_base(trial.model, device_now())
    with adapted(base, trial.lora, trial.training.seed) as model:
        restore(model, stage.policy)
        model.eval()
        found = losses_elsewhere(model, stage.prepared.elsewhere, trial.evaluation)
    losses: dict[str, float] = found.get("val_losses", {})
    return losses


def fresh_policy(trial: SingleTrial) -> bytes:
    """The adapter that a trial begins with by itself: where no stage before has trained one."""
    assert trial.lora is not None, "stages carry an adapter on"
    base = load_base(trial.model, device_now())
    with adapted(base, trial.lora, trial.training.seed) as model:
        made: SavedAdapter = export(model)
    return made.weights
