"""Settings of the notebooks: the names, types and bounds of their parameters, a class a notebook (03, 04 and 05 share one).

A notebook builds its own from its parameters cell, ``settings = EncoderSettings.from_mapping(globals(), loss="l2")``, and
:func:`lmnet_utils.run.plans.plan_steps` builds the same for every step before anything runs. So nothing heavy is imported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from lmnet_utils.core import paths
from lmnet_utils.core.settings import (
    PAPER_ALPHA,
    PAPER_ANGLE,
    Architecture,
    AutoencoderLoss,
    Background,
    Classes,
    ClassName,
    Count,
    DatasetName,
    Device,
    EncoderLoss,
    Fraction,
    Icp,
    PathText,
    Positive,
    Precision,
    Rgb,
    Run,
    Samples,
    Schedule,
    Seed,
    Settings,
    Split,
    Temperature,
    Width,
    Yaw,
)


class DataSettings(Settings):
    """Settings of notebook 01, which makes FreeShapes or verifies any other data set."""

    run: Run = "quickstart"
    dataset: DatasetName = "freeshapes"
    split: Split = "official"
    classes: Classes = "13"
    copies: Annotated[int, Field(ge=0)] = 0
    programs: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    folds: bool = False
    limit_per_class: Count | None = None
    workers: Count | None = None
    seed: Seed = 0
    download: bool = False

    @model_validator(mode="after")
    def _can_be_fetched(self) -> DataSettings:
        if self.download and self.dataset != "shapenet":
            raise ValueError(f"download=True, dataset={self.dataset!r}: only 'shapenet' can be fetched")
        return self


class TrainingSettings(Settings):
    """What both trainings have in common.

    ``real_objects``, ``programs``: so many of the training objects, and of those made by programs; None takes all
    (:func:`lmnet_utils.data.splits.subset`). ``steps_per_epoch``: None passes over the training objects once an epoch.
    """

    run: Run
    dataset: DatasetName
    split: Split
    classes: Classes
    seed: Seed
    device: Device
    precision: Precision
    epochs: Count
    batch_size: Count
    learning_rate: Positive
    schedule: Schedule
    augment: bool
    initial_weights: PathText | None
    real_objects: Count | None = None
    programs: Annotated[int, Field(ge=0)] | None = None
    steps_per_epoch: Count | None = None

    def as_dict(self) -> dict[str, Any]:
        """As all settings; what limits nothing is left out, so that records from before there was a limit say the same."""
        limits = ("real_objects", "programs", "steps_per_epoch")
        return {name: value for name, value in super().as_dict().items() if value is not None or name not in limits}


class AutoencoderSettings(TrainingSettings):
    """Settings of :func:`lmnet_utils.training.autoencoder.train_autoencoder`; the published values stand in the profiles.

    ``input_points``: points drawn anew for the encoder in every step (2048 = all); the loss always sees all.
    ``augment``: every cloud is mirrored with probability ½ and stretched per axis by up to e^±0.25, anew in each epoch.
    """

    weight_decay: Annotated[float, Field(ge=0)]
    loss: AutoencoderLoss
    input_points: Annotated[int, Field(ge=1, le=2048)]


class EncoderSettings(TrainingSettings):
    """Settings of :func:`lmnet_utils.training.image_encoder.train_image_encoder`.

    ``loss``: ``"l1"`` or ``"l2"`` (Variant I), ``"probabilistic"`` (Variant II: l2 on a sample + λ·diversity),
    ``"chamfer"`` (direct regression: the encoder and a decoder of its own, end to end) or ``"chamfer_frozen"`` (the
    same loss through the autoencoder's frozen decoder: the official ``--loss chamfer``), or ``"end_to_end"`` (the encoder, and
    the autoencoder's decoder, which goes on learning, by the loss that the autoencoder was trained with).
    ``architecture``: ``"strong"`` is the strong variant's, whose features need the extra ``strong``; ``width`` does not count.
    ``views_per_model``: views drawn per model and epoch; None takes all.
    ``validation_views``: views of each validation object scored after an epoch; None takes all.
    ``autoencoder``: folder of the frozen autoencoder; None takes the run's own.
    ``augment``: images flipped left to right with probability ½, the target being the mirrored cloud's latent.
    ``photographs``: half of the flipped images are moreover moved, resized and lit as photographs are
    (:mod:`lmnet_utils.data.photographs`); needs ``augment``.
    """

    architecture: Architecture
    width: Width
    loss: EncoderLoss
    weight_decay_conv: Annotated[float, Field(ge=0)]
    weight_decay_fc: Annotated[float, Field(ge=0)]
    views_per_model: Count | None
    autoencoder: PathText | None
    diversity_weight: float = 0.0
    alpha: float = PAPER_ALPHA
    penalty_angle: Positive = PAPER_ANGLE
    validation_views: Count | None = None
    photographs: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As all settings; ``photographs`` only where it is on, as limits are."""
        return {name: value for name, value in super().as_dict().items() if value or name != "photographs"}

    @property
    def model_name(self) -> str:
        """The model's folder: ``encoder_<loss>`` or ``encoder_lambda_<λ>``; an α or seed other than usual is named.

        ``encoder_lambda_5.5_alpha_1_seed2`` is Variant II with λ 5.5, α 1 instead of the paper's 0.2, seed 2. The strong
        variant is ``encoder_strong``, and ``encoder_strong_l1`` before its end-to-end training.
        """
        name = f"encoder_{self.loss}"
        if self.loss == "probabilistic":
            name = f"encoder_lambda_{self.diversity_weight:g}"
            name += "" if self.alpha == PAPER_ALPHA else f"_alpha_{self.alpha:g}"
        elif self.architecture == "strong":
            name = "encoder_strong" + ("" if self.loss == "end_to_end" else f"_{self.loss}")
        return name + (f"_seed{self.seed}" if self.seed else "")

    @model_validator(mode="after")
    def _strong_is_deterministic(self) -> EncoderSettings:
        if self.architecture == "strong" and self.loss == "probabilistic":
            raise ValueError("architecture='strong', loss='probabilistic': the strong variant has no Variant II")
        return self

    @property
    def matches_latents(self) -> bool:
        """Whether the encoder learns an autoencoder's latents (and not clouds, as direct regression does)."""
        return self.loss in ("l1", "l2", "probabilistic")


class _OnTestObjects(Settings):
    """What notebooks 06 and 08 have in common; their parameters cells say what each is. ``None`` stands for all."""

    run: Run
    weights_run: Run | None
    models: list[str] | None
    dataset: DatasetName
    split: Split
    classes: Classes
    seed: Seed
    device: Device
    precision: Precision
    batch_size: Count
    views: Count | None
    limit_models: Count | None


class InferenceSettings(_OnTestObjects):
    """Settings of notebook 06."""

    samples: Annotated[int, Field(ge=0)]
    predictions: Count | None


class RenderSettings(Settings):
    """How a cloud is drawn. The defaults are the port's (``pc_visualization.py``).

    Attributes:
        distance: of the camera from the origin; without effect on size, as the camera is orthographic.
        elevation: of the camera above the ground, degrees.
        azimuth: of the camera, degrees from the object's front (pytorch3d's ``look_at_view_transform``).
        front: where the object's front is, degrees from +z towards +x: 0 as the port's clouds, 90 for fronts along +x.
        znear: nearest depth that is drawn.
        image_size: pixels a side.
        radius: of a point's disc, in half picture widths at zoom 1.
        points_per_pixel: how many of the frontmost discs are blended in one pixel.
        color: RGB of the points, 0…1.
        background: RGB, 0…1.
        depth_fade: how far the farthest point's colour goes towards the background: 0 (flat, as the port) to 1.
        zoom: enlargement of the picture, discs included; at 1, as in the port, it spans [−1, 1], while an object of
            this kit's data sets has a diagonal of 1.
    """

    distance: Positive = 20.0
    elevation: float = 14.0
    azimuth: float = -46.0
    front: float = 0.0
    znear: Positive = 0.01
    image_size: Count = 512
    radius: Positive = 0.005
    points_per_pixel: Count = 10
    color: Rgb = [0.07245, 0.25185, 0.528]
    background: Rgb = [1.0, 1.0, 1.0]
    depth_fade: Fraction = 0.0
    zoom: Positive = 1.0

    @model_validator(mode="after")
    def _discs_fit(self) -> RenderSettings:
        if self.radius * self.zoom > 0.5:
            raise ValueError(
                f"radius={self.radius} at zoom={self.zoom}: expected at most 0.5, a quarter of the picture"
            )
        return self


class FigureSettings(Settings):
    """Settings of notebook 07: what its figures show (``objects`` each), and how they are rendered."""

    run: Run
    objects: Count
    sampled_objects: Count
    turntable_class: ClassName
    turntable_frames: Count
    turntable_size: Count
    render: RenderSettings

    @property
    def turntable(self) -> RenderSettings:
        """The render settings at the turntable's size, the discs as large in pixels as in the other figures."""
        radius = self.render.radius * self.render.image_size / self.turntable_size
        return self.render.but(image_size=self.turntable_size, radius=min(radius, 0.5 / self.render.zoom))


class EvaluationSettings(_OnTestObjects):
    """Settings of notebook 08."""

    icp: Annotated[list[Icp], Field(min_length=1)]
    emd: bool
    candidates: Count | None
    gallery_classes: Count | None
    diversity_samples: Annotated[int, Field(ge=2)]  # one has no diversity
    diversity_views: Count | None
    diversity_objects: Count | None
    emd_without_icp: bool = True
    other_predictions: list[PathText] | None = None

    @model_validator(mode="after")
    def _each_icp_once(self) -> EvaluationSettings:
        if len(set(self.icp)) < len(self.icp):
            raise ValueError(f"icp={self.icp}: expected each once")
        return self


class ExplorerSettings(Settings):
    """Settings of notebook 09; its parameters cell says what each is."""

    run: Run
    weights_run: Run | None
    dataset: DatasetName
    split: Split
    classes: Classes
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)]
    samples: Samples
    temperature: Temperature
    state: PathText | None
    gallery_images: Annotated[int, Field(ge=1, le=1000)]
    gallery_samples: Samples


