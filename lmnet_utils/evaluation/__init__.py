"""What scores are worth: the protocol, methods, statistics, tables, diversity, claims."""

from typing import TYPE_CHECKING

from lmnet_utils.core.lazy import lazy_exports

if TYPE_CHECKING:
    from lmnet_utils.evaluation.ambiguity import (
        PosteriorDistances,
        cloud_distances,
        image_agreement,
        posterior_figures,
        rank_distribution,
    )
    from lmnet_utils.evaluation.claims import differences
    from lmnet_utils.evaluation.diversity import pairwise_point_distance, point_spread
    from lmnet_utils.evaluation.diversity_figures import (
        answer_rows,
        behind_panels,
        bins,
        curve_panels,
        curves,
        skill_rows,
    )
    from lmnet_utils.evaluation.errors_by_view import angle_panels, binned_rows, gallery
    from lmnet_utils.evaluation.learning_curves import LearningCurves
    from lmnet_utils.evaluation.methods import TrainingLatents, baseline_methods, model_methods, open_task
    from lmnet_utils.evaluation.other_methods import methods_of_others
    from lmnet_utils.evaluation.pix3d_scores import Results, class_means, evaluate, examples, table_rows
    from lmnet_utils.evaluation.protocol import Protocol, protocol_clouds, score
    from lmnet_utils.evaluation.records import object_record
    from lmnet_utils.evaluation.results import (
        ICP_WORDS,
        class_groups,
        paper_page,
        result_rows,
        results_table,
        write_tables,
    )
    from lmnet_utils.evaluation.scoring import Scoring, score_method
    from lmnet_utils.evaluation.statistics import mean_interval, paired_difference
    from lmnet_utils.evaluation.study import measure_diversity, strongest_lambda, study_items, target_of
    from lmnet_utils.evaluation.tables import table
else:
    __getattr__, __dir__, __all__ = lazy_exports(__name__)
