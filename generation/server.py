"""The engine's process: `python -m generation.server`.

The main thread speaks (asyncio: frames and heartbeats), another one draws, so that a kernel of
seconds delays no sign of life. A child of the bot inherits one end of a socket pair and ends with
it, however the bot ends; an engine of its own listens on a unix socket and outlives its clients.
"""

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from generation.config import EngineConfig
from generation.errors import EngineError
from generation.meter import Meter
from generation.wire import VERSION, Answered, Beat, Garbled, Hello, Ready, encode, read_asked

if TYPE_CHECKING:
    import torch

    from generation.desk import Desk, Inbox
    from generation.language.scribe import Scribe

log = logging.getLogger(__name__)

SURROUNDINGS = {
    # no network, no foreign code, no chatter
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DIFFUSERS_DISABLE_REMOTE_CODE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Environment that the libraries read when they are imported."""
WAITING = {"spin": {"GOMP_SPINCOUNT": "3000"}, "sleep": {"OMP_WAIT_POLICY": "PASSIVE"}}
"""How threads of one operation wait for each other, for libgomp.

Two rows of the embedded model took, on two cores, 11 ms each by spinning and 29 by sleeping on an
idle machine, where a core that sleeps is slow to wake; beside one busy program 52 and 17.
"""
BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""What kernels call it, on x86 and on ARM."""
IDLE = 0.5
"""Load for each core below which a machine counts as idle."""


class Peer:
    """One connection, as the drawing thread sees it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer, self._loop = writer, asyncio.get_running_loop()

    def send(self, message: Answered) -> None:
        """Answer, from any thread."""
        self._loop.call_soon_threadsafe(self._write, encode(message))

    def _write(self, frame: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(frame)


class Server:
    """Speaks for one drawing thread with all who are connected."""

    def __init__(self, config: EngineConfig) -> None:
        self._config = config
        self._inbox: Inbox = SimpleQueue()
        self._desk: Desk | None = None
        self._meter = Meter()
        self._peers: set[Peer] = set()

    async def serve(self, own: socket.socket | None) -> None:
        """Speak until the end.

        Args:
            own: The connection whose end is also ours; None: listen at config.address.
        """
        loop = asyncio.get_running_loop()
        if own is None:
            await self._open_door()
        speaking = asyncio.create_task(self._inherit(own) if own else self._until_stopped())
        drawing = loop.run_in_executor(ThreadPoolExecutor(1, "drawing"), self._draw, loop)
        done, _ = await asyncio.wait({speaking, drawing}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    def _draw(self, loop: asyncio.AbstractEventLoop) -> None:
        desk = open_desk(self._config, self._inbox, self._meter)
        loop.call_soon_threadsafe(self._ready, desk)
        desk.run()

    def _ready(self, desk: "Desk") -> None:
        self._desk = desk
        for peer in self._peers:
            peer.send(Ready())

    async def _inherit(self, own: socket.socket) -> None:
        await self._speak(*await asyncio.open_connection(sock=own))

    async def _open_door(self) -> None:
        path = Path(self._config.address.removeprefix("unix:"))
        path.unlink(missing_ok=True)  # left by one that was killed
        await asyncio.start_unix_server(self._speak, path)
        path.chmod(0o600)

    async def _until_stopped(self) -> None:
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        await stop.wait()

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(writer)
        peer.send(Hello(VERSION))
        if self._desk:
            peer.send(Ready())
        self._peers.add(peer)
        beating = asyncio.create_task(self._beat(peer))
        try:
            while (message := await read_asked(reader)) is not None:
                self._inbox.put((peer, message))
        except Garbled as error:
            log.warning("a client is cut off: %s", error)
        finally:
            beating.cancel()
            self._peers.discard(peer)
            self._inbox.put((peer, None))
            writer.close()

    async def _beat(self, peer: Peer) -> None:
        while True:
            if self._desk:
                peer.send(self._sign(self._desk))
            await asyncio.sleep(self._config.heartbeat_s)

    def _sign(self, desk: "Desk") -> Beat:
        meter = self._meter
        return Beat(
            busy=desk.busy,
            steps=desk.steps,
            batches=meter.batches,
            rows=meter.rows,
            memory_bytes=meter.memory_bytes(),
        )


def open_desk(config: EngineConfig, inbox: "Inbox", meter: Meter) -> "Desk":
    """Import what is heavy, load the first model and draw with it once."""
    began = time.monotonic()
    gc.disable()  # nothing that imports make is garbage; looking for it took a fifth of the start

    import torch

    device = meter.device = device_of(config.device)
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.backends.cudnn.deterministic = True  # the same recipe is the same picture

    from generation.cap import Cap
    from generation.desk import Desk
    from generation.engine import Engine
    from generation.knee import Knees
    from generation.lora.shelf import LoraShelf
    from generation.memory import MIB
    from generation.preview import Previewer
    from generation.upscale import Upscaler
    from generation.zoo import upscaler
    from generation.zoo.shelf import Shelf

    cap = Cap(Knees(config.knee_file), rows=config.max_batch, memory_mb=config.memory_mb)
    try:
        previewer = Previewer(config.previewer)
    except EngineError as error:
        log.warning("previews come from a linear map: %s", error)
        previewer = Previewer()
    enlarges = config.upscalers[config.upscaler]
    if fault := upscaler.fault(enlarges):
        log.warning("pictures cannot be enlarged: upscaler %s: %s", config.upscaler, fault)
    engine = Engine(
        Shelf(
            config.models,
            room=config.room,
            device=device,
            dtype=dtype_of(config, device),
            prompt_bytes=config.prompt_cache_mb * MIB,
            embeddings=config.embeddings,
        ),
        LoraShelf(config.loras, budget_bytes=config.lora_cache_mb * MIB),
        cap=cap,
        previewer=previewer,
        preview_every_s=config.preview_every_s,
        clock=time.monotonic,
        scheduler=meter.scheduler,
        upscaler=Upscaler(config.upscaler, enlarges, device=device, memory_mb=config.memory_mb),
        scribe=scribe_of(config, device),
    )
    try:
        engine.warm(next(iter(config.models)))
    except EngineError as error:
        # its own jobs will be told why; those of other models are drawn
        log.warning("not warm: %s", error)
    gc.freeze()
    gc.enable()
    log.info("ready after %.1f s on %s", time.monotonic() - began, device)
    return Desk(engine, inbox)


def scribe_of(config: EngineConfig, device: "torch.device") -> "Scribe":
    """Return who translates and polishes on a device; what cannot be used is told in the log."""
    from generation.language.folder import faults
    from generation.language.scribe import Scribe

    for task, folders in config.writers.items():
        for name, path in folders.items():
            if found := faults(path, task):
                log.warning("%s by %s is not possible: %s", task, name, "; ".join(found))
    return Scribe(
        config.cards,
        translators=config.translators,
        polishers=config.polishers,
        device=device,
        dtype=dtype_of(config, device),
    )


def waiting(config: EngineConfig, load: float) -> dict[str, str]:
    """Return the environment by which threads wait as the operator wants.

    Args:
        config: What the operator wants.
        load: Programs that want to run, on average of the last minute.
    """
    how = config.waiting
    if how == "auto":
        how = "spin" if load < IDLE * (os.cpu_count() or 1) else "sleep"
    return WAITING[how]


def device_of(name: str) -> "torch.device":
    """Return the device of that name; auto is cuda where there is one."""
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def dtype_of(config: EngineConfig, device: "torch.device") -> "torch.dtype":
    """Return what networks compute in on a device."""
    import torch

    name = config.dtype
    if name == "auto" and device.type == "cuda":
        name = "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    elif name == "auto":
        name = "bf16" if device.type == "cpu" and computes_bf16() else "fp32"
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[name]


def computes_bf16(cpus: Path = Path("/proc/cpuinfo")) -> bool:
    """Return whether the CPU multiplies in bfloat16 itself.

    Where it does, crowds of the embedded model are drawn 1.5 times as fast as in float32, and
    pictures differ by a PSNR of 47 dB or more (benchmarks/dtype.py); elsewhere it would be slower.
    """
    if not cpus.is_file():
        return False
    lines = (line.partition(":") for line in cpus.read_text("utf-8").splitlines())
    told = next((words for name, _, words in lines if name.strip() in {"flags", "Features"}), "")
    return bool(BF16_FLAGS.intersection(told.split()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the engine until its end."""
    parser = argparse.ArgumentParser(prog="python -m generation.server", description=__doc__)
    parser.add_argument("--fd", type=int, help="an inherited socket; else listen at the address")
    parser.add_argument("--config", default="{}", help="an EngineConfig as JSON")
    given = parser.parse_args(arguments)
    config = EngineConfig.model_validate_json(given.config)
    os.environ.update(SURROUNDINGS | waiting(config, os.getloadavg()[0]))
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    own = None
    if given.fd is not None:
        own = socket.socket(fileno=given.fd)
        # Ctrl-C goes to the whole terminal; the bot decides what it means
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    elif not config.address:
        parser.error("neither --fd nor an address to listen at")
    asyncio.run(Server(config).serve(own))
    # the drawing thread may be within a kernel: do not wait for it, nor tear torch down under it
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