class Pix3DSettings(Settings):
    """Settings of notebook 10; its parameters cell says what each is."""

    run: Run
    weights_run: Run | None
    models: list[str] | None
    pix3d: DatasetName
    categories: list[str]
    yaw: Yaw | None
    limit: Count | None
    icp: Literal["exact", "official"] | None
    emd: bool
    seed: Seed
    device: Device
    precision: Precision
    batch_size: Count


class PhotoSettings(Settings):
    """Settings of notebook 11; its parameters cell says what each is."""

    run: Run
    weights_run: Run | None
    model: str
    beside_model: str | None
    sampled_model: str | None
    photos: Annotated[list[PathText], Field(min_length=1)]
    masks: PathText | None
    background: Background
    samples: Count
    test_views: Count
    seed: Seed
    device: Device
    precision: Precision
    batch_size: Count


class PosteriorSettings(Settings):
    """Settings of notebook 14; its parameters cell says what each is."""

    run: Run
    weights_run: Run | None
    dataset: DatasetName
    split: Split
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)]
    flow_steps: Count
    samples: Annotated[int, Field(ge=2)]  # of one nothing can be said
    open_images: Count
    chairs: Annotated[int, Field(ge=2, le=6)]  # one object has no interval; the set has six


StrongStep = Literal["emd", "features", "photographs"]
"""What of the strong variant can be left out, beside its training end to end."""


