"""The command line, ``lmnet``. Of every subcommand its options, then what it does.

What takes long to import is imported by the command that needs it, so that ``--help`` is instant.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lmnet_utils.core import paths
from lmnet_utils.run import cluster

Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script. Returns the exit status: 0 done, 1 failed, 2 not started, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["doctor"]:  # has its own options
        from lmnet_utils.run import doctor

        return doctor.main(arguments[1:]) or 0
    options = _parser().parse_args(arguments)
    from lmnet_utils.run.profiles import ProfileError

    try:
        return options.command(options)
    except ProfileError as error:
        print("lmnet: not started:\n  " + str(error).replace("\n", "\n  "), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lmnet: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lmnet", description="3D-LMNet in notebooks, without a browser.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands)
    _add_train(commands)
    _add_profiles(commands)
    _add_report(commands)
    _add_download(commands)
    _add_reconstruct(commands)
    _add_import_meshes(commands)
    _add_pack(commands)
    _add_convert_checkpoint(commands)
    _add_export(commands)
    _add_sharing(commands)
    commands.add_parser("doctor", help="versions, device, disk, data, weights, and what is missing")
    return parser


# ------------------------------------------------------------------------------------------------------------------ run
def _add_run(commands: Commands) -> None:
    parser = commands.add_parser(
        "run",
        help="execute a profile's notebooks in order",
        description="Execute a profile's notebooks in order into runs/<run name>/. "
        "Steps whose inputs did not change since they finished are skipped.",
        epilog="example: lmnet run quickstart --from 05 --set '05.diversity_weight=[0.0, 5.5]'",
    )
    _add_choice(parser)
    parser.add_argument("--from", dest="from_", metavar="NB", help="start with this notebook")
    parser.add_argument("--dry-run", action="store_true", help="show steps and parameters, execute nothing")
    parser.add_argument("--force", action="store_true", help="also run what is up to date; trains and scores anew")
    parser.add_argument("--quiet", action="store_true", help="do not repeat what long cells print")
    cluster.add_options(parser)
    parser.add_argument(
        "--weights",
        metavar="SOURCE",
        help="networks that somebody shared: a folder, ZIP file or address, as `lmnet take`",
    )
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from lmnet_utils.run import chain

    if options.weights:
        options.overrides.append(f"all.weights_run={_taken(options.weights)}")
    choice = chain.Choice(_only(options), options.from_, options.overrides, options.run_name, options.force)
    engine = cluster.engine_of(options)
    return chain.run_profile(options.profile, choice, engine, dry_run=options.dry_run, quiet=options.quiet)


def _add_choice(parser: argparse.ArgumentParser) -> None:
    """Which steps of which profile, and with which values: what `run` and `train` have in common."""
    parser.add_argument("profile", help="a name (see `lmnet profiles`) or the path of a .yaml file")
    parser.add_argument("--only", metavar="NB[,NB]", default="", help="these notebooks only; 05 is enough of a name")
    parser.add_argument(
        "--set",
        dest="overrides",
        metavar="NB.PARAMETER=VALUE",
        action="append",
        default=[],
        help="another value (YAML; a list is a sweep) for a notebook's parameter; `all.` means every notebook with it",
    )
    parser.add_argument(
        "--run-name", metavar="NAME", help="folder below runs/ and trained_models/ (default: the profile's)"
    )


def _only(options: argparse.Namespace) -> list[str]:
    return [name for name in options.only.split(",") if name.strip()]


# ---------------------------------------------------------------------------------------------------------------- train
def _add_train(commands: Commands) -> None:
    parser = commands.add_parser(
        "train",
        help="a profile's trainings without their notebooks, on several GPUs or machines",
        description="Train what notebooks 02 to 05 of a profile train; `lmnet run` of the same profile then loads it. "
        "Under `accelerate launch` or `torchrun` every process computes its share of each batch.",
        epilog="example: accelerate launch --num_processes 4 -m lmnet_utils.run.cli train paper --only 02",
    )
    _add_choice(parser)
    parser.set_defaults(command=_train)


def _train(options: argparse.Namespace) -> int:
    from lmnet_utils.run import profiles, trainings

    profile = profiles.load_profile(options.profile)
    return trainings.train(profile, options.run_name or profile.run_name, _only(options), options.overrides)


# ------------------------------------------------------------------------------------------------------------- profiles
def _add_profiles(commands: Commands) -> None:
    parser = commands.add_parser("profiles", aliases=["list"], help="the profiles and what they are for")
    parser.set_defaults(command=_profiles)


def _profiles(options: argparse.Namespace) -> int:
    from lmnet_utils.run import profiles

    for name in profiles.profile_names():
        profile = profiles.load_profile(name)
        print(f"{name:<12}{' '.join(profile.description.split())}")
    return 0


# --------------------------------------------------------------------------------------------------------------- report
def _add_report(commands: Commands) -> None:
    parser = commands.add_parser("report", help="write a run's report.html again, and what its folds say together")
    parser.add_argument("run", help="name of a folder in runs/")
    parser.add_argument(
        "--crate", action="store_true", help="also ro-crate-metadata.json: settings, versions, checksums, for machines"
    )
    parser.set_defaults(command=_report)


def _report(options: argparse.Namespace) -> int:
    from lmnet_utils.run import crate, folds, profiles, report

    if not (paths.runs_root() / options.run).is_dir():
        names = sorted(path.name for path in paths.runs_root().glob("*") if path.is_dir())
        raise profiles.ProfileError(f"no run {options.run!r} in runs/. There are: {', '.join(names) or 'none'}")
    try:
        folds.pool_runs(options.run)
    except ValueError as error:
        raise profiles.ProfileError(f"the folds are not put together: {error}") from error
    print(paths.display(report.write_report(options.run)))
    if options.crate:  # after the report, which it lists
        try:
            print(paths.display(crate.write_crate(options.run)))
        except FileNotFoundError as error:
            raise profiles.ProfileError(str(error)) from error
    return 0


# ------------------------------------------------------------------------------------------------------------- download
def _add_download(commands: Commands) -> None:
    parser = commands.add_parser(
        "download",
        help="fetch ShapeNet, Pix3D or published weights",
        description="Fetch data sets and weights that others publish, check them, and unpack them or make them model folders. "
        "Terms and sizes are shown first. A download that broke off goes on where it stopped; what is here is not fetched again.",
        epilog="examples: lmnet download shapenet --remove-archive; lmnet download autoencoder encoder_l1 --yes",
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="see --list")
    parser.add_argument("--list", action="store_true", help="the names, their sizes, what is here, and the addresses")
    parser.add_argument("--yes", action="store_true", help="accept the terms without being asked")
    parser.add_argument("--file", metavar="PATH", help="take this file, fetched by hand, instead of downloading")
    parser.add_argument("--force", action="store_true", help="fetch again; accept a file that has changed")
    parser.add_argument(
        "--check", action="store_true", help="go through unpacked archives again; put back what is missing"
    )
    parser.add_argument("--remove-archive", action="store_true", help="delete archives once they are unpacked")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    parser.add_argument("--classes", metavar="CLASS[,CLASS]", default="", help="of objaverse: these (default: all 13)")
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="of objaverse: meshes of each class")
    parser.add_argument("--all-licences", action="store_true", help="of objaverse: also meshes that are not free")
    parser.set_defaults(command=_download)


def _download(options: argparse.Namespace) -> int:
    from lmnet_utils.data import assets, downloads
    from lmnet_utils.models import published

    if options.list:
        return _list_downloads()
    if options.names == ["objaverse"]:
        from lmnet_utils.run import data_commands

        return data_commands.download_objaverse(options, _agreed)
    names, missing = _asked_for(options)
    if missing:
        print(assets.offer(missing), flush=True)
    if missing and not options.file and not _agreed(options.yes):
        print("lmnet: nothing was downloaded", file=sys.stderr)
        return 2
    status = 0
    for name in names:
        try:
            place = published.download(
                name,
                file=options.file,
                force=options.force,
                check=options.check,
                remove_archive=options.remove_archive,
                quiet=options.quiet,
            )
            print(assets.where(place), flush=True)
        except KeyboardInterrupt:
            print("lmnet: interrupted; what has come is kept, the same command goes on from there", file=sys.stderr)
            return 130
        except (downloads.DownloadError, ValueError, OSError) as error:
            print(f"lmnet: {error}", file=sys.stderr)
            status = 1
    return status


def _list_downloads() -> int:
    from lmnet_utils.data import assets

    for name in assets.names():
        item = assets.asset(name)
        size = assets.in_words(item.size) if item.size else "?"
        print(f"{name:<22}{size:>8}  {assets.state(item):<14}{item.addresses[0]}")
    for name, members in assets.groups().items():
        print(f"{name} = {' + '.join(members)}")
    print("objaverse: meshes by class, see --classes and --limit")
    return 0


def _asked_for(options: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Names of the assets that are asked for, and those of them that are to be fetched."""
    from lmnet_utils.data import assets
    from lmnet_utils.run import profiles

    if not options.names:
        raise profiles.ProfileError(f"download what? There are: {', '.join([*assets.groups(), *assets.names()])}")
    try:
        names = assets.expand(options.names)
        if options.file and len(names) > 1:
            raise profiles.ProfileError("--file is one asset's file: give one NAME with it")
        again = options.file or options.force or options.check
        return names, [name for name in names if again or not assets.is_here(assets.asset(name))]
    except ValueError as error:  # no such asset, or an unreadable record
        raise profiles.ProfileError(str(error)) from error


