"""What `lmnet` does with trained networks: pictures into clouds, other formats, sharing.

As in :mod:`lmnet_utils.run.cli`, what takes long to import is imported by the command that needs it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lmnet_utils.core import paths

Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_network_commands(commands: Commands) -> None:
    """`reconstruct`, `convert-checkpoint`, `export`, `ship` and `take`."""
    _add_reconstruct(commands)
    _add_convert_checkpoint(commands)
    _add_export(commands)
    _add_sharing(commands)


# ---------------------------------------------------------------------------------------------------------- reconstruct
def _add_reconstruct(commands: Commands) -> None:
    parser = commands.add_parser(
        "reconstruct",
        help="point clouds from your own pictures",
        description="Reconstruct the object in each picture: cut out, placed as in training, one cloud each, or several with "
        "--samples. Each picture gets a folder with cloud.ply, overview.png and what the network saw.",
        epilog="examples: lmnet reconstruct chair.jpg; lmnet reconstruct photos/ --out clouds --samples 4",
    )
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="pictures, or folders with pictures")
    parser.add_argument("--out", metavar="FOLDER", help="where the results go (default: runs/reconstruct)")
    parser.add_argument("--run", default="freeshapes", help="folder of trained_models/ (default: the shipped one)")
    parser.add_argument("--model", metavar="NAME", help="such as encoder_l1, the default")
    parser.add_argument(
        "--samples", type=int, default=0, metavar="N", help="N plausible shapes beside the likeliest one"
    )
    parser.add_argument(
        "--best", action="store_true", help="also best.ply: of all of them what fits the picture's silhouette best"
    )
    parser.add_argument(
        "--azimuth",
        type=float,
        metavar="DEGREES",
        help="with --best, where it is known: from which side the pictures show the object; 0 the front, 180 from behind",
    )
    parser.add_argument("--refine", action="store_true", help="with --best: bend its latent until it fits better")
    parser.add_argument(
        "--mask",
        metavar="PATH",
        help="a picture, white on the object; for several pictures a folder of them, named alike",
    )
    parser.add_argument(
        "--background", default="auto", metavar="WAY", help="auto, alpha, plain, grabcut, rembg, none (see cutouts.py)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the samples")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--batch-size", type=int, default=16, metavar="N", help="pictures in memory at once")
    parser.add_argument(
        "--format", metavar="KINDS", help="also a mesh of each, as glb, ply, obj or stl; several with commas"
    )
    parser.add_argument("--watertight", action="store_true", help="a closed mesh around the points, for printing")
    parser.add_argument("--size-mm", type=float, metavar="MM", help="longest side of the mesh (default: about 1 unit)")
    parser.add_argument("--no-figures", action="store_true", help="no overview.png, which takes most of the time")
    parser.set_defaults(command=_reconstruct)


def _reconstruct(options: argparse.Namespace) -> int:
    from lmnet_utils.apps import familiarity, photos, reconstruction
    from lmnet_utils.core.runtime import pick_device
    from lmnet_utils.models import posteriors, registry
    from lmnet_utils.run import profiles

    out = Path(options.out) if options.out else paths.runs_root() / "reconstruct"
    try:
        device = pick_device(options.device)
        reconstruction.check_choice(options.samples, options.best, options.refine, options.azimuth)
        if not options.format and (options.watertight or options.size_mm is not None):
            raise ValueError("--watertight and --size-mm are about a mesh: name its --format, such as stl.")
        kinds = [kind.strip().lower() for kind in (options.format or "").split(",")]
        meshes = None
        if options.format:
            from lmnet_utils.apps import exports

            meshes = exports.MeshOptions(kinds, options.watertight, options.size_mm)
        name = reconstruction.choose_model(options.run, options.model, options.samples)
        networks = registry.load_networks(options.run, [name], device)
        sources = photos.find_sources(options.images, masks=options.mask, skip=[out])
        known = familiarity.familiarity_of(options.run, name, networks[name])
        how = photos.Options(
            background=options.background,
            samples=options.samples,
            seed=options.seed,
            posterior=posteriors.load_residuals(paths.model_dir(options.run, name)) if options.samples else None,
            familiarity=known,
            batch_size=options.batch_size,
            figures=not options.no_figures,
            meshes=meshes,
            best=options.best,
            refine=options.refine,
            azimuth=options.azimuth,
        )
        info = registry.info_of(name, networks[name])
        print(f"{info.label}, trained on {info.training}", flush=True)
        rows = photos.reconstruct_files(sources, out, networks["autoencoder"], networks[name], how)
    except (ValueError, FileNotFoundError, RuntimeError) as error:  # RuntimeError: a device that torch does not know
        raise profiles.ProfileError(str(error)) from error
    except OSError as error:
        reason = error.strerror or error
        raise profiles.ProfileError(f"cannot write to {out}: {reason}. Choose another folder with --out") from error
    print(photos.report_text(rows))
    failed = sum(row["status"] == "failed" for row in rows)
    if known is None:
        print("How familiar the pictures are to the model cannot be told without the data that it was trained on.")
    print(f"{len(rows) - failed} reconstructed, {failed} failed; results and {photos.REPORT} in {out}")
    return 1 if failed else 0


# --------------------------------------------------------------------------------------------------- convert-checkpoint
def _add_convert_checkpoint(commands: Commands) -> None:
    parser = commands.add_parser(
        "convert-checkpoint",
        help="make model folders of an official TensorFlow checkpoint",
        description="Make model folders of an official 3D-LMNet checkpoint (lm, plm, or train_ae.py's), architecture "
        "`paper`. Needs TensorFlow, which nothing else here does.",
        epilog='example: lmnet convert-checkpoint ~/lm/best official; then weights_run="official" in notebook 06',
    )
    parser.add_argument(
        "prefix", metavar="PREFIX", help="…/best for best.index and best.data-…, or the folder with them"
    )
    parser.add_argument("run", metavar="OUT", help="folder of trained_models/ that gets them, such as official")
    parser.add_argument("--name", help="the image encoder's folder (default: encoder_l1 or encoder_lambda_5.5)")
    parser.set_defaults(command=_convert_checkpoint)


def _convert_checkpoint(options: argparse.Namespace) -> int:
    from lmnet_utils.models import tensorflow_checkpoints

    try:
        folders = tensorflow_checkpoints.convert(options.prefix, options.run, name=options.name)
    except (ImportError, OSError, ValueError) as error:
        print(f"lmnet: {error}", file=sys.stderr)
        return 1
    for folder in folders:
        print(paths.display(folder))
    return 0


# --------------------------------------------------------------------------------------------------------------- export
def _add_export(commands: Commands) -> None:
    parser = commands.add_parser(
        "export",
        help="the networks as ONNX, or the explorer as a folder for any browser",
        description="Write decoder and encoders as ONNX with a JSON card each, checked against PyTorch on 100 test images. With "
        "--explorer write a folder of plain files that any web server serves: the explorer, whose networks run in the visitor's "
        "browser. Needs the extra `export`; --explorer needs npm, too.",
        epilog="examples: lmnet export networks; lmnet export --explorer page && python3 -m http.server 8000 --directory page",
    )
    parser.add_argument("out", metavar="OUT", help="the folder that gets the files")
    parser.add_argument("--run", default="freeshapes", help="folder of trained_models/ (default: the shipped one)")
    parser.add_argument(
        "--models", metavar="NAME[,NAME]", default="", help="image encoders (default: encoder_l1,encoder_lambda_5.5)"
    )
    parser.add_argument("--explorer", action="store_true", help="the explorer, with these networks")
    parser.add_argument("--runtime", metavar="FOLDER", help="`dist` of onnxruntime-web, instead of asking npm for it")
    parser.add_argument(
        "--webgpu", action="store_true", help="the explorer also with the runtime for graphics cards (17 MB more)"
    )
    parser.set_defaults(command=_export)


def _export(options: argparse.Namespace) -> int:
    from lmnet_utils.apps import browser_page
    from lmnet_utils.models import export

    names = [name for name in options.models.split(",") if name] or export.ENCODERS
    try:
        if not options.explorer and (options.webgpu or options.runtime):
            raise ValueError("--webgpu and --runtime are about the explorer: add --explorer.")
        if options.explorer:
            made = browser_page.write_explorer(
                options.out, options.run, names, runtime=options.runtime, webgpu=options.webgpu
            )
            print(browser_page.page_report(made))
        else:
            print(export.export_report(export.export_networks(options.out, options.run, names)))
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        print(f"lmnet: {error}", file=sys.stderr)
        return 1
    return 0


# --------------------------------------------------------------------------------------------------------- ship and take
def _add_sharing(commands: Commands) -> None:
    parser = commands.add_parser(
        "ship",
        help="write a run's networks with card and checksums, to be shared",
        epilog="example: lmnet ship mine mine.zip --licence 'CC BY 4.0'",
    )
    parser.add_argument("run", metavar="RUN", help="a folder of trained_models/")
    parser.add_argument("out", metavar="OUT", help="a new folder, or a .zip file")
    parser.add_argument("--licence", default="not stated", metavar="TEXT", help="under which others may use them")
    parser.set_defaults(command=_ship)
    parser = commands.add_parser(
        "take",
        help="install networks that somebody shared",
        description="Check what `lmnet ship` wrote, and install it in trained_models/; then weights_run=NAME in any notebook.",
        epilog="example: lmnet take https://example.org/mine.zip#sha256=… --name theirs",
    )
    parser.add_argument("source", metavar="SOURCE", help="a folder, a ZIP file, or its address")
    parser.add_argument("--name", help="folder of trained_models/ (default: as it was shared)")
    parser.set_defaults(command=_take)


def _ship(options: argparse.Namespace) -> int:
    from lmnet_utils.core.files import sha256_of
    from lmnet_utils.run import profiles, sharing

    try:
        out = sharing.ship(options.run, options.out, licence=options.licence)
    except (ValueError, OSError) as error:
        raise profiles.ProfileError(str(error)) from error
    print(f"{paths.display(out)}; others install it by `lmnet take`" + (" of its address" if out.is_file() else ""))
    if out.is_file():
        print(f"behind the address, so that no other file is taken: #sha256={sha256_of(out)}")
    return 0


def _take(options: argparse.Namespace) -> int:
    name = taken_name(options.source, options.name)
    print(
        f'{paths.display(paths.model_dir(name, ""))}: weights_run="{name}" in a notebook, --run {name} for reconstruct'
    )
    return 0


def taken_name(source: str, name: str | None = None) -> str:
    from lmnet_utils.data.transfer import TransferError
    from lmnet_utils.run import profiles, sharing

    try:
        return sharing.take(source, name)
    except (ValueError, OSError, TransferError) as error:
        raise profiles.ProfileError(str(error)) from error
