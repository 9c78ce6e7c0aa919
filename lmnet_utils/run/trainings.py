"""The trainings of a profile without their notebooks: ``lmnet train``, alone or started by ``accelerate launch``.

What it leaves is what the notebooks leave: ``lmnet run`` of the same profile then loads it, draws and scores.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from lmnet_utils.core.notebook_settings import AutoencoderSettings, TrainingSettings
from lmnet_utils.data.packs import open_pack
from lmnet_utils.run.plans import parts_of, plan_steps, resolve_notebook
from lmnet_utils.run.profiles import Profile, ProfileError, notebook_path, read_declaration
from lmnet_utils.training import processes
from lmnet_utils.training.autoencoder import train_autoencoder
from lmnet_utils.training.image_encoder import train_image_encoder
from lmnet_utils.training.loop import DivergedError


def planned(
    profile: Profile, run: str, only: Sequence[str] = (), overrides: Sequence[str] = ()
) -> list[tuple[str, TrainingSettings]]:
    """The trainings of a profile in their order: what each step is called, and the settings that its notebook would build.

    Those of every repeat, where a profile has them; the step's name then has the run's before it.

    Raises:
        ProfileError: the profile cannot run, or no training is among the chosen notebooks.
    """
    stems = list(profile.notebooks)
    chosen = {resolve_notebook(text, stems) for text in only} or set(stems)
    found = []
    for part in parts_of(profile, run):
        for step in plan_steps(profile, part, overrides, chosen):
            settings = read_declaration(notebook_path(step.notebook)).build(step.parameters)
            if step.notebook in chosen and isinstance(settings, TrainingSettings):
                found.append((f"{part.run}: {step.key}" if profile.repeat else step.key, settings))
    if not found:
        raise ProfileError(f"no training in {', '.join(sorted(chosen))}: expected some of notebooks 02 to 05")
    return found


def train(profile: Profile, run: str, only: Sequence[str] = (), overrides: Sequence[str] = ()) -> int:
    """Train what :func:`planned` lists, one after the other. One that fails does not stop the others.

    Returns:
        the exit status: 0, or 1 if a training failed.
    """
    steps = planned(profile, run, only, overrides)
    failed = []
    for key, settings in steps:
        accelerator = processes.start(settings.device, settings.precision)
        of = f" ({accelerator.num_processes} processes)" if accelerator.num_processes > 1 else ""
        accelerator.print(f"{key}{of}", flush=True)
        try:
            with accelerator.main_process_first():  # one process packs, the others then find the pack
                open_pack(settings.dataset, progress=accelerator.is_main_process)
            if isinstance(settings, AutoencoderSettings):
                train_autoencoder(settings)
            else:
                train_image_encoder(settings)
        except (DivergedError, FileNotFoundError, MemoryError, ValueError) as error:
            if accelerator.num_processes > 1:
                raise  # the launcher ends the other processes, which may wait for this one
            print(f"{key}: {error}", file=sys.stderr)
            failed.append(key)
    return 1 if failed else 0