def _agreed(yes: bool) -> bool:
    """Whether the terms shown above are accepted: by ``--yes``, or by a person who is asked."""
    from lmnet_utils.run import profiles

    if yes:
        return True
    if not sys.stdin or not sys.stdin.isatty():
        raise profiles.ProfileError("nobody is here to accept these terms. If you do, add --yes")
    try:
        return input("\nDo you accept these terms, and shall the download start? [y/N] ").strip().lower() in (
            "y",
            "yes",
        )
    except EOFError:
        return False


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
    from lmnet_utils.apps import exports, familiarity, photos, reconstruction
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
        meshes = exports.MeshOptions(kinds, options.watertight, options.size_mm) if options.format else None
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


# -------------------------------------------------------------------------------------------------------- import-meshes
def _add_import_meshes(commands: Commands) -> None:
    parser = commands.add_parser(
        "import-meshes",
        help="make a data set of a folder of meshes of your own",
        description="Make a data set of the OBJ, PLY, STL, OFF and GLB files below a folder: 24 views, point clouds, splits. "
        "An object's class is the first folder below FOLDER that it lies in (chair/, Couches/, 03001627/, coffee mug/ …). "
        "What cannot be used is listed with its reason. The same command again takes what is new and drops what is gone.",
        epilog='example: lmnet import-meshes ~/meshes --name mine --up z --front=-y; then dataset="mine" in any notebook. '
        "An axis with a minus needs the equals sign.",
    )
    parser.add_argument("folder", metavar="FOLDER")
    parser.add_argument("--name", help="of the data set: a folder of data/ (default: FOLDER's name)")
    parser.add_argument(
        "--classes", metavar="CSV", help="a table file,class[,group]; a group's objects stay on one side of the splits"
    )
    axes = ("x", "y", "z", "-x", "-y", "-z")
    parser.add_argument("--up", choices=axes, default="y", help="the files' axis that points up (default: y)")
    parser.add_argument("--front", choices=axes, default="z", help="the axis that an object's front faces (default: z)")
    parser.add_argument("--seed", type=int, default=0, help="of views and clouds")
    parser.add_argument("--workers", type=int, metavar="N", help="processes; by default one a core")
    parser.add_argument("--max-faces", type=int, metavar="N", help="skip meshes of more triangles (default: 1,000,000)")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    parser.set_defaults(command=_import_meshes)


