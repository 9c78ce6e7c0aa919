"""ShapeNet as others publish it: fetching, the splits of its authors and of the port, what to do where it is not here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lmnet_utils.core import paths
from lmnet_utils.data import assets, downloads, freeshapes, splits
from lmnet_utils.data.layout import classes_in, objects_below
from lmnet_utils.data.splits import Split

SHAPENET = "shapenet"
"""The folder below ``data/`` for the paper's data, and what `lmnet download` calls them."""


def make_splits(dataset: str) -> dict[str, Any]:
    """Write the splits for all models that have renderings; for a genuine ShapeNet tree, which comes without these files.

    ``official`` follows the authors' own lists where they lie below ``splits/``, otherwise their rule; ``port`` is made of the
    port's lists, where those are. What a split lists already keeps its side, so that a tree may grow, class by class.

    Returns:
        ``listed``: how many models the authors' lists name (0: they are not there); ``on_disk``: how many of those are here;
        ``rule_differs`` and ``split_differs``: class → how many models their rule, applied to what is here, and the split as
        written put on the other side than the lists; ``port``: the class groups of the port's lists.

    Raises:
        FileNotFoundError: there are no renderings; says what to fetch.
        ValueError: as :func:`lmnet_utils.data.splits.read_official_lists` and :func:`~lmnet_utils.data.splits.read_port_lists`.
    """
    root = paths.dataset_dir(dataset)
    models = objects_below(root / "ShapeNetRendering")
    if not models:
        raise FileNotFoundError(how_to_get_renderings(dataset))
    groups, side_of = dict.fromkeys(models, ""), splits.read_official_lists(root)
    by_rule = splits.official(groups)
    official = splits.restrict(splits.official_from_lists(side_of), models) if side_of else by_rule
    for name, split in (("official", official), ("60-20-20", splits.drawn_60_20_20(groups))):
        try:
            old = splits.read(root, name)
        except FileNotFoundError:
            splits.write(root, name, split)
            continue
        if {*split.train, *split.val, *split.test} - {*old.train, *old.val, *old.test}:
            splits.write(root, name, splits.extended(old, split))
    port = splits.read_port_lists(root)
    for group, split in port.items():
        splits.write_group(root, splits.PORT, group, splits.restrict(split, models))

    def differs(split: Split) -> dict[str, int]:
        pairs = [
            (model, "test" if side == "test" else "train") for side in splits.SIDES for model in getattr(split, side)
        ]
        return classes_in(model for model, side in pairs if side_of.get(model, side) != side)

    return {
        "listed": len(side_of),
        "on_disk": len(side_of.keys() & groups.keys()),
        "rule_differs": differs(by_rule),
        "split_differs": differs(splits.read(root, "official")),
        "port": list(port),
    }


def how_to_get_renderings(dataset: str) -> str:
    """What to do where a data set has no renderings: what to fetch, from where, how large, under which terms."""
    root = paths.dataset_dir(dataset)
    expected = f"No renderings below {paths.display(root)}: expected ShapeNetRendering/<synset>/<model>/rendering."
    if dataset == freeshapes.DATASET:
        return f"{expected} Notebook 01 makes FreeShapes (`lmnet run quickstart --only 01_data_preparation`)."
    if dataset != SHAPENET:
        return f"{expected} `lmnet import-meshes FOLDER --name {dataset}` makes a data set of your own meshes."
    wanted = assets.groups()[SHAPENET]
    return "\n".join(
        [
            f"{expected} ShapeNet does not come with the kit. Its terms are below; if you accept them, fetch it:",
            "    lmnet download shapenet",
            "or with this notebook: download=True (`lmnet run paper --set 01.download=true`), which accepts them. By hand:",
            *(f"    {assets.asset(n).addresses[0]}\n      -> {assets.where(assets.asset(n).target)}" for n in wanted),
            "and then the same command, which checks and unpacks them. One class is enough to begin with.",
            "",
            assets.offer(wanted),
        ]
    )


def fetch_shapenet(dataset: str = SHAPENET) -> None:
    """Download and unpack what is missing of ShapeNet; shows what, and the terms that this accepts. Resumes.

    What was unpacked by hand is taken as it is. The authors' split, only there to compare with, may fail.

    Raises:
        lmnet_utils.data.downloads.DownloadError: says what to do by hand.
    """
    items = [assets.asset(name) for name in assets.groups()[dataset]]
    items = [item for item in items if assets.begun(item) or not _unpacked_by_hand(item.place)]
    wanted = [item.name for item in items if not assets.is_here(item)]
    if wanted:
        print(assets.offer(wanted), flush=True)
    for name in wanted:
        try:
            print(assets.where(downloads.fetch_archive(name)), "is here", flush=True)
        except downloads.DownloadError as error:
            if name != "shapenet-split":
                raise
            print(f"{error}\nGoing on without it: the split is made by the authors' rule.", flush=True)


def _unpacked_by_hand(folder: Path) -> bool:
    if folder.name == "splits":  # ours lie there, too
        return any(folder.rglob("train_models.json"))
    return bool(objects_below(folder))
