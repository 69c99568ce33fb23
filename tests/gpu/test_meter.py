"""What the engine takes of a real GPU."""

import pytest
import torch

from generation.meter import Meter


@pytest.mark.gpu
def test_memory_of_a_gpu_is_what_torch_has_reserved() -> None:
    meter = Meter()
    meter.device = torch.device("cuda")
    kept = torch.zeros(2**24, device="cuda")
    assert meter.memory_bytes() >= kept.nbytes
