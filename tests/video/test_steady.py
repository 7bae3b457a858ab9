"""The alpha before helps the next, cuts and empty frames do not spoil it, and flicker is corrected."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cleanplate.clip import Frame
from cleanplate.errors import ArrayError, EngineError
from cleanplate.matting.delay import smooth
from cleanplate.matting.follow import enlarge
from cleanplate.matting.video import VideoNetwork, VideoState, advance, begin, network_size, step
from cleanplate.tasks.video import Matted, matted
from evaluation.metrics.dtssd import dtssd
from evaluation.metrics.iou import iou
from tests.runtime.graphs import doubling
from tests.video.clips import RED, Clip, look, scene
from tests.video.graphs import red_is_person

SIZE = (96, 128)


@pytest.fixture(scope="session")
def sticky(tmp_path_factory):
    """Nine tenths of each answer are the alpha before: useful when nothing moves, terrible after a cut."""
    return red_is_person(tmp_path_factory.mktemp("networks") / "sticky.onnx", keeps=0.9)


def disc(x: int, *, behind=(40, 60, 200)) -> np.ndarray:
    image = np.full((*SIZE, 3), behind, np.uint8)
    cv2.circle(image, (x, 48), 24, RED, -1, cv2.LINE_AA)
    return image


def truth(x: int) -> np.ndarray:
    cover = np.zeros(SIZE, np.float32)
    cv2.circle(cover, (x, 48), 24, 1, -1, cv2.LINE_AA)
    return cover


def test_the_alpha_before_is_an_argument_and_a_result(sticky):
    state = begin(sticky, threads=1)
    first, after = step(disc(60), state)
    again, _ = step(disc(60), state)
    second, _ = step(disc(60), after)
    assert np.array_equal(first, again)
    assert state.previous is None
    assert first.dtype == np.float32
    assert first.shape == SIZE
    assert first[48, 60] == pytest.approx(0.1, abs=0.02)
    assert second[48, 60] == pytest.approx(0.19, abs=0.02)
    assert state.network.takes_previous


def test_networks_for_stills_work_too(red):
    state = begin(red, threads=1)
    assert not state.network.takes_previous
    image = disc(60)
    before = image.copy()
    alpha, state = step(image, state)
    assert iou(alpha > 0.5, truth(60) > 0.5) > 0.93
    assert np.array_equal(image, before)
    deep, _ = step(disc(60).astype(np.uint16) * 257, state)
    assert np.abs(deep - alpha).max() < 0.02


def test_wrong_frames_and_networks_are_refused(red, tmp_path):
    with pytest.raises(ArrayError):
        step(np.zeros((10, 10), np.uint8), begin(red, threads=1))
    with pytest.raises(EngineError):
        begin_and_step(doubling(tmp_path / "doubling.onnx", shape=[1, 1, "h", "w"]))


def begin_and_step(path):
    return step(disc(60), begin(path, threads=1))


def test_a_cut_is_forgotten_at_once(sticky):
    """Two scenes of ten frames: within three frames after the cut the matte is as good as at the start of a clip."""
    state = begin(sticky, threads=1)
    cuts = []
    for number in range(20):
        second = number >= 10
        image = disc(90, behind=(20, 160, 60)) if second else disc(30, behind=(40, 60, 200))
        alpha, state = step(image, state)
        cuts.append(state.cut)
        if number == 12:
            assert alpha[48, 30] < 0.02
            assert alpha[48, 90] > 0.2
    assert [number for number, cut in enumerate(cuts) if cut] == [10]


@pytest.mark.parametrize("wrong", [0.0, 1.0])
def test_one_bad_alpha_does_not_spoil_the_rest(tmp_path, wrong):
    """An empty or full alpha as the one before: three frames later the error is gone (half of it stays each frame)."""
    state = begin(red_is_person(tmp_path / "half.onnx", keeps=0.3), threads=1)
    small = disc(60)
    _, state = advance(small, state)
    state = VideoState(state.network, state.size, np.full(SIZE, wrong, np.float32), state.tiny)
    for _ in range(3):
        alpha, state = advance(small, state)
    assert iou(alpha > 0.5, truth(60) > 0.5) > 0.93


def test_movement_and_light_are_no_cuts(red):
    state = begin(red, threads=1)
    for number in range(30):
        image = np.clip(disc(20 + 3 * number).astype(int) + round(20 * np.sin(number / 4)), 0, 255).astype(np.uint8)
        _, state = step(image, state)
        assert not state.cut


@pytest.mark.parametrize(
    ("height", "width"), [(640, 640), (1080, 1920), (1920, 1080), (480, 640), (97, 131), (64, 900)]
)
@pytest.mark.parametrize("size", [192, 256, 384, 512])
def test_what_the_network_gets(height, width, size):
    rows, columns = network_size(height, width, size)
    assert rows % 32 == columns % 32 == 0
    assert rows * columns <= 1.05 * size**2
    if max(height, width) < 3 * min(height, width):
        assert columns / rows == pytest.approx(width / height, rel=0.13)


def test_one_frame_delay_corrects_what_both_neighbours_deny():
    rng = np.random.default_rng(0)
    before, after = truth(60), truth(60)
    kept = [before.copy(), after.copy()]
    flickering = truth(60)
    flickering[30:50, 40:70] = 0
    fixed = smooth(before, flickering, after)
    assert np.abs(fixed - truth(60)).max() < 0.1
    moving = truth(75)
    assert np.array_equal(smooth(truth(60), moving, truth(90))[48, 67:84], moving[48, 67:84])
    steady = np.clip(before + rng.normal(0, 0.01, SIZE), 0, 1).astype(np.float32)
    assert np.array_equal(smooth(before, steady, after), steady)
    assert np.array_equal(before, kept[0])
    assert np.array_equal(after, kept[1])


def frames(count: int) -> list[Frame]:
    plane = np.zeros((2, 2), np.uint8)
    return [Frame((plane, plane, plane), number, 1, disc(40 + number)) for number in range(count)]


def test_smoothing_lowers_flicker_and_loses_no_frame():
    """Alphas with a hole in every fourth frame, made by a network that is seen through here."""
    calls = iter(range(100))

    def run(small, previous):
        number = next(calls)
        alpha = truth(40 + number)
        if number % 4 == 2:
            alpha[:, 30 + number :] *= 0.2
        return alpha

    def all_of(delayed):
        state = VideoState(VideoNetwork(run, False, "cpu", "holes"))
        return [item for item in matted(frames(13), state, delayed=delayed) if isinstance(item, Matted)]

    plain = all_of(False)
    calls = iter(range(100))
    smoothed = all_of(True)
    assert [item.frame.at for item in smoothed] == [item.frame.at for item in plain] == list(range(13))
    right = [truth(40 + number) for number in range(13)]
    flicker = [dtssd((item.alpha for item in items), right) for items in (plain, smoothed)]
    assert flicker[1] < 0.3 * flicker[0]
    for count in (1, 2):
        calls = iter(range(100))
        state = VideoState(VideoNetwork(run, False, "cpu", "holes"))
        assert len(list(matted(frames(count), state, delayed=True))) == count


def test_the_fourth_channel_lowers_flicker(tmp_path):
    """Noise in the picture becomes flicker in the alpha; a network that looks at the alpha before has less of it."""
    flicker = []
    for name, keeps in (("still", None), ("video", 0.6)):
        rng = np.random.default_rng(7)
        state = begin(red_is_person(tmp_path / f"{name}.onnx", keeps=keeps), threads=1)
        alphas = []
        for _ in range(12):
            noisy = np.clip(disc(60, behind=(120, 60, 100)) + rng.normal(0, 12, (*SIZE, 3)), 0, 255).astype(np.uint8)
            alpha, state = step(noisy, state)
            alphas.append(alpha)
        flicker.append(dtssd(alphas[4:], [truth(60)] * 8))
    assert flicker[1] < 0.7 * flicker[0]


def test_smoothing_keeps_sound_and_frames_in_time(render, tmp_path):
    clip = Clip(frames=15).write(tmp_path / "clip.mp4")
    render(clip, tmp_path / "plain.mp4")
    render(clip, tmp_path / "smooth.mp4", smooth=True)
    plain, smoothed = look(tmp_path / "plain.mp4"), look(tmp_path / "smooth.mp4")
    assert smoothed.times == plain.times
    assert smoothed.sound == plain.sound
    assert smoothed.sound_times == plain.sound_times
    assert len(smoothed.frames) == 15


@pytest.mark.parametrize("bits", [8, 10])
def test_enlarging_follows_the_picture(bits):
    """A coarse alpha of a sharp disc: following brightness at least halves the error of linear enlargement."""
    cover = np.zeros((480, 640), np.float32)
    cv2.circle(cover, (320, 240), 160, 1, -1, cv2.LINE_AA)
    highest = 255 if bits == 8 else 1023
    guide = np.rint((0.2 + 0.6 * cover) * highest).astype(np.uint8 if bits == 8 else np.uint16)
    coarse = np.asarray(cv2.resize(cover, (64, 48), interpolation=cv2.INTER_AREA))
    errors = [np.abs(enlarge(coarse, guide, follow=follow) / highest - cover).mean() for follow in (True, False)]
    assert errors[0] < 0.5 * errors[1]
    for level in (0.0, 1.0):
        flat = enlarge(np.full((48, 64), level, np.float32), guide)
        assert flat.dtype == guide.dtype
        assert np.all(flat == level * highest)


def test_nobody_is_said(render, tmp_path):
    clip = Clip(frames=5, draw=lambda number, **size: scene(number, **size)[..., [2, 2, 2]], sound=None)
    report = render(clip.write(tmp_path / "empty.mp4"), tmp_path / "out.mp4")
    assert report.empty == 5
    assert "no person was found in any frame" in report.notes
