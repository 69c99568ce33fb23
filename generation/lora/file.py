"""A LoRA on disk: whether it is safe, and whether it fits a model; free of torch.

Only headers are read, its own and those of the model, so that the chat process can list its LoRAs
and `danqing check` can name what is wrong with one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from generation.errors import BrokenLora
from generation.lora.alpha import Alphas
from generation.lora.format import PARTS, Key, Part, bare, flat, is_foreign, is_plain, read
from generation.zoo import header
from generation.zoo.folder import WEIGHTS, Folder
from generation.zoo.header import Entry, Head, Unfit

MOST_BYTES = 512 << 20
MOST_HEADER_BYTES = 4 << 20
MOST_TENSORS = 20_000
MOST_RANK = 256
DTYPES = ("F16", "BF16", "F32")

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two factors of one layer, by the names of their tensors."""

    part: Part
    layer: str
    """As in the model's tree; of a text encoder without text_model."""
    rank: int
    down: str
    """(rank, inputs), of a convolution (rank, inputs, height, width)."""
    up: str
    """(outputs, rank)."""
    alpha: str | None
    """The tensor whose number over the rank is the scale; None: scale it is."""
    scale: float


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A LoRA that fits a model."""

    form: str
    """How its tensors are named: diffusers 2023, diffusers, peft or kohya."""
    pairs: tuple[Pair, ...]
    size_bytes: int
    """Of the file."""

    @cached_property
    def matched(self) -> Mapping[Part, int]:
        """How many layers of each part it changes."""
        return {part: sum(pair.part == part for pair in self.pairs) for part in PARTS}

    @cached_property
    def ranks(self) -> tuple[int, ...]:
        """The ranks that its layers have, each once, rising."""
        return tuple(sorted({pair.rank for pair in self.pairs}))


def inspect(path: Path, folder: Folder) -> Fit:
    """Return how a LoRA fits a model.

    Raises:
        BrokenLora: It is unsafe, damaged, of a kind that is not loaded, or for another model.
    """
    try:
        check_size(path)
        with path.open("rb") as file:
            return examine(file, path.stat().st_size, folder)
    except Unfit as fault:
        raise broken(path, str(fault)) from fault
    except OSError as error:
        raise broken(path, "读不出来") from error


def broken(path: Path, cause: str) -> BrokenLora:
    """Return the error that names the file and what is wrong with it."""
    return BrokenLora(f"LoRA {path.name} 不能用：{cause}")


def check_size(path: Path) -> None:
    """Refuse what is no file, or too large to be read.

    Raises:
        Unfit: It is.
        OSError: It cannot be looked at.
    """
    if not path.is_file():
        raise Unfit("没有这个文件")
    if path.stat().st_size > MOST_BYTES:
        raise Unfit(f"文件超过 {MOST_BYTES >> 20} MB")


def examine(file: BinaryIO, size_bytes: int, folder: Folder) -> Fit:
    """Return how a LoRA fits a model.

    Args:
        file: The LoRA, at its start.
        size_bytes: Of the whole file.
        folder: The model.

    Raises:
        Unfit: As BrokenLora of inspect.
    """
    found = header.read(file, size_bytes, most_bytes=MOST_HEADER_BYTES)
    keys = _keys(found)
    bases = {part: _bases(folder, part) for part in PARTS}
    sorted_out = _by_layer(
        keys, {part: {flat(layer): layer for layer in bases[part]} for part in PARTS}
    )
    strange = [layer for part, layer in sorted_out if layer not in bases[part]]
    name = folder.path.name
    if len(strange) == len(sorted_out):
        raise Unfit(f"没有一层对得上模型 {name}（例如 {strange[0]}），多半是给别的模型训练的")
    if strange:
        raise Unfit(
            f"{len(sorted_out)} 层里有 {len(strange)} 层在模型 {name} 里没有（例如 {strange[0]}）"
        )
    alphas = Alphas(found.metadata)
    pairs = tuple(
        _pair(found.entries, alphas, place, names, bases[place[0]][place[1]])
        for place, names in sorted_out.items()
    )
    forms = dict.fromkeys(key.form for key in keys.values() if key.role != "alpha")
    return Fit(form=" + ".join(forms), pairs=pairs, size_bytes=size_bytes)


Place = tuple[Part, str]
Names = dict[str, str]
"""Of the tensors of one layer, by role."""


def _keys(found: Head) -> dict[str, Key]:
    """Return what each name says, or refuse the file for what it holds."""
    if len(found.entries) > MOST_TENSORS:
        raise Unfit(f"有 {len(found.entries)} 个张量，最多 {MOST_TENSORS}")
    for name, entry in found.entries.items():
        if not is_plain(name):
            raise Unfit(f"有不允许的张量名 {name[:60]!a}")
        if is_foreign(name):
            raise Unfit(f"LyCORIS/DoRA 还不支持（{name}）")
        if entry.dtype not in DTYPES:
            raise Unfit(f"{name} 的数字类型是 {entry.dtype}，只支持 {'、'.join(DTYPES)}")
    keys = {name: key for name in found.entries if (key := read(name))}
    if not keys:
        raise Unfit("里面没有 LoRA 的张量")
    if unknown := [name for name in found.entries if name not in keys]:
        raise Unfit(f"有 {len(unknown)} 个张量不认识，例如 {unknown[0]}")
    return keys


def _bases(folder: Folder, part: Part) -> dict[str, Shape]:
    """Return the shapes of a part's matrices and kernels, by layer."""
    path = folder.path / part / f"{WEIGHTS[part]}.safetensors"
    entries = header.read_file(path).entries
    named = ((name.removesuffix(".weight"), entry) for name, entry in entries.items()
             if name.endswith(".weight") and len(entry.shape) in (2, 4))  # fmt: skip
    layers = {bare(part, layer): entry.shape for layer, entry in named}
    return {name: shape for name, shape in layers.items() if not name.startswith("embeddings.")}


