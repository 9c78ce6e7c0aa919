"""Images in the explorer of which everything that could be behind them is known: some of the ambiguity set.

They are listed here and made when they are first shown (:func:`lmnet_utils.data.programs.ambiguity.read_ambiguous`), a fraction of a
second each; then they lie below ``data/ambiguity``.
"""

from __future__ import annotations

import functools

from lmnet_utils.data.programs.ambiguity import AmbiguousImage, ambiguous_images
from lmnet_utils.data.taxonomy import CLASSES

GROUP = "all that is possible"
"""What stands for them among the classes."""
PER_CLASS, SURE = 2, 2
"""Images of each class that leave something open, and images of chairs, which leave nothing open."""


@functools.cache
def known_images() -> dict[str, AmbiguousImage]:
    """Name as a data set's object has it ("synset/object_azimuth") → image: of each class those with the most variants."""
    found = sorted(ambiguous_images(), key=lambda image: (-len(image.variants), image.seed, image.camera))
    chosen: list[AmbiguousImage] = []
    for name in CLASSES:
        several = [image for image in found if image.category == name and len(image.variants) > 1]
        chosen += several[:PER_CLASS]
    chosen += [image for image in found if image.category == "chair"][:SURE]
    return {f"{CLASSES[image.category]}/{image.name}": image for image in chosen}
