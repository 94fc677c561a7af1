"""The devices of a training run, and how the processes on them work as one."""

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs, DistributedType
from torch import nn

from sspl.model import SSPL


def open_devices(device: str | None = None) -> Accelerator:
    """The device of this process and how it speaks to the others, if it was launched with any.

    Args:
        device: "cpu" or "cuda"; None takes GPUs where there are some.
    Raises:
        ValueError: if there is no such device here, or the launcher shares models otherwise.
    """
    if device not in (None, "cpu", "cuda"):
        raise ValueError(f"no device {device!r} to train on: take cpu or cuda")
    has_gpu = torch.cuda.is_available()
    if device == "cuda" and not has_gpu:
        raise ValueError("PyTorch finds no GPU here: take --device cpu")
    # Precision is ours to set (`Trainer`), whatever the launcher's configuration says. Nobody reads
    # the running statistics of any process but the first, and an image encoder that learns has run
    # already when they would be handed round.
    accelerator = Accelerator(
        cpu=device == "cpu" or not has_gpu,
        mixed_precision="no",
        kwargs_handlers=[DistributedDataParallelKwargs(broadcast_buffers=False)],
    )
    if accelerator.distributed_type not in (
        DistributedType.NO,
        DistributedType.MULTI_CPU,
        DistributedType.MULTI_GPU,
    ):
        raise ValueError(
            f"the launcher is set to {accelerator.distributed_type.value}: start with torchrun, or "
            "set accelerate to plain multi-GPU"
        )
    # Accelerate keeps a process on the device that it was first given, and says nothing.
    if device is not None and accelerator.device.type != device:
        raise ValueError(
            f"this process already works on {accelerator.device.type}: start another for {device}"
        )
    torch.backends.cudnn.benchmark = True  # every batch has the same shape
    return accelerator


def join_batch_norms(model: SSPL, num_processes: int, device: torch.device) -> None:
    """Let the batch norms that learn see the whole batch, where several GPUs share it.

    PyTorch's SyncBatchNorm needs GPUs; processes on CPUs normalise each its own part.
    """
    if num_processes > 1 and device.type == "cuda":
        image_encoder = model.image_encoder if model.config.train_image_encoder else None
        for part in (model.pcm, model.head, model.target, image_encoder):
            if part is not None:
                nn.SyncBatchNorm.convert_sync_batchnorm(part)
