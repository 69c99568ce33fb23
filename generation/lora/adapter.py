"""A LoRA in memory: two small factors beside each layer that it changes."""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakValueDictionary

from safetensors import SafetensorError
from safetensors.torch import load as deserialized
from torch import Tensor

from generation.lora.file import Fit, Pair, broken, check_size, examine
from generation.lora.format import Part
from generation.zoo.folder import Folder
from generation.zoo.header import Unfit

if TYPE_CHECKING:
    from generation.lora.slots import Stack

MOST_NORM = 1e4
"""Of what a LoRA adds to one layer, and of each factor; a layer itself has less than 100."""


class Factors(NamedTuple):
    """What a LoRA adds to one layer, as up @ down; float32 on the CPU."""

    down: Tensor
    """(r, inputs · kernel height · kernel width)."""
    up: Tensor
    """(outputs, r), alpha / r multiplied in."""


Layers = Mapping[tuple[Part, str], Factors]
"""By part and name in the model's tree; of a text encoder without text_model."""


class Lora:
    """One file, checked and loaded for one model. Source: Hu et al. 2021, arXiv:2106.09685."""

    def __init__(self, fit: Fit, layers: Layers, digest: str) -> None:
        self.layers = layers
        self.digest = digest
        """SHA-256 of the file."""
        self.matched = fit.matched
        """How many layers of each part it changes."""
        self.ranks = fit.ranks
        """The ranks that its layers have, each once, rising."""
        self.size_bytes = sum(factor.nbytes for pair in layers.values() for factor in pair)
        """In memory."""
        self.stacks: WeakValueDictionary[object, Stack] = WeakValueDictionary()
        """Those that begin with it and are worn, so that equal ones are one."""


def load(path: Path, folder: Folder) -> Lora:
    """Return the LoRA in a file, for the model of a folder.

    Raises:
        BrokenLora: It is unsafe, damaged, of a kind that is not loaded, or for another model.
    """
    try:
        check_size(path)
        # read whole, not mapped: whoever writes over a mapped file kills its reader
        data = path.read_bytes()
        fit = examine(io.BytesIO(data), len(data), folder)
        tensors = deserialized(data)
        layers: Layers = {(pair.part, pair.layer): _factors(pair, tensors) for pair in fit.pairs}
    except Unfit as fault:
        raise broken(path, str(fault)) from fault
    except OSError as error:
        raise broken(path, "读不出来") from error
    except SafetensorError as error:
        raise broken(path, "不是完整的 safetensors 文件") from error
    return Lora(fit, layers, hashlib.sha256(data).hexdigest())


def _factors(pair: Pair, tensors: Mapping[str, Tensor]) -> Factors:
    down = _sane(pair.down, tensors).flatten(1)
    up = _sane(pair.up, tensors).flatten(1)
    scale = pair.scale
    if pair.alpha:
        scale = float(_sane(pair.alpha, tensors)) / pair.rank
    up = up * scale
    # the norm of up @ down, without that product: its square is the trace of upᵀup · down downᵀ
    square = ((up.T @ up) * (down @ down.T)).sum()
    if not square <= MOST_NORM**2:
        raise Unfit(f"{pair.layer} 的改动大得离谱")
    return Factors(down, up)


def _sane(name: str, tensors: Mapping[str, Tensor]) -> Tensor:
    """Return a tensor in float32, or name it for what is wrong with its numbers."""
    values = tensors[name].float()
    if not values.isfinite().all():
        raise Unfit(f"{name} 里有不是数的值")
    if values.norm() > MOST_NORM:
        raise Unfit(f"{name} 里的值大得离谱")
    return values
