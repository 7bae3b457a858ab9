import pytest
import torch

from cleanplate_training.engine import launch
from cleanplate_training.recipe import Train


@pytest.mark.parametrize(
    ("capabilities", "precision"),
    [
        ({"avx2": True}, "32-true"),
        ({"avx512_f": True, "avx512_bf16": True}, "bf16-mixed"),
        ({"amx_bf16": True}, "bf16-mixed"),
    ],
)
def test_automatic_precision_is_bfloat16_only_where_the_processor_has_it(capabilities, precision, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    fabric = launch(Train(steps=1, precision="auto"), device="cpu")
    assert fabric._precision.precision == precision
