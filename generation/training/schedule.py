"""How the learning rate goes up and down, as diffusers' schedules of the same names."""

import math

from generation.training.plan import Curve


def share(
    curve: Curve, step: int, *, steps: int, warm_up: int, cycles: int = 1, power: float = 1.0
) -> float:
    """Return by how much the highest rate is multiplied at a step.

    Args:
        curve: By name.
        step: From 0.
        steps: Of the whole training.
        warm_up: Steps in which the rate rises from 0.
        cycles: Of cosine_with_restarts.
        power: Of polynomial.
    """
    if step < warm_up and curve != "constant":
        return step / max(1, warm_up)
    done = min(1.0, (step - warm_up) / max(1, steps - warm_up))
    match curve:
        case "constant" | "constant_with_warmup":
            return 1.0
        case "linear":
            return 1.0 - done
        case "cosine":
            return 0.5 * (1.0 + math.cos(math.pi * done))
        case "cosine_with_restarts":
            turn = (cycles * done) % 1.0
            return 0.0 if done >= 1.0 else 0.5 * (1.0 + math.cos(math.pi * turn))
        case "polynomial":
            return (1.0 - done) ** power
