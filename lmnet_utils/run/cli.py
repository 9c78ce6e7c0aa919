"""The command line, ``lmnet``. Of every subcommand its options, then what it does.

What takes long to import is imported by the command that needs it, so that ``--help`` is instant.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from lmnet_utils.core import paths
from lmnet_utils.core.memory import explain_memory, is_out_of_memory
from lmnet_utils.run import cluster, data_commands, network_commands

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
    except (MemoryError, RuntimeError) as error:  # torch's is a RuntimeError
        if not is_out_of_memory(error):
            raise
        print(f"lmnet: {explain_memory(error)}", file=sys.stderr)
        return 1
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
    data_commands.add_data_commands(commands)
    network_commands.add_network_commands(commands)
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
        options.overrides.append(f"all.weights_run={network_commands.taken_name(options.weights)}")
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


if __name__ == "__main__":
    sys.exit(main())
