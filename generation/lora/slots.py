"""A LoRA of its own in each row of a batch: laid beside the layers, never merged into them.

What a row wears is copied into that row's memory once, when it is seated, and is then multiplied
in at each step by one plain batched product for each factor: no gathering, no fixed addresses
lost, no branch on a number, so a captured graph goes on while rows change what they wear.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.hooks import RemovableHandle

from generation.lora.adapter import Lora
from generation.lora.format import Part, bare
from generation.lora.layout import Layer, Layout, Place, padded

LINGER = 256
"""How often in a row half of the rank is enough before the memory is made smaller."""


class Stack:
    """The LoRAs of one canvas for one part of a model: ranks joined, weights multiplied in."""

    def __init__(self, loras: Sequence[tuple[Lora, float]], part: Part) -> None:
        self._loras = loras
        self._part: Part = part
        self.ranks: dict[str, int] = {}
        """Of each layer that it touches: the sum over its LoRAs."""
        for lora, _ in loras:
            for place, factors in lora.layers.items():
                if place[0] == part:
                    self.ranks[place[1]] = self.ranks.get(place[1], 0) + len(factors.down)
        self.rank = max(self.ranks.values(), default=0)
        """The largest."""
        self._packed: tuple[Layout, Tensor] | None = None

    def packed(self, layout: Layout, like: Tensor) -> Tensor:
        """Return all factors as they lie in a row, (length,).

        Args:
            layout: That holds it.
            like: Any tensor of the device and type to be on.
        """
        if self._packed is None or self._packed[0] is not layout:
            row = torch.zeros(layout.length, dtype=like.dtype)
            for name in self.ranks:
                self._fill(name, layout.places[name], row)
            self._packed = (layout, row.to(like.device))
        return self._packed[1]

    def _fill(self, name: str, place: Place, row: Tensor) -> None:
        down, up = (factor[0] for factor in place.cut(row[None]))
        if place.turned:
            down = down.T  # (rank, inputs)
        start = 0
        for lora, weight in self._loras:
            if factors := lora.layers.get((self._part, name)):
                end = start + len(factors.down)
                down[start:end].copy_(factors.down)
                up[start:end].copy_(factors.up.T * weight)
                start = end


def stack(loras: Sequence[tuple[Lora, float]], part: Part) -> Stack | None:
    """Return what rows with these LoRAs and weights wear; None: nothing of that part is touched.

    As long as somebody holds it, the same LoRAs with the same weights give the same object.
    """
    touching = tuple((lora, weight) for lora, weight in loras if weight and lora.matched[part])
    if not touching:
        return None
    known = touching[0][0].stacks
    key = (part, tuple((id(lora), weight) for lora, weight in touching))
    found = known.get(key)
    if found is None:
        found = known[key] = Stack(touching, part)
    return found


def layers(module: nn.Module) -> dict[str, Layer]:
    """Return the layers of a network that a LoRA can be laid beside, by name."""
    return {
        bare("text_encoder", name): layer
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear)
        or (isinstance(layer, nn.Conv2d) and layer.groups == 1 and layer.padding_mode == "zeros")
    }


class Slots:
    """Memory for what each row of one network's next batches wears; a network has only one."""

    def __init__(self, module: nn.Module) -> None:
        self._layers = layers(module)
        self._layout = Layout({}, {})
        self._memory = torch.empty(0, 0)  # (capacity, length)
        self._seats: dict[str, _Seat] = {}
        self._held: list[Stack | None] = []
        """What lies in each row of the memory."""
        self._worn: tuple[Stack | None, ...] = ()
        """What the rows of the next batches wear."""
        self._loose = 0
        self.epoch = 0
        """Changes when the memory is made anew, and a graph that was captured over it is void."""

    @property
    def rank(self) -> int:
        """For which a forward pass computes; 0: nobody wears anything, and it is as without."""
        return self._layout.rank if any(self._worn) else 0

    @property
    def size_bytes(self) -> int:
        """Of the memory."""
        return self._memory.nbytes

    @torch.inference_mode(mode=False)
    @torch.no_grad()
    def wear(self, stacks: Sequence[Stack | None]) -> None:
        """Seat what each row of the next batches wears; they must have as many rows.

        Only rows that wear something else than before are copied.
        """
        if tuple(stacks) != self._worn:
            self._worn = ()  # should there be no memory, nothing is taken for worn
            self._change(stacks)
        self._give_back()

    def _change(self, stacks: Sequence[Stack | None]) -> None:
        distinct = {worn for worn in stacks if worn}
        if distinct:
            self._make_room(distinct, len(stacks))
            for row, worn in enumerate(stacks):
                self._seat(row, worn)
        touched = {name for worn in distinct for name in worn.ranks}
        for name, seat in self._seats.items():
            seat.turn(len(stacks), on=bool(distinct), live=name in touched)
        self._worn = tuple(stacks)

    def _make_room(self, distinct: set[Stack], rows: int) -> None:
        """Make the memory anew, if these do not fit."""
        new = distinct.difference(self._held)
        if rows <= len(self._held) and all(self._layout.holds(worn.ranks) for worn in new):
            return
        ranks: dict[str, int] = {}
        for worn in distinct:
            for name, rank in worn.ranks.items():
                ranks[name] = max(rank, ranks.get(name, 0))
        self._remake(ranks, 1 << (rows - 1).bit_length())

    def _seat(self, row: int, worn: Stack | None) -> None:
        if self._held[row] is worn:
            return
        if worn is None:
            self._memory[row].zero_()
        else:
            self._memory[row].copy_(worn.packed(self._layout, self._memory))
        self._held[row] = worn

    def _remake(self, ranks: Mapping[str, int], capacity: int) -> None:
        """Make the memory anew, with nothing in it."""
        for seat in self._seats.values():
            seat.leave()
        # the old goes before the new comes, so that both need not fit
        self._memory, self._held, self._worn, self._seats = torch.empty(0, 0), [], (), {}
        self._layout = Layout(self._layers, ranks)
        self.epoch += 1
        self._loose = 0
        if not ranks:
            return
        weight = next(iter(self._layers.values())).weight
        self._memory = weight.new_zeros(capacity, self._layout.length)
        self._held = [None] * capacity
        self._seats = {
            name: _Seat(self._layers[name], place, self._memory)
            for name, place in self._layout.places.items()
        }

    def _give_back(self) -> None:
        """Make the memory smaller when much of it has not been needed for long."""
        needed = max((padded(worn.rank) for worn in self._worn if worn), default=0)
        self._loose = self._loose + 1 if self._seats and 2 * needed <= self._layout.rank else 0
        if self._loose >= LINGER:
            worn = self._worn
            self._remake({}, 0)
            self.wear(worn)


