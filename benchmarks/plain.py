"""SSPL as it was published, transcribed plainly: what ours is timed against and must agree with.

fp32 and eager; each picture is resized, cropped and mirrored by itself on the CPU, each sound
passes the audio encoder by itself, and both frozen encoders run anew in every step of every epoch.
Written from Sec. 3, Algorithm S1 and supplement B. Where the authors' code says more than the paper
(geometry, norms, how the first cycle initialises) it follows the code, as `sspl.pcm` does.

Only the layers and their weights are shared with `sspl.model`; what is computed with them is
written a second time. Layer l of the PCM is index l of a list, as in the paper: 0 is the sound.

Letters: B batch, C visual channels, P audio patches, A audio channels.
"""

import copy

import torch
import torch.nn.functional as F
import torchvision.transforms.functional as tv
from PIL import Image
from torch import Tensor, nn

from sspl.audio import clip_log_mel
from sspl.data.transforms import draw_crops
from sspl.model import SSPL
from sspl.objectives import departures
from sspl.pcm import PredictiveCoding
from sspl.training.config import TrainConfig

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]  # ImageNet's


class PlainSSPL(nn.Module):
    """The published model with a copy of the weights of ours.

    Raises:
        ValueError: if `model` departs from the paper, which this does not follow.
    """

    def __init__(self, model: SSPL) -> None:
        super().__init__()
        if departures(model.config):
            raise ValueError("the plain model is the paper's: take a preset without departures")
        ours = copy.deepcopy(model)
        self.image_px = ours.config.image_spec.input_px
        self.image_encoder, self.audio_encoder = ours.image_encoder, ours.audio_encoder
        self.query, self.pcm, self.head = ours.query, ours.pcm, ours.head

    def train(self, mode: bool = True) -> "PlainSSPL":
        super().train(mode)
        self.image_encoder.eval()
        self.audio_encoder.eval()
        return self

    def forward(self, view1: Tensor, view2: Tensor, log_mel: Tensor) -> tuple[Tensor, ...]:
        """Loss, scalar, and the maps S^1, S^2, (B, 14, 14).

        Args:
            view1, view2: (B, 3, px, px) float, ImageNet-normalised; log_mel: (B, P, 96, 64).
        """
        sound, query = self.project_audio(log_mel)
        similarity1, attended1 = self.look(view1, sound, query)
        similarity2, attended2 = self.look(view2, sound, query)
        z1, z2 = self.head.project(attended1), self.head.project(attended2)
        p1, p2 = self.head.predict(z1), self.head.predict(z2)
        loss = 0.5 * negative_cosine(p1, z2) + 0.5 * negative_cosine(p2, z1)
        return loss, similarity1, similarity2

    def project_audio(self, log_mel: Tensor) -> tuple[Tensor, Tensor]:
        """(B, A) the sound as the PCM takes it, (B, C) as the attention does; Eq. (2)."""
        sounds, queries = [], []
        for patches in log_mel:
            embeddings = self.audio_encoder(patches[None])[0]  # (P, A)
            mean = embeddings.mean(dim=0)
            sounds.append(mean / mean.norm().clamp_min(1e-12))
            queries.append(self.query(embeddings).mean(dim=0))
        return torch.stack(sounds), torch.stack(queries)

    def look(self, view: Tensor, sound: Tensor, query: Tensor) -> tuple[Tensor, Tensor]:
        """The map (B, 14, 14) and the audio-visual representation (B, C) of one view."""
        features = self.image_encoder(view)  # Eq. (1)
        if self.pcm is not None:
            features = refine(self.pcm, features, sound)
        return attend(query, features)


def refine(pcm: PredictiveCoding, visual: Tensor, sound: Tensor) -> Tensor:
    """Algorithm S1: f_v (B, C, 14, 14) and f_a (B, A) to the transformed f_v."""
    r, p = initialise(pcm, visual, sound)
    for t in range(pcm.num_cycles):
        if t > 0:
            feed_back(pcm, t, r, p)
        feed_forward(pcm, t, r, p)
    return pcm.read_out(r[3])


def initialise(pcm: PredictiveCoding, visual: Tensor, sound: Tensor) -> tuple[list, list]:
    """The feedback of the first cycle: there is nothing yet to move, each layer is its prediction.

    So the prediction has passed the non-linearity here, and in later cycles it has not.
    """
    r: list = [sound, None, None, visual]
    p: list = [None, None, None, visual]
    norms = list(pcm.feedback_norms[0].children())
    for layer in (2, 1):
        predicted = predict(pcm, layer, r[layer + 1])
        r[layer] = p[layer] = F.gelu(norms[layer - 1](predicted))
    return r, p


def feed_back(pcm: PredictiveCoding, t: int, r: list, p: list) -> None:
    """From the top down, each layer moves towards what the one above predicts: (S10), (S11)."""
    norms = list(pcm.feedback_norms[t].children())
    for layer in (3, 2, 1):
        if layer < 3:
            p[layer] = predict(pcm, layer, r[layer + 1])
        b = F.relu(pcm.feedback_gain[layer - 1])
        mixed = (1 - b) * r[layer] + b * p[layer]
        if layer < 3:
            mixed = norms[layer - 1](mixed)
        r[layer] = F.gelu(mixed)


