import hashlib
import os
import pickle
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
import torchvision
from safetensors.torch import load_file, save_file
from test_model import SMALL
from torch import nn

from sspl.build import build_model
from sspl.encoders import AUDIO_ENCODERS, IMAGE_ENCODERS, Published
from sspl.weights import (
    MODELS,
    fetch,
    find_weights,
    load_encoders,
    read_weights,
)

REAL_FOLDER = os.environ.get("SSPL_WEIGHTS_DIR")  # before the fixture below takes it away
SQUEEZENET = "squeezenet1_1"
PUBLISHED = {
    name: spec.weights
    for name, spec in (IMAGE_ENCODERS | AUDIO_ENCODERS).items()
    if isinstance(spec.weights, Published)
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache, no weights folder, and no proxy between us and our own server."""
    monkeypatch.delenv("SSPL_WEIGHTS_DIR", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "torch" / "hub" / "checkpoints"


class Server(ThreadingHTTPServer):
    """Serves `files` by name; `asked` says what was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.missing_bytes = 0  # sent too few, as when the line breaks
        self.together = threading.Barrier(1)  # how many must ask before the first is answered
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        self.server.asked.append(name)
        self.server.together.wait(timeout=10)
        if name not in self.server.files:
            self.send_error(404)
            return
        body = self.server.files[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) - self.server.missing_bytes])

    def log_message(self, format, *args) -> None:
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def squeezenet() -> nn.Module:
    return torchvision.models.squeezenet1_1(weights=None).eval()


def publish(entry: Published, monkeypatch) -> None:
    """Let SqueezeNet's weights come from somewhere else."""
    spec = replace(IMAGE_ENCODERS[SQUEEZENET], weights=entry)
    monkeypatch.setitem(IMAGE_ENCODERS, SQUEEZENET, spec)


@pytest.fixture
def published(server, squeezenet, tmp_path, monkeypatch) -> Published:
    """SqueezeNet with random weights in torchvision's layout, published on our own server."""
    torch.save(squeezenet.state_dict(), tmp_path / "published")
    body = (tmp_path / "published").read_bytes()
    sha256 = hashlib.sha256(body).hexdigest()
    file = f"squeezenet1_1-{sha256[:8]}.pth"
    server.files[file] = body
    url = f"http://127.0.0.1:{server.server_port}/{file}"
    entry = replace(PUBLISHED[SQUEEZENET], url=url, sha256=sha256)
    publish(entry, monkeypatch)
    return entry


def make_own(folder: Path, name: str = "squeezenet1_1_mine.safetensors", **changes) -> Path:
    """A file of one's own; `changes` replaces tensors by name, None leaves one out."""
    tensors = IMAGE_ENCODERS[SQUEEZENET].build().state_dict() | {
        k.replace("__", "."): changes[k] for k in changes
    }
    tensors = {key: tensor for key, tensor in tensors.items() if tensor is not None}
    folder.mkdir(exist_ok=True)
    if name.endswith(".pth"):
        torch.save(tensors, folder / name)
    else:
        save_file(tensors, folder / name)
    return folder / name


def test_the_addresses_are_torchvisions_and_carry_their_hash():
    models = torchvision.models
    assert PUBLISHED["vgg16"].url == models.VGG16_Weights.IMAGENET1K_V1.url
    assert PUBLISHED[SQUEEZENET].url == models.SqueezeNet1_1_Weights.IMAGENET1K_V1.url
    for entry in PUBLISHED.values():
        assert re.fullmatch("[0-9a-f]{64}", entry.sha256)
        if entry.file.endswith(".pth"):
            assert entry.file.endswith(f"-{entry.sha256[:8]}.pth")


# Fetching


def test_a_file_is_fetched_once_with_a_bar_and_then_cached(server, published, cache, capfd):
    path = find_weights(SQUEEZENET)
    assert path == cache / published.file
    assert path.read_bytes() == server.files[published.file]
    said = capfd.readouterr()
    assert published.url in said.err
    assert "100%" in said.err
    assert said.out == ""  # a command line may print JSON there

    assert find_weights(SQUEEZENET) == path
    assert server.asked == [published.file]
    assert capfd.readouterr().err == ""
    assert len(read_weights(SQUEEZENET, path)) == 50


def test_a_cached_file_that_is_not_the_published_one_is_refused(server, published, cache):
    cache.mkdir(parents=True)
    (cache / published.file).write_bytes(b"half a file")
    with pytest.raises(ValueError, match=r"SHA-256 differs: delete it .* http://127"):
        find_weights(SQUEEZENET)
    assert server.asked == []


def break_line(server, published, monkeypatch, cache):
    server.missing_bytes = 1000


def publish_another(server, published, monkeypatch, cache):
    server.files[published.file] += b"more"


