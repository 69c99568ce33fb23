"""One training in memory: a step, its state, and how it goes on from one."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from generation.training.ema import Average
from generation.training.errors import Diverged
from generation.training.feed import Batch, Feed, derived, generator
from generation.training.learner import Learner
from generation.training.loss import Noise
from generation.training.plan import Plan, warm_up
from generation.training.reading import Reading
from generation.training.schedule import share
from generation.zoo.model import Model


class Training:
    """What learns, and everything that its steps are decided by."""

    def __init__(  # noqa: PLR0913  each is a part of its own
        self,
        plan: Plan,
        model: Model,
        learner: Learner,
        *,
        reading: Reading,
        texts: Mapping[str, Tensor],
        feeds: Sequence[Feed],
        accelerator: Accelerator,
        steps: int,
    ) -> None:
        """Begin.

        Args:
            plan: Filled.
            model: That the learner was laid over.
            learner: Whose weights learn.
            reading: Of captions, if the text encoder learns.
            texts: Hidden states (N, D) by caption, if it does not.
            feeds: Of the pictures, and of those of their class if there are any.
            accelerator: Of the device and the precision.
            steps: Of the whole training.
        """
        self.plan, self.model, self.learner = plan, model, learner
        self.steps, self.done = steps, 0
        self._reading, self._texts, self._feeds = reading, texts, feeds
        self._accelerator, self._device = accelerator, accelerator.device
        self._noise = Noise(model.folder.noising, gamma=plan.snr_gamma, device=self._device)
        self._unet: Any = accelerator.prepare_model(model.unet.train())
        if learner.reader is not None:
            accelerator.prepare_model(learner.reader.train())
        self._parameters = list(learner.weights.values())
        self._optimizer: Any = accelerator.prepare_optimizer(
            torch.optim.AdamW(
                self._parameters,
                lr=plan.rate,
                betas=(plan.adam_beta1, plan.adam_beta2),
                weight_decay=plan.adam_weight_decay,
                eps=plan.adam_epsilon,
                fused=True,
            )
        )
        self._average = Average(learner.weights) if plan.use_ema else None

    @property
    def batches(self) -> int:
        """How many see each picture once."""
        return self._feeds[0].batches

    @property
    def rate(self) -> float:
        """Of the next step."""
        return self.plan.rate * share(
            self.plan.lr_scheduler,
            self.done,
            steps=self.steps,
            warm_up=warm_up(self.plan, self.steps),
            cycles=self.plan.lr_num_cycles,
            power=self.plan.lr_power,
        )

    @property
    def weights(self) -> dict[str, Tensor]:
        """What was learned so far, or its average; float32 on the CPU."""
        found = self._average.weights if self._average else self.learner.weights
        return {name: value.detach().float().cpu().clone() for name, value in found.items()}

    def step(self) -> float:
        """Learn once and return the loss.

        Raises:
            Diverged: It, or its gradient, is no number any more; nothing was learned from it.
        """
        rate, parts = self.rate, self.plan.gradient_accumulation_steps
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        torch.manual_seed(derived(self.plan.seed, "dropout", self.done))
        losses = [self._learn(self.done * parts + part) for part in range(parts)]
        self.done += 1
        if self._average:
            self._average.follow(self.learner.weights, self.done)
        return sum(losses) / parts

    def state(self) -> dict[str, Any]:
        """Return all that the next steps are decided by, besides plan, model and data."""
        scaler = self._accelerator.scaler
        return {
            "step": self.done,
            "weights": {name: value.detach() for name, value in self.learner.weights.items()},
            "average": self._average.weights if self._average else {},
            "optimizer": self._optimizer.state_dict(),
            "scaler": scaler.state_dict() if scaler else {},
        }

    @torch.no_grad()
    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.done = int(state["step"])
        for name, parameter in self.learner.weights.items():
            parameter.copy_(state["weights"][name])
        if self._average and state["average"]:
            self._average.load(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._accelerator.scaler and state["scaler"]:
            self._accelerator.scaler.load_state_dict(state["scaler"])

    @contextmanager
    def at_rest(self) -> Generator[None]:
        """Let the networks be as they draw: without dropout, with averaged weights."""
        networks = [net for net in (self.model.unet, self.learner.reader) if net is not None]
        own = {name: value.detach().clone() for name, value in self.learner.weights.items()}
        for network in networks:
            network.eval()
        try:
            if self._average:
                self._put(self._average.weights)
            yield
        finally:
            if self._average:
                self._put(own)
            for network in networks:
                network.train()

    @torch.no_grad()
    def _put(self, weights: Mapping[str, Tensor]) -> None:
        for name, parameter in self.learner.weights.items():
            parameter.copy_(weights[name])

    def forward(self, batch: Batch, captions: Sequence[str]) -> Tensor:
        """Return the loss of a batch, with its gradient."""
        clean, noise, t = (side.to(self._device) for side in (batch.clean, batch.noise, batch.t))
        states = self._read(captions)
        noisy = self._noise.put(clean, noise, t)
        guess = self._unet(noisy, t, states, return_dict=False)[0]
        return self._noise.loss(guess, self._noise.wanted(clean, noise, t), t)

    def _learn(self, number: int) -> float:
        """Learn from the batch of a number, and from that of the class."""
        with self._accelerator.accumulate(self._unet):
            losses = [self._loss(feed, number) for feed in self._feeds]
            loss = losses[0] + self.plan.prior_loss_weight * sum(losses[1:])
            told = float(loss.detach())
            if not torch.isfinite(loss):
                raise self._diverged()
            self._accelerator.backward(loss)
            if self._accelerator.sync_gradients:
                self._clip()
                self._optimizer.step()
                self._optimizer.zero_grad()
        return told

    def _loss(self, feed: Feed, number: int) -> Tensor:
        batch = feed.draw(number, self._noise.ticks)
        if self.plan.noise_offset:
            shift = torch.randn(
                (*batch.noise.shape[:2], 1, 1), generator=generator(self.plan.seed, "shift", number)
            )
            batch = Batch(
                batch.clean, batch.captions, batch.noise + self.plan.noise_offset * shift, batch.t
            )
        return self.forward(batch, self._captions(batch, number))

    def _captions(self, batch: Batch, number: int) -> list[str]:
        seed = self.plan.seed
        first = number * self.plan.train_batch_size
        found = [
            self.learner.caption(told, derived(seed, "caption", first + row))
            for row, told in enumerate(batch.captions)
        ]
        share = self.plan.proportion_empty_prompts
        if share:
            lots = torch.rand(len(found), generator=generator(seed, "empty", number))
            found = ["" if lot < share else told for lot, told in zip(lots, found, strict=True)]
        return found

    def _read(self, captions: Sequence[str]) -> Tensor:
        """Return the hidden states of captions, (B, N, D)."""
        if self.learner.reader is not None:
            return self._reading.states(captions)
        return torch.stack([self._texts[caption] for caption in captions])

    def _clip(self) -> None:
        most = self.plan.max_grad_norm or float("inf")
        norm = self._accelerator.clip_grad_norm_(self._parameters, most)
        # fp16 has infinities now and then; its scaler passes over such steps
        if self._accelerator.scaler is None and norm is not None and not torch.isfinite(norm):
            raise self._diverged()

    def _diverged(self) -> Diverged:
        return Diverged(
            f"第 {self.done + 1} 步的损失不是数了，训练停下；"
            f"请降低 --learning_rate（现在 {self.plan.learning_rate:g}），"
            "或用 --mixed_precision no"
        )
