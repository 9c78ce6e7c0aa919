"""The README: its figures are those of the committed files, and its links lead somewhere."""

from __future__ import annotations

import re

import ship_weights

from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json
from lmnet_utils.run import profiles

README = (paths.project_root() / "README.md").read_text(encoding="utf-8")


def test_tables_are_those_of_the_committed_files():
    for name, markdown in ship_weights.readme_tables().items():
        match = re.search(rf"<!-- {name}: .*?-->\n\n(.*?)\n\n<!-- end of {name} -->", README, re.DOTALL)
        assert match and match[1] == markdown, f"run `python tools/ship_weights.py --readme`: table {name} is stale"


def test_the_protocols_speed_is_that_of_the_committed_file():
    found = read_json(paths.project_root() / "benchmarks" / "protocol.json")["results"]["protocol"]
    ours, plain = (f"{1000 * found[name]:.0f} ms" for name in ("ours_s", "plain_s"))
    assert f"{ours} instead of {plain} a pair, ×{found['ratio']:.1f}" in README
    assert f"the same figures to {found['largest_difference']:.0e}".replace("e-0", "e-") in README


def test_the_explorers_latency_is_that_of_the_committed_file():
    found = read_json(paths.project_root() / "benchmarks" / "explorer.json")["results"]
    page, lab = (f"{found['browser'][where]['median_ms']:.0f} ms" for where in ("page", "jupyterlab"))
    assert f"{page} on the page and {lab} in JupyterLab" in README
    assert found["visitors"]["visitors"] == 8
    assert f"with eight visitors at once {found['visitors']['change']['median_ms']:.0f} ms" in README


def test_links_and_pictures_are_there():
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    local = [target for target in targets if "://" not in target]
    assert len(local) > 10
    for target in local:
        assert (paths.project_root() / target).exists(), target


def test_commands_name_real_profiles_and_targets():
    named = set(re.findall(r"lmnet run ([a-z]+)", README))
    assert named <= set(profiles.profile_names())
    makefile = (paths.project_root() / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make ([a-z]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_no_placeholder_is_left():
    assert not re.search(r"@[A-Z]+@|TODO|TBD", README)
