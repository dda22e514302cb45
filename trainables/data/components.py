"""The data sets of a data section: one, or those of a mixture, each as a section of its own."""

from trainables.data.config import Component, DataConfig, SourceConfig
from trainables.data.formats.registry import FORMATS

SHARED = (
    *("cleaning", "seed", "split", "validation_seed", "folds", "fold"),
    *("system_prompt", "loss_turns"),
)


def components_of(config: DataConfig) -> dict[str, DataConfig]:
    """Each component's section by its name; a single source has the name ""."""
    if config.mixture is None:
        return {"": config}
    return {component.label: _whole(component, config) for component in config.mixture}


def weights_of(config: DataConfig) -> dict[str, float] | None:
    """The components' weights as given; None where every row is taken once."""
    if config.weights is not None:
        return dict(config.weights)
    given = {c.label: c.weight for c in config.mixture or () if c.weight is not None}
    return given or None


def private_components(config: DataConfig) -> frozenset[str]:
    """The names of components whose rows must not be stored or shown; "" of a single source, and of
    rows that a whole mixture keeps apart."""
    found = {name for name, part in components_of(config).items() if is_private(part)}
    apart = config.mixture and (config.validation is not None or config.test is not None)
    if apart and (found or is_private(config)):
        found.add("")  # rows of the whole, which may be of that component
    return frozenset(found)


def is_private(config: SourceConfig) -> bool:
    """Whether the section, or the format by itself, is private."""
    return config.private or (config.format is not None and FORMATS[config.format].private)


def _whole(component: Component, config: DataConfig) -> DataConfig:
    own = {name: getattr(component, name) for name in SourceConfig.model_fields}
    return DataConfig(**own, **{name: getattr(config, name) for name in SHARED})
