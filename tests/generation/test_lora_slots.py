"""A LoRA of its own in each row: every row is what a model with merged weights would say."""

import gc
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from generation.lora.adapter import Factors, Lora, load
from generation.lora.file import Fit, Pair
from generation.lora.format import Part
from generation.lora.slots import LINGER, Slots, Stack, stack
from generation.zoo import folder
from generation.zoo.folder import Folder
from tests.generation import lora_factory as write_as
from tests.generation.factory import SIDE, TOKENS, WIDTH
from tests.generation.lora_factory import ATTENTION, CONVOLUTIONS, DENSE, merged, pairs, write

Worn = Sequence[tuple[Lora, float]]


@pytest.fixture(scope="module")
def model(models: dict[str, Path]) -> Folder:
    return folder.read(models["eps"])


@pytest.fixture(scope="module")
def loras(model: Folder, tmp_path_factory: pytest.TempPathFactory) -> list[Lora]:
    """Attention of rank 4 and 16, convolutions of rank 3, all of rank 5, and one that is zero."""
    root = tmp_path_factory.mktemp("loras")
    made = [
        pairs(model.path, ATTENTION, rank=4, seed=1),
        pairs(model.path, ATTENTION, rank=16, seed=2, size=0.05),
        pairs(model.path, CONVOLUTIONS, rank=3, seed=3),
        pairs(model.path, (*ATTENTION, *CONVOLUTIONS, *DENSE), rank=5, seed=4),
        pairs(model.path, ATTENTION, rank=4, seed=5, size=0.0),
    ]
    files = [write(root / f"{i}.safetensors", write_as.peft(p)) for i, p in enumerate(made)]
    return [load(file, model) for file in files]


def network(model: Folder) -> Any:
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    return UNet2DConditionModel.from_pretrained(model.path / "unet").eval()


@pytest.fixture
def unet(model: Folder) -> Any:
    return network(model)