def publish_nothing(server, published, monkeypatch, cache):
    server.files.clear()


def refuse(server, published, monkeypatch, cache):
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as gone:
        url = f"http://127.0.0.1:{gone.server_port}/{published.file}"
    publish(replace(published, url=url), monkeypatch)


def spoil_cache(server, published, monkeypatch, cache):
    cache.parent.mkdir(parents=True)
    cache.write_text("a file where the folder should be")


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (break_line, "invalid hash"),
        (publish_another, "invalid hash"),
        (publish_nothing, "404"),
        (refuse, "refused"),
        (spoil_cache, "exists"),
    ],
)
def test_what_cannot_be_fetched_is_one_sentence_and_leaves_no_file(
    server, published, monkeypatch, cache, harm, reason
):
    harm(server, published, monkeypatch, cache)
    with pytest.raises(ValueError, match=f"could not be fetched .*{reason}") as caught:
        find_weights(SQUEEZENET)
    message = str(caught.value)
    assert published.file in message
    assert "127.0.0.1" in message
    assert "--weights-dir or SSPL_WEIGHTS_DIR" in message
    assert "\n" not in message
    assert not cache.is_dir() or list(cache.iterdir()) == []


def test_two_that_fetch_at_once_leave_one_whole_file(server, published, cache):
    server.together = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(fetch, published, cache / published.file) for _ in range(2)]
    assert {job.result() for job in jobs} == {cache / published.file}
    assert len(server.asked) == 2
    assert [path.name for path in cache.iterdir()] == [published.file]
    assert (cache / published.file).read_bytes() == server.files[published.file]


# The weights folder


@pytest.mark.parametrize("how", ["argument", "variable", "argument over variable"])
def test_the_weights_folder_is_named_by_argument_or_variable(tmp_path, monkeypatch, how):
    path = make_own(tmp_path / "right")
    make_own(tmp_path / "wrong")
    argument = None if how == "variable" else tmp_path / "right"
    if how == "variable":
        monkeypatch.setenv("SSPL_WEIGHTS_DIR", str(tmp_path / "right"))
    if how == "argument over variable":
        monkeypatch.setenv("SSPL_WEIGHTS_DIR", str(tmp_path / "wrong"))
    assert find_weights(SQUEEZENET, argument) == path


def test_an_empty_variable_is_no_folder(server, published, cache, monkeypatch):
    monkeypatch.setenv("SSPL_WEIGHTS_DIR", "")
    assert find_weights(SQUEEZENET) == cache / published.file


def test_a_weights_folder_is_never_left_for_the_net(server, published, cache, tmp_path):
    cache.mkdir(parents=True)
    (cache / published.file).write_bytes(server.files[published.file])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no weights of squeezenet1_1") as caught:
        find_weights(SQUEEZENET, tmp_path / "empty")
    for part in (str(tmp_path / "empty"), published.file, "5 MB", published.url):
        assert part in str(caught.value)
    assert server.asked == []


@pytest.mark.parametrize("what", ["nothing", "a file"])
def test_a_weights_folder_that_is_none_is_said(tmp_path, what):
    if what == "a file":
        (tmp_path / "weights").write_text("x")
    with pytest.raises(ValueError, match=r"weights folder .* is not there"):
        find_weights("tiny_vgg", tmp_path / "weights")


def test_the_published_file_in_a_folder_is_checked(server, published, tmp_path):
    path = tmp_path / published.file
    path.write_bytes(server.files[published.file])
    assert find_weights(SQUEEZENET, tmp_path) == path
    path.write_bytes(server.files[published.file] + b"more")
    with pytest.raises(ValueError, match="SHA-256 differs"):
        find_weights(SQUEEZENET, tmp_path)


def test_two_files_for_one_encoder_are_refused_by_name(tmp_path):
    make_own(tmp_path, "squeezenet1_1.pth")
    make_own(tmp_path, "squeezenet1_1_mine.safetensors")
    message = r"squeezenet1_1\.pth and squeezenet1_1_mine\.safetensors: keep one"
    with pytest.raises(ValueError, match=message):
        find_weights(SQUEEZENET, tmp_path)


def test_other_networks_beside_ours_do_not_count(tmp_path):
    path = make_own(tmp_path, "vgg16_mine.safetensors")
    for other in ("vgg16_bn-6c64b313.pth", "vgg16-397923af.pth.partial", "vgg16.txt"):
        (tmp_path / other).write_text("x")
    assert find_weights("vgg16", tmp_path) == path


# What is in a file


