"""What the models make of a state of the explorer. No widget and no picture in here.

:class:`Session` holds the models, the data and a cache, and its answers depend on the state alone, so that a saved state
gives the same picture in JupyterLab, in Voilà and through papermill.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from lmnet_utils.apps.explorer_groups import Group, cloud_distance_matrix, grouped
from lmnet_utils.apps.explorer_known import GROUP, known_images
from lmnet_utils.apps.explorer_posteriors import NearestResiduals
from lmnet_utils.apps.explorer_state import SLOTS, State, missing_slots, read_state, read_stored
from lmnet_utils.core.checks import choose
from lmnet_utils.core.notebook_settings import ExplorerSettings
from lmnet_utils.data.layout import class_of, network_input
from lmnet_utils.data.packs import open_pack, read_split
from lmnet_utils.data.programs.ambiguity import read_ambiguous
from lmnet_utils.data.taxonomy import class_order, synsets_of
from lmnet_utils.evaluation import diversity
from lmnet_utils.models import inference, registry
from lmnet_utils.models.inference import Item
from lmnet_utils.models.posteriors import FILE, load_residuals
from lmnet_utils.models.weights import load_model

CACHED = 256  # results kept


@dataclass(frozen=True)
class Result:
    """What one model makes of a state; clouds in the file frame, float32.

    ``mean`` (2048, 3), Variant I's own answer, ``samples`` (N, 2048, 3), ``spread`` (2048,) in object diagonals (0 of one sample),
    ``walk`` (2048, 3) or ``None``; ``sigma`` is the mean of the 512 σ, without temperature: see :meth:`Session.encoded`.
    """

    model: str
    mean: np.ndarray
    samples: np.ndarray
    spread: np.ndarray
    sigma: float
    walk: np.ndarray | None = None


class Session:
    """Models, data and a cache. Opened once; after that, nothing but the state decides what it answers.

    Args:
        weights_run, dataset, split: as :class:`State`; ``weights_run`` must hold an autoencoder, and models of Variant II or
            encoders of Variant I with residuals beside them (:mod:`lmnet_utils.models.posteriors`).
        classes: group of classes whose test objects are offered.

    Attributes:
        names: the models of Variant II, in ascending order of λ.
        residual_names: the encoders of Variant I that have residuals.
        known: images of which everything that could be behind them is known, by name (:mod:`lmnet_utils.apps.explorer_known`).

    Raises:
        FileNotFoundError: no data set, no weights; says how to make them.
        ValueError: the run has neither.
    """

    def __init__(
        self, weights_run: str = "freeshapes", dataset: str = "freeshapes", split: str = "official", classes: str = "13"
    ) -> None:
        self.weights_run, self.dataset, self.split = weights_run, dataset, split
        self.folders = registry.find_networks(weights_run)
        self.infos = {name: registry.read_info(folder) for name, folder in self.folders.items()}
        self.names = [name for name, info in self.infos.items() if info.variational]
        self.residual_names = [
            name
            for name, info in self.infos.items()
            if info.variational is False and (self.folders[name] / FILE).is_file()
        ]
        if not self.names and not self.residual_names:
            raise ValueError(
                f"run {weights_run!r} has no model of Variant II and none with residuals (it has {', '.join(self.folders)}): "
                "run notebook 05, or choose weights_run='freeshapes', the shipped ones."
            )
        self.pack = open_pack(dataset, progress=False)
        on_disk = set(self.pack.models)
        self.objects = [model for model in read_split(dataset, split, classes).test if model in on_disk]
        if not self.objects:
            raise ValueError(f"the test split {split!r} of {dataset!r} has no object on disk. Run notebook 01.")
        self.known = known_images()
        self._cache: OrderedDict[Any, Any] = OrderedDict()

    def objects_of(self, class_name: str) -> list[str]:
        """Test objects of a class, as ``"synset/model"``; of :data:`~lmnet_utils.apps.explorer_known.GROUP` the known images.

        Raises:
            ValueError: there is none; says which classes there are.
        """
        if class_name == GROUP:
            return list(self.known)
        found = [model for model in self.objects if class_of(model) == class_name]
        if not found:
            choose("class", class_name, self.classes)
        return found

    @property
    def classes(self) -> list[str]:
        """Names of the classes that have test objects; chair first, on which Variant II is trained in the paper."""
        return sorted(set(map(class_of, self.objects)), key=lambda name: (name != "chair", class_order(name)))

    def group_of(self, model: str) -> str:
        """Under which name an object is offered: its class, or that of the known images."""
        return GROUP if model in self.known else class_of(model)

    def default_state(self, **changes: Any) -> State:
        """A chair seen nearly from behind, by the model with the largest λ; where there is no chair, see :meth:`network_for`."""
        model = self.objects_of(self.classes[0])[0]
        view = int(np.argmin(np.abs(self.azimuths(model) - 180)))
        state = State(
            weights_run=self.weights_run,
            dataset=self.dataset,
            split=self.split,
            image=f"{model}/{view}",
            grouped=True,
            chosen="sample",
        )
        state = state.but(**changes)
        return state if "models" in changes else state.but(models=[self.network_for(state.image)])

    @property
    def plain_names(self) -> list[str]:
        """The models without those of further training seeds, if there are others; in ascending order of λ."""
        return registry.first_seeds(self.infos[name] for name in self.names)

    @property
    def posteriors(self) -> list[str]:
        """All that is compared: :attr:`plain_names`, and the encoders with residuals, of each the first training seed, too."""
        return self.plain_names + registry.first_seeds(self.infos[name] for name in self.residual_names)

    def label(self, name: str) -> str:
        """A model as figures show it: ``"λ = 5.5"``, ``"L1 + residuals"``."""
        return self.infos[name].label + (" + residuals" if name in self.residual_names else "")

    def knows(self, name: str, image: str) -> bool:
        """Whether a model was trained on the class of an image; of an upload nobody knows, so ``True``."""
        item = self.item(image)
        return item is None or item.synset in synsets_of(self.infos[name].classes)

    def network_for(self, image: str, shown: str | None = None) -> str:
        """What an image is shown by: ``shown``, the largest λ, an encoder with residuals; the first that knows its class."""
        order = [*([shown] if shown else []), *self.plain_names[-1:], *self.posteriors[len(self.plain_names) :]]
        return next((name for name in order if self.knows(name, image)), order[0])

    def azimuths(self, model: str) -> np.ndarray:
        """(24,) degrees; (1,) of a known image."""
        if model in self.known:
            return np.array([self.known[model].camera[0]])
        return np.degrees(self.pack.azimuths[self.pack.rows([model])[0]].astype(np.float64))

    def require(self, state: State) -> None:
        """Refuse a state of other models or data, which would give another picture than the one that was saved."""
        theirs = (state.weights_run, state.dataset, state.split)
        if theirs != (self.weights_run, self.dataset, self.split):
            raise ValueError(
                f"this state shows the models {state.weights_run!r} on {state.dataset!r} ({state.split}); open here are "
                f"{self.weights_run!r} on {self.dataset!r} ({self.split}). Give its file to notebook 09 as `state`."
            )

    # ------------------------------------------------------------------------------------------------ pieces, cached
    def cached(self, key: Any, make: Any) -> Any:
        """What ``make`` gives, kept under ``key``; the oldest goes when there are more than :data:`CACHED`."""
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        value = self._cache[key] = make()
        while len(self._cache) > CACHED:
            self._cache.popitem(last=False)
        return value

    @functools.cached_property
    def autoencoder(self):
        """The decoder of every model that has none of its own."""
        return load_model(self.folders["autoencoder"])

    def encoder(self, name: str):
        """A model of :attr:`names` or :attr:`residual_names`, loaded at the first use."""
        known = self.names + self.residual_names
        if name not in known:
            raise ValueError(
                f"run {self.weights_run!r} has no model {name!r} of Variant II or with residuals; it has {', '.join(known)}."
            )
        return self._loaded(name)

    def residuals(self, name: str) -> NearestResiduals | None:
        """Of a model of :attr:`residual_names`; ``None`` for Variant II. Errors as :func:`~lmnet_utils.models.posteriors.load_residuals`."""

        def make() -> NearestResiduals | None:
            found = load_residuals(self.folders[name]) if name in self.residual_names else None
            return None if found is None else NearestResiduals(found)

        return self.cached(("residuals", name), make)

    @functools.cache  # noqa: B019  a session lives as long as its page
    def _loaded(self, name: str):
        return load_model(self.folders[name])

    def item(self, image: str) -> Item | None:
        """Object, view and azimuth of an image of the data set; ``None`` for an upload."""
        if image.startswith("upload/"):
            return None
        model, _, view = image.rpartition("/")
        if model in self.known and view == "0":
            return Item(model, 0, self.known[model].camera[0])
        if model not in self.pack.models or not view.isdigit() or int(view) >= self.pack.views:
            raise ValueError(f"image={image!r}: {self.dataset} has no such object and view.")
        return Item(model, int(view), float(self.azimuths(model)[int(view)]))

    def image(self, state: State, image: str | None = None) -> np.ndarray:
        """The network's input (128, 128, 3) uint8 of the state's image, or of another one that the state knows."""
        image = image or state.image
        item = self.item(image)
        if item is not None and item.model in self.known:
            return network_input(read_ambiguous(self.known[item.model])["image"])
        if item is not None:
            return self.pack.images(self.pack.rows([item.model]), [item.view])[0].permute(1, 2, 0).numpy()
        data = state.uploads.get(image.removeprefix("upload/"))
        if data is None:
            raise ValueError(f"image={image!r}: the state does not hold this upload; upload the picture again.")
        return read_stored(data)

    def truth(self, state: State) -> np.ndarray | None:
        """(2048, 3) of the image's object, file frame; ``None`` for an upload."""
        item = self.item(state.image)
        if item is None:
            return None
        if item.model in self.known:
            return self.possible(state)[0]
        return np.array(self.pack.points[self.pack.rows([item.model])[0]])

    def possible(self, state: State) -> np.ndarray:
        """(K, 2048, 3) all that could be behind the image, the true shape first, file frame; (0, 2048, 3) if that is not known."""
        model = state.image.rpartition("/")[0]
        return (
            read_ambiguous(self.known[model])["clouds"] if model in self.known else np.zeros((0, 2048, 3), np.float32)
        )

    def encoded(self, state: State, name: str, image: str | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Latent mean and σ, (512,) each, of an image by a model.

        Of Variant I these are its latent, and the standard deviations of the residuals that its samples are drawn from.
        """
        image = image or state.image

        def make() -> tuple[torch.Tensor, torch.Tensor]:
            pixels = torch.from_numpy(self.image(state, image).copy()).permute(2, 0, 1)[None]
            mean, sigma = self.encode(name, pixels)
            return mean[0], sigma[0]

        return self.cached(("encoded", image, name), make)

    def encode(self, name: str, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Images (B, 3, 128, 128) → latent means and σ, (B, 512) each."""
        mean, log_variance = inference.encode_images(self.encoder(name), images)
        residuals = self.residuals(name)
        return mean, torch.exp(0.5 * log_variance) if residuals is None else residuals.sigma(mean)

    def noise_index(self, image: str) -> int:
        """What identifies an image to the noise, as in notebook 06."""
        item = self.item(image)
        return item.noise_index if item else int(image.removeprefix("upload/"), 16)

    def noise(self, state: State) -> np.ndarray:
        """(N, 512) standard normal numbers: they belong to the image, the seed and each sample's redraws; not to λ."""
        index = self.noise_index(state.image)

        def make() -> np.ndarray:
            noise = np.random.default_rng([state.seed, index]).standard_normal((state.samples, 512), np.float32)
            for k, redraw in enumerate(state.redraws[: state.samples]):
                if redraw:
                    noise[k] = np.random.default_rng([state.seed, index, k, redraw]).standard_normal(512, np.float32)
            return noise

        return self.cached(("noise", index, state.seed, state.samples, tuple(state.redraws)), make)

    def sampled(self, state: State, name: str) -> torch.Tensor:
        """(N, 512) latents: mean + temperature·σ·noise, or mean + temperature·residual."""
        mean, sigma = self.encoded(state, name)
        residuals = self.residuals(name)
        if residuals is None:
            return mean + state.temperature * sigma * torch.from_numpy(self.noise(state))
        redraws = tuple([*state.redraws, *[0] * state.samples][: state.samples])
        drawn = self.cached(
            ("drawn", state.image, name, state.seed, redraws),
            lambda: residuals.sample(mean, redraws, state.seed, self.noise_index(state.image)),
        )
        return mean + state.temperature * (drawn - mean)

    def decode(self, latents: torch.Tensor, name: str | None = None) -> np.ndarray:
        """(…, 512) → (…, 2048, 3), file frame; by the model's own decoder if it has one."""
        decoder = inference.decoder_of(self.autoencoder, None if name is None else self.encoder(name))
        with single_threaded():
            return inference.decode(decoder, latents).numpy()

    def result(self, state: State, name: str) -> Result:
        """What a model makes of the state; kept for as long as image, λ, seed and what else matters stay the same."""

        def make() -> Result:
            mean, sigma = self.encoded(state, name)
            clouds = self.decode(torch.cat([mean[None], self.sampled(state, name)]), name)
            samples = clouds[1:]
            spread = diversity.point_spread(samples) if len(samples) > 1 else np.zeros(clouds.shape[1])
            return Result(name, clouds[0], samples, spread, float(sigma.mean()))

        found = self.cached(("result", *drawn_by(state, name)), make)
        if state.walk == "none" or missing_slots(state):
            return found
        return dataclasses.replace(found, walk=self.decode(self.walk(state, name, [state.step]), name)[0])

    def results(self, state: State) -> list[Result]:
        """One result for each of the state's models."""
        return [self.result(state, name) for name in state.models or self.plain_names[-1:] or self.posteriors[-1:]]

    def groups(self, state: State, found: Result) -> list[Group]:
        """The samples of a result as few different shapes, the most frequent first."""

        def make() -> list[Group]:
            return grouped(cloud_distance_matrix(found.samples))

        return self.cached(("groups", *drawn_by(state, found.model)), make)

    # ---------------------------------------------------------------------------------------------------------- walks
    def walk(self, state: State, name: str, steps: Sequence[float]) -> torch.Tensor:
        """Latents (T, 512) at the places ``steps`` in 0 … 1 of the state's walk.

        Raises:
            ValueError: the walk needs images in slots that are empty; says which.
        """
        steps = torch.tensor(list(steps), dtype=torch.float32)[:, None]
        if state.walk.startswith("direction"):
            mean, _ = self.encoded(state, name)
            direction = self.directions(state, name)[int(state.walk[-1]) - 1]
            return mean + (6 * steps - 3) * state.temperature * direction
        if state.walk == "samples":
            latents = self.sampled(state.but(samples=max(state.samples, *state.ends)), name)
            start, end = (latents[number - 1] for number in state.ends)
        else:
            if missing := missing_slots(state):
                raise ValueError(f"put an image into {' and '.join(missing)} first: choose it and press “Keep as …”.")
            means = [self.encoded(state, name, state.slots[slot])[0] for slot in SLOTS[state.walk]]
            start, end = means[0], means[1]
            if state.walk == "arithmetic":  # from A to A − B + C
                end = means[0] - means[1] + means[2]
        return start + steps * (end - start)

    def directions(self, state: State, name: str, count: int = 3) -> torch.Tensor:
        """(count, 512): one standard deviation along the directions in which this image's shapes vary most.

        The decoder is followed one σ along each latent, of Variant I along each of the nearest residuals, as far as it reaches from
        their mean over √P; the main axes of these 512 (P) movements of 2048 points are those of the posterior in the space of
        shapes, as far as the decoder is straight there. P residuals span no more than P − 1 directions; any others are 0.
        """

        def make() -> torch.Tensor:
            mean, sigma = self.encoded(state, name)
            residuals = self.residuals(name)
            steps = torch.diag(sigma) if residuals is None else residuals.steps(mean[None])[0]
            moved = self.decode(torch.cat([mean[None], mean + steps]), name).reshape(len(steps) + 1, -1)
            movement = torch.from_numpy(moved[1:] - moved[0])
            vectors = torch.linalg.eigh(movement @ movement.T).eigenvectors.flip(1)[:, :count].T
            signs = torch.sign((vectors @ movement)[:, 0])  # a vector and its opposite are the same axis: choose one
            found = torch.where(signs == 0, 1.0, signs)[:, None] * vectors @ steps
            return torch.cat([found, found.new_zeros(count - len(found), found.shape[1])])

        return self.cached(("directions", state.image, name, count), make)


def drawn_by(state: State, name: str) -> tuple[Any, ...]:
    """All that a model's samples depend on."""
    return state.image, name, state.seed, state.samples, state.temperature, tuple(state.redraws)


@contextlib.contextmanager
def single_threaded() -> Iterator[None]:
    """Few clouds are decoded fastest by one thread; on a busy machine several would wait for each other 20 times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


# ----------------------------------------------------------------------------------------------------- the notebook's
def open_session(settings: ExplorerSettings) -> Session:
    """Models and data of the notebook's settings, or of the state that they name; errors as :class:`Session`."""
    if settings.state is not None:
        saved = read_state(settings.state)
        return Session(saved.weights_run, saved.dataset, saved.split, settings.classes)
    return Session(settings.weights_run or settings.run, settings.dataset, settings.split, settings.classes)


def first_state(settings: ExplorerSettings, session: Session) -> State:
    """The state that the notebook's settings name, or the session's default one with these settings."""
    if settings.state is not None:
        return read_state(settings.state)
    return session.default_state(samples=settings.samples, seed=settings.seed, temperature=settings.temperature)
