"""What networks predict of a data set's images, computed once: kept as latents, decoded where clouds are needed.

An image encoder takes nearly all of the time from an image to a cloud, and a latent is a twelfth of its cloud's size. So one
notebook predicts and keeps, and whatever comes later reads: the same weights on the same image are not asked twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from lmnet_utils.core import cache
from lmnet_utils.core.files import atomic_path
from lmnet_utils.data.packs import Pack
from lmnet_utils.models.inference import (
    Batch,
    Batching,
    Item,
    Sampling,
    batch_spans,
    decode,
    decoder_of,
    encode_clouds,
    encode_images,
    sample_latents,
)
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.weights import fingerprint_of

Network = PointCloudAutoencoder | ImageEncoder


class KeptLatents:
    """The latents that networks predict of a data set's images, and Variant II's log-variances; each is computed once.

    An autoencoder's are those of the objects' clouds, whatever the view. Networks must not change meanwhile.

    Args:
        pack: of the data set.
        folder: what :meth:`keep` wrote there is read, a file a network, as far as weights, data, arithmetic and
            :data:`lmnet_utils.core.cache.VERSIONS` are the same. None: in memory alone, 2 kB an image (Variant II 4 kB).
        batching: images at once, their arithmetic, and the text beside a progress bar.
    """

    def __init__(self, pack: Pack, folder: str | Path | None = None, batching: Batching = Batching()) -> None:
        self.pack, self.folder, self.batching = pack, None if folder is None else Path(folder), batching
        self._keys: dict[int, tuple[Network, str]] = {}  # id → network, held so that no other one gets its id; key
        self._known: dict[str, dict[int, np.ndarray]] = {}  # key → number of the image → latent, log-variance behind it
        self._on_disk: dict[str, int] = {}  # key → how many of them its file holds

    def of(self, network: Network, items: Sequence[Item]) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Latents (B, 512) of images, and log-variances (B, 512) or ``None``; fp32 on the CPU. What is missing is computed.

        Args:
            network: an image encoder, or the autoencoder.
            items: of the pack.
        """
        known, numbers = self._read(network), self._numbers(network, items)
        missing = [k for k, number in enumerate(numbers) if number not in known]
        for span in batch_spans(len(missing), self.batching.batch_size):
            part = [items[k] for k in missing[span]]
            known.update(zip([numbers[k] for k in missing[span]], self._computed(network, part), strict=True))
        variational = not isinstance(network, PointCloudAutoencoder) and network.variational
        width = 1024 if variational else 512
        found = torch.from_numpy(np.array([known[number] for number in numbers], np.float32).reshape(-1, width))
        return (found[:, :512].contiguous(), found[:, 512:].contiguous()) if variational else (found, None)

    def keep(self, network: Network, items: Sequence[Item]) -> None:
        """Compute what is missing and write all that is known of a network; a killed computation loses about 20 seconds."""
        if self.folder is None:
            raise ValueError("no folder to keep latents in: give one to KeptLatents.")
        saved = time.monotonic()
        for span in batch_spans(len(items), self.batching.batch_size, self.batching.progress):
            self.of(network, items[span])
            if time.monotonic() - saved > cache.SAVE_INTERVAL_S:
                self._write(network)
                saved = time.monotonic()
        self._write(network)

    def predict(
        self,
        autoencoder: PointCloudAutoencoder,
        encoder: ImageEncoder | None,
        items: Sequence[Item],
        sampling: Sampling = Sampling(),
    ) -> Iterator[Batch]:
        """Clouds of images, batch by batch, with all that predictions' files hold.

        Args:
            autoencoder: decodes; without an encoder it also encodes the ground truth (its own reconstruction).
            encoder: image encoder, or ``None`` for the autoencoder's reconstruction.
            items: of :func:`lmnet_utils.models.inference.items_of`.
            sampling: counts for Variant II only.
        """
        decoder = decoder_of(autoencoder, encoder)
        for span in batch_spans(len(items), self.batching.batch_size, self.batching.progress):
            part = list(items[span])
            rows = self.pack.rows([item.model for item in part])
            latent, log_variance = self.of(autoencoder if encoder is None else encoder, part)
            samples = None
            if sampling.samples and log_variance is not None:
                indices = [item.noise_index for item in part]
                drawn = sample_latents(latent, log_variance, sampling.samples, seed=sampling.seed, indices=indices)
                samples = decode(decoder, drawn)
            images = self.pack.images(rows, [item.view for item in part])
            yield Batch(part, rows, images, latent, decode(decoder, latent), log_variance, samples)

    def _computed(self, network: Network, items: Sequence[Item]) -> np.ndarray:
        """(B, 512) latents, or (B, 1024) with log-variances behind them."""
        rows = self.pack.rows([item.model for item in items])
        if isinstance(network, PointCloudAutoencoder):
            return encode_clouds(network, self.pack.points[rows], batch_size=len(items)).numpy()
        images = self.pack.images(rows, [item.view for item in items])
        options = {"batch_size": len(items), "precision": self.batching.precision}
        latent, log_variance = encode_images(network, images, **options)
        return (latent if log_variance is None else torch.cat([latent, log_variance], dim=1)).numpy()

    def _numbers(self, network: Network, items: Sequence[Item]) -> list[int]:
        """What tells the images of the data set apart, for an autoencoder its objects."""
        rows = self.pack.rows([item.model for item in items]) if items else np.zeros(0, np.int64)
        views = 0 if isinstance(network, PointCloudAutoencoder) else np.array([item.view for item in items], np.int64)
        return (rows * self.pack.views + views).tolist()

    def _key(self, network: Network) -> str:
        if id(network) not in self._keys:
            inputs = {"weights": fingerprint_of(network), "precision": self.batching.precision}
            inputs |= {"dataset": self.pack.dataset, "pack_hash": self.pack.hash}
            self._keys[id(network)] = network, cache.fingerprint(inputs, "inference")
        return self._keys[id(network)][1]

    def _file(self, network: Network) -> Path | None:
        kind = network.config["kind"]
        return None if self.folder is None else self.folder / f"{kind}-{self._key(network)}.npz"

    def _read(self, network: Network) -> dict[int, np.ndarray]:
        key = self._key(network)
        if key not in self._known:
            found = cache.read_arrays(self._file(network))
            self._known[key] = dict(zip(found["numbers"].tolist(), found["values"], strict=True)) if found else {}
            self._on_disk[key] = len(self._known[key])
        return self._known[key]

    def _write(self, network: Network) -> None:
        file, known, key = self._file(network), self._read(network), self._key(network)
        if file is None or len(known) == self._on_disk[key]:
            return
        self._on_disk[key] = len(known)
        with atomic_path(file) as temporary, open(temporary, "wb") as stream:
            np.savez(stream, numbers=np.array(list(known), np.int64), values=np.stack(list(known.values())))