def batch(rows: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return latents, times and contexts; the first rows of a batch are those of a larger one."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(8, 4, SIDE // 8, SIDE // 8, generator=generator)
    context = torch.randn(8, TOKENS, WIDTH, generator=generator)
    return x[:rows], torch.linspace(900, 10, 8)[:rows], context[:rows]


@torch.inference_mode()
def say(unet: Any, rows: int, dtype: torch.dtype = torch.float32) -> Tensor:
    x, clock, context = batch(rows)
    return unet(x.to(dtype), clock, context.to(dtype), return_dict=False)[0].float()


def stacks(worn: Sequence[Worn]) -> list[Stack | None]:
    return [stack(loras, "unet") for loras in worn]


def apart(unet: Any, worn: Sequence[Worn]) -> Tensor:
    """Return what each row says when its LoRAs are merged into a copy of the weights."""
    return torch.cat(
        [say(merged(unet, "unet", w), len(worn))[i : i + 1] for i, w in enumerate(worn)]
    )


def test_each_row_wears_its_own(model: Folder, unet: Any, loras: list[Lora]) -> None:
    slots = Slots(unet)
    worn: list[Worn] = [
        [(loras[0], 1.0)],
        [],
        [(loras[1], 0.5)],
        [(loras[2], 1.0)],
        [(loras[3], -1.0)],
        [(loras[0], 0.7), (loras[2], 0.3), (loras[3], 1.2)],
    ]
    slots.wear(stacks(worn))
    assert torch.allclose(say(unet, len(worn)), apart(network(model), worn), rtol=0, atol=1e-4)


@pytest.mark.parametrize("worn", ["nothing", "weight 0", "a LoRA of zeros"])
def test_nothing_changes_nothing(unet: Any, loras: list[Lora], worn: str) -> None:
    before = say(unet, 3)
    slots = Slots(unet)
    slots.wear(stacks([[(loras[3], 1.0)]] * 3))
    assert not torch.equal(say(unet, 3), before)
    given = {"nothing": [], "weight 0": [(loras[0], 0.0)], "a LoRA of zeros": [(loras[4], 1.0)]}
    slots.wear(stacks([given[worn]] * 3))
    assert torch.equal(say(unet, 3), before)
    assert bool(slots.rank) == (worn == "a LoRA of zeros")


def test_a_row_that_wears_nothing_is_as_if_alone(unet: Any, loras: list[Lora]) -> None:
    before = say(unet, 2)
    Slots(unet).wear(stacks([[], [(loras[3], 1.0)]]))
    after = say(unet, 2)
    assert torch.equal(after[0], before[0])
    assert not torch.equal(after[1], before[1])


def test_several_are_the_sum_of_each(loras: list[Lora]) -> None:
    worn = stack([(loras[0], 0.5), (loras[3], 2.0)], "unet")
    assert worn
    assert worn.ranks["down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"] == 4 + 5
    assert worn.ranks["conv_in"] == 5


def test_equal_stacks_are_one_while_worn(loras: list[Lora]) -> None:
    one = stack([(loras[0], 0.5), (loras[1], 1.0)], "unet")
    assert one is stack([(loras[0], 0.5), (loras[4], 0.0), (loras[1], 1.0)], "unet")
    assert one is not stack([(loras[0], 0.5), (loras[1], 0.9)], "unet")
    assert stack([(loras[0], 1.0)], "text_encoder") is None
    del one
    gc.collect()
    assert not loras[0].stacks


LAYERS: dict[str, tuple[nn.Module, Tensor]] = {
    "linear": (nn.Linear(6, 10), torch.randn(3, 5, 6)),
    "linear of a row": (nn.Linear(6, 10, bias=False), torch.randn(3, 6)),
    "conv 3×3": (nn.Conv2d(6, 10, 3, padding=1), torch.randn(3, 6, 9, 8)),
    "conv 3×3, stride 2": (nn.Conv2d(6, 10, 3, stride=2, padding=1), torch.randn(3, 6, 9, 8)),
    "conv 3×3, dilated": (nn.Conv2d(6, 10, 3, dilation=2), torch.randn(3, 6, 9, 8)),
    "conv 1×1": (nn.Conv2d(6, 10, 1), torch.randn(3, 6, 9, 8)),
    "conv 1×1, stride 2": (nn.Conv2d(6, 10, 1, stride=2), torch.randn(3, 6, 9, 8)),
}


@pytest.mark.parametrize("lasting", [False, True], ids=["plain", "channels last"])
@pytest.mark.parametrize(("layer", "x"), LAYERS.values(), ids=LAYERS)
@torch.inference_mode()
def test_a_layer_of_every_kind(layer: nn.Module, x: Tensor, *, lasting: bool) -> None:
    if lasting and x.ndim == 4:
        x = x.contiguous(memory_format=torch.channels_last)
        layer = layer.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    net = nn.ModuleDict({"a": layer})
    dressed = [lora(net, seed) for seed in range(3)]
    expected = [
        merged(net, "unet", [(worn, 0.5)])["a"](x[i : i + 1]) for i, worn in enumerate(dressed)
    ]
    slots = Slots(net)
    slots.wear([stack([(worn, 0.5)], "unet") for worn in dressed])
    assert torch.allclose(layer(x), torch.cat(expected), rtol=0, atol=1e-4)
    slots.wear([None] * 3)
    plain = layer(x)
    assert torch.equal(plain, type(layer).forward(layer, x))


def lora(net: nn.Module, seed: int, names: Collection[str] = ("a",)) -> Lora:
    """Return a LoRA for layers of a network, its rank as high as its seed, and more."""
    generator = torch.Generator().manual_seed(seed)
    layers: dict[tuple[Part, str], Factors] = {}
    for name in sorted(names):
        weight = net.get_submodule(name).weight
        assert isinstance(weight, Tensor)
        down = torch.randn(1 + seed, weight[0].numel(), generator=generator)
        up = torch.randn(len(weight), 1 + seed, generator=generator)
        layers["unet", name] = Factors(down * 0.3, up * 0.3)
    pairs = tuple(
        Pair(part=part, layer=name, rank=1 + seed, down="", up="", alpha=None, scale=1.0)
        for part, name in layers
    )
    return Lora(Fit(form="peft", pairs=pairs, size_bytes=0), layers, str(seed))


def test_a_batch_of_other_rows_is_refused(unet: Any, loras: list[Lora]) -> None:
    Slots(unet).wear(stacks([[(loras[0], 1.0)]] * 2))
    with pytest.raises(ValueError, match="3 rows, where 2 are dressed"):
        say(unet, 3)


def test_only_rows_that_change_are_copied(unet: Any, loras: list[Lora]) -> None:
    slots = Slots(unet)
    first, second = stacks([[(loras[0], 1.0)], [(loras[0], 0.5)]])
    slots.wear([first, second])
    slots._memory[0].fill_(7.0)  # pyright: ignore[reportPrivateUsage]
    slots.wear([first, first])
    assert (slots._memory[0] == 7.0).all()  # pyright: ignore[reportPrivateUsage]
    assert not (slots._memory[1] == 7.0).any()  # pyright: ignore[reportPrivateUsage]


def test_the_memory_stays_where_it_is_until_more_is_needed(unet: Any, loras: list[Lora]) -> None:
    slots = Slots(unet)
    assert (slots.epoch, slots.rank, slots.size_bytes) == (0, 0, 0)
    small = stacks([[(loras[0], 1.0)], [(loras[0], 0.5)], []])
    slots.wear(small)
    first = slots.epoch
    assert (slots.rank, slots.size_bytes > 0) == (4, True)
    for worn in (small[:1], small[::-1], [None] * 3, [*small, small[0]]):  # four rows fit
        slots.wear(worn)
        assert slots.epoch == first
    size = slots.size_bytes
    slots.wear([*small, None, None])
    assert slots.epoch == first + 1
    assert slots.size_bytes == 2 * size
    slots.wear(stacks([[(loras[1], 1.0)]]))
    assert (slots.epoch, slots.rank) == (first + 2, 16)


def test_memory_that_is_not_needed_is_given_back(unet: Any, loras: list[Lora]) -> None:
    slots = Slots(unet)
    small, large = stacks([[(loras[0], 1.0)], [(loras[1], 1.0)]])
    slots.wear([large])
    for _ in range(LINGER + 1):
        slots.wear([small])
    assert slots.rank == 4
    expected = say(unet, 1)
    slots.wear([large])
    slots.wear([small])
    assert torch.allclose(say(unet, 1), expected, atol=1e-6)
    for _ in range(LINGER + 1):
        slots.wear([None])
    assert (slots.rank, slots.size_bytes) == (0, 0)


def test_half_precision_is_near(model: Folder, loras: list[Lora]) -> None:
    unet = network(model).to(torch.bfloat16, memory_format=torch.channels_last)
    plain = say(unet, 2, torch.bfloat16)
    Slots(unet).wear(stacks([[(loras[3], 1.0)], []]))
    told = say(unet, 2, torch.bfloat16)
    expected = apart(network(model), [[(loras[3], 1.0)], []])
    assert torch.equal(told[1], plain[1])
    assert (told - expected).norm() < 0.05 * expected.norm()


class Net(nn.Module):
    """A network of all kinds of layers, as quick as can be."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.second = nn.Conv2d(6, 6, 1)
        self.third = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.third(self.second(self.first(x)).flatten(2).mT)


PIECES = st.tuples(
    st.sets(st.sampled_from(["first", "second", "third"]), min_size=1).map(frozenset),
    st.integers(1, 20),
    st.sampled_from([0.0, 0.7, -1.0]),
)
"""Of what a row wears: which layers, which rank, which weight."""
ROWS = st.lists(st.lists(PIECES, max_size=3), min_size=1, max_size=5)


@cache
def piece(names: frozenset[str], rank: int) -> Lora:
    return lora(Net(), rank, names)


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4))
@torch.inference_mode()
def test_whoever_comes_and_goes_each_row_is_as_merged(
    sequence: list[list[list[tuple[frozenset[str], int, float]]]],
) -> None:
    net, plain = Net(), Net()
    slots = Slots(net)
    for rows in sequence:
        worn = [[(piece(names, rank), weight) for names, rank, weight in row] for row in rows]
        x = torch.randn(len(rows), 3, 5, 4)
        slots.wear(stacks(worn))
        alone = [merged(plain, "unet", w)(x[i : i + 1]) for i, w in enumerate(worn)]
        assert torch.allclose(net(x), torch.cat(alone), rtol=0, atol=1e-4)
