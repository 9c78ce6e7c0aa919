"""Training of the point-cloud autoencoder (paper, section 3.1)."""

from __future__ import annotations

import numpy as np
import torch

from lmnet_utils.core.notebook_settings import AutoencoderSettings
from lmnet_utils.core.runtime import seed_everything
from lmnet_utils.geometry.pointclouds import scaled_chamfer
from lmnet_utils.models.losses import autoencoder_loss
from lmnet_utils.models.networks import PointCloudAutoencoder
from lmnet_utils.training.loop import Training, TrainingData, generator, initialised, open_data, passes
from lmnet_utils.training.results import TrainingResult


# -------------------------------------------------------------------------------------------------------- autoencoder
def train_autoencoder(settings: AutoencoderSettings, *, progress: bool = True) -> TrainingResult:
    """Train the point-cloud autoencoder on the training split (paper, section 3.1).

    Keeps the epoch with the best validation Chamfer; with ``"chamfer_emd"`` the last, for Chamfer alone does not say what the
    matching has gained. Leaves ``trained_models/<run>/autoencoder/`` with weights, ``config.json``, ``metrics.json`` and TensorBoard events.
    A run that was killed is taken up where it was; one that is finished with these settings is loaded.

    Raises:
        DivergedError: NaN or infinite loss.
        FileNotFoundError: data set, split or initial weights are missing.
    """
    data = open_data(settings)
    seed_everything(settings.seed)
    model = initialised(PointCloudAutoencoder(), settings.initial_weights, data)
    keep_last = settings.loss == "chamfer_emd"
    with Training(model, settings, data, name="autoencoder", keep_last=keep_last, progress=progress) as training:
        batches = CloudBatches(data, settings, training.device)
        for _ in training.epochs():
            for clouds, shown in training.batches(batches):
                with training.autocast():
                    prediction = model(clouds[:, shown]).float()
                training.check(prediction)
                training.step(autoencoder_loss(clouds, prediction, settings.loss))
            training.validate(score_autoencoder(training))
    return training.result()


class CloudBatches:
    """Batches of the autoencoder: clouds (B, 2048, 3), altered anew in each epoch, and which points the encoder sees.

    The last, smaller batch of an epoch is left out: batch norm dislikes it.
    """

    def __init__(self, data: TrainingData, settings: AutoencoderSettings, device: torch.device) -> None:
        self.settings, self.device, self.pack, self.rows = settings, device, data.pack, data.rows
        self.steps = settings.steps_per_epoch or max(1, len(self.rows) // settings.batch_size)

    def order(self, epoch: int) -> np.ndarray:
        rng, wanted = generator(self.settings.seed, epoch), self.settings.steps_per_epoch
        return passes(lambda: self.pack.shuffled(self.rows, rng), wanted and wanted * self.settings.batch_size)

    def load(self, order: np.ndarray, epoch: int, step: int) -> tuple[np.ndarray, tuple[torch.Tensor, torch.Tensor]]:
        size = self.settings.batch_size
        chosen = order[step * size : (step + 1) * size]
        rng = generator(self.settings.seed, epoch, step)
        clouds = torch.from_numpy(self.pack.points[self.rows[chosen]])
        if self.settings.augment:
            clouds = stretch_and_mirror(clouds, rng)
        shown = torch.from_numpy(rng.permutation(clouds.shape[1])[: self.settings.input_points])
        return chosen, (clouds.to(self.device), shown.to(self.device))

    def part(self, batch: tuple[torch.Tensor, torch.Tensor], share: slice) -> tuple[torch.Tensor, torch.Tensor]:
        clouds, shown = batch
        return clouds[share], shown


def stretch_and_mirror(clouds: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Random per-axis stretch and left-right mirror of clouds (B, N, 3) in the file frame; diagonal 1 as before."""
    factors = np.exp(rng.uniform(-0.25, 0.25, (len(clouds), 1, 3)))
    factors[..., 2] *= rng.choice([-1.0, 1.0], (len(clouds), 1))  # z is left-right in the file frame, too
    clouds = clouds * torch.from_numpy(factors.astype(np.float32))
    low, high = clouds.amin(1, keepdim=True), clouds.amax(1, keepdim=True)
    return (clouds - (low + high) / 2) / (high - low).norm(dim=-1, keepdim=True)


@torch.no_grad()
def score_autoencoder(training: Training, batch: int = 64) -> np.ndarray | None:
    """Chamfer ×100 of the validation objects' reconstructions, each; None without a validation set."""
    pack, rows = training.data.pack, training.data.pack.rows(training.data.split.val)
    training.model.eval()
    scores = []
    for i in range(0, len(rows), batch):
        part = rows[i : i + batch]
        with training.autocast():
            clouds = torch.from_numpy(pack.points[part]).to(training.device)
            prediction = training.model(clouds).float().cpu()
        training.check(prediction)
        scores.append(scaled_chamfer(torch.from_numpy(pack.points_1024[part]), prediction).numpy())
    training.model.train()
    return np.concatenate(scores) if scores else None
