import pytest
import torch
from training import tiny

from ltmlc.data.split import load_split
from ltmlc.errors import InputError
from ltmlc.models import build_model
from ltmlc.training.network import build_network

SPEC = tiny.changed(model={"weights": "pretrained"})


def one_byte(content: bytes) -> bytes:
    """Of the numbers of the first tensor."""
    first = next(iter(build_model(tiny.SPEC["model"], 10, generator_seed=5).backbone.state_dict().values()))
    place = content.find(first.numpy().tobytes())
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (one_byte, "is damaged: its part"),
        (lambda content: b"", "is not a file of tensors"),
        (lambda content: content[:1000], "is not a file of tensors"),
        (None, "does not exist"),
    ],
)
def test_damaged_starting_weights_are_said_with_what_to_delete(tmp_path, damage, why):
    """They were made here, so they can be made again; until then nothing is trained on them."""
    folder = tiny.make_data(tmp_path)
    split, path = load_split(folder / "split.json"), folder / "backbone-seed0.pt"
    torch.save(build_model(tiny.SPEC["model"], 10, generator_seed=5).backbone.state_dict(), path)
    build_network(SPEC, split, folder, seed=0)
    path.unlink() if damage is None else path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=rf"backbone-seed0\.pt {why}.*; delete the file and run the same again: it is"):
        build_network(SPEC, split, folder, seed=0)