def feed_forward(pcm: PredictiveCoding, t: int, r: list, p: list) -> None:
    """From the bottom up, the error of each layer corrects the one above: (S12), (S13)."""
    norms = list(pcm.error_norms[t].children())
    for layer in (1, 2, 3):
        predicted = predict(pcm, 0, r[1]) if layer == 1 else p[layer - 1]
        error = r[layer - 1] - predicted
        a = F.relu(pcm.error_gain[layer - 1])
        corrected = r[layer] + a * correct(pcm, layer, error)
        r[layer] = F.gelu(norms[layer - 1](corrected))


def predict(pcm: PredictiveCoding, layer: int, above: Tensor) -> Tensor:
    """What the layer above expects of this one."""
    if layer == 0:
        return F.gelu(pcm.predict_sound(above)).mean(dim=(2, 3))
    convolution = pcm.predict_r1 if layer == 1 else pcm.predict_r2
    return F.max_pool2d(convolution(above), kernel_size=2)


def correct(pcm: PredictiveCoding, layer: int, error: Tensor) -> Tensor:
    """What the error below means for this layer."""
    if layer == 1:
        return pcm.correct_r1(error[:, :, None, None])
    if layer == 2:
        return pcm.correct_r2(error)
    larger = F.interpolate(error, size=(14, 14), mode="bilinear", align_corners=True)
    return pcm.correct_r3(larger)


def attend(query: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
    """Eq. (3), then Eqs. (5) and (4)."""
    fits = (query[:, :, None, None] * features).sum(dim=1)
    lengths = query.norm(dim=1)[:, None, None] * features.norm(dim=1)
    similarity = fits / lengths.clamp_min(1e-8)
    low, high = similarity.amin((1, 2), keepdim=True), similarity.amax((1, 2), keepdim=True)
    attention = (similarity - low) / (high - low + 1e-10)
    return similarity, (attention[:, None] * features).sum(dim=(2, 3))


def negative_cosine(p: Tensor, z: Tensor) -> Tensor:
    """Eq. (6) with the gradient of z stopped."""
    return -F.cosine_similarity(p, z.detach(), dim=1).mean()


def make_views(images: Tensor, px: int, generator: torch.Generator) -> Tensor:
    """A training view of each picture (B, 3, H, W) uint8, one by one: (B, 3, px, px) float.

    The generator draws the crops that `sspl.data.transforms.random_views` would.
    """
    side, views = int(px * 1.1), []
    crops = draw_crops(len(images), px, generator).tolist()
    for image, (row, column, mirrored) in zip(images, crops, strict=True):
        picture = resize_picture(image, side).crop((column, row, column + px, row + px))
        if mirrored:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        views.append(tv.normalize(tv.to_tensor(picture), MEAN, STD))
    return torch.stack(views)


def resize_picture(image: Tensor, px: int) -> Image.Image:
    """(3, H, W) uint8 to a square picture of px."""
    picture = Image.fromarray(image.permute(1, 2, 0).numpy())
    return picture.resize((px, px), Image.Resampling.BICUBIC)


def build_plain_optimizer(model: PlainSSPL, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW of supplement B.2: lr_1 for the MLPs, lr_2 for the rest, no decay on a and b."""
    heads, rest, gains = [], [], []
    for name, parameter in model.named_parameters():
        if name.startswith("head."):
            heads.append(parameter)
        elif "_gain." in name:
            gains.append(parameter)
        elif parameter.requires_grad:
            rest.append(parameter)
    groups = [
        {"params": heads, "lr": config.head_learning_rate, "weight_decay": config.weight_decay},
        {"params": rest, "lr": config.learning_rate, "weight_decay": config.weight_decay},
        {"params": gains, "lr": config.learning_rate, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]], betas=(0.9, 0.999))


def train_step(
    model: PlainSSPL,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    waveforms: Tensor,
    generator: torch.Generator,
) -> float:
    """One step from files' contents to new weights; the loss before it.

    Args:
        images: (B, 3, H, W) uint8 on the CPU; waveforms: (B, N) float at 16 kHz on the CPU.
    """
    device = next(model.parameters()).device
    view1 = make_views(images, model.image_px, generator).to(device)
    view2 = make_views(images, model.image_px, generator).to(device)
    log_mel = torch.stack([clip_log_mel(waveform) for waveform in waveforms]).to(device)
    loss, _, _ = model(view1, view2, log_mel)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@torch.no_grad()
def localize(model: PlainSSPL, image: Tensor, waveform: Tensor) -> Tensor:
    """The map (14, 14) of one picture (3, H, W) uint8 and one sound (N,) at 16 kHz."""
    device = next(model.parameters()).device
    picture = resize_picture(image, model.image_px)
    view = tv.normalize(tv.to_tensor(picture), MEAN, STD)[None].to(device)
    sound, query = model.project_audio(clip_log_mel(waveform)[None].to(device))
    similarity, _ = model.look(view, sound, query)
    return similarity[0]