class StrongSettings(Settings):
    """Settings of notebook 12, and those of the trainings that they stand for; its parameters cell says what each is."""

    run: Run
    dataset: DatasetName
    split: Split
    classes: Classes
    seed: Seed
    device: Device
    precision: Precision
    autoencoder: PathText
    autoencoder_epochs: Count
    autoencoder_learning_rate: Positive
    head_epochs: Count
    head_learning_rate: Positive
    end_to_end_epochs: Count
    end_to_end_learning_rate: Positive
    batch_size: Count
    views_per_model: Count | None
    validation_views: Count | None
    real_objects: Count | None
    without: list[StrongStep]

    @property
    def strong_run(self) -> str:
        """Where the weights go: not among those of the reproduction, whose autoencoder is another one."""
        return f"{self.run}-strong"

    def within(self, real: int) -> StrongSettings:
        """The same where there are so many real training objects: a larger ``real_objects`` becomes all that there are."""
        return self if self.real_objects is None else self.but(real_objects=min(self.real_objects, real))

    def of_autoencoder(self) -> AutoencoderSettings:
        """Step A: the paper's autoencoder trained on, Chamfer and matching together."""
        given: dict[str, Any] = {
            "initial_weights": self.autoencoder,
            "epochs": self.autoencoder_epochs,
            "batch_size": 32,
        }
        given |= {"learning_rate": self.autoencoder_learning_rate, "loss": "chamfer_emd", "input_points": 1024}
        return AutoencoderSettings(**self._common(), **given, weight_decay=0.0)

    def of_encoder(
        self, loss: EncoderLoss, *, without: StrongStep | None = None, start: Path | None = None
    ) -> EncoderSettings:
        """Step B (``loss="l1"``) or D (``"end_to_end"`` from the folder ``start``), all of it or without one step.

        What leaves a step out is a run of its own, :attr:`strong_run` with ``-without-<step>``.
        """
        step = "head" if loss == "l1" else "end_to_end"
        emd, features = without != "emd", without != "features"
        run = self.strong_run + (f"-without-{without}" if without else "")
        given: dict[str, Any] = {
            "epochs": getattr(self, f"{step}_epochs"),
            "learning_rate": getattr(self, f"{step}_learning_rate"),
        }
        given |= {"loss": loss, "architecture": "strong" if features else "port", "width": 1.0 if features else 0.25}
        given |= {"initial_weights": start and paths.as_parameter(start), "batch_size": self.batch_size}
        given |= {"views_per_model": self.views_per_model, "validation_views": self.validation_views}
        autoencoder = paths.as_parameter(paths.model_dir(self.strong_run, "autoencoder")) if emd else self.autoencoder
        given |= {"weight_decay_conv": 0.0, "weight_decay_fc": 0.0, "autoencoder": autoencoder}
        given |= {"photographs": without != "photographs"}
        return EncoderSettings(**{**self._common(), **given, "run": run})

    def _common(self) -> dict[str, Any]:
        names = ("dataset", "split", "classes", "seed", "device", "precision")
        given = {name: getattr(self, name) for name in names}
        given |= {"real_objects": self.real_objects, "programs": None if self.real_objects is None else 0}
        return given | {"run": self.strong_run, "schedule": "one_cycle", "augment": True}
