"""Balls in NumPy, by hand; the browser's tests hold them and ``viewer.js`` together."""

from __future__ import annotations

import numpy as np

from lmnet_utils.rendering.splats import splat


def test_splat_draws_each_ball_where_the_camera_sees_it() -> None:
    """One ball per corner of a frame, by hand: from the front (azimuth 0) +z is to the left, and y is up."""
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]])
    points = np.array([[0, 0.4, 0], [0, 0, 0.4], [0.4, 0, 0]])
    picture = splat(points, colours, {"azimuth": 0, "elevation": 0, "zoom": 1}, 260).astype(int)
    for k, (row, column) in enumerate([(30, 130), (130, 30), (130, 130)]):  # 260 px span 1.04
        here = np.argwhere(picture[..., k] - np.delete(picture, k, -1).max(-1) > 40)
        np.testing.assert_allclose(here.mean(0), [row - 0.5, column - 0.5], atol=0.6)
    behind = splat(points[[2, 2]] * [[1], [-1]], colours[:2], {"azimuth": 0, "elevation": 0, "zoom": 1}, 64)
    middle = behind[32, 32].astype(int)
    assert middle[0] > middle[1] + 100, "the nearer ball covers the farther one"
