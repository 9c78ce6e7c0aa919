"""Data sets on disk: their layout, how they are made or fetched, checked, split and packed."""

from typing import TYPE_CHECKING

from lmnet_utils.core.lazy import lazy_exports

if TYPE_CHECKING:
    from lmnet_utils.data.images import PhotoError, as_batch, read_image
    from lmnet_utils.data.layout import class_of, classes_in, decode_png, synsets_in
    from lmnet_utils.data.packs import loader_speed, open_pack, read_split
    from lmnet_utils.data.photographs import like_photographs
    from lmnet_utils.data.pix3d import (
        check,
        count_by_category,
        file_from_pix3d,
        limited,
        official_input,
        read_cloud,
        read_clouds,
        read_input,
        read_photos,
    )
    from lmnet_utils.data.programs.ambiguity import ambiguous_images, make_ambiguity_set, read_ambiguous
    from lmnet_utils.data.programs.pictures import program_pictures
    from lmnet_utils.data.splits import SIDES, counts_of, without_copies
    from lmnet_utils.data.taxonomy import CLASSES, GROUPS, class_name, classes_of, synsets_of
else:
    __getattr__, __dir__, __all__ = lazy_exports(__name__)
