"""One arm in a process of its own: `python -m benchmarks.serving.arm JOB TOLD`.

It imports what it needs, says so, and waits for its turn: what others measure is not disturbed.
"""

import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import msgspec
import torch
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from benchmarks.serving.job import THEIRS, Arm, Job, Load, Served, Told
from benchmarks.serving.ours import Ours, Whole
from benchmarks.serving.probe import apart, probe
from benchmarks.serving.theirs import Diffusers
from benchmarks.serving.traffic import Server, serve
from generation.server import device_of

STEPS = 2
"""Of a warm picture."""


def main() -> None:
    """Do a job and tell of it."""
    for library in (diffusers_logging, transformers_logging):
        library.set_verbosity_error()
        library.disable_progress_bar()
    warnings.simplefilter("ignore")
    given, told = map(Path, sys.argv[1:])
    print("ready", flush=True)
    sys.stdin.readline()
    job = msgspec.json.decode(given.read_bytes(), type=Job)
    told.write_bytes(msgspec.json.encode(work(job)))


def work(job: Job) -> Told:
    """Do a job."""
    device = device_of(job.device)
    also: dict[str, float] = {}
    began = time.perf_counter()
    if job.arm in THEIRS:
        server, setting, probed = _theirs(job, device, also)
    else:
        server, setting, probed = _ours(job)
    short = [replace(recipe, steps=STEPS) for recipe in job.warm]
    for together in (1,) if job.arm in THEIRS else (1, len(short)):
        serve(server, Load(name="warm", recipes=short, users=together))
    also["warm_s"] = time.perf_counter() - began
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    served: dict[str, list[Served]] = {}
    for load in job.loads:
        served[load.name] = serve(server, load)
        if device.type == "cuda":
            also[f"{load.name}_mb"] = torch.cuda.max_memory_allocated(device) / 1e6
    if job.probe and probed is not None:
        also |= probe(probed, job.loads[-1].recipes)
        exact = Ours(msgspec.structs.replace(job, dtype="fp32"))
        also["apart"] = apart(exact, job.loads[-1].recipes)
    return Told(arm=job.arm, setting=setting, served=served, also=also)


def _theirs(
    job: Job, device: torch.device, also: dict[str, float]
) -> tuple[Server, str, Ours | None]:
    server = Diffusers(job, device)
    if job.arm is Arm.BEST:
        style = next(iter(job.loras))
        server.tune(replace(job.warm[0], guidance=5.0, loras={style: 1.0}, source="", mask=""))
        also["compile_s"] = server.compile_s
    return server, str(server.setting), None


def _ours(job: Job) -> tuple[Server, str, Ours | None]:
    torch.backends.cudnn.deterministic = True  # as the engine's process
    ours = Ours(job)
    server = Whole(ours) if job.arm is Arm.B else ours
    dtype = str(ours.dtype).removeprefix("torch.")
    return server, f"{dtype}, {torch.get_num_threads()} threads, {ours.rows} rows", ours


if __name__ == "__main__":
    main()
