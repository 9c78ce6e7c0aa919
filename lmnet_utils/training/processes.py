"""The processes of a training: one, or those that ``accelerate launch`` or ``torchrun`` started, on one machine or several.

Accelerate finds them, their devices and their arithmetic. Every process draws the same batches, whose order is a function of
(seed, epoch, step) alone, and computes its share of each. Gradients are summed over the processes, weighted by the shares, and
batch norm takes its statistics over the whole batch. So a step is the step of one process, up to the rounding of sums, for any
number of processes and for an uneven last batch too; and a training may go on with another number of them.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import nn

from lmnet_utils.core.runtime import pick_device, pick_precision

if TYPE_CHECKING:
    from accelerate import Accelerator


def start(device: str = "auto", precision: str = "auto") -> Accelerator:
    """Join the other processes, if there are any, on this process's own device.

    Args:
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``, as the settings have it.
        precision: ``"auto"``, ``"fp32"`` or ``"bf16"``.

    Raises:
        ValueError: a CUDA device is asked for and none is there.
    """
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState, PartialState

    wanted = pick_device(device)
    if wanted.type == "cuda" and wanted.index is not None:
        torch.cuda.set_device(wanted)
    # Accelerate keeps one state for the whole process; a notebook may train first on a GPU, then on the CPU.
    joined = PartialState._shared_state != {} and PartialState().num_processes > 1
    AcceleratorState._reset_state(reset_partial_state=not joined)
    arithmetic = "bf16" if pick_precision(precision, wanted) == "bf16" else "no"
    return Accelerator(cpu=wanted.type == "cpu", mixed_precision=arithmetic)


def share_of(batch_size: int, accelerator: Accelerator) -> tuple[slice, float]:
    """This process's part of a batch, and what it weighs in the whole batch's mean.

    A process for which nothing is left of a small last batch computes its last item again, with weight 0.
    """
    processes, rank = accelerator.num_processes, accelerator.process_index
    start_, stop = batch_size * rank // processes, batch_size * (rank + 1) // processes
    if start_ == stop:
        return slice(batch_size - 1, batch_size), 0.0
    return slice(start_, stop), (stop - start_) / batch_size


def sum_over_processes(
    parameters: Sequence[nn.Parameter], values: torch.Tensor, accelerator: Accelerator
) -> torch.Tensor:
    """Add up the processes' gradients, in place, and ``values`` (V,), which are returned; one exchange for all."""
    if accelerator.num_processes == 1:
        return values
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    flat = torch.cat([*(gradient.flatten() for gradient in gradients), values.to(gradients[0])])
    *summed, total = accelerator.reduce(flat, "sum").split([*(g.numel() for g in gradients), len(values)])
    for gradient, piece in zip(gradients, summed, strict=True):
        gradient.copy_(piece.view_as(gradient))
    return total


@contextlib.contextmanager
def batch_norm_over_processes(model: nn.Module, accelerator: Accelerator) -> Iterator[None]:
    """Within, batch norm takes its statistics over all processes' parts of a batch. (torch's own layer for that needs GPUs.)"""
    layers = [layer for layer in model.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    layers = layers if accelerator.num_processes > 1 else []
    for layer in layers:
        layer.forward = functools.partial(_batch_norm, layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _batch_norm(layer: nn.modules.batchnorm._BatchNorm, x: torch.Tensor) -> torch.Tensor:
    if not layer.training:
        return F.batch_norm(x, layer.running_mean, layer.running_var, layer.weight, layer.bias, False, 0.0, layer.eps)
    from torch.distributed.nn.functional import all_reduce  # its gradient is an exchange, too

    values = x.float()
    others = [axis for axis in range(x.ndim) if axis != 1]
    shape = [1, -1] + [1] * (x.ndim - 2)
    sums = torch.cat([values.sum(others), values.new_tensor([values.numel() / values.shape[1]])])
    sums = all_reduce(sums)
    count = sums[-1].detach()
    mean = sums[:-1] / count
    centred = values - mean.view(shape)
    # In a second pass: differences of large sums lose digits.
    variance = all_reduce(centred.square().sum(others)) / count
    if layer.track_running_stats:
        with torch.no_grad():
            layer.num_batches_tracked += 1
            layer.running_mean.lerp_(mean, layer.momentum)
            layer.running_var.lerp_(variance * count / (count - 1), layer.momentum)
    scaled = centred * torch.rsqrt(variance + layer.eps).view(shape)
    return (scaled * layer.weight.view(shape) + layer.bias.view(shape)).to(x.dtype)
