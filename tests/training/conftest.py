"""Settings of the tests of the training half: they need the extra ``train`` and use one thread."""

import pytest

torch = pytest.importorskip("torch", reason="needs the extra [train]")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