@pytest.mark.parametrize("zipped", [True, False])  # torchvision has files in both formats
def test_squeezenet_in_torchvisions_layout_sees_what_torchvision_sees(tmp_path, squeezenet, zipped):
    path = tmp_path / "squeezenet1_1_mine.pth"
    torch.save(squeezenet.state_dict(), path, _use_new_zipfile_serialization=zipped)
    image_encoder = IMAGE_ENCODERS[SQUEEZENET].build().eval()
    image_encoder.load_state_dict(read_weights(SQUEEZENET, path))
    picture = torch.randn(1, 3, 240, 240)
    with torch.no_grad():
        seen, theirs = image_encoder(picture), squeezenet.features(picture)
        fire = squeezenet.features[-1]
        x = fire.squeeze_activation(fire.squeeze(squeezenet.features[:-1](picture)))
        before_relu = torch.cat([fire.expand1x1(x), fire.expand3x3(x)], dim=1)
    assert seen.shape == (1, 512, 14, 14)
    assert torch.equal(seen, before_relu)
    assert torch.equal(F.relu(seen), theirs)
    assert seen.min() < 0


def test_vgg16_in_torchvisions_layout_sees_what_torchvision_sees(tmp_path):
    with torch.device("meta"):  # its classifier alone would take 500 MB
        theirs, image_encoder = (
            torchvision.models.vgg16(weights=None),
            IMAGE_ENCODERS["vgg16"].build(),
        )
    theirs.features.to_empty(device="cpu")
    for parameter in theirs.features.parameters():
        nn.init.normal_(parameter, std=0.03)
    one = torch.zeros(())  # takes no room in a file, whatever the shape
    layout = {
        key: one.expand(value.shape) if value.is_meta else value
        for key, value in theirs.state_dict().items()
    }
    torch.save(layout, tmp_path / "vgg16.pth")
    weights = read_weights("vgg16", tmp_path / "vgg16.pth")
    assert list(weights)[-1] == "28.bias"  # conv5_3
    image_encoder.load_state_dict(weights, assign=True)
    picture = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        seen = image_encoder(picture)
        assert torch.equal(seen, theirs.features[:29](picture))
        assert torch.equal(F.relu(seen), theirs.features[:30](picture))
    assert seen.min() < 0


def test_vggish_is_read_in_its_published_layout(tmp_path):
    one = torch.zeros(())
    shapes = {  # of torchvggish, the port that is published
        "features.0": (64, 1, 3, 3),
        "features.3": (128, 64, 3, 3),
        "features.6": (256, 128, 3, 3),
        "features.8": (256, 256, 3, 3),
        "features.11": (512, 256, 3, 3),
        "features.13": (512, 512, 3, 3),
        "embeddings.0": (4096, 12288),
        "embeddings.2": (4096, 4096),
        "embeddings.4": (128, 4096),
    }
    layout = {f"{layer}.weight": one.expand(shape) for layer, shape in shapes.items()}
    layout |= {f"{layer}.bias": one.expand(shape[0]) for layer, shape in shapes.items()}
    torch.save({**layout, "pproc.pca_means": one}, tmp_path / "vggish.pth")
    # That the shapes are those of our audio encoder is checked by reading.
    assert read_weights("vggish", tmp_path / "vggish.pth").keys() == layout.keys()


