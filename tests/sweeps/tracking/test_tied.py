"""W&B is shown the products of a parameter that is a multiple of another."""

from sweeps.tracking.wandb_config import sweep_parameters


def test_a_multiple_is_the_range_of_its_products() -> None:
    found = sweep_parameters(
        {
            "lora.r": {"values": [8, 16]},
            "lora.lora_alpha": {"times": "lora.r", "values": [1, 4]},
            "training.weight_decay": {"times": "lora.lora_alpha", "value": 0.5},
        }
    )
    assert found["lora.lora_alpha"] == {"distribution": "uniform", "min": 8.0, "max": 64.0}
    assert found["training.weight_decay"] == {"distribution": "uniform", "min": 4.0, "max": 32.0}
