"""Whatever a file holds: it is read, or refused in words; hypothesis makes the files up."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

from lmnet_utils.core import cache
from lmnet_utils.data import splits
from lmnet_utils.data.images import PhotoError, read_image
from lmnet_utils.data.layout import decode_png, png_trouble, read_metadata
from lmnet_utils.models.predictions import write_ply

# one folder serves all examples of a test: each writes its file anew
often = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
CLOUDS = npst.arrays(np.float32, st.tuples(st.integers(1, 40), st.just(3)), elements=st.floats(-1e6, 1e6, width=32))


def png(size: tuple[int, int] = (137, 137)) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((*size, 4), 90, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


@often
@given(CLOUDS)
def test_a_cloud_comes_back_from_its_ply_bit_for_bit(tmp_path: Path, cloud: np.ndarray) -> None:
    found = trimesh.load(write_ply(tmp_path / "cloud.ply", cloud), process=False)
    np.testing.assert_array_equal(np.asarray(found.vertices, np.float32), cloud)


@often
@given(st.data())
def test_one_changed_or_missing_byte_of_a_picture_is_noticed(data) -> None:
    whole = png()
    assert png_trouble(whole) == ""
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert png_trouble(whole[:cut])
    place, change = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(1, 255))
    changed = bytearray(whole)
    changed[place] ^= change
    assert png_trouble(bytes(changed))


@often
@given(st.binary(max_size=400), st.booleans())
def test_bytes_that_are_no_picture_are_refused_in_words(tmp_path: Path, content: bytes, with_head: bool) -> None:
    content = (png()[:40] if with_head else b"") + content
    assert png_trouble(content)
    with pytest.raises(ValueError, match="PNG|pixels"):
        decode_png(content)
    (tmp_path / "photo.png").write_bytes(content)
    with pytest.raises(PhotoError, match=r"again|Save it"):
        read_image(tmp_path / "photo.png")


@often
@given(st.one_of(st.text(max_size=300), st.lists(st.floats(), min_size=120, max_size=120)))
def test_camera_rows_are_finite_numbers_or_an_error(tmp_path: Path, content) -> None:
    numbers = content if isinstance(content, list) else []
    if numbers:
        content = "\n".join(" ".join(map(repr, numbers[5 * i : 5 * i + 5])) for i in range(24))
    (tmp_path / "rendering_metadata.txt").write_bytes(content.encode("utf-8", "surrogatepass"))
    if numbers and np.isfinite(numbers).all():
        np.testing.assert_array_equal(read_metadata(tmp_path / "rendering_metadata.txt").ravel(), numbers)
    else:
        with pytest.raises(ValueError):
            read_metadata(tmp_path / "rendering_metadata.txt")


@often
@given(st.binary(max_size=300), st.booleans())
def test_a_damaged_file_of_kept_arrays_counts_as_none(tmp_path: Path, content: bytes, cut: bool) -> None:
    file = tmp_path / "kept.npz"
    if cut:
        np.savez(file, scores=np.arange(200.0))
        whole = file.read_bytes()
        content = whole[: zlib.crc32(content) % len(whole)]
    file.write_bytes(content)
    assert cache.read_arrays(file) == {}


@often
@given(st.text(max_size=80))
def test_a_list_of_a_split_is_read_or_refused_by_name(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "splits" / "official" / "13"
    folder.mkdir(parents=True, exist_ok=True)
    for side in splits.SIDES:
        (folder / f"{side}.txt").write_text("", encoding="utf-8")
    (folder / "train.txt").write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        found = splits.read(tmp_path)
    except ValueError as error:
        assert "train.txt" in str(error)
    else:
        assert all("/" in model for model in found.train)
