"""Pictures: PyTorch3D renders, plots and grids. Every figure of the kit has one look."""

from typing import TYPE_CHECKING

from lmnet_utils.core.lazy import lazy_exports

if TYPE_CHECKING:
    from lmnet_utils.rendering.curves import COLORS, MARKERS, PlotPanel, history_plot, interval_plot, panel_plot
    from lmnet_utils.rendering.grids import add_caption, cloud_grid, image_grid, keep_figure, on_grey, plot_cloud
    from lmnet_utils.rendering.renders import render_pointcloud, turntable, write_gif, write_png
    from lmnet_utils.rendering.splats import splat
else:
    __getattr__, __dir__, __all__ = lazy_exports(__name__)
