import pytest
import torch
from torch import Tensor

from generation.samplers import NAMES, start
from generation.samplers.query import Noise, run
from generation.samplers.table import table

SIGMAS = (14.6, 9.0, 5.0, 2.5, 1.2, 0.6, 0.2, 0.05, 0.0)


def denoise(x: Tensor, sigma: float) -> Tensor:
    return torch.tanh(x) / (1 + sigma)


def noise(x: Tensor) -> Noise:
    generator = torch.Generator().manual_seed(1)
    return lambda: torch.randn(x.shape, generator=generator, dtype=x.dtype)


@pytest.mark.parametrize("name", NAMES)
def test_the_table_does_what_the_sampler_does(name: str) -> None:
    x = torch.linspace(-20, 20, 64, dtype=torch.float64).reshape(1, 8, 8)
    queries, answers, fresh = [x], list[Tensor](), noise(x)
    for row in table(name, SIGMAS):
        answers.insert(0, denoise(queries[0], row.sigma))
        terms = (
            zip(row.of_queries, queries, strict=False),
            zip(row.of_denoised, answers, strict=False),
        )
        target = sum((w * t for pairs in terms for w, t in pairs), torch.zeros_like(x))
        queries.insert(0, target + row.of_noise * fresh() if row.of_noise else target)
    torch.testing.assert_close(queries[0], run(start(name, x, SIGMAS, noise(x)), denoise))
