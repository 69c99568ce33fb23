"""Steps batches of canvases on one device, each row with its own LoRAs."""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from generation.canvas import Canvas
from generation.pool import SIDES, Pool
from generation.replay import Calls, Graphs, filled
from generation.seating import AVOID, PROMPT, Seat, arrange, seats
from generation.step import Index, Kind, advance
from generation.zoo.model import Model


@dataclass(slots=True)
class _Lineup:
    """The last batch of a pool."""

    whose: tuple[tuple[Canvas, int], ...]
    """Its canvases and their rows."""
    seats: list[Seat[Canvas]]
    index: Index


class Runner:
    """Knows who sat where, so that what has not changed is not laid out again."""

    def __init__(self, device: torch.device, replay: Calls | Graphs) -> None:
        self._device, self._replay = device, replay
        self._lineups: WeakKeyDictionary[Pool, _Lineup] = WeakKeyDictionary()
        self._buffers: WeakKeyDictionary[Pool, dict[int, Tensor]] = WeakKeyDictionary()

    @property
    def sizes(self) -> tuple[int, ...]:
        """Row counts of batches that are captured; () where none is."""
        return self._replay.sizes

    def denoise(self, model: Model, batch: Sequence[Canvas], *, shallow: bool) -> None:
        """Take each canvas one call of the network further.

        Args:
            model: Of all of them.
            batch: Canvases of one shape, each at its place in one pool.
            shallow: Whether deep features of an earlier step are used.
        """
        pool = batch[0].at.pool
        lineup = self._line_up(pool, batch)
        worn = [seat.canvas.worn for seat in lineup.seats]
        spare = len(lineup.index.owner) - len(worn)
        model.slots.wear([*worn, *worn[:1] * spare])
        kind = Kind(
            fresh=any(canvas.call in canvas.plan.fresh for canvas in batch),
            kept=any(canvas.keeps for canvas in batch),
            record=not shallow and any(canvas.recipe.fast for canvas in batch),
            shallow=shallow,
        )
        if kind.record:
            pool.keep_deep(model.network.deep_channels, model.dtype)
        self._replay.run(
            (pool.id, len(lineup.index.owner), kind),
            (pool.epoch, model.slots.epoch, model.slots.rank),
            lambda: advance(model.network, pool, lineup.index, kind),
        )

    def _line_up(self, pool: Pool, batch: Sequence[Canvas]) -> _Lineup:
        whose = tuple((canvas, canvas.rows) for canvas in batch)
        last = self._lineups.get(pool)
        if last is not None and last.whose == whose:
            return last
        wanted = [seat for canvas, rows in whose for seat in seats(canvas, rows)]
        rows = arrange(last.seats if last else (), wanted)
        lineup = _Lineup(whose, rows, self._index(pool, batch, rows))
        self._lineups[pool] = lineup
        return lineup

    def _index(self, pool: Pool, batch: Sequence[Canvas], rows: list[Seat[Canvas]]) -> Index:
        """Return the index of a batch; filled up with copies of its first row and canvas."""
        places = [canvas.at.number for canvas in batch]
        order = {canvas: number for number, canvas in enumerate(batch)}
        row_of = {seat: row for row, seat in enumerate(rows)}
        owner = [order[seat.canvas] for seat in rows]
        context = [
            places[number] * SIDES + seat.side for number, seat in zip(owner, rows, strict=True)
        ]
        prompt = [row_of[Seat(canvas, PROMPT)] for canvas in batch]
        avoid = [
            row_of.get(Seat(canvas, AVOID), row) for canvas, row in zip(batch, prompt, strict=True)
        ]
        columns = (places, owner, context, avoid, prompt)
        if not self._replay.sizes:
            return Index(*(torch.tensor(column, device=self._device) for column in columns))
        size = filled(len(rows), self._replay.sizes)
        host = torch.tensor([column + column[:1] * (size - len(column)) for column in columns])
        buffers = self._buffers.setdefault(pool, {})
        if size not in buffers:
            buffers[size] = torch.empty_like(host, device=self._device)
        buffers[size].copy_(_ready(host, self._device), non_blocking=True)
        return Index(*buffers[size])


def _ready(host: Tensor, device: torch.device) -> Tensor:
    """Return what can be copied to the device without waiting."""
    return host.pin_memory() if device.type == "cuda" else host
