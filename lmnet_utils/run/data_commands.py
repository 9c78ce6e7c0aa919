"""What `lmnet` does about data sets: fetch them, make them of meshes, pack them.

As in :mod:`lmnet_utils.run.cli`, what takes long to import is imported by the command that needs it.
"""

from __future__ import annotations

import argparse
import sys

from lmnet_utils.core import paths

Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_data_commands(commands: Commands) -> None:
    """`download`, `import-meshes` and `pack`."""
    _add_download(commands)
    _add_import_meshes(commands)
    _add_pack(commands)


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
        return _download_objaverse(options)
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


def _download_objaverse(options: argparse.Namespace) -> int:
    from lmnet_utils.data import objaverse
    from lmnet_utils.run.profiles import ProfileError

    classes = [name.strip() for name in options.classes.split(",") if name.strip()]
    try:
        objaverse.check_classes(classes, options.limit)
    except ValueError as error:
        raise ProfileError(str(error)) from error
    print(f"objaverse: up to {options.limit} meshes a class from {objaverse.ADDRESS}\n\n{objaverse.TERMS}", flush=True)
    if not _agreed(options.yes):
        print("lmnet: nothing was downloaded", file=sys.stderr)
        return 2
    try:
        found = objaverse.fetch_objaverse(
            classes, options.limit, all_licences=options.all_licences, quiet=options.quiet
        )
    except (objaverse.ObjaverseError, OSError) as error:
        print(f"lmnet: {error}", file=sys.stderr)
        return 1
    print(f"{found}\nNext: lmnet import-meshes {paths.display(found.folder)} --name objects")
    return 0


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


# ----------------------------------------------------------------------------------------------------------------- pack
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
    from lmnet_utils.data import shard_files, shards
    from lmnet_utils.run.profiles import ProfileError

    try:
        if options.address:
            folder = shard_files.attach_shards(options.dataset, options.address)
            print(f"{paths.display(folder)}: its objects are read from {options.address}")
            return 0
        index = shard_files.write_shards(options.dataset, options.shards, shard_bytes=options.shard_mb * 10**6)
    except (ValueError, FileNotFoundError, FileExistsError, shards.ShardError) as error:
        raise ProfileError(str(error)) from error
    except OSError as error:
        print(f"lmnet: {options.shards}: {error.strerror or error}. Nothing was left there.", file=sys.stderr)
        return 1
    for line in index["incomplete"]:
        print(f"left out: {line}")
    size = sum(index["files"][name]["bytes"] for name in index["shards"]) / 1e9
    print(f"{len(index['models'])} objects in {len(index['shards'])} shards, {size:.2f} GB, in {options.shards}")
    return 0
