"""One step of a batch: gather, ask the network, guide, sample, blend, write back.

Nothing here looks at a single row, and nothing depends on a value: what runs is decided by the
sizes of an Index and by its kind alone, so that a graph captured once can be replayed.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from generation.network import Network
from generation.plan import Column
from generation.pool import Pool


class Kind(NamedTuple):
    """What a batch needs beside the common."""

    fresh: bool = False
    """Fresh noise for some canvas."""
    kept: bool = False
    """A part of a source that stays, in some canvas."""
    record: bool = False
    """Deep features to be kept for some canvas's next steps."""
    shallow: bool = False
    """Deep features are taken from an earlier step, in every canvas."""


class Index(NamedTuple):
    """Where each canvas and each row of a batch finds what is its own; int64."""

    places: Tensor
    """Of each canvas in the pool, (B,)."""
    owner: Tensor
    """Which of the canvases each row belongs to, (R,)."""
    context: Tensor
    """Which context, counted through the pool: place · SIDES + side, (R,)."""
    avoid: Tensor
    """The row that each canvas is guided away from, (B,); its prompt's where it has no other."""
    prompt: Tensor
    """The row of each canvas's prompt, (B,)."""


def advance(network: Network, pool: Pool, index: Index, kind: Kind) -> None:
    """Take the canvases of a batch one call of the network further.

    Classifier-free guidance: Ho and Salimans 2022, arXiv:2207.12598, equation 6, with
    guidance = 1 + w. What is kept of a source: Avrahami et al. 2022, arXiv:2206.02779, section 4;
    where a mask is between black and white, only for the first part of the way: Levin and Fried
    2023, arXiv:2306.00950, section 4.
    """
    places = index.places
    call = pool.call[places]  # (B,)
    numbers = pool.numbers[places, call]  # (B, len(Column))
    x = pool.x[places]  # (B, C, H, W)

    def number(column: Column) -> Tensor:
        return numbers[:, column].view(-1, 1, 1, 1)

    rows = (x * number(Column.SCALE))[index.owner]  # (R, C, H, W)
    if pool.extra.shape[1]:
        rows = torch.cat([rows, pool.extra[places][index.owner]], dim=1)
    clock = numbers[index.owner, Column.CLOCK]  # (R,)
    answers = _ask(network, pool, index, kind, (rows, clock))
    avoided = answers[index.avoid]
    guided = avoided + number(Column.GUIDANCE) * (answers[index.prompt] - avoided)

    clean = number(Column.KEEP) * x + number(Column.ANSWER) * guided
    terms = torch.stack([x, pool.x_before[places], clean, pool.clean[places]], dim=1)
    weights = numbers[:, Column.NOISY : Column.FRESH]
    following = torch.einsum("bk,bkchw->bchw", weights, terms)
    if kind.fresh:
        noise = pool.fresh[places, call.clamp(max=pool.fresh.shape[1] - 1)]
        following = following + number(Column.FRESH) * noise
    if kind.kept:
        kept = pool.kept[places] + number(Column.LEVEL) * pool.kept_noise[places]
        anew = (pool.mask[places] >= number(Column.ANEW)).float()  # (B, 1, H, W)
        following = torch.lerp(kept, following, anew)

    for field, value in (
        (pool.x, following),
        (pool.x_before, x),
        (pool.clean, clean),
        (pool.call, call + 1),
    ):
        field.index_copy_(0, places, value)


def _ask(
    network: Network, pool: Pool, index: Index, kind: Kind, asked: tuple[Tensor, Tensor]
) -> Tensor:
    """Return the network's answers, (R, C, H, W) float32."""
    context = pool.context.flatten(0, 1)[index.context]  # (R, N, D)
    if kind.shallow:
        return network.shallow(*asked, context, pool.deep.flatten(0, 1)[index.context])
    if not kind.record:
        return network.ask(*asked, context)
    answers, deep = network.ask_deep(*asked, context)
    pool.deep.flatten(0, 1).index_copy_(0, index.context, deep)
    return answers
