"""Renders against an independent splat by hand and against pytorch3d's own renderer."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from lmnet_utils.core.notebook_settings import FigureSettings, RenderSettings
from lmnet_utils.geometry.frames import file_from_y_up
from lmnet_utils.rendering import curves, grids, renders
from lmnet_utils.rendering.renders import render_pointcloud

pytest.importorskip("pytorch3d")
import matplotlib  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402

matplotlib.use("Agg")


def pixels_by_hand(points_y_up: np.ndarray, settings: RenderSettings, azimuth: float) -> np.ndarray:
    """Orthographic projection from the words: (row, column) of each point, as real numbers of pixel centres."""
    a, e = np.radians([azimuth, settings.elevation])
    towards_camera = np.array([np.cos(e) * np.sin(a), np.sin(e), np.cos(e) * np.cos(a)])
    right = np.array([np.cos(a), 0, -np.sin(a)])
    up = np.cross(towards_camera, right)
    x, y = points_y_up @ right * settings.zoom, points_y_up @ up * settings.zoom
    return np.stack([(1 - y) / 2, (1 + x) / 2], -1) * settings.image_size - 0.5


@pytest.mark.parametrize("settings", [RenderSettings(), RenderSettings(image_size=200, zoom=1.8, elevation=-30)])
def test_every_pixel_against_a_splat_by_hand(settings):
    points = np.random.default_rng(0).uniform(-0.25, 0.25, (30, 3))
    image = render_pointcloud(file_from_y_up(points), settings)
    place = pixels_by_hand(points, settings, settings.azimuth)
    grid = np.stack(np.mgrid[: settings.image_size, : settings.image_size], -1)
    distance = np.linalg.norm(grid[:, :, None] - place, axis=-1).min(-1)
    radius = settings.radius * settings.zoom * settings.image_size / 2
    colored = (image < 0.99).any(-1)
    assert colored[distance < radius - 0.01].all() and not colored[distance > radius + 0.01].any()
    np.testing.assert_allclose(image[colored], [settings.color] * colored.sum(), atol=1e-5)
    assert (image[~colored] == 1).all()


def test_up_is_up_and_right_is_right():
    """From the front (azimuth 0, camera on +z): −x of the file frame is the top, +y of the file is the right."""
    settings = RenderSettings(azimuth=0, elevation=0, image_size=64, radius=0.05)
    for point, (row, column) in (((-0.5, 0, 0), (16, 32)), ((0, 0.5, 0), (32, 48)), ((0, 0, 0.9), (32, 32))):
        image = render_pointcloud(np.array([point]), settings)
        where = np.argwhere(image[..., 0] < 0.5).mean(0) + 0.5
        np.testing.assert_allclose(where, (row, column), atol=0.01)


def test_tiles_equal_the_renderer_of_pytorch3d():
    from pytorch3d import renderer
    from pytorch3d.structures import Pointclouds

    points = torch.rand(600, 3, generator=torch.Generator().manual_seed(0)) - 0.5
    settings = RenderSettings(image_size=150, radius=0.012, points_per_pixel=3, zoom=2.5)  # some points outside
    rotation, translation = renderer.look_at_view_transform(20, 14, -46)
    camera = renderer.FoVOrthographicCameras(R=rotation, T=translation, znear=0.01, scale_xyz=((2.5, 2.5, 1.0),))
    raster = renderer.PointsRasterizationSettings(image_size=150, radius=0.03, points_per_pixel=3)
    whole = renderer.PointsRenderer(
        renderer.PointsRasterizer(camera, raster), renderer.NormWeightedCompositor(background_color=(1, 1, 1))
    )
    features = torch.tensor(settings.color).expand(600, 3)
    expected = whole(Pointclouds([points], features=[features]))[0].numpy()
    image = render_pointcloud(file_from_y_up(points), settings)
    differs = np.abs(image - expected).max(-1) > 1e-4
    assert differs.mean() < 1e-3  # rounding at the rim of a disc may fall either way
    assert (image.min(-1) < 0.9).mean() > 0.2


def test_disc_area_and_neutral_settings():
    settings = RenderSettings(image_size=256, radius=0.2)
    image = render_pointcloud(np.zeros((1, 3)), settings)
    area = (image[..., 0] < 0.5).sum()
    assert area == pytest.approx(np.pi * (0.2 * 128) ** 2, rel=0.01)
    far = render_pointcloud(np.zeros((1, 3)), RenderSettings(image_size=256, radius=0.2, distance=3))
    np.testing.assert_allclose(image, far, atol=1e-6)  # orthographic: distance does not scale
    assert (render_pointcloud(np.full((4, 3), 9.0), settings) == 1).all()  # nothing in view


def test_the_camera_counts_from_the_front():
    cloud = np.random.default_rng(2).uniform(-0.4, 0.4, (40, 3))
    facing_x = RenderSettings(image_size=64, radius=0.02, front=90)
    np.testing.assert_array_equal(
        render_pointcloud(cloud, facing_x),
        render_pointcloud(cloud, RenderSettings(azimuth=44, image_size=64, radius=0.02)),
    )


def test_zoom_is_an_enlargement_of_the_picture():
    cloud = np.random.default_rng(2).uniform(-0.4, 0.4, (40, 3))
    whole = render_pointcloud(cloud, RenderSettings(image_size=400, radius=0.02))
    near = render_pointcloud(cloud, RenderSettings(image_size=200, radius=0.02, zoom=2))
    np.testing.assert_allclose(near, whole[100:300, 100:300], atol=1e-4)


def test_depth_fade_lightens_what_is_far():
    near_and_far = np.array([[0, -0.2, 0.5], [0, 0.2, -0.5]])  # file frame; the camera stands on +z
    settings = RenderSettings(azimuth=0, elevation=0, image_size=64, radius=0.05, depth_fade=0.5)
    image = render_pointcloud(near_and_far, settings)
    near, far = image[32, 25], image[32, 38]
    np.testing.assert_allclose(near, settings.color, atol=1e-5)
    np.testing.assert_allclose(far, (np.array(settings.color) + 1) / 2, atol=1e-5)


def test_batches_and_turntable():
    cloud = np.random.default_rng(1).uniform(-0.3, 0.3, (100, 3)).astype(np.float32)
    settings = RenderSettings(image_size=64, radius=0.02)
    batch = render_pointcloud(np.stack([cloud, cloud + 0.1]), settings, azimuths=[-46, 10])
    assert batch.shape == (2, 64, 64, 3) and batch.dtype == np.float32
    np.testing.assert_array_equal(batch[0], render_pointcloud(torch.from_numpy(cloud), settings))
    frames = renders.turntable(cloud, settings, frames=4)
    assert frames.shape == (4, 64, 64, 3) and frames.dtype == np.uint8
    # half a turn of a cloud around the upright axis is what the camera sees after half a turn of its own
    turned = np.stack([cloud[:, 0], -cloud[:, 1], -cloud[:, 2]], -1)
    other = renders.to_uint8(render_pointcloud(turned, settings))
    assert (np.abs(frames[2].astype(int) - other) > 8).any(-1).mean() < 2e-3
    assert render_pointcloud(np.zeros((0, 5, 3)), settings).shape == (0, 64, 64, 3)


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.zeros(3), np.array([[0, np.nan, 0]])])
def test_bad_points_are_refused(points):
    with pytest.raises(ValueError, match="expected points|NaN"):
        render_pointcloud(points)


@pytest.mark.parametrize(
    "bad", [{"radius": 0.0}, {"zoom": -1.0}, {"color": [1.0, 2.0, 0.0]}, {"radius": 0.9}, {"depth_fade": 2.0}]
)
def test_bad_settings_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        RenderSettings(**bad)


def test_missing_pytorch3d_names_the_command(monkeypatch):
    for name in ("pytorch3d", "pytorch3d.renderer", "pytorch3d.structures"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="pip install easypytorch3d"):
        render_pointcloud(np.zeros((1, 3)))


def test_projection_follows_the_data_set_camera():
    """y up, front +x: seen from the front (0°) the top is up and −z right; from azimuth 90° (+z) the front is right."""
    axes = file_from_y_up(np.eye(3))  # +x, +y, +z
    np.testing.assert_allclose(grids.orthographic_view(axes, 0, 0), [[0, 0, 1], [0, 1, 0], [-1, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(grids.orthographic_view(axes, 90, 0), [[1, 0, 0], [0, 1, 0], [0, 0, 1]], atol=1e-12)
    np.testing.assert_allclose(grids.orthographic_view(axes, 0, 90)[1], [0, 0, 1], atol=1e-12)
    cloud = np.random.default_rng(0).normal(size=(9, 3))
    seen = grids.orthographic_view(cloud, 200, 27)
    np.testing.assert_allclose(seen @ seen.T, cloud @ cloud.T, atol=1e-12)  # a rotation


def test_plot_has_fixed_bounds():
    figure, axis = plt.subplots()
    grids.plot_cloud(axis, np.zeros((4, 3)))
    assert axis.get_xlim() == axis.get_ylim() == (-0.52, 0.52) and axis.get_aspect() == 1
    plt.close(figure)


def test_plot_draws_near_points_last_and_darkest_and_takes_other_colours():
    cloud = np.random.default_rng(1).uniform(-0.4, 0.4, (50, 3))
    figure, axis = plt.subplots()
    drawn = grids.plot_cloud(axis, cloud, azimuth=200, elevation=10)
    towards = grids.orthographic_view(cloud, 200, 10)
    order = np.argsort(towards[:, 2])
    np.testing.assert_allclose(drawn.get_offsets(), towards[order, :2])
    figure.canvas.draw()
    brightness = drawn.get_facecolors()[:, :3].sum(1)
    assert (np.diff(brightness) <= 1e-9).all() and brightness[0] > brightness[-1]
    errors = np.arange(50.0)  # a number a point, in the cloud's order
    other = grids.plot_cloud(axis, cloud, azimuth=200, elevation=10, c=errors, cmap="magma", vmin=0, vmax=50)
    np.testing.assert_array_equal(other.get_array(), errors[order])
    assert other.get_clim() == (0, 50) and other.get_cmap().name == "magma"
    plt.close(figure)


def test_files(tmp_path):
    frames = np.zeros((3, 8, 8, 3), np.uint8)
    frames[1, :, :4] = 255
    frames[2] = 128
    gif = Image.open(renders.write_gif(tmp_path / "turn.gif", frames))
    assert gif.n_frames == 3 and gif.info["loop"] == 0
    gif.seek(1)
    np.testing.assert_array_equal(np.asarray(gif.convert("RGB")), frames[1])
    image = np.random.default_rng(0).random((5, 7, 3))
    back = np.asarray(Image.open(renders.write_png(tmp_path / "a.png", image)))
    assert np.abs(back / 255 - image).max() <= 0.5 / 255 + 1e-9
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "turn.gif"]


def test_kept_figures_have_captions_and_keep_their_looks(tmp_path):
    picture = np.zeros((40, 40, 3))
    picture[:20, :, 0] = 1
    open_before = plt.get_fignums()
    for name, caption in (("b.png", "first"), ("a.png", "second"), ("b.png", "again")):
        grids.keep_figure(grids.image_grid([[picture]]), tmp_path / name, caption)
    assert list(json.loads((tmp_path / "figures.json").read_text()).items()) == [
        ("b.png", "again"),
        ("a.png", "second"),
    ]
    assert len(list(tmp_path.iterdir())) == 3 and plt.get_fignums() == open_before
    kept = np.asarray(Image.open(tmp_path / "b.png").convert("RGB"))
    middle = kept.shape[1] // 2
    assert kept[len(kept) // 4, middle].tolist() == [255, 0, 0] and kept[3 * len(kept) // 4, middle].tolist() == [
        0,
        0,
        0,
    ]


def test_turntable_settings_keep_the_discs():
    counts = {"run": "r", "objects": 1, "sampled_objects": 1, "turntable_frames": 4, "turntable_size": 128}
    figures = FigureSettings(**counts, turntable_class="chair", render=RenderSettings(zoom=1.8))
    assert figures.turntable == RenderSettings(zoom=1.8, image_size=128, radius=0.02)
    with pytest.raises(ValueError, match="turntable_class"):
        FigureSettings(**counts, turntable_class="horse", render=RenderSettings())


def test_grid_places_titles_and_leaves_gaps():
    picture = np.zeros((4, 4, 3))
    figure = grids.image_grid([[picture, None], [picture, picture]], ["input", "L1"], ["chair", "sofa"])
    axes = np.array(figure.axes).reshape(2, 2)
    assert [axis.get_title() for axis in axes[0]] == ["input", "L1"]
    assert [axis.get_ylabel() for axis in axes[:, 0]] == ["chair", "sofa"]
    assert [[len(axis.images) for axis in row] for row in axes] == [[1, 0], [1, 1]]
    with pytest.raises(ValueError, match="no pictures"):
        grids.image_grid([])
    plt.close(figure)


def test_a_class_of_one_object_is_a_point_without_an_interval():
    row = {"model": "L1", "classes": "chair", "n_models": 3, "chamfer": 5.0, "chamfer_low": 4.0, "chamfer_high": 7.0}
    alone = {**row, "classes": "boat", "n_models": 1, "chamfer_low": None, "chamfer_high": None}
    points, _, (bars,) = curves.interval_plot([row, alone]).axes[0].containers[0]
    assert points.get_xdata().tolist() == [5, 5]
    ends = [np.array(segment)[:, 0] for segment in bars.get_segments() if np.size(segment)]
    assert [end.tolist() for end in ends] == [[4, 7]]
