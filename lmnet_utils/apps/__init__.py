"""What people try by hand: own photographs, the explorer, the gallery."""

from typing import TYPE_CHECKING

from lmnet_utils.core.lazy import lazy_exports

if TYPE_CHECKING:
    from lmnet_utils.apps.cutouts import cut_out
    from lmnet_utils.apps.explorer import Explorer
    from lmnet_utils.apps.explorer_figures import COLOURS, camera_of, figure, measure, walk_frames
    from lmnet_utils.apps.explorer_numbers import numbers_of
    from lmnet_utils.apps.explorer_session import Session, first_state, open_session
    from lmnet_utils.apps.exports import MeshOptions, mesh_of_cloud, write_meshes
    from lmnet_utils.apps.familiarity import familiarity_of, familiarity_plot
    from lmnet_utils.apps.gallery import gallery_states, write_gallery
    from lmnet_utils.apps.photo_pages import marked, render_settings, squared
    from lmnet_utils.apps.photos import Options, find_sources, reconstruct_files, report_text
    from lmnet_utils.apps.placing import box_of, place, placing_cost, prepare_photo
    from lmnet_utils.apps.reconstruction import PhotoOptions, reconstruct_photos
else:
    __getattr__, __dir__, __all__ = lazy_exports(__name__)
