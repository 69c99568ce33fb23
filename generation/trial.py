"""Pictures drawn in this very process, for a command that needs one or two and then ends."""

import os
import time
from collections.abc import Sequence

from generation import server
from generation.config import EngineConfig
from generation.recipe import Picture, Recipe

ROWS = 4
"""Of a batch; what pays is not measured for so few."""


def draw(config: EngineConfig, recipes: Sequence[Recipe]) -> list[Picture]:
    """Return one picture for each recipe, in order.

    Raises:
        EngineError: One cannot be drawn.
    """
    os.environ.update(server.SURROUNDINGS)  # read when the libraries are imported

    import torch

    from generation.cap import Cap
    from generation.engine import Engine
    from generation.knee import Knees
    from generation.lora.shelf import LoraShelf
    from generation.memory import MIB
    from generation.preview import Previewer
    from generation.zoo.shelf import Shelf

    device = server.device_of(config.device)
    if config.threads:
        torch.set_num_threads(config.threads)
    engine = Engine(
        Shelf(
            config.models,
            room=1,
            device=device,
            dtype=server.dtype_of(config, device),
            embeddings=config.embeddings,
        ),
        LoraShelf(config.loras, budget_bytes=config.lora_cache_mb * MIB),
        cap=Cap(Knees(None), rows=ROWS, memory_mb=config.memory_mb),
        previewer=Previewer(),
        preview_every_s=0,
        clock=time.monotonic,
        scribe=server.scribe_of(config, device),
    )
    canvases = [engine.admit(recipe) for recipe in recipes]
    while not engine.idle:
        engine.step()
    drawn: list[Picture] = []
    for canvas in canvases:
        if canvas.error:
            raise canvas.error
        if canvas.picture:
            drawn.append(canvas.picture)
    return drawn
