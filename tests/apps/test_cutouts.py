"""Reading pictures of every kind, and telling an object from its background, against pictures drawn here."""

from __future__ import annotations

import importlib.util
import io
import struct
import sys
import types
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from lmnet_utils.apps.cutouts import cielab, cut_out, plain_background
from lmnet_utils.data import images
from lmnet_utils.data.images import PhotoError, read_image, read_mask

RED, GREY = (200, 40, 60), 120


def corner_picture(width: int = 60, height: int = 40) -> np.ndarray:
    """Grey with a red quarter at the upper left: no symmetry, flat areas that JPEG keeps."""
    picture = np.full((height, width, 3), GREY, np.uint8)
    picture[: height // 2, : width // 2] = RED
    return picture


def png(header: tuple[int, int, int, int], rows: bytes) -> bytes:
    """A PNG by its specification: (width, height, bit depth, colour type), rows with their filter bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    width, height, depth, colour = header
    start = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", start) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


# -------------------------------------------------------------------------------------------------------------- read
@pytest.mark.parametrize(
    ("mode", "file", "tolerance"),
    [
        ("RGB", "a.png", 0),
        ("RGB", "a.jpg", 12),
        ("RGB", "a.webp", 12),
        ("RGB", "a.bmp", 0),
        ("RGB", "a.tif", 0),
        ("RGBA", "a.png", 0),
        ("P", "a.png", 12),
        ("P", "a.gif", 12),
        ("CMYK", "a.jpg", 12),
        ("CMYK", "a.tif", 3),
        ("YCbCr", "a.tif", 3),
    ],
)
def test_every_colour_mode_gives_the_colours(tmp_path: Path, mode: str, file: str, tolerance: int) -> None:
    picture = corner_picture()
    whole = Image.fromarray(picture)
    (whole.quantize(8) if mode == "P" else whole.convert(mode)).save(tmp_path / file)
    image = read_image(tmp_path / file)
    assert image.shape == (40, 60, 4) and image.dtype == np.uint8
    assert (image[..., 3] == 255).all()
    inner = np.s_[3:17, 3:27], np.s_[23:, 33:]  # away from the edge between the colours, where JPEG rings
    for part in inner:
        assert np.abs(image[part][..., :3].astype(int) - picture[part]).max() <= tolerance


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[0, 32768, 65535]], np.uint16), (0, 128, 255)),
        (np.array([[0, 100, 255]], np.uint16), (0, 100, 255)),  # 8 bits in a 16-bit file
        (np.array([[0, 32768, 65535]], np.int32), (0, 128, 255)),
        (np.array([[0.0, 0.5, 1.0]], np.float32), (0, 128, 255)),
        (np.array([[0.0, 100.0, 255.0]], np.float32), (0, 100, 255)),
        (np.array([[0, 100, 255]], np.uint8), (0, 100, 255)),
        (np.array([[False, True, True]]), (0, 255, 255)),
    ],
)
def test_grey_of_every_depth(tmp_path: Path, array: np.ndarray, expected: tuple[int, ...]) -> None:
    Image.fromarray(array).save(tmp_path / "a.tif")
    image = read_image(tmp_path / "a.tif")
    assert (image[0, :, :3] == np.array(expected)[:, None]).all()


def test_sixteen_bits_a_channel(tmp_path: Path) -> None:
    row = b"\x00" + struct.pack(">6H", 65535, 32768, 0, 257 * 10, 257 * 20, 257 * 30)
    (tmp_path / "a.png").write_bytes(png((2, 1, 16, 2), row))
    assert np.abs(read_image(tmp_path / "a.png")[0, :, :3].astype(int) - [[255, 128, 0], [10, 20, 30]]).max() <= 1


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_transparency_is_kept(tmp_path: Path, mode: str) -> None:
    alpha = np.zeros((40, 60), np.uint8)
    alpha[10:30, 20:40] = 255
    whole = Image.fromarray(np.dstack([corner_picture(), alpha]))
    if mode == "P":
        indices = np.where(alpha > 0, 1, 0).astype(np.uint8)
        palette = Image.fromarray(indices, "P")
        palette.putpalette([0, 0, 0, *RED])
        palette.save(tmp_path / "a.png", transparency=0)
    else:
        whole.convert(mode).save(tmp_path / "a.png")
    assert (read_image(tmp_path / "a.png")[..., 3] == alpha).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone(tmp_path: Path, orientation: int) -> None:
    """The stored picture is made by inverting what the EXIF standard says a viewer has to do."""
    upright = corner_picture()
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "a.png", exif=exif)
    assert (read_image(tmp_path / "a.png")[..., :3] == upright).all()


def test_large_pictures_are_reduced_and_their_transparent_colours_do_not_bleed(tmp_path: Path) -> None:
    picture = np.zeros((40, 5000, 4), np.uint8)
    picture[..., 1] = 255  # green under transparency
    picture[:, 2500:] = (*RED, 255)
    Image.fromarray(picture).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png", largest=1000)
    assert image.shape == (8, 1000, 4)
    assert (image[image[..., 3] > 0][:, :3] == RED).all()
    assert read_image(tmp_path / "a.png", largest=None).shape == (40, 5000, 4)


def half_of(kind: str) -> bytes:
    """The first half of a good file."""
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200, 3)).astype(np.uint8)).save(buffer, kind)
    return buffer.getvalue()[: len(buffer.getvalue()) // 2]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.png", b"", "empty"),
        ("text.jpg", b"this is no picture at all", "no picture"),
        ("page.pdf", b"%PDF-1.4\n1 0 obj\n", "PNG or JPEG"),
        ("cut.jpg", half_of("JPEG"), "damaged"),
        ("cut.png", half_of("PNG"), "damaged"),
        ("cut.webp", half_of("WEBP"), "damaged"),
        ("bomb.png", png((40_000, 40_000, 8, 2), bytes(1000)), "1,600,000,000 pixels, at most 134,217,728"),
        ("large.png", png((16_000, 9_000, 8, 0), bytes(1000)), "16000 × 9000 pixels, at most"),
        ("photo.heic", b"\x00\x00\x00\x18ftypheic", "pillow-heif"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_cannot_be_read_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, message: str
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pillow_heif" else find(name))
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PhotoError, match=message):
        read_image(tmp_path / name)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="no such file"):
        read_image(tmp_path / "none.png")
    with pytest.raises(PhotoError, match="this is no file"):
        read_image(tmp_path)


def test_heic_is_read_where_pillow_heif_is_installed(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    Image.fromarray(corner_picture(120, 80)).save(tmp_path / "a.heic", quality=95)
    (tmp_path / "sent.jpg").write_bytes((tmp_path / "a.heic").read_bytes())  # as messengers do
    for name in ("a.heic", "sent.jpg"):
        assert np.abs(read_image(tmp_path / name)[10:30, 10:50, :3].astype(int) - RED).max() < 12


# ------------------------------------------------------------------------------------------------------------ cut out
def scene(background: np.ndarray, object_colour=(150, 60, 50), noise: float = 2.0, seed: int = 0):
    """A ring with a stem before ``background`` (H, W, 3), slightly noisy: picture (H, W, 4) uint8, truth (H, W) bool.

    The ring's hole shows the background, as the space between a chair's legs does.
    """
    height, width = background.shape[:2]
    y, x = np.mgrid[:height, :width].astype(float)
    radius = np.hypot(x - 0.5 * width, y - 0.4 * height) / height
    truth = ((radius < 0.28) & (radius > 0.15)) | ((abs(x / width - 0.5) < 0.02) & (abs(y / height - 0.75) < 0.12))
    soft = ndimage.gaussian_filter(truth.astype(float), 0.7)[..., None]
    picture = background * (1 - soft) + np.array(object_colour) * soft
    picture += np.random.default_rng(seed).normal(0, noise, picture.shape)
    opaque = np.full((height, width, 1), 255.0)
    return np.uint8(np.clip(np.concatenate([picture, opaque], -1), 0, 255)), truth


def shaded(height: int = 240, width: int = 320, colour=(205, 200, 190), fall: float = 0.25) -> np.ndarray:
    """A wall that is darker to one side and to the bottom."""
    y, x = np.mgrid[:height, :width] / np.array([height, width]).reshape(2, 1, 1)
    return np.array(colour) * (1 - fall * (0.6 * x + 0.4 * y * y))[..., None]


def overlap(found: np.ndarray, truth: np.ndarray) -> float:
    found = found > 0.5
    return (found & truth).sum() / (found | truth).sum()


def with_shadow(background: np.ndarray) -> np.ndarray:
    """A soft shadow on the ground, right of where the object stands."""
    height, width = background.shape[:2]
    y, x = np.mgrid[:height, :width].astype(float)
    shape = np.hypot((x / width - 0.62) / 0.16, (y / height - 0.88) / 0.05) < 1
    return background * (1 - 0.35 * ndimage.gaussian_filter(shape.astype(float), 7))[..., None]


@pytest.mark.parametrize(
    ("background", "colour", "at_least"),
    [
        (np.full((240, 320, 3), 255.0), (150, 60, 50), 0.95),
        (np.full((240, 320, 3), 0.0), (150, 60, 50), 0.95),
        (shaded(), (150, 60, 50), 0.95),
        (shaded(), (40, 42, 45), 0.95),
        (shaded(), (150, 148, 145), 0.93),  # grey before grey
        (shaded(colour=(60, 120, 70)), (230, 230, 225), 0.95),
        (with_shadow(shaded(fall=0.1)), (150, 60, 50), 0.93),
        (shaded(48, 64), (150, 60, 50), 0.85),  # a tiny picture
        (shaded(1200, 900, fall=0.4), (150, 60, 50), 0.95),
    ],
)
def test_plain_backgrounds(background: np.ndarray, colour: tuple[int, int, int], at_least: float) -> None:
    image, truth = scene(background, colour)
    found = cut_out(image)
    assert found.method == "plain background" and found.mask.shape == truth.shape
    assert overlap(found.mask, truth) > at_least
    hole = found.mask[int(0.4 * len(truth)), truth.shape[1] // 2]
    assert hole == 0, "the background shows through the ring"


def test_a_shadow_is_not_the_object() -> None:
    image, truth = scene(with_shadow(shaded(fall=0.1)))
    shadow = np.s_[205:218, 180:225]
    brightness = image[shadow][..., :3].mean()
    assert brightness < image[190:200, 20:60, :3].mean() - 25, "the drawing has a shadow"
    assert cut_out(image).mask[shadow].mean() < 0.05


def test_a_shadow_that_the_object_frames_is_not_the_object_but_a_grey_panel_is() -> None:
    """A frame stands on the ground, its shadow goes on inside of it, as between the legs of a chair."""
    y, x = np.mgrid[:240, :320].astype(float)
    dark = 1 - 0.45 * ndimage.gaussian_filter(((x > 110) & (x < 280) & (y > 130) & (y < 190)).astype(float), 6)
    frame = ((abs(x - 160) < 60) & (abs(y - 120) < 80)) & ~((abs(x - 160) < 48) & (abs(y - 120) < 68))
    picture = np.where(frame[..., None], (150, 60, 50), shaded(fall=0.1) * dark[..., None])
    picture += np.random.default_rng(0).normal(0, 2, picture.shape)
    image = np.uint8(np.clip(np.dstack([picture, np.full((240, 320), 255)]), 0, 255))
    assert overlap(cut_out(image).mask, frame) > 0.97
    panel = (abs(x - 160) < 48) & (abs(y - 120) < 68)
    image[panel, :3] = (110, 108, 103)  # no shadow: nothing outside is as dark and fades
    image[~frame & ~panel] = np.uint8(np.dstack([shaded(fall=0.1), np.full((240, 320), 255)]))[~frame & ~panel]
    assert overlap(cut_out(image).mask, frame | panel) > 0.97


def test_specks_and_highlights() -> None:
    image, truth = scene(np.full((240, 320, 3), 255.0))
    image[60:62, 100:103] = 255  # left of the ring: background anyway
    row, column = np.argwhere(truth & (np.arange(320) > 200))[0] + [6, 0]
    image[row : row + 2, column : column + 2, :3] = 255  # a highlight on the ring
    image[5:8, 5:8, :3] = (30, 30, 200)  # dust far off
    found = cut_out(image).mask
    assert found[row, column] == 1 and found[:20, :20].sum() == 0


def test_an_object_that_stands_on_the_edge() -> None:
    background = shaded(fall=0.1)
    image, truth = scene(background)
    image, truth = image[:200], truth[:200]  # cuts through the stem
    assert overlap(cut_out(image).mask, truth) > 0.93


@pytest.mark.parametrize("image", [np.full((100, 100, 4), 255, np.uint8), scene(shaded(), noise=3)[0][:24]])
def test_nothing_there(image: np.ndarray) -> None:
    with pytest.raises(PhotoError, match="no object found.*mask"):
        cut_out(image, background="plain")


def cluttered() -> np.ndarray:
    """A border of strong colours that no smooth model fits."""
    blocks = np.random.default_rng(1).integers(0, 256, (12, 16, 3))
    return blocks.repeat(20, 0).repeat(20, 1).astype(float)


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in names else find(name))


def test_a_background_that_is_not_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    image, _ = scene(cluttered())
    without(monkeypatch, "rembg", "cv2")
    with pytest.raises(PhotoError, match="not plain.*mask.*opencv-python-headless"):
        cut_out(image)
    for way, package in (("rembg", "rembg"), ("grabcut", "opencv-python-headless")):
        with pytest.raises(PhotoError, match=f"pip install {package}"):
            cut_out(image, background=way)


def stand_in_for_rembg(monkeypatch: pytest.MonkeyPatch, answer: np.ndarray | Exception | SystemExit) -> list[object]:
    """rembg 2's two functions with their own signatures; returns what they are asked, in order."""
    asked: list[object] = []

    def new_session(model_name: str = "u2net", *args: object, **kwargs: object) -> str:
        asked.append(model_name)
        if isinstance(answer, BaseException):
            raise answer
        return "a loaded network"

    def remove(
        data: Image.Image,
        alpha_matting: bool = False,
        alpha_matting_foreground_threshold: int = 240,
        alpha_matting_background_threshold: int = 10,
        alpha_matting_erode_size: int = 10,
        session: object = None,
        only_mask: bool = False,
        post_process_mask: bool = False,
    ) -> Image.Image:
        asked.append((data.size, data.mode, session, only_mask, alpha_matting))
        return Image.fromarray(answer.astype(np.uint8) * 255)

    module = types.ModuleType("rembg")
    module.new_session, module.remove = new_session, remove
    module.__spec__ = importlib.util.spec_from_loader("rembg", None)
    monkeypatch.setitem(sys.modules, "rembg", module)
    return asked


def test_rembg_takes_over_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    image, truth = scene(cluttered())
    asked = stand_in_for_rembg(monkeypatch, truth)
    for way in ("auto", "rembg"):
        found = cut_out(image, background=way)
        assert found.method == "rembg" and overlap(found.mask, truth) == 1
    call = ((320, 240), "RGB", "a loaded network", True, False)
    assert asked == ["u2net", call, call], "the network is loaded once"
    plain, _ = scene(shaded())
    assert cut_out(plain).method == "plain background" and len(asked) == 3


@pytest.mark.parametrize("fault", [ConnectionError("github.com cannot be reached"), SystemExit(1)])
def test_where_rembg_fails(monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> None:
    """Its weights cannot be fetched; or onnxruntime is missing, where importing or using it ends the process."""
    image, _ = scene(cluttered())
    asked = stand_in_for_rembg(monkeypatch, fault)
    message = rf"rembg failed \({type(fault).__name__}: {fault}\).*176 MB.*into ~/.u2net.*mask"
    with pytest.raises(PhotoError, match=message):
        cut_out(image, background="rembg")
    assert cut_out(image).method == "grabcut, as rembg failed"
    without(monkeypatch, "cv2")
    with pytest.raises(PhotoError, match=message):
        cut_out(image)
    assert asked == ["u2net"] * 3, "the next picture tries again"


def test_grabcut_copes_with_more(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cv2")
    without(monkeypatch, "rembg")
    stripes = shaded() + 40 * (np.arange(320) // 8 % 2)[None, :, None]  # wallpaper
    image, truth = scene(stripes, (20, 60, 160))
    found = cut_out(image, background="grabcut")
    assert found.method == "grabcut" and overlap(found.mask, truth) > 0.85
    room = np.where(np.arange(240)[:, None, None] < 150, [190.0, 200, 170], [120.0, 85, 55]) * np.ones((1, 320, 1))
    room[:, ::40] *= 0.7  # a wall and a floor, both in panels, and a picture on the wall
    room[20:80, 20:90] = (60, 110, 190)
    image, truth = scene(room, (170, 40, 40))
    assert overlap(cut_out(image).mask, truth) > 0.85


# ------------------------------------------------------------------------------------------------------- alpha, masks
def test_alpha_says_where_the_object_is_and_half_of_an_edge_stays_half() -> None:
    image, truth = scene(cluttered())
    image[..., 3] = np.where(truth, 255, 0)
    image[truth & ~ndimage.binary_erosion(truth), 3] = 140
    found = cut_out(image)
    assert found.method == "alpha"
    np.testing.assert_allclose(found.mask, image[..., 3] / 255, atol=1e-6)
    image[2, 2, 3] = 255  # a lone pixel would make the box far too large
    assert cut_out(image).mask[2, 2] == 0


def test_a_mask_comes_before_everything(tmp_path: Path) -> None:
    image, truth = scene(cluttered())
    image[..., 3] = 0
    Image.fromarray(truth.astype(np.uint8) * 255).resize((640, 480), 0).save(tmp_path / "mask.png")
    found = cut_out(image, mask=read_mask(tmp_path / "mask.png"))
    assert found.method == "mask" and overlap(found.mask, truth) > 0.99
    cut = np.zeros((240, 320, 4), np.uint8)
    cut[truth] = (5, 5, 5, 255)  # a dark object cut out to a PNG: its transparency is the mask, not its brightness
    Image.fromarray(cut).save(tmp_path / "cut.png")
    assert overlap(cut_out(image, mask=read_mask(tmp_path / "cut.png")).mask, truth) > 0.99


def test_masks_that_do_not_fit(tmp_path: Path) -> None:
    image, truth = scene(shaded())
    with pytest.raises(PhotoError, match="mask is 240 × 320 pixels.*320 × 240"):
        cut_out(image, mask=truth.T)
    with pytest.raises(PhotoError, match="no object found"):
        cut_out(image, mask=np.zeros((240, 320)))
    (tmp_path / "m.png").write_bytes(b"")
    with pytest.raises(PhotoError, match="mask m.png: the file is empty"):
        read_mask(tmp_path / "m.png")


def test_ways_that_are_asked_for() -> None:
    image, truth = scene(shaded())
    with pytest.raises(PhotoError, match="no transparent part"):
        cut_out(image, background="alpha")
    with pytest.raises(ValueError, match="background='magic'.*'plain'"):
        cut_out(image, background="magic")
    black, truth = scene(np.zeros((240, 320, 3)), noise=0)
    assert overlap(cut_out(black, background="none").mask, truth) > 0.85  # with the soft edge


def test_cielab_of_known_colours() -> None:
    """Bruce Lindbloom's calculator, sRGB under D65."""
    known = {
        (255, 255, 255): (100, 0, 0),
        (0, 0, 0): (0, 0, 0),
        (255, 0, 0): (53.24, 80.09, 67.20),
        (0, 255, 0): (87.73, -86.18, 83.18),
        (0, 0, 255): (32.30, 79.19, -107.86),
        (119, 119, 119): (50.03, 0, 0),
    }
    np.testing.assert_allclose(cielab(np.array(list(known))), list(known.values()), atol=0.05)


def test_the_working_size_does_not_matter() -> None:
    image, truth = scene(shaded(600, 800))
    coarse, _ = plain_background(image[..., :3], side=256)
    fine, plainness = plain_background(image[..., :3], side=800)
    assert overlap(coarse, fine > 0.5) > 0.9 and plainness > 0.9
    assert images.LARGEST_SIDE >= 1024
