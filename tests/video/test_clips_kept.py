"""What a clip brings with it is still there afterwards: times, size, turning, bits, tags, sound."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from cleanplate.clip import SoundPiece
from cleanplate.decode.video import ClipReader
from tests.video.clips import BLUE, Clip, disc_centre, look, scene, tone_begins, turn

GREEN = np.array([0, 177, 64])


def near(pixels, colour, by=14):
    return np.abs(np.asarray(pixels, int) - np.asarray(colour)).max() <= by


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return Clip().write(tmp_path_factory.mktemp("clips") / "plain.mp4")


def test_person_stays_and_background_changes(render, plain, tmp_path):
    report = render(plain, tmp_path / "out.mp4")
    seen, before = look(tmp_path / "out.mp4"), look(plain)
    assert (report.frames, report.codec, report.sound, report.empty) == (12, "h264", "copied", 0)
    assert len(seen.frames) == 12
    for number, (frame, old) in enumerate(zip(seen.frames, before.frames, strict=True)):
        x, y = disc_centre(number)
        assert near(frame[5, 5], GREEN)
        assert near(frame[90, 120], GREEN)
        assert near(frame[y, x], old[y, x], by=6)
        assert near(old[5, 5], BLUE)


def test_times_of_a_variable_rate_are_kept(render, tmp_path):
    times = (0, 300, 1500, 1501, 4000, 9000, 9100, 12800)
    clip = Clip(times=times).write(tmp_path / "variable.mp4")
    render(clip, tmp_path / "out.mp4")
    seen, before = look(tmp_path / "out.mp4"), look(clip)
    assert seen.times == pytest.approx([at / 12800 for at in times], abs=1e-9)
    assert seen.times == before.times
    assert seen.duration == pytest.approx(before.duration, abs=0.001)
    render(clip, tmp_path / "out.mkv")
    assert look(tmp_path / "out.mkv").times == pytest.approx(seen.times, abs=0.0006)  # Matroska counts milliseconds


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
def test_sound_is_copied_bit_for_bit(render, plain, tmp_path, ending):
    out = tmp_path / f"out.{ending}"
    render(plain, out)
    seen, before = look(out), look(plain)
    if ending == "mkv":  # cannot hold the packet that starts up the decoder before the clip begins
        assert before.sound_times[0] < 0
        before.sound, before.sound_times = before.sound[1:], before.sound_times[1:]
    assert seen.sound_codec == before.sound_codec == "aac"
    assert seen.sound == before.sound
    assert seen.sound_times == pytest.approx(before.sound_times, abs=0.0006)
    assert seen.times[0] == pytest.approx(0, abs=1e-9)
    assert tone_begins(out) == pytest.approx(tone_begins(plain), abs=0.002)


def test_webm_gets_opus_in_time(render, plain, tmp_path):
    report = render(plain, tmp_path / "out.webm")
    seen = look(tmp_path / "out.webm")
    assert (seen.sound_codec, seen.video_codec, report.sound) == ("opus", "vp9", "encoded again")
    assert tone_begins(tmp_path / "out.webm") == pytest.approx(0.24, abs=0.006)
    assert any("opus" in note for note in report.notes)


def test_reading_to_the_end_leaves_the_decoder_of_sound_alone(plain):
    """Whoever takes the pieces decodes the sound, perhaps in another thread and after the file was read."""
    with ClipReader(plain) as reader:
        sound = [piece for piece in reader.pieces() if isinstance(piece, SoundPiece)]
        decoder = reader.facts.sound[0].codec_context
        samples = sum(block.samples for piece in sound for block in decoder.decode(piece.packet))
    assert samples >= 0.4 * 48_000


def test_all_sound_tracks_are_kept(render, tmp_path):
    clip = Clip(tracks=2).write(tmp_path / "two.mp4")
    render(clip, tmp_path / "out.mp4")
    with ClipReader(tmp_path / "out.mp4") as reader:
        assert len(reader.facts.sound) == 2


def test_no_sound_is_fine(render, tmp_path):
    clip = Clip(sound=None).write(tmp_path / "silent.mp4")
    report = render(clip, tmp_path / "out.mp4")
    assert report.sound == "none"
    assert len(look(tmp_path / "out.mp4").frames) == 12


@pytest.mark.parametrize(
    ("matrix", "upright"),
    [
        ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),  # a phone held upright: turned clockwise when shown
        ((0, -1, 1, 0), lambda image: np.rot90(image, 1)),
        ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
        ((-1, 0, 0, 1), lambda image: image[:, ::-1]),  # mirrored, as front cameras write it
    ],
)
@pytest.mark.parametrize("codec", ["h264", "prores"])
def test_turned_clips_come_out_upright(render, tmp_path, matrix, upright, codec):
    clip = turn(Clip(frames=3, sound=None).write(tmp_path / "turned.mp4"), matrix)
    out = tmp_path / "out.mov"
    render(clip, out, codec=codec)
    seen = look(out)
    expected = upright(scene(0))
    assert seen.frames[0].shape == expected.shape
    person = np.argwhere(expected[..., 0] > 150).mean(axis=0).astype(int)
    assert near(seen.frames[0][tuple(person)], (210, 40, 30), by=20)
    assert near(seen.frames[0][2, 2], GREEN)
    found = np.argwhere(seen.frames[0][..., 0] > 150).mean(axis=0)
    assert np.abs(found - np.argwhere(expected[..., 0] > 150).mean(axis=0)).max() < 1.5


def test_odd_sizes(render, tmp_path):
    clip = Clip(frames=3, height=97, width=131, codec="libvpx-vp9", options={"crf": "10", "b": "0"}, sound=None)
    source = clip.write(tmp_path / "odd.webm")
    render(source, tmp_path / "same.webm")
    assert look(tmp_path / "same.webm").size == (131, 97)
    report = render(source, tmp_path / "even.mp4")
    seen = look(tmp_path / "even.mp4")
    assert seen.size == (132, 98)
    assert any("132 x 98" in note for note in report.notes)
    assert near(seen.frames[0][97, 131], GREEN)
    assert near(seen.frames[0][96, 130], GREEN)


def test_ten_bits_and_their_tags_are_kept(render, tmp_path):
    def ramp(number, *, height, width):
        image = scene(number, height=height, width=width)
        return np.ascontiguousarray(image)

    clip = Clip(
        frames=4, codec="libx265", pixels="yuv420p10le", tags=(9, 18, 9, 1), draw=ramp, sound=None,
        options={"crf": "12", "preset": "ultrafast", "x265-params": "log-level=none"},
    )  # fmt: skip
    source = clip.write(tmp_path / "hlg.mp4")
    report = render(source, tmp_path / "out.mp4")
    seen = look(tmp_path / "out.mp4")
    assert (report.codec, seen.format) == ("hevc", "yuv420p10le")
    assert seen.tags == (9, 18, 9, 1)
    assert any("HDR" in note for note in report.notes)
    report = render(source, tmp_path / "eight.mp4", codec="h264")
    assert look(tmp_path / "eight.mp4").format == "yuv420p"
    assert any("rounded to 8" in note for note in report.notes)


@pytest.mark.parametrize("tags", [(1, 1, 1, 1), (6, 6, 6, 1), (1, 13, 5, 2)])
def test_colour_tags_are_kept_and_meant(render, tmp_path, tags):
    """The green behind has the numbers that its tags turn into green."""
    source = Clip(frames=3, tags=tags, sound=None).write(tmp_path / "tagged.mp4")
    assert look(source).tags == tags
    render(source, tmp_path / "out.mp4")
    seen = look(tmp_path / "out.mp4")
    assert seen.tags == tags
    assert near(seen.frames[0][5, 5], GREEN, by=5)


def test_pixel_aspect_is_kept(render, tmp_path):
    source = Clip(frames=2, sound=None, draw=lambda n, **size: scene(n, **size))
    path = source.write(tmp_path / "anamorphic.mp4")
    with ClipReader(path) as reader:
        assert reader.facts.pixel_aspect == 1
    import dataclasses

    from cleanplate.clip import Frame
    from cleanplate.encode.video import VideoOptions, clip_writer

    with ClipReader(path) as reader:
        facts = dataclasses.replace(reader.facts, pixel_aspect=Fraction(16, 11))
        with clip_writer(tmp_path / "wide.mp4", facts, VideoOptions()) as writer:
            for piece in reader.pieces(writer.format):
                assert isinstance(piece, Frame)
                canvas = writer.canvas()
                for target, plane in zip(canvas.planes, piece.planes, strict=True):
                    target[...] = plane
                writer.write(canvas, piece.at, piece.duration)
    render(tmp_path / "wide.mp4", tmp_path / "out.mp4")
    assert look(tmp_path / "out.mp4").aspect == Fraction(16, 11)


def test_a_part_of_a_clip(render, plain, tmp_path):
    """Between frames, the picture that stands when the part begins is its first; sound stays in time."""
    report = render(plain, tmp_path / "out.mp4", start=0.13, end=0.36)
    seen = look(tmp_path / "out.mp4")
    assert seen.times == pytest.approx([0.0, 0.03, 0.07, 0.11, 0.15, 0.19], abs=1e-3)
    assert report.seconds == pytest.approx(0.23, abs=0.002)
    found = [np.argwhere(frame[..., 0] > 150).mean(axis=0)[1] for frame in seen.frames]
    assert found == pytest.approx([disc_centre(number)[0] for number in range(3, 9)], abs=1)
    assert tone_begins(tmp_path / "out.mp4") == pytest.approx(0.24 - 0.13, abs=0.025)


def test_part_of_a_clip_with_sparse_key_frames(render, tmp_path):
    source = Clip(frames=30, options={"crf": "12", "g": "100"}).write(tmp_path / "long.mp4")
    render(source, tmp_path / "out.mkv", start=0.8)
    seen = look(tmp_path / "out.mkv")
    assert len(seen.frames) == 10
    assert np.argwhere(seen.frames[0][..., 0] > 150).mean(axis=0)[1] == pytest.approx(disc_centre(20)[0], abs=1)
