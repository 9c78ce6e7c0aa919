"""The kit of parts: closed surfaces that look outwards, with the volumes of the solids they stand for; trimesh judges."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from scipy.spatial import ConvexHull

from lmnet_utils.data.programs import parts
from lmnet_utils.data.programs.parts import Part

SQUARE = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
ARROW = np.array([(0, 0), (2, 0), (2, 2), (1, 1), (0, 2)], float)  # concave, area 3


def solid(part: Part) -> trimesh.Trimesh:
    found = trimesh.Trimesh(part.vertices, part.faces, process=False)
    found.merge_vertices(digits_vertex=9)
    found.update_faces(found.nondegenerate_faces())
    return found


def polygon(sides: int) -> float:
    """Area of the regular polygon in the circle of radius 1."""
    return sides / 2 * np.sin(2 * np.pi / sides)


HOOP = np.column_stack([parts.arc(2.0, 0, 360, 60)[:-1], np.zeros(60)])
GRID = np.stack(np.meshgrid(np.linspace(0, 2, 5), np.linspace(0, 3, 4), [0.0], indexing="ij"), -1)[:, :, 0]
BEVELLED = parts.box((2, 3, 4), (1, 1, 1), bevel=0.3)
SOLIDS = {
    "box": (parts.box((1, 2, 3)), 6.0),
    "bevelled box": (BEVELLED, float(ConvexHull(BEVELLED.vertices).volume)),
    "rod": (parts.rod((0, 0, 0), (0, 2, 0), 0.5, sides=12), polygon(12) * 0.25 * 2),
    "slanted rod": (parts.rod((1, 1, 0), (4, 5, 0), 0.5, sides=12), polygon(12) * 0.25 * 5),
    "flat tube": (parts.tube([(0, 0, 0), (2, 0, 0)], 0.5, sides=12, flatten=0.5), polygon(12) * 0.125 * 2),
    "cone": (parts.rod((0, 0, 0), (0, 3, 0), (1.0, 0.0), sides=16), polygon(16)),
    "bar": (parts.bar((0, 0, 0), (0, 2, 0), 0.3, 0.4), 0.24),
    "level bar": (parts.bar((0, 0, 0), (0, 0, 2), 0.3, 0.4), 0.24),
    "lathe": (parts.lathe([(0, 0), (1, 0), (1, 2), (0, 2)], sides=24), polygon(24) * 2),
    "lathe, downwards, about z": (parts.lathe([(0, 2), (1, 2), (1, 0), (0, 0)], sides=24, axis="z"), polygon(24) * 2),
    "extrusion": (parts.extrusion(ARROW, 2.0), 6.0),
    "extrusion, clockwise, along x": (parts.extrusion(ARROW[::-1], 2.0, axis="x"), 6.0),
    "extrusion along y": (parts.extrusion(ARROW, 2.0, axis="y", centre=5.0), 6.0),
    "sheet": (parts.sheet(GRID, 0.1), 0.6),
    "loft": (parts.loft([[(x, y * (x + 1), z) for y, z in SQUARE] for x in (0, 1)]), 1.5),
    "pair": (parts.mirrored(parts.moved(parts.box((1, 1, 1)), z=2)), 2.0),
    "array": (parts.array(parts.box((1, 1, 1), bevel=0), [(0, 0, 0), (3, 0, 0), (0, 5, 0)]), 3.0),
    "ring": (parts.ring(parts.moved(parts.box((1, 1, 1)), x=3), 5), 5.0),
    "turned": (parts.turned(parts.box((1, 2, 3)), "x", 33.0, about=(1, 2, 3)), 6.0),
    "stretched": (parts.scaled(parts.box((1, 1, 1)), -2, 3, 1), 6.0),
}


@pytest.mark.parametrize("name", SOLIDS)
def test_a_part_is_closed_looks_outwards_and_has_its_volume(name: str) -> None:
    part, volume = SOLIDS[name]
    found = solid(part)
    assert found.is_watertight and found.is_winding_consistent
    assert found.volume == pytest.approx(volume, rel=1e-6)
    assert part.colours.shape == (len(part.faces), 3)


def test_round_parts_come_near_the_round_solids() -> None:
    ball = solid(parts.cushion((2, 2, 2), softness=1.0, steps=40))
    assert ball.is_watertight and ball.volume == pytest.approx(4 / 3 * np.pi, rel=0.01)
    brick = solid(parts.cushion((2, 2, 2), softness=0.1, steps=20))
    assert brick.is_watertight and 7.3 < brick.volume < 8
    hoop = solid(parts.tube(HOOP, 0.2, sides=32, closed=True))
    assert hoop.is_watertight and hoop.volume == pytest.approx(2 * np.pi**2 * 2 * 0.2**2, rel=0.01)
    assert solid(parts.tube(HOOP, 0.2, closed=True)).euler_number == 0, "a hoop has a hole"


def test_a_part_of_a_turn_is_an_open_shell() -> None:
    shell = solid(parts.lathe([(1, 0), (1, 1)], sides=12, sweep=180))
    assert not shell.is_watertight
    assert shell.area == pytest.approx(2 * 12 * np.sin(np.pi / 24), rel=1e-6)


def test_a_tube_does_not_twist() -> None:
    """Along a curve in a plane, the section keeps its sides: opposite edges of the tube stay equally long."""
    path = np.column_stack([parts.arc(3.0, 0, 90, 20), np.zeros(21)])
    tube = parts.tube(path, 0.1, sides=4)
    edges = tube.vertices[:84].reshape(21, 4, 3)
    lengths = np.linalg.norm(np.diff(edges, axis=0), axis=-1).sum(0)
    radii = 3 + 0.1 * np.sqrt(0.5) * np.array([-1, -1, 1, 1])
    assert np.sort(lengths) == pytest.approx(radii * 40 * np.sin(np.pi / 80), rel=2e-3)


def test_clipped_ears_cover_the_polygon_and_nothing_else() -> None:
    random = np.random.RandomState(0)
    for count in (3, 4, 7, 20):
        radii, angles = random.uniform(0.3, 1, count), np.linspace(0, 2 * np.pi, count, endpoint=False)
        star = np.stack([radii * np.cos(angles), radii * np.sin(angles)], -1)
        a, b, c = np.moveaxis(star[parts.triangulated(star)], 1, 0)
        areas = ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
        following = np.roll(star, -1, axis=0)
        whole = (star[:, 0] * following[:, 1] - following[:, 0] * star[:, 1]).sum() / 2
        assert (areas > -1e-12).all() and areas.sum() == pytest.approx(whole)


def test_a_curve_goes_through_its_points_and_outlines_have_their_size() -> None:
    points = np.array([(0, 0), (1, 2), (3, 1), (4, 4)], float)
    assert parts.curve(points, 5)[::5] == pytest.approx(points)
    for outline in (parts.rounded_rectangle(4, 2, 0.5), parts.oval(4, 2), parts.oval(4, 2, 0.9)):
        assert np.ptp(outline, axis=0) == pytest.approx((4, 2), abs=1e-6)
    assert len(np.unique(BEVELLED.vertices, axis=0)) == 24 and np.ptp(BEVELLED.vertices, axis=0) == pytest.approx(
        (2, 3, 4)
    )
    assert parts.rounded_rectangle(4, 2, 9.0).min() == pytest.approx(-2), "too large a radius is cut to what fits"


def test_parts_are_not_changed_by_what_is_made_of_them() -> None:
    part = parts.box((1, 2, 3), colour=(1, 0, 0))
    before = [array.copy() for array in part]
    parts.joined(parts.moved(part, 1), parts.turned(part, "y", 9), parts.painted(part, (0, 1, 0)), parts.mirrored(part))
    assert all((old == new).all() for old, new in zip(before, part, strict=True))
    assert (parts.painted(part, (0, 1, 0)).colours == (0, 1, 0)).all()
