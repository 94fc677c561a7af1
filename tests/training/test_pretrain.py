import json

import torch

from sspl.training.pretrain import PretrainConfig, main, measure_accuracy
from sspl.weights import read_weights


def test_the_command_writes_encoders_that_load(tmp_path):
    config = PretrainConfig(
        num_pictures=12,
        num_sounds=12,
        held_out=4,
        batch_size=4,
        picture_epochs=1,
        sound_epochs=1,
    )
    main(tmp_path, config)
    image_encoder = read_weights("tiny_vgg", tmp_path / "image_encoder.safetensors")
    audio_encoder = read_weights("tiny_vggish", tmp_path / "audio_encoder.safetensors")
    assert image_encoder["0.weight"].shape == (16, 3, 3, 3)
    assert audio_encoder["features.0.weight"].shape == (8, 1, 3, 3)
    meta = json.loads((tmp_path / "meta.json").read_text())
    assert set(meta["held_out_accuracy"]) == {"image_encoder", "audio_encoder"}


def test_accuracy_counts_only_samples_of_one_class():
    targets = torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0]])
    logits = torch.tensor([[2.0, 1, 0], [2, 1, 0], [0, 0, 9], [0, 0, 9]])
    assert measure_accuracy(logits, targets) == 0.5