class _Seat:
    """One layer, and the factors that each row has beside it."""

    def __init__(self, layer: Layer, place: Place, memory: Tensor) -> None:
        self._place, self._memory = place, memory
        self._rows = 0
        self._on = self._live = False
        self._cuts: dict[int, tuple[Tensor, Tensor]] = {}
        self._hook: RemovableHandle = layer.register_forward_hook(
            self._beside_linear if isinstance(layer, nn.Linear) else self._beside_convolution
        )

    def leave(self) -> None:
        """Let the layer be as it was."""
        self._hook.remove()

    def turn(self, rows: int, *, on: bool, live: bool) -> None:
        """Say what comes next.

        Args:
            rows: Of the next batches.
            on: Whether any of them wears anything at all.
            live: Whether any of them wears something that touches this layer.
        """
        self._rows, self._on, self._live = rows, on, live

    def _factors(self, x: Tensor) -> tuple[Tensor, Tensor] | None:
        """Return down and up of each row of an input, or None if nothing is to be added."""
        if not self._live:
            # a graph outlives what is worn while it is captured, so it has all layers
            captured = self._on and x.is_cuda and torch.cuda.is_current_stream_capturing()
            if not captured:
                return None
        if len(x) != self._rows:
            raise ValueError(f"a batch of {len(x)} rows, where {self._rows} are dressed")
        if self._rows not in self._cuts:
            self._cuts[self._rows] = self._place.cut(self._memory[: self._rows])
        return self._cuts[self._rows]

    def _beside_linear(self, _: nn.Module, inputs: tuple[Tensor], out: Tensor) -> None:
        """Add what the rows wear to what a Linear says, (R, …, outputs)."""
        (x,) = inputs  # (R, …, inputs)
        if factors := self._factors(x):
            down, up = factors  # (R, inputs, r), (R, r, outputs)
            low = torch.bmm(x.reshape(len(x), -1, x.shape[-1]), down)  # (R, N, r)
            out.view(len(x), -1, out.shape[-1]).baddbmm_(low, up)

    def _beside_convolution(self, conv: nn.Module, inputs: tuple[Tensor], out: Tensor) -> None:
        """Add what the rows wear to what a Conv2d says, (R, outputs, H, W)."""
        (x,) = inputs  # (R, inputs, H, W)
        factors = self._factors(x)
        if not factors or not isinstance(conv, nn.Conv2d):
            return
        down, up = factors  # (R, r, inputs · kernel), (R, r, outputs)
        rows, rank = up.shape[:2]
        if (conv.kernel_size, conv.stride, conv.padding) == ((1, 1), (1, 1), (0, 0)):
            low = torch.bmm(down, x.flatten(2))  # (R, r, H · W)
        else:
            # each row has a kernel of its own: one convolution with a group for each row
            low = functional.conv2d(
                x.reshape(1, rows * x.shape[1], *x.shape[2:]),
                down.reshape(rows * rank, *conv.weight.shape[1:]),
                None,
                conv.stride,
                conv.padding,
                conv.dilation,
                groups=rows,
            ).view(rows, rank, -1)
        if out.is_contiguous():
            out.view(rows, out.shape[1], -1).baddbmm_(up.mT, low)
        else:  # channels_last
            out.permute(0, 2, 3, 1).view(rows, -1, out.shape[1]).baddbmm_(low.mT, up)
