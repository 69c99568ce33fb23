"""What a model's scheduler_config.json says of the noise it was trained on; free of torch."""

from typing import Literal

import msgspec

Spacing = Literal["linspace", "leading", "trailing"]
"""Where steps lie on the model's clock: Lin et al. 2023, arXiv:2305.08891, Table 2."""


class Noising(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a scheduler_config.json that decide pixels, under their own names.

    Defaults are those of diffusers for a file that leaves a field out. Two fields are not read
    because StableDiffusionPipeline overrules the file: steps_offset is 1, clip_sample is off.
    """

    num_train_timesteps: int = 1000
    beta_start: float = 0.0001
    beta_end: float = 0.02
    beta_schedule: Literal["linear", "scaled_linear", "squaredcos_cap_v2"] = "linear"
    prediction_type: Literal["epsilon", "v_prediction"] = "epsilon"
    timestep_spacing: Spacing | None = None
    """None: the sampler's own, which is leading for ddim and linspace for the others."""
    use_karras_sigmas: bool | None = None
    final_sigmas_type: Literal["zero", "sigma_min"] = "zero"
    """Where euler and dpmpp_2m end."""
    set_alpha_to_one: bool = True
    """Whether ddim ends without noise, not at the lowest trained level."""
    original_inference_steps: int = 50
    """Steps of the schedule that a latent consistency model was distilled on."""
    trained_betas: None = None
    """A table of its own is not supported."""
    rescale_betas_zero_snr: bool = False
    """Whether the clock ends in pure noise: Lin et al. 2023, arXiv:2305.08891, section 3.1."""

    @property
    def drawable(self) -> bool:
        """Whether a picture can come of it: the noise in pure noise tells nothing of a picture."""
        return self.prediction_type == "v_prediction" or not self.rescale_betas_zero_snr
