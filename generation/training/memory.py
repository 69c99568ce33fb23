"""Whether a training fits in memory, asked before it begins."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from generation import memory
from generation.training.errors import TooLarge
from generation.training.plan import Plan

STATES = 3
"""Numbers beside each one that learns: its gradient, and two averages of AdamW."""
SLACK = 1.2
"""What libraries take beside, as a share of what is counted."""
CHECKPOINTED = 0.4
"""Share of what a pass keeps that is still there with gradient checkpointing: a third for the
largest block, which is recomputed, and the inputs of all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Bytes that a training takes beside the weights that are loaded already."""

    fixed: int
    """Gradients, optimizer and average."""
    each: int
    """What a picture of a batch takes on its way there and back, without checkpointing."""

    def total(self, plan: Plan, batch: int, *, checkpointed: bool) -> int:
        """Return bytes of a step."""
        sets = 2 if plan.with_prior_preservation else 1
        share = CHECKPOINTED if checkpointed else 1.0
        return int((self.fixed + self.each * share * batch * sets) * SLACK)


def fixed(weights: Iterable[Tensor], plan: Plan) -> int:
    """Return bytes that are held for what learns, whatever a step sees."""
    learning = sum(weight.numel() * 4 for weight in weights)
    return learning * (STATES + plan.use_ema)


def kept(forward: Callable[[], Tensor], networks: Iterable[nn.Module]) -> int:
    """Return bytes that a forward pass keeps for the way back, those of weights aside."""
    own = {
        value.untyped_storage().data_ptr()
        for network in networks
        for value in (*network.parameters(), *network.buffers())
    }
    seen: dict[int, int] = {}

    def count(value: Tensor) -> Tensor:
        storage = value.untyped_storage()
        if storage.data_ptr() not in own:
            seen[storage.data_ptr()] = storage.nbytes()
        return value

    with _counting(count):
        # alive until all is counted: what is freed on the way may lie at the same address again
        result = forward()
    total = sum(seen.values())
    del result
    return total


def check(plan: Plan, need: Need, device: torch.device) -> None:
    """Refuse a training that does not fit, with what to lower.

    Raises:
        TooLarge: It takes more than the device has, or than the plan allows.
    """
    room = memory.free(device, plan.memory_mb)
    batch, checkpointed = plan.train_batch_size, plan.gradient_checkpointing
    needed = need.total(plan, batch, checkpointed=checkpointed)
    if needed <= room:
        return
    kind = "显存" if device.type == "cuda" else "内存"
    raise TooLarge(
        f"这次训练大约要 {_words(needed)} {kind}，只有 {_words(room)}；" + _advice(plan, need, room)
    )


def _advice(plan: Plan, need: Need, room: int) -> str:
    batch, checkpointed = plan.train_batch_size, plan.gradient_checkpointing
    for on in (checkpointed, True):
        for smaller in range(batch, 0, -1):
            if need.total(plan, smaller, checkpointed=on) <= room:
                steps = plan.gradient_accumulation_steps * -(-batch // smaller)
                alike = f"配 --gradient_accumulation_steps {steps} 效果相近"
                words = [f"把 --train_batch_size 降到 {smaller}（{alike}）"] * (smaller < batch)
                words += ["打开 --gradient_checkpointing"] * (on and not checkpointed)
                return "请" + "，并".join(words)
    smaller = "，或者改用 lora" if plan.method in ("full", "dreambooth") else ""
    return f"请降低 --resolution{smaller}，并打开 --gradient_checkpointing、--train_batch_size 1"


def _counting(count: Callable[[Tensor], Tensor]) -> AbstractContextManager[object]:
    return torch.autograd.graph.saved_tensors_hooks(count, lambda value: value)


def _words(size: int) -> str:
    if size >= memory.GIB:
        return f"{size / memory.GIB:.1f} GiB"
    return f"{max(1, round(size / memory.MIB))} MiB"
