"""The networks, their losses and weights, and what they make of images."""

from typing import TYPE_CHECKING

from lmnet_utils.core.lazy import lazy_exports

if TYPE_CHECKING:
    from lmnet_utils.models.efficientnet import features_available, load_efficientnet
    from lmnet_utils.models.flows import FlowSettings, train_flow
    from lmnet_utils.models.inference import (
        Batching,
        Sampling,
        decode,
        decoder_of,
        encode_clouds,
        encode_images,
        images_per_second,
        items_of,
        reconstruct,
        sample_latents,
        spread_over_classes,
    )
    from lmnet_utils.models.latents import KeptLatents
    from lmnet_utils.models.losses import (
        autoencoder_loss,
        direct_regression_loss,
        diversity_loss,
        emd_loss,
        latent_matching_loss,
        sample_latent,
        target_sigma,
    )
    from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
    from lmnet_utils.models.orientation import best_yaw, match_frame, yaw_errors
    from lmnet_utils.models.posteriors import ResidualPosterior, load_residuals
    from lmnet_utils.models.predictions import PredictionWriter, read_all_predictions, read_predictions
    from lmnet_utils.models.registry import find_networks, first_seeds, info_of, label, load_networks, warn_of_leakage
    from lmnet_utils.models.samplers import MatchedNoise, Repeated, image_numbers
    from lmnet_utils.models.strong import StrongEncoder, maps_of
    from lmnet_utils.models.weights import load_model
else:
    __getattr__, __dir__, __all__ = lazy_exports(__name__)