def _by_layer(keys: Mapping[str, Key], real: Mapping[Part, Names]) -> dict[Place, Names]:
    """Return the tensors of each layer.

    Args:
        keys: What each name says.
        real: The model's layers, by their names with underscores.
    """
    found: dict[Place, Names] = {}
    for name, key in keys.items():
        layer = real[key.part].get(key.layer, key.layer) if key.form == "kohya" else key.layer
        names = found.setdefault((key.part, layer), {})
        if key.role in names:
            raise Unfit(f"{layer} 有两份 {key.role}")
        names[key.role] = name
    return found


def _pair(
    entries: Mapping[str, Entry], alphas: Alphas, place: Place, names: Names, base: Shape
) -> Pair:
    part, layer = place
    for role in ("down", "up"):
        if role not in names:
            raise Unfit(f"{layer} 缺 {role}")
    down, up = (_core(entries[names[role]].shape) for role in ("down", "up"))
    rank = down[0] if down else 0
    if not 1 <= rank <= MOST_RANK:
        raise Unfit(f"{layer} 的秩是 {rank}，要在 1 到 {MOST_RANK} 之间")
    if up[1:] != (rank,) or down[1:] != _core(base)[1:] or up[0] != base[0]:
        raise Unfit(
            f"{layer} 的形状 {list(down)}、{list(up)} 和模型的 {list(base)} 对不上，"
            "多半是给别的底模训练的"
        )
    alpha = names.get("alpha")
    if alpha and entries[alpha].shape not in ((), (1,)):
        raise Unfit(f"{layer} 的 alpha 不是一个数")
    return Pair(
        part=part,
        layer=layer,
        rank=rank,
        down=names["down"],
        up=names["up"],
        alpha=alpha,
        scale=alphas.scale(part, layer, rank),
    )


def _core(shape: Shape) -> Shape:
    """Return the shape of a matrix for that of a 1×1 convolution, as some write it."""
    return shape[:2] if shape[2:] == (1, 1) else shape
