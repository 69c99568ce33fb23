"""A UNet as the step asks it: whole, or its shallow part on deep features of an earlier step.

Source of the shallow part: Ma et al. 2023, DeepCache, arXiv:2312.00858, section 3.2; here the
features of each row are its own, and the step decides whose are fresh.
"""

from typing import Any

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor

from generation.attention import Attention


class Network:
    """Asks one UNet; inputs (R, C, H, W) float32, clocks (R,), contexts (R, N, D)."""

    def __init__(self, unet: UNet2DConditionModel) -> None:
        self._unet = unet
        self._dtype = unet.dtype
        self._attention = Attention()
        self._last: Any = unet.up_blocks[-1]
        self.deep_channels: int = unet.config["block_out_channels"][:2][-1]
        """Channels of what the last block takes from those below it."""

    @torch.inference_mode()
    def learn(self, height: int, width: int, tokens: int) -> None:
        """Learn which attention is fastest here, on latents of that size."""
        unet, rows = self._unet, 2
        x = torch.zeros(rows, unet.config["in_channels"], height, width, device=unet.device)
        clock = torch.zeros(rows, device=unet.device)
        context = torch.zeros(rows, tokens, unet.config["cross_attention_dim"], device=unet.device)
        self._attention.measure(lambda: self.ask(x, clock, context), unet.device)

    def ask(self, x: Tensor, clock: Tensor, context: Tensor) -> Tensor:
        """Return the noise or velocity that the network sees, (R, C, H, W) float32."""
        with self._attention.chosen():
            return self._unet(
                x.to(self._dtype),
                clock,
                encoder_hidden_states=context.to(self._dtype),
                return_dict=False,
            )[0].float()

    def ask_deep(self, x: Tensor, clock: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Return the answer, and what the last block took from those below it, (R, …)."""
        found: list[Tensor] = []

        def record(_: object, __: object, given: dict[str, Tensor]) -> None:
            found.append(given["hidden_states"])

        handle = self._last.register_forward_pre_hook(record, with_kwargs=True)
        try:
            return self.ask(x, clock, context), found[0]
        finally:
            handle.remove()

    def shallow(self, x: Tensor, clock: Tensor, context: Tensor, deep: Tensor) -> Tensor:
        """Return the answer of the first and the last block alone.

        Args:
            x: Inputs.
            clock: Of each row.
            context: Of each row.
            deep: What the blocks between gave at an earlier step.
        """
        with self._attention.chosen():
            return self._shallow(x, clock, context, deep)

    def _shallow(self, x: Tensor, clock: Tensor, context: Tensor, deep: Tensor) -> Tensor:
        unet: Any = self._unet
        x, context = x.to(self._dtype), context.to(self._dtype)
        time = unet.time_embedding(unet.get_time_embed(sample=x, timestep=clock))
        pooled = unet.get_aug_embed(emb=time, encoder_hidden_states=context, added_cond_kwargs={})
        time = time if pooled is None else time + pooled
        time = time if unet.time_embed_act is None else unet.time_embed_act(time)
        first, last = unet.down_blocks[0], self._last
        x = unet.conv_in(x)
        _, found = first(hidden_states=x, temb=time, **_attended(first, context))
        skips = (x, *found)[: len(last.resnets)]
        x = last(
            hidden_states=deep,
            temb=time,
            res_hidden_states_tuple=skips,
            **_attended(last, context),
        )
        if unet.conv_norm_out:
            x = unet.conv_act(unet.conv_norm_out(x))
        return unet.conv_out(x).float()


def _attended(block: Any, context: Tensor) -> dict[str, Tensor]:
    attends = getattr(block, "has_cross_attention", False)
    return {"encoder_hidden_states": context} if attends else {}
