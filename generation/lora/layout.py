"""Where the factors of a row's LoRAs lie: all of them in one stretch of memory."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

ALIGNED = 64
"""Numbers at whose multiples each factor begins, for the sake of vector and tensor units."""
LEAST_RANK = 4

Layer = nn.Linear | nn.Conv2d


def padded(rank: int) -> int:
    """Return the least power of two that is a rank and no less than this one."""
    return max(LEAST_RANK, 1 << (rank - 1).bit_length())


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the factors of one layer begin in a row, and how large they are.

    Of a Linear, down lies as (inputs, rank), so that it is multiplied as it is; of a Conv2d as
    (rank, inputs · kernel), the weight of a convolution. up lies as (rank, outputs).
    """

    turned: bool
    """Whether down lies with the inputs first."""
    rank: int
    inputs: int
    outputs: int
    down: int
    up: int

    def cut(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return down and up of rows (R, length) as views, (R, …)."""
        count = self.rank * self.inputs
        shape = (self.inputs, self.rank) if self.turned else (self.rank, self.inputs)
        down = rows[:, self.down : self.down + count].unflatten(1, shape)
        up = rows[:, self.up : self.up + self.rank * self.outputs]
        return down, up.unflatten(1, (self.rank, self.outputs))


class Layout:
    """A place for each layer that is touched, one after the other."""

    def __init__(self, layers: Mapping[str, Layer], ranks: Mapping[str, int]) -> None:
        """Lay out.

        Args:
            layers: Of the network, by name.
            ranks: That each touched layer has room for, before padding.
        """
        self.places: dict[str, Place] = {}
        end = 0
        for name, least in ranks.items():
            layer, rank = layers[name], padded(least)
            outputs, inputs = layer.weight.shape[0], layer.weight[0].numel()
            up = end + _aligned(rank * inputs)
            self.places[name] = Place(
                turned=isinstance(layer, nn.Linear),
                rank=rank,
                inputs=inputs,
                outputs=outputs,
                down=end,
                up=up,
            )
            end = up + _aligned(rank * outputs)
        self.length = end
        """Numbers in a row."""
        self.rank = max((place.rank for place in self.places.values()), default=0)
        """The largest."""

    def holds(self, ranks: Mapping[str, int]) -> bool:
        """Return whether there is a place for these, large enough."""
        return all(
            name in self.places and rank <= self.places[name].rank for name, rank in ranks.items()
        )


def _aligned(count: int) -> int:
    return -(-count // ALIGNED) * ALIGNED
