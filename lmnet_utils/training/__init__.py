"""The two trainings and the loop that they share."""

from typing import TYPE_CHECKING

from lmnet_utils.core.lazy import lazy_exports

if TYPE_CHECKING:
    from lmnet_utils.training.autoencoder import CloudBatches, score_autoencoder, stretch_and_mirror, train_autoencoder
    from lmnet_utils.training.image_encoder import (
        ImageBatches,
        autoencoder_folder,
        compute_latents,
        compute_targets,
        mirror_clouds,
        score_encoder,
        train_image_encoder,
    )
    from lmnet_utils.training.loop import Training, initialised, open_data
else:
    __getattr__, __dir__, __all__ = lazy_exports(__name__)