@pytest.mark.parametrize("name", ["squeezenet1_1_mine.safetensors", "squeezenet1_1_mine.pth"])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"0__bias": None}, r"does not fit squeezenet1_1: 0\.bias is missing$"),
        ({"0__bias": None, "3__squeeze__bias": None}, r"0\.bias is missing, and 1 more"),
        ({"fc__bias": torch.zeros(2)}, r"fc\.bias is not known"),
        ({"0__weight": torch.zeros(64, 3, 5, 5)}, r"is \[64, 3, 5, 5\] and should be \[64, 3, 3"),
    ],
)
def test_a_file_that_does_not_fit_is_one_sentence(tmp_path, name, changes, message):
    path = make_own(tmp_path, name, **changes)
    with pytest.raises(ValueError, match=message) as caught:
        read_weights(SQUEEZENET, path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["cut", "text", "numbers", "a list", "no names"])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_broken_file_is_one_sentence(tmp_path, suffix, damage):
    path = make_own(tmp_path, f"squeezenet1_1{suffix}")
    if damage == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    if damage == "text":
        path.write_text("<html>404</html>")
    if damage == "numbers":
        torch.save({"step": 3}, path)
    if damage == "a list":
        torch.save([torch.zeros(2)], path)
    if damage == "no names":
        torch.save({0: torch.zeros(2)}, path)
    with pytest.raises(ValueError, match=r"get it again|save the network") as caught:
        read_weights(SQUEEZENET, path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_file_is_said(tmp_path):
    (tmp_path / "squeezenet1_1.pth").touch()
    with pytest.raises(ValueError, match="is empty"):
        find_weights(SQUEEZENET, tmp_path)


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("how", ["torch", "pickle"])
def test_code_in_a_pickle_does_not_run(tmp_path, how):
    path, sprung = tmp_path / "squeezenet1_1.pth", tmp_path / "sprung"
    if how == "torch":
        torch.save({"0.weight": Trap(sprung)}, path)
    else:
        path.write_bytes(pickle.dumps({"0.weight": Trap(sprung)}))
    with pytest.raises(ValueError, match="holds more than tensors"):
        read_weights(SQUEEZENET, path)
    assert not sprung.exists()


# A whole model


def test_the_tiny_encoders_come_from_the_repository(tmp_path):
    model = build_model(SMALL)
    files = load_encoders(model)
    assert files == {
        part: MODELS / "tiny-encoders" / f"{part}.safetensors"
        for part in ("image_encoder", "audio_encoder")
    }
    for part, encoder in (
        ("image_encoder", model.image_encoder),
        ("audio_encoder", model.audio_encoder),
    ):
        for key, value in load_file(files[part]).items():
            assert torch.equal(encoder.state_dict()[key], value), key
    # A folder that holds other things does not take their place.
    assert load_encoders(model, tmp_path) == files


def test_the_weights_folder_may_hold_other_tiny_encoders(tmp_path):
    other = build_model(SMALL, seed=3)
    save_file(other.image_encoder.state_dict(), tmp_path / "image_encoder.safetensors")
    model = build_model(SMALL)
    files = load_encoders(model, tmp_path)
    assert files["image_encoder"] == tmp_path / "image_encoder.safetensors"
    assert files["audio_encoder"] == MODELS / "tiny-encoders" / "audio_encoder.safetensors"
    assert torch.equal(
        model.image_encoder.state_dict()["0.weight"], other.image_encoder.state_dict()["0.weight"]
    )


@pytest.mark.parametrize("both", [False, True])
def test_the_weights_folder_may_have_been_filled_for_format_1(tmp_path, both):
    old, new = build_model(SMALL, seed=3), build_model(SMALL, seed=4)
    save_file(old.image_encoder.state_dict(), tmp_path / "eyes.safetensors")
    if both:
        save_file(new.image_encoder.state_dict(), tmp_path / "image_encoder.safetensors")
    model = build_model(SMALL)
    load_encoders(model, tmp_path)
    expected = (new if both else old).image_encoder.state_dict()["0.weight"]
    assert torch.equal(model.image_encoder.state_dict()["0.weight"], expected)


def test_an_image_encoder_that_learns_keeps_its_random_start():
    model = build_model(replace(SMALL, train_image_encoder=True))
    before = model.image_encoder.state_dict()["0.weight"].clone()
    assert set(load_encoders(model)) == {"audio_encoder"}
    assert torch.equal(model.image_encoder.state_dict()["0.weight"], before)


def test_sounds_embedded_before_need_no_weights(tmp_path):
    make_own(tmp_path)
    config = replace(
        SMALL, image_encoder=SQUEEZENET, audio_encoder="embedding", embedding_channels=64
    )
    model = build_model(config)
    files = load_encoders(model, tmp_path)
    assert files == {"image_encoder": tmp_path / "squeezenet1_1_mine.safetensors"}
    assert not any(p.requires_grad for p in model.image_encoder.parameters())


def test_nothing_is_loaded_where_something_is_missing(tmp_path):
    image_encoder = IMAGE_ENCODERS["tiny_vgg"].build()
    before = image_encoder[0].weight.clone()
    config = SimpleNamespace(
        image_encoder="tiny_vgg", audio_encoder="vggish", train_image_encoder=False
    )
    with pytest.raises(ValueError, match=r"vggish-10086976\.pth"):
        load_encoders(
            SimpleNamespace(
                image_encoder=image_encoder, audio_encoder=nn.Linear(1, 1), config=config
            ),
            tmp_path,
        )
    assert torch.equal(image_encoder[0].weight, before)


@pytest.mark.weights
@pytest.mark.skipif(not REAL_FOLDER, reason="needs published weights in SSPL_WEIGHTS_DIR")
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_weights_are_read(name):
    if not list(Path(str(REAL_FOLDER)).glob(f"{name}*")):
        pytest.skip(f"{REAL_FOLDER} holds no {name}")
    encoder = (IMAGE_ENCODERS | AUDIO_ENCODERS)[name].build().eval()
    encoder.load_state_dict(read_weights(name, find_weights(name, REAL_FOLDER)))
    x = torch.randn(1, 2, 96, 64) if name in AUDIO_ENCODERS else torch.randn(1, 3, 112, 112)
    with torch.no_grad():
        seen = encoder(x)
    assert torch.isfinite(seen).all()
    assert seen.std() > 0