def _import_meshes(options: argparse.Namespace) -> int:
    from lmnet_utils.data import meshes
    from lmnet_utils.run import profiles

    reading = meshes.Reading(options.up, options.front, options.max_faces or meshes.MAX_FACES)
    try:
        report = meshes.import_meshes(
            options.folder,
            options.name,
            classes=options.classes,
            reading=reading,
            seed=options.seed,
            workers=options.workers,
            progress=not options.quiet,
        )
    except (FileNotFoundError, ValueError) as error:
        raise profiles.ProfileError(str(error)) from error
    except KeyboardInterrupt:
        print("lmnet: interrupted; finished objects are kept, the same command goes on from there", file=sys.stderr)
        return 130
    print(report.text())
    print(paths.display(paths.dataset_dir(report.dataset) / meshes.REPORT))
    return 0 if report.models else 1


def _add_pack(commands: Commands) -> None:
    parser = commands.add_parser(
        "pack",
        help="a data set as shards, or a data set of shards that lie elsewhere",
        description="Write a data set as WebDataset shards (--shards), or make a data set of such shards in another folder or on a web "
        "server (--from): trainings and evaluations read them by ranges of bytes.",
        epilog="examples: lmnet pack shapenet --shards /disk/shapenet; lmnet pack far --from https://example.org/shapenet",
    )
    parser.add_argument("dataset", metavar="DATASET", help="a folder of data/")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--shards", metavar="FOLDER", help="write its shards into this new folder")
    what.add_argument(
        "--from", dest="address", metavar="ADDRESS", help="make it of the shards in this folder, or at this address"
    )
    parser.add_argument(
        "--shard-mb", type=int, default=128, metavar="N", help="megabytes of a shard, about (default: 128)"
    )
    parser.set_defaults(command=_pack)


def _pack(options: argparse.Namespace) -> int:
    from lmnet_utils.run import data_commands

    return data_commands.pack(options)


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
    parser.set_defaults(command=_export)


def _export(options: argparse.Namespace) -> int:
    from lmnet_utils.apps import browser_page
    from lmnet_utils.models import export

    names = [name for name in options.models.split(",") if name] or export.ENCODERS
    try:
        if options.explorer:
            print(
                browser_page.page_report(
                    browser_page.write_explorer(options.out, options.run, names, runtime=options.runtime)
                )
            )
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
    name = _taken(options.source, options.name)
    print(
        f'{paths.display(paths.model_dir(name, ""))}: weights_run="{name}" in a notebook, --run {name} for reconstruct'
    )
    return 0


def _taken(source: str, name: str | None = None) -> str:
    from lmnet_utils.data.transfer import TransferError
    from lmnet_utils.run import profiles, sharing

    try:
        return sharing.take(source, name)
    except (ValueError, OSError, TransferError) as error:
        raise profiles.ProfileError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
