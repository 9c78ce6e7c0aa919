"""What everything stands on: settings, files, paths, the machine, parallel work, caches."""

from typing import TYPE_CHECKING

from lmnet_utils.core.lazy import lazy_exports

if TYPE_CHECKING:
    from lmnet_utils.core.curve_settings import CurveSettings
    from lmnet_utils.core.files import read_json
    from lmnet_utils.core.notebook_settings import (
        AutoencoderSettings,
        DataSettings,
        EncoderSettings,
        EvaluationSettings,
        ExplorerSettings,
        FigureSettings,
        InferenceSettings,
        PhotoSettings,
        Pix3DSettings,
        PosteriorSettings,
        RenderSettings,
        StrongSettings,
    )
    from lmnet_utils.core.paths import (
        dataset_dir,
        display,
        model_dir,
        notebooks_root,
        resolve,
        run_dir,
        trained_models_root,
    )
    from lmnet_utils.core.records import write_metrics
    from lmnet_utils.core.runtime import pick_device, pick_precision, seed_everything
else:
    __getattr__, __dir__, __all__ = lazy_exports(__name__)
