"""What `lmnet` does about data sets: shards, and meshes of Objaverse."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from lmnet_utils.core import paths
from lmnet_utils.run.profiles import ProfileError


def pack(options: argparse.Namespace) -> int:
    """`lmnet pack`: write shards, or make a data set of them."""
    from lmnet_utils.data import shard_files, shards

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


def download_objaverse(options: argparse.Namespace, agreed: Callable[[bool], bool]) -> int:
    """`lmnet download objaverse`; ``agreed`` asks whether the terms are accepted."""
    from lmnet_utils.data import objaverse

    classes = [name.strip() for name in options.classes.split(",") if name.strip()]
    try:
        objaverse.check_choice(classes, options.limit)
    except ValueError as error:
        raise ProfileError(str(error)) from error
    print(f"objaverse: up to {options.limit} meshes a class from {objaverse.ADDRESS}\n\n{objaverse.TERMS}", flush=True)
    if not agreed(options.yes):
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
