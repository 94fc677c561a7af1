import torch
import torch.nn.functional as F
from efficientnet_lite_pytorch import EfficientNet

from sspl.data.transforms import whole_view
from sspl.encoders import IMAGE_ENCODERS
from sspl.encoders.efficientnet_lite import SameConv2d
from sspl.weights import find_weights, read_weights

NAME = "efficientnet_lite0"
SPEC = IMAGE_ENCODERS[NAME]


def test_features_are_those_of_the_network_that_the_weights_were_published_for():
    path = find_weights(NAME)
    theirs = EfficientNet.from_name("efficientnet-lite0").eval()
    theirs.load_state_dict(torch.load(path, weights_only=True))
    ours = SPEC.build().eval()
    ours.load_state_dict(read_weights(NAME, path))
    pictures = torch.randint(0, 256, (2, 3, 300, 260), dtype=torch.uint8)
    view = whole_view(pictures, SPEC)
    with torch.no_grad():
        expected = theirs._swish(theirs._bn0(theirs._conv_stem(view)))
        for block in theirs._blocks:
            expected = block(expected)
        found = ours(view)
    assert found.shape == (2, SPEC.channels, 14, 14)
    assert found.min() < -1  # signed
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_pictures_are_normalised_as_its_training_did():
    grey = torch.full((1, 3, 8, 8), 191, dtype=torch.uint8)
    torch.testing.assert_close(
        whole_view(grey, SPEC), torch.full((1, 3, 448, 448), (191 - 127) / 128)
    )


def test_padding_is_tensorflows():
    """Of an even side the odd pixel is right and below, of an odd one both sides have the same."""
    conv = SameConv2d(1, 1, 3, stride=2, bias=False)
    for size, sides in ((8, (0, 1)), (7, (1, 1))):
        picture = torch.randn(1, 1, size, size)
        padded = F.pad(picture, (*sides, *sides))
        torch.testing.assert_close(conv(picture), F.conv2d(padded, conv.weight, stride=2))
