import json
import threading
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

from cleanplate.errors import ArgumentError, InputError, MissingInputError
from cleanplate_training.vote.ballots import VoteFile, make_ballots
from cleanplate_training.vote.preferences import Vote, preferences, wilson
from cleanplate_training.vote.server import VotingServer


@pytest.fixture
def folders(tmp_path):
    made = []
    for level, name in enumerate(("alpha", "beta", "gamma")):
        folder = tmp_path / name
        folder.mkdir()
        for picture in ("harbour", "meadow", "stairs"):
            pixels = np.full((4, 4, 3), 40 * level, np.uint8)
            Image.fromarray(pixels).save(folder / f"{picture}.{'tif' if name == 'beta' else 'png'}")
        made.append(folder)
    return made


@pytest.fixture
def server(folders, tmp_path):
    ballots = make_ballots(folders, reference=folders[0])
    with VotingServer(ballots, VoteFile(tmp_path / "votes.jsonl"), voter="me") as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def get(url, *, body=None, host=None):
    request = urllib.request.Request(url, data=None if body is None else json.dumps(body).encode())
    if host:
        request.add_header("Host", host)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers["Content-Type"], answer.read()


def status(url, **options):
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(url, **options)
    caught.value.close()
    return caught.value.code


def test_a_vote_through_the_page(server, folders, tmp_path):
    kind, page = get(server.url)
    assert kind.startswith("text/html")
    seen = page
    ballot = json.loads(get(server.url + "ballot")[1])
    assert ballot == {"ballot": 0, "total": 3, "candidates": 3, "reference": True}
    while ballot["ballot"] is not None:
        levels = []
        for place in (*range(3), "reference"):
            kind, picture = get(f"{server.url}picture/{ballot['ballot']}/{place}")
            assert kind == "image/png"
            seen += picture + kind.encode()
            path = tmp_path / "shown.png"
            path.write_bytes(picture)
            with Image.open(path) as opened:
                levels.append(opened.getpixel((0, 0))[0])
        assert sorted(levels[:3]) == [0, 40, 80]
        assert levels[3] == 0
        body = {"ballot": ballot["ballot"], "choice": levels.index(80)}  # always gamma, wherever it is
        answer = get(server.url + "vote", body=body)[1]
        seen += answer
        assert status(server.url + "vote", body=body) == 409  # a second click
        ballot = json.loads(answer)
    assert server.finished.is_set()
    assert not any(name in seen for name in (b"alpha", b"beta", b"gamma", b"harbour", b"meadow"))
    votes = VoteFile(tmp_path / "votes.jsonl").read()
    assert [(vote.chosen, vote.voter) for vote in votes] == [("gamma", "me")] * 3
    assert {vote.picture for vote in votes} == {"harbour", "meadow", "stairs"}
    assert preferences(votes).candidates[0] == "gamma"


def test_only_who_has_the_address_may_look(server):
    base = server.url.rsplit("/", 2)[0]
    assert server.server_address[0] == "127.0.0.1"
    assert status(f"{base}/wrong/ballot") == 403
    assert status(server.url, host="evil.example") == 403
    assert status(server.url + "picture/9/0") == status(server.url + "picture/0/x") == 404
    assert status(server.url + "other") == 404
    assert status(server.url + "vote", body={"ballot": 0}) == 400
    assert status(server.url + "vote", body={"ballot": 0, "choice": 7}) == 409
    assert server.votes.read() == []


def test_ballots_are_shuffled_resumable_and_fair(folders, tmp_path):
    ballots = make_ballots(folders, at_once=2, seed=1)
    assert len(ballots) == 9
    shown = [name for ballot in ballots for name in ballot.shown]
    assert {name: shown.count(name) for name in shown} == {"alpha": 6, "beta": 6, "gamma": 6}
    assert len({ballot.shown for ballot in make_ballots(folders, seed=2)}) > 1
    votes = VoteFile(tmp_path / "votes.jsonl")
    votes.append(Vote(ballots[0].picture, ballots[0].shown, None, "me"))
    again = make_ballots(folders, at_once=2, seed=1)
    assert len(votes.open_ballots(again, "me")) == 8
    assert len(votes.open_ballots(again, "you")) == 9


def test_what_cannot_be_voted_on_is_said(folders, tmp_path):
    with pytest.raises(ArgumentError, match="at least two"):
        make_ballots(folders[:1])
    with pytest.raises(ArgumentError, match="the same name"):
        make_ballots([folders[0], folders[0]])
    with pytest.raises(ArgumentError, match="from 2 to 3"):
        make_ballots(folders, at_once=4)
    with pytest.raises(MissingInputError, match="no such folder"):
        make_ballots([folders[0], tmp_path / "none"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no picture is in all folders"):
        make_ballots([folders[0], tmp_path / "empty"])
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{}\n")
    with pytest.raises(InputError, match="line 1 is not a vote"):
        VoteFile(broken).read()


def test_wilson_equals_published_values():
    """Newcombe 1998, table I, method 3."""
    for successes, trials, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        interval = wilson(successes, trials)
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


def test_strengths_recover_what_the_votes_were_drawn_from():
    rng = np.random.default_rng(0)
    names, chances = ("a", "b", "c"), (0.6, 0.3, 0.1)
    votes = [Vote(str(i), names, str(rng.choice(names, p=chances))) for i in range(400)]
    votes.append(Vote("tie", names, None))
    found = preferences(votes, resamples=200)
    assert found.candidates == names
    assert (found.votes, found.undecided) == (400, 1)
    assert found.wins["a", "b"].value == pytest.approx(0.6 / 0.9, abs=0.06)
    for name in names:
        interval = found.strength[name]
        assert interval.low <= interval.value <= interval.high
    assert found.strength["a"].low > found.strength["b"].high
    assert sum(interval.value for interval in found.strength.values()) == pytest.approx(1)
